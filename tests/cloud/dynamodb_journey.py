"""A long day of DynamoDB calls: every type, condition, update, page, batch, transaction and error that moto knows."""

from __future__ import annotations

from typing import Any

TYPES: dict[str, Any] = {
    "text": {"S": "grüße"},
    "empty": {"S": ""},
    "number": {"N": "-12.50"},
    "small": {"N": "1E-7"},
    "bytes": {"B": {"$bytes": "raw"}},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "nothing": {"NULL": True},
    "list": {"L": [{"S": "a"}, {"N": "1"}, {"B": {"$bytes": "in a list"}}, {"L": []}, {"M": {}}]},
    "map": {
        "M": {"inner": {"M": {"deep": {"N": "3"}}}, "B": {"S": "named as a type"}, "flag": {"BOOL": False}}
    },
    "words": {"SS": ["x", "y"]},
    "numbers": {"NS": ["1", "2.5"]},
    "blobs": {"BS": [{"$bytes": "one"}, {"$bytes": "two"}]},
}
"""Attributes of all ten types."""

PLAIN = {name: value for name, value in TYPES.items() if name not in ("bytes", "list", "blobs")}
"""Those without bytes, which take the direct way in."""


def _schema(*keys: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]


def _call(operation: str, **parameters: Any) -> list[Any]:
    return ["dynamodb", operation, parameters]


def _key(user: str, at: int) -> dict[str, Any]:
    return {"user": {"S": user}, "at": {"N": str(at)}}


