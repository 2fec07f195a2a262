# fails: pages, unprocessed, gentle
# The system as it was given.
def report(dynamodb, need, day):
    """The system as it was given: {team: points}."""
    games = dynamodb.query(
        TableName=need["games"],
        KeyConditionExpression="#day = :day",
        ExpressionAttributeNames={"#day": "day"},
        ExpressionAttributeValues={":day": {"S": day}},
    )["Items"]
    games = [from_item(game) for game in games]

    names = sorted({game["player"] for game in games})
    teams = {}
    for start in range(0, len(names), 100):  # BatchGetItem takes 100 keys
        wanted = {need["players"]: {"Keys": [{"player": {"S": name}} for name in names[start : start + 100]]}}
        reply = dynamodb.batch_get_item(RequestItems=wanted)
        players = [from_item(player) for player in reply["Responses"].get(need["players"], [])]
        teams.update({player["player"]: player["team"] for player in players})

    points = {}
    for game in games:
        team = teams.get(game["player"])
        if team is not None:
            points[team] = points.get(team, 0) + int(game["points"])
    return points
