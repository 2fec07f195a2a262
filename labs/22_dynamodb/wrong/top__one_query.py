# fails: order, live, queries
# Limit is taken for the number of results, and the first page for all of them.
def top(dynamodb, need, game, now):
    """The best need["places"] of a game whose sessions have not expired at `now`: [[player, score], ...]."""
    bytes_a_unit = 2 * 4096  # an index is read with eventual consistency
    query = {
        "TableName": need["table"],
        "IndexName": need["index"],
        "KeyConditionExpression": "game = :game",
        "FilterExpression": "expires_at > :now",  # after the read: it saves no units
        "ExpressionAttributeValues": {":game": {"S": game}, ":now": {"N": str(now)}},
        "ScanIndexForward": False,
        "Limit": 5,  # entries read, not returned
    }
    best = []
    while True:
        page = dynamodb.query(**query)
        best += [[item["player"]["S"], int(item["score"]["N"])] for item in page["Items"]]
        return best[: need["places"]]