_TABLES = [
    _call(
        "create_table",
        TableName="games",
        KeySchema=_schema("user", "at"),
        AttributeDefinitions=[
            {"AttributeName": "user", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "game", "AttributeType": "S"},
            {"AttributeName": "score", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_score",
                "KeySchema": _schema("game", "score"),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["text"]},
            },
            {
                "IndexName": "by_game",
                "KeySchema": _schema("game"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "own_scores",
                "KeySchema": _schema("user", "score"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    ),
    _call(
        "create_table",
        TableName="blobs",
        KeySchema=_schema("id"),
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    ),
]

_SINGLE_WRITES = [
    _call("put_item", TableName="games", Item={**_key("ann", 1), **TYPES}),
    _call("put_item", TableName="games", Item={**_key("ann", 2), **PLAIN}, ReturnConsumedCapacity="TOTAL"),
    _call("put_item", TableName="games", Item={**_key("ann", 1), **PLAIN}, ReturnValues="ALL_OLD"),
    _call("put_item", TableName="games", Item={**_key("ann", 1), **TYPES}, ReturnValues="ALL_OLD"),
    _call("put_item", TableName="blobs", Item={"id": {"B": {"$bytes": "key"}}, "v": {"S": "v"}}),
    _call("get_item", TableName="blobs", Key={"id": {"B": {"$bytes": "key"}}}),
    _call("scan", TableName="blobs", Limit=1),
    _call("put_item", TableName="games", Item=_key("bob", 1), ConditionExpression="attribute_not_exists(#u)",
          ExpressionAttributeNames={"#u": "user"}, ReturnConsumedCapacity="INDEXES"),
    _call("put_item", TableName="games", Item=_key("bob", 1), ConditionExpression="attribute_not_exists(#u)",
          ExpressionAttributeNames={"#u": "user"}, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    _call("put_item", TableName="games", Item=_key("ann", 2),
          ConditionExpression="#n = :n AND attribute_type(#t, :s) OR size(#t) > :five",
          ExpressionAttributeNames={"#n": "number", "#t": "text"},
          ExpressionAttributeValues={":n": {"N": "7"}, ":s": {"S": "S"}, ":five": {"N": "50"}}),
    _call("update_item", TableName="games", Key=_key("cat", 1),
          UpdateExpression="SET score = if_not_exists(score, :zero) + :one, game = :g, tags = :t",
          ExpressionAttributeValues={":zero": {"N": "0"}, ":one": {"N": "1"}, ":g": {"S": "chess"},
                                     ":t": {"L": [{"S": "a"}]}}, ReturnValues="ALL_NEW"),
    _call("update_item", TableName="games", Key=_key("cat", 1),
          UpdateExpression="SET score = score + :one, tags = list_append(tags, :t) ADD visits :one, words :w",
          ExpressionAttributeValues={":one": {"N": "2.5"}, ":t": {"L": [{"S": "b"}]}, ":w": {"SS": ["w"]}},
          ReturnValues="UPDATED_NEW"),
    _call("update_item", TableName="games", Key=_key("cat", 1),
          UpdateExpression="REMOVE tags[0] DELETE words :w SET #m = :m",
          ExpressionAttributeNames={"#m": "map"},
          ExpressionAttributeValues={":w": {"SS": ["w"]}, ":m": {"M": {"k": {"S": "v"}}}},
          ReturnValues="UPDATED_OLD"),
    _call("update_item", TableName="games", Key=_key("cat", 1), UpdateExpression="SET #m.k = :v",
          ExpressionAttributeNames={"#m": "map"}, ExpressionAttributeValues={":v": {"BOOL": True}, ":s": {"N": "1"}},
          ConditionExpression="score > :s", ReturnValues="ALL_OLD"),
    _call("update_item", TableName="games", Key=_key("cat", 1), UpdateExpression="SET blob = :b",
          ExpressionAttributeValues={":b": {"B": {"$bytes": "binary"}}}, ReturnValues="ALL_NEW"),
    _call("update_item", TableName="games", Key=_key("cat", 1), UpdateExpression="SET a = :b",
          ExpressionAttributeValues={":b": {"S": "a"}}, ReturnValues="ALL_NEW"),
    _call("update_item", TableName="games", Key=_key("cat", 1),
          AttributeUpdates={"old": {"Action": "PUT", "Value": {"S": "way"}}}, ReturnValues="UPDATED_NEW"),
    _call("delete_item", TableName="games", Key=_key("ann", 2), ReturnValues="ALL_OLD"),
    _call("delete_item", TableName="games", Key=_key("ann", 2)),
    _call("delete_item", TableName="games", Key=_key("ann", 1), ConditionExpression="attribute_exists(absent)"),
]  # fmt: skip

_SINGLE_READS = [
    _call("get_item", TableName="games", Key=_key("ann", 1)),
    _call("get_item", TableName="games", Key=_key("ann", 1), ConsistentRead=True, ReturnConsumedCapacity="TOTAL"),
    _call("get_item", TableName="games", Key=_key("ann", 9), ReturnConsumedCapacity="INDEXES"),
    _call("get_item", TableName="games", Key=_key("ann", 1), ProjectionExpression="#t, #m.inner.deep, words",
          ExpressionAttributeNames={"#t": "text", "#m": "map"}),
    _call("get_item", TableName="games", Key=_key("cat", 1), AttributesToGet=["score"]),
]  # fmt: skip

_BATCHES = [
    _call("batch_write_item", RequestItems={
        "games": [{"PutRequest": {"Item": {**_key("dan", n), "game": {"S": "go"}, "score": {"N": str(n % 4)},
                                           "text": {"S": "t" * n}}}} for n in range(12)]
        + [{"DeleteRequest": {"Key": _key("bob", 1)}}],
        "blobs": [{"PutRequest": {"Item": {"id": {"B": {"$bytes": "other"}}}}}],
    }, ReturnConsumedCapacity="TOTAL"),
    _call("batch_write_item", RequestItems={"games": [
        {"PutRequest": {"Item": {**_key("eve", n), "game": {"S": "chess"}, "score": {"N": str(10 * n)}}}}
        for n in range(5)]}),
    _call("batch_get_item", RequestItems={
        "games": {"Keys": [_key("dan", 1), _key("dan", 2), _key("nobody", 1)]},
        "blobs": {"Keys": [{"id": {"B": {"$bytes": "key"}}}]},
    }, ReturnConsumedCapacity="TOTAL"),
    _call("batch_get_item", RequestItems={"games": {"Keys": [_key("dan", 3), _key("ann", 1)],
                                                    "ProjectionExpression": "game, blobs"}}),
    _call("batch_get_item", RequestItems={"games": {"Keys": [_key("dan", 3), _key("dan", 3)]}}),
    _call("batch_write_item", RequestItems={"games": [{"DeleteRequest": {"Key": _key("x", 1)}}] * 2}),
    _call("batch_get_item", RequestItems={"missing": {"Keys": [_key("dan", 3)]}}),
]  # fmt: skip

_DAN = {
    "KeyConditionExpression": "#u = :u",
    "ExpressionAttributeNames": {"#u": "user"},
    "ExpressionAttributeValues": {":u": {"S": "dan"}},
}

_QUERIES = [
    _call("query", TableName="games", **_DAN),
    _call("query", TableName="games", **_DAN, Limit=5, ScanIndexForward=False, ReturnConsumedCapacity="TOTAL"),
    _call("query", TableName="games", **_DAN, Limit=5, ExclusiveStartKey=_key("dan", 4)),
    _call("query", TableName="games", **_DAN, Select="COUNT", ReturnConsumedCapacity="INDEXES"),
    _call("query", TableName="games", KeyConditionExpression="#u = :u AND #a BETWEEN :low AND :high",
          ExpressionAttributeNames={"#u": "user", "#a": "at"},
          ExpressionAttributeValues={":u": {"S": "dan"}, ":low": {"N": "3"}, ":high": {"N": "6"}}),
    _call("query", TableName="games", KeyConditionExpression="#u = :u AND #a >= :low",
          FilterExpression="score IN (:one, :three) AND NOT contains(#t, :x) AND begins_with(game, :g)",
          ExpressionAttributeNames={"#u": "user", "#a": "at", "#t": "text"},
          ExpressionAttributeValues={":u": {"S": "dan"}, ":low": {"N": "3"}, ":one": {"N": "1"},
                                     ":three": {"N": "3"}, ":x": {"S": "x"}, ":g": {"S": "g"}}),
    _call("query", TableName="games", IndexName="by_score", KeyConditionExpression="game = :g AND score > :s",
          ExpressionAttributeValues={":g": {"S": "go"}, ":s": {"N": "1"}}, Limit=3, ReturnConsumedCapacity="INDEXES"),
    _call("query", TableName="games", IndexName="by_game", KeyConditionExpression="game = :g",
          ExpressionAttributeValues={":g": {"S": "chess"}}, ProjectionExpression="score, game"),
    _call("query", TableName="games", IndexName="own_scores", **_DAN, ConsistentRead=True,
          ScanIndexForward=False),
    _call("query", TableName="games", IndexName="by_game", KeyConditionExpression="game = :g",
          ExpressionAttributeValues={":g": {"S": "chess"}}, ConsistentRead=True),
    _call("query", TableName="games",
          KeyConditions={"user": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "dan"}]}}),
    _call("query", TableName="games", **_DAN, Limit=2),
    _call("query", TableName="games", **_DAN, Limit=2, ExclusiveStartKey="$-1.LastEvaluatedKey"),
]  # fmt: skip

_SCANS = [
    _call("scan", TableName="games"),
    _call("scan", TableName="games", FilterExpression="score >= :s", ExpressionAttributeValues={":s": {"N": "2"}},
          Limit=6, ReturnConsumedCapacity="TOTAL"),
    _call("scan", TableName="games", Limit=4, ProjectionExpression="#u", ExpressionAttributeNames={"#u": "user"}),
    _call("scan", TableName="games", Segment=0, TotalSegments=3, Select="COUNT"),
    _call("scan", TableName="games", Segment=1, TotalSegments=3),
    _call("scan", TableName="games", IndexName="by_score", ReturnConsumedCapacity="INDEXES"),
    _call("scan", TableName="games",
          ScanFilter={"game": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "go"}]}}),
    _call("scan", TableName="games", Segment=3, TotalSegments=3),
    _call("scan", TableName="blobs"),
    _call("scan", TableName="missing"),
]  # fmt: skip


