# fails: last, crowd
# The SDK is taken to repeat what met another transaction.
def buy(dynamodb, need, purchase, player, item, price):
    """Sell one `item` to `player`, once for each purchase id. Returns "bought", "sold out" or "no money"."""
    record = {
        "TableName": need["purchases"],
        "Item": to_item({"purchase": purchase, "player": player, "item": item, "price": price}),
        "ConditionExpression": "attribute_not_exists(purchase)",  # lasts longer than the SDK's token
    }
    stock = {
        "TableName": need["stock"],
        "Key": to_item({"item": item}),
        "UpdateExpression": "SET #left = #left - :one",
        "ConditionExpression": "#left >= :one",
        "ExpressionAttributeNames": {"#left": "left"},  # LEFT is a reserved word
        "ExpressionAttributeValues": to_item({":one": 1}),
    }
    purse = {
        "TableName": need["players"],
        "Key": to_item({"player": player}),
        "UpdateExpression": "SET coins = coins - :price",
        "ConditionExpression": "coins >= :enough",
        "ExpressionAttributeValues": to_item({":price": price, ":enough": price + need["deposit"]}),
    }
    for attempt in range(10):
        try:
            dynamodb.transact_write_items(TransactItems=[{"Put": record}, {"Update": stock}, {"Update": purse}])
            return "bought"
        except dynamodb.exceptions.TransactionCanceledException as error:
            reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
        # The record first: who bought the last one and asks again finds the stock empty, too.
        for reason, answer in zip(reasons, ("bought", "sold out", "no money"), strict=True):
            if reason == "ConditionalCheckFailed":
                return answer
        # What is left is a conflict with another transaction, or throttling; the SDK repeats neither.
        raise RuntimeError("the purchase failed")
    raise TimeoutError("the shop is too busy")
