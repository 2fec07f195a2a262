"""Worked examples of section 22 that are about the service itself, with calls to a Cloud.

Those about units (wcu_1 to wcu_3, rcu_1 to rcu_3, tx_1, tx_2) stand with the experiment `capacity`, the one about
prices (ondemand_ratio) with `modes`.
"""

from __future__ import annotations

import pytest

from helpers import Cloud


def test_ten_suffixes_make_twenty_keys_of_two_candidates_and_ten_queries_of_a_total() -> None:
    """votes: a suffix from 1 to 10 turns each candidate's key into ten, and a reader has to gather them."""
    with Cloud() as cloud:
        db = cloud.client("dynamodb")
        db.create_table(
            TableName="votes",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "candidate", "KeyType": "HASH"},
                {"AttributeName": "voter", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "candidate", "AttributeType": "S"},
                {"AttributeName": "voter", "AttributeType": "N"},
            ],
        )
        for voter in range(60):
            # Candidates take turns by voter, suffixes by pair of voters: each key gets three votes.
            key = f"{'ab'[voter % 2]}.{1 + voter // 2 % 10}"
            db.put_item(TableName="votes", Item={"candidate": {"S": key}, "voter": {"N": str(voter)}})
        assert len({item["candidate"]["S"] for item in db.scan(TableName="votes")["Items"]}) == 20

        def votes(key: str) -> int:
            asked = {
                "KeyConditionExpression": "candidate = :key",
                "ExpressionAttributeValues": {":key": {"S": key}},
            }
            found: int = db.query(TableName="votes", Select="COUNT", **asked)["Count"]
            return found

        assert [votes(f"b.{suffix}") for suffix in range(1, 11)] == [3] * 10
        assert votes("b") == 0
        assert (cloud.trail["operation"] == "Query").sum() == 10 + 1


def test_a_hundred_items_are_written_in_four_calls() -> None:
    """batch_calls: a batch takes 25 puts, so 100 items are four; one more in a call, and it is refused as a whole."""
    with Cloud() as cloud:
        db = cloud.client("dynamodb")
        db.create_table(
            TableName="products",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )
        puts = [{"PutRequest": {"Item": {"id": {"S": f"p-{number:03}"}}}} for number in range(100)]
        with pytest.raises(db.exceptions.ClientError, match="ValidationException"):
            db.batch_write_item(RequestItems={"products": puts[:26]})
        assert db.scan(TableName="products", Select="COUNT")["Count"] == 0

        for first in range(0, 100, 25):
            reply = db.batch_write_item(RequestItems={"products": puts[first : first + 25]})
            assert reply["UnprocessedItems"] == {}
        accepted = cloud.trail[(cloud.trail["operation"] == "BatchWriteItem") & cloud.trail["error"].isna()]
        assert len(accepted) == 4
        assert db.scan(TableName="products", Select="COUNT")["Count"] == 100
