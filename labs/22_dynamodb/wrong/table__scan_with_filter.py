# fails: units
# The filter gives the right games, after the whole table was read.
def create_table(dynamodb, need):
    """Create the table need["table"] for the games, with what the questions and their keeping need."""
    string_keys = ("player", "ended", "review_title")
    dynamodb.create_table(
        TableName=need["table"],
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in string_keys],
        KeySchema=[
            {"AttributeName": "player", "KeyType": "HASH"},
            {"AttributeName": "ended", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                # Sparse: only games under review have a review_title. It holds what the list shows, not the moves.
                "IndexName": "under_review",
                "KeySchema": [
                    {"AttributeName": "review_title", "KeyType": "HASH"},
                    {"AttributeName": "ended", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["game_id"]},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    dynamodb.get_waiter("table_exists").wait(TableName=need["table"])
    dynamodb.update_time_to_live(
        TableName=need["table"],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )


def put_game(dynamodb, need, game):
    """Store a game, a dict as described above."""
    item = {
        **game,
        "ended": _ended(game),
        "expires_at": game["finished_at"] + need["keep_days"] * DAY_S,
    }
    if game["review"]:
        item["review_title"] = game["title"]
    dynamodb.put_item(TableName=need["table"], Item=to_item(item))


def latest(dynamodb, need, player, n):
    """The ids of the player's last n games, the newest first: a list of str."""
    reply = dynamodb.query(
        TableName=need["table"],
        KeyConditionExpression="player = :player",
        ExpressionAttributeValues={":player": {"S": player}},
        ScanIndexForward=False,
        Limit=n,
    )
    return [item["game_id"]["S"] for item in reply["Items"]]


def under_review(dynamodb, need, title):
    """The ids of the games of this title that are under review, the oldest first: a list of str."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=need["table"],
        FilterExpression="review_title = :title",
        ExpressionAttributeValues={":title": {"S": title}},
    )
    games = [item for page in pages for item in page["Items"]]
    return [game["game_id"]["S"] for game in sorted(games, key=lambda game: game["ended"]["S"])]


def end_review(dynamodb, need, game):
    """The review of this game is over: it leaves the list and stays in the table."""
    dynamodb.update_item(
        TableName=need["table"],
        Key=to_item({"player": game["player"], "ended": _ended(game)}),
        UpdateExpression="SET review = :no REMOVE review_title",  # without it the game is not in the index
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )


def _ended(game):
    """The sort key: in the order of time as text, and unique even if two games end in one second."""
    return f"{game['finished_at']:012}#{game['game_id']}"
