# fails: whole, once, last
# Three writes, one after the other, that rest on reads.
def buy(dynamodb, need, purchase, player, item, price):
    found = dynamodb.get_item(TableName=need["stock"], Key=to_item({"item": item}), ConsistentRead=True)["Item"]
    purse = dynamodb.get_item(TableName=need["players"], Key=to_item({"player": player}), ConsistentRead=True)["Item"]
    if int(found["left"]["N"]) < 1:
        return "sold out"
    dynamodb.update_item(
        TableName=need["stock"],
        Key=to_item({"item": item}),
        UpdateExpression="ADD #left :less",
        ExpressionAttributeNames={"#left": "left"},
        ExpressionAttributeValues=to_item({":less": -1}),
    )
    if int(purse["coins"]["N"]) < price + need["deposit"]:
        return "no money"
    dynamodb.update_item(
        TableName=need["players"],
        Key=to_item({"player": player}),
        UpdateExpression="ADD coins :less",
        ExpressionAttributeValues=to_item({":less": -price}),
    )
    dynamodb.put_item(TableName=need["purchases"], Item=to_item({"purchase": purchase}))
    return "bought"