def _transacted(*actions: dict[str, Any], **more: Any) -> list[Any]:
    return _call("transact_write_items", TransactItems=list(actions), **more)


_TRANSACTIONS = [
    _transacted(
        {"Put": {"TableName": "games", "Item": {**_key("fay", 1), "coins": {"N": "10"}}}},
        {"Update": {"TableName": "games", "Key": _key("cat", 1), "UpdateExpression": "SET coins = :c",
                    "ExpressionAttributeValues": {":c": {"N": "5"}}}},
        {"Delete": {"TableName": "games", "Key": _key("eve", 1)}},
        {"ConditionCheck": {"TableName": "games", "Key": _key("eve", 2),
                            "ConditionExpression": "attribute_exists(game)"}},
        ReturnConsumedCapacity="TOTAL", ClientRequestToken="token-1",
    ),
    _transacted(
        {"Put": {"TableName": "games", "Item": _key("gus", 1)}},
        {"Update": {"TableName": "games", "Key": _key("fay", 1), "UpdateExpression": "SET coins = coins - :c",
                    "ConditionExpression": "coins >= :c", "ExpressionAttributeValues": {":c": {"N": "11"}},
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
        ClientRequestToken="token-2",
    ),
    _transacted({"Put": {"TableName": "games", "Item": _key("gus", 1)}},
                {"Delete": {"TableName": "games", "Key": _key("gus", 1)}}, ClientRequestToken="token-3"),
    _transacted({"Put": {"TableName": "games", "Item": {**_key("gus", 2), "b": {"B": {"$bytes": "in"}}}}},
                ClientRequestToken="token-4"),
    _call("transact_get_items", TransactItems=[
        {"Get": {"TableName": "games", "Key": _key("fay", 1)}},
        {"Get": {"TableName": "games", "Key": _key("gus", 1)}},
        {"Get": {"TableName": "games", "Key": _key("gus", 2)}}], ReturnConsumedCapacity="INDEXES"),
    _call("get_item", TableName="games", Key=_key("gus", 1)),
]  # fmt: skip

_REFUSED = [
    _call("put_item", TableName="games", Item={"user": {"S": "no sort key"}}),
    _call("put_item", TableName="games", Item={**_key("a", 1), "user": {"N": "1"}}),
    _call("put_item", TableName="games", Item={"user": {"S": ""}, "at": {"N": "1"}}),
    _call("put_item", TableName="games", Item={**_key("a", 1), "n": {"N": "many"}}),
    _call("put_item", TableName="games", Item={**_key("a", 1), "s": {"SS": []}}),
    _call("put_item", TableName="missing", Item=_key("a", 1)),
    _call("put_item", TableName="games", Item=_key("a", 1), ConditionExpression="attribute_exists(user)",
          ExpressionAttributeNames={"#unused": "x"}),
    _call("get_item", TableName="games", Key={"user": {"S": "ann"}}),
    _call("get_item", TableName="games", Key={**_key("ann", 1), "extra": {"S": "x"}}),
    _call("update_item", TableName="games", Key=_key("a", 1), UpdateExpression="SET user = :u",
          ExpressionAttributeValues={":u": {"S": "b"}}),
    _call("update_item", TableName="games", Key=_key("a", 1), UpdateExpression="SET #u = :u",
          ExpressionAttributeNames={"#u": "user"}, ExpressionAttributeValues={":u": {"S": "b"}}),
    _call("update_item", TableName="games", Key=_key("a", 1), UpdateExpression="GIVE me more"),
    _call("update_item", TableName="games", Key=_key("a", 1), UpdateExpression="SET x = y + :one",
          ExpressionAttributeValues={":one": {"N": "1"}}),
    _call("update_item", TableName="games", Key=_key("a", 1), UpdateExpression="SET x = :one",
          ExpressionAttributeValues={":one": {"N": "1"}, ":two": {"N": "2"}}),
    _call("query", TableName="games", KeyConditionExpression="#a = :a", ExpressionAttributeNames={"#a": "at"},
          ExpressionAttributeValues={":a": {"N": "1"}}),
    _call("query", TableName="games", **_DAN, IndexName="by_nothing"),
    _call("query", TableName="games", **_DAN, Select="ALL_PROJECTED_ATTRIBUTES"),
    _call("get_item", TableName="games", Key=_key("a", 1)),
    _call("scan", TableName="games", Select="COUNT"),
]  # fmt: skip

JOURNEY = [
    _TABLES + _SINGLE_WRITES,
    1,
    _SINGLE_READS + _BATCHES,
    60,
    _QUERIES + _SCANS + _TRANSACTIONS + _REFUSED,
]
