# fails: gentle
# It waits, but never longer.
def report(dynamodb, need, day):
    """The points that each team won on a day: {team: points}."""
    pages = dynamodb.get_paginator("query").paginate(  # a page ends at 1 MB; the paginator goes on
        TableName=need["games"],
        KeyConditionExpression="#day = :day",
        ExpressionAttributeNames={"#day": "day"},
        ExpressionAttributeValues={":day": {"S": day}},
    )
    games = [from_item(game) for page in pages for game in page["Items"]]

    names = sorted({game["player"] for game in games})
    teams = {}
    for start in range(0, len(names), 100):  # BatchGetItem takes 100 keys
        wanted = {need["players"]: {"Keys": [{"player": {"S": name}} for name in names[start : start + 100]]}}
        wait_s = 0.2
        while wanted:
            reply = dynamodb.batch_get_item(RequestItems=wanted)
            players = [from_item(player) for player in reply["Responses"].get(need["players"], [])]
            teams.update({player["player"]: player["team"] for player in players})
            wanted = reply["UnprocessedKeys"]  # what the table had no units for; the SDK does not ask again
            if wanted:
                time.sleep(wait_s)
                wait_s = 0.2

    points = {}
    for game in games:
        team = teams.get(game["player"])
        if team is not None:
            points[team] = points.get(team, 0) + int(game["points"])
    return points
