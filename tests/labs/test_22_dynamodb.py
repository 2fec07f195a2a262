"""Lab 22: its checks tell right from wrong under any seed, and their reasons give nothing away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.labs import Bench, Lab, Status, examine, load_lab
from helpers.labs.build import cells_for_examination, solution_sources
from helpers.labs.gate import wrong_solutions
from helpers.labs.local import LocalHost
from tests.labs.judging import found, statuses

OTHER_SEEDS = (1, 2, 3, 4, 5)

HARD_CODED = {
    "table": ["keep_days"],
    "save": ["patience_s", "soon_s"],
    "top": ["places", "entry_bytes", "query_units"],
    "buy": ["deposit"],
}
"""The numbers of each need that a solution depends on. The report depends on its tables alone."""

OTHERWISE = {
    "save": """
def save_score(dynamodb, need, player, game, score):
    key = to_item({"player": player, "game": game})
    start = time.time()
    while time.time() < start + need["patience_s"]:
        try:
            item = dynamodb.get_item(TableName=need["table"], Key=key, ConsistentRead=True).get("Item", {})
            known = from_item(item).get("score")
            if known is not None and known >= score:
                return False
            dynamodb.update_item(
                TableName=need["table"],
                Key=key,
                UpdateExpression="SET score = :score",
                ExpressionAttributeValues=to_item({":score": score} | ({} if known is None else {":known": known})),
                ConditionExpression="attribute_not_exists(score)" if known is None else "score = :known",
            )
            return True
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                continue
            if error.response["Error"]["Code"] != "ProvisionedThroughputExceededException":
                raise
            time.sleep(3)
    raise TimeoutError
""",
    "top": """
def top(dynamodb, need, game, now):
    limit, found, start = int(need["query_units"] * 8192 / need["entry_bytes"]), [], {}
    while len(found) < need["places"] and start is not None:
        page = dynamodb.query(
            TableName=need["table"],
            IndexName=need["index"],
            KeyConditionExpression="game = :g",
            ExpressionAttributeValues={":g": {"S": game}},
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        items = [from_item(item) for item in page["Items"]]
        found += [(item["player"], item["score"]) for item in items if item["expires_at"] > now]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
    return found[: need["places"]]
""",
    "buy": """
def buy(dynamodb, need, purchase, player, item, price):
    while True:
        if "Item" in dynamodb.get_item(TableName=need["purchases"], Key=to_item({"purchase": purchase})):
            return "bought"
        stock = dynamodb.get_item(TableName=need["stock"], Key=to_item({"item": item}), ConsistentRead=True)["Item"]
        purse = dynamodb.get_item(TableName=need["players"], Key=to_item({"player": player}))["Item"]
        left, coins = from_item(stock)["left"], from_item(purse)["coins"]
        if left == 0:
            return "sold out"
        if coins - price < need["deposit"]:
            return "no money"

        def put(table, item, condition, **values):
            more = {"ExpressionAttributeValues": to_item({":old": values["old"]})} if values else {}
            names = {"ExpressionAttributeNames": {"#left": "left"}} if "#left" in condition else {}
            return {"Put": {"TableName": table, "Item": item, "ConditionExpression": condition, **more, **names}}

        try:
            dynamodb.transact_write_items(
                TransactItems=[
                    put(need["players"], {**purse, "coins": {"N": str(coins - price)}}, "coins = :old", old=coins),
                    put(need["stock"], {**stock, "left": {"N": str(left - 1)}}, "#left = :old", old=left),
                    put(need["purchases"], to_item({"purchase": purchase}), "attribute_not_exists(purchase)"),
                ]
            )
        except dynamodb.exceptions.TransactionCanceledException:
            time.sleep(random.random() / 5)
""",
    "report": """
def report(dynamodb, need, day):
    games, start = [], {}
    while start is not None:
        page = dynamodb.query(
            TableName=need["games"],
            KeyConditions={"day": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": day}]}},
            **start,
        )
        games += [from_item(game) for game in page["Items"]]
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else None
    teams, left = {}, sorted({game["player"] for game in games})
    while left:
        keys = [to_item({"player": name}) for name in left[: need["units"]]]
        reply = dynamodb.batch_get_item(RequestItems={need["players"]: {"Keys": keys}})
        for player in reply["Responses"][need["players"]]:
            teams[player["player"]["S"]] = player["team"]["S"]
        left = [name for name in left if name not in teams]
        time.sleep(1)
    return {team: sum(int(g["points"]) for g in games if teams[g["player"]] == team) for team in set(teams.values())}
""",
}
"""Right solutions that differ from the worked one."""

A_LIST_IN_THE_TABLE = """
def create_table(dynamodb, need):
    dynamodb.create_table(
        TableName=need["table"],
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "who", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
            {"AttributeName": "open", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "who", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "open",
                "KeySchema": [
                    {"AttributeName": "open", "KeyType": "HASH"},
                    {"AttributeName": "at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["game_id"]},
            }
        ],
    )
    dynamodb.update_table(
        TableName=need["table"],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    ttl = {"Enabled": True, "AttributeName": "gone_at"}
    dynamodb.update_time_to_live(TableName=need["table"], TimeToLiveSpecification=ttl)


def put_game(dynamodb, need, game):
    at = game["finished_at"] * 10**9 + int.from_bytes(game["game_id"].encode()[-3:])
    values = {**game, "who": game["player"], "at": at, "gone_at": game["finished_at"] + need["keep_days"] * DAY_S + 9}
    if game["review"]:
        values["open"] = game["title"]
    dynamodb.put_item(TableName=need["table"], Item=to_item(values))


def latest(dynamodb, need, player, n):
    found = dynamodb.query(
        TableName=need["table"],
        KeyConditionExpression="who = :who",
        ExpressionAttributeValues={":who": {"S": player}},
        ScanIndexForward=False,
        Limit=n,
    )
    return [game["game_id"]["S"] for game in found["Items"]]


def under_review(dynamodb, need, title):
    found = dynamodb.query(
        TableName=need["table"],
        IndexName="open",
        KeyConditionExpression="#open = :title",
        ExpressionAttributeNames={"#open": "open"},
        ExpressionAttributeValues={":title": {"S": title}},
    )
    return [game["game_id"]["S"] for game in found["Items"]]


def end_review(dynamodb, need, game):
    put_game(dynamodb, need, {**game, "review": False})
"""


@pytest.fixture(scope="module")
def lab() -> Lab:
    return load_lab("22_dynamodb")


@pytest.mark.slow
@pytest.mark.parametrize("task", ["table", "save", "top", "buy", "report"])
def test_the_solution_earns_every_point_under_many_seeds(lab: Lab, task: str) -> None:
    source = solution_sources(lab)[task]
    for seed in range(10, 16):
        assert statuses(found(lab, task, source, seed)) == {Status.PASSED}, seed


@pytest.mark.slow
@pytest.mark.parametrize(("task", "source"), [("table", A_LIST_IN_THE_TABLE), *OTHERWISE.items()])
def test_other_right_solutions_pass(lab: Lab, task: str, source: str) -> None:
    for seed in OTHER_SEEDS:
        findings = found(lab, task, source, seed)
        assert statuses(findings) == {Status.PASSED}, (seed, findings)


@pytest.mark.slow
@pytest.mark.parametrize("task", HARD_CODED)
def test_numbers_of_the_practice_seed_fail_under_most_others(lab: Lab, task: str) -> None:
    source, need = solution_sources(lab)[task], lab.need(task)
    for name in HARD_CODED[task]:
        assert f'need["{name}"]' in source
        source = source.replace(f'need["{name}"]', repr(need[name]))
    assert statuses(found(lab, task, source)) == {Status.PASSED}
    lost = [seed for seed in OTHER_SEEDS if Status.FAILED in statuses(found(lab, task, source, seed))]
    assert len(lost) >= 4


@pytest.mark.slow
def test_a_report_learnt_by_heart_fails(lab: Lab) -> None:
    returns = "    return points\n"
    source = solution_sources(lab)["report"] + "\n"
    assert source.endswith(returns)
    tells = source.removesuffix(returns) + "    raise RuntimeError(points)\n"
    points = re.search(r"\{[^{}]+\}$", found(lab, "report", tells)["pages"].reason)
    assert points is not None
    for seed in OTHER_SEEDS:
        learnt = found(lab, "report", f"def report(dynamodb, need, day):\n    return {points[0]}\n", seed)
        assert learnt["pages"].status == Status.FAILED


@pytest.mark.parametrize(
    "answer", ["None", "[None, 3]", "{'a': [1]}", "[['x']]", "b'x'", "True", "float('nan')"]
)
@pytest.mark.parametrize("task", ["save", "top", "buy", "report"])
def test_nonsense_earns_nothing_and_breaks_no_check(lab: Lab, task: str, answer: str) -> None:
    (function,) = lab.task(task).functions
    findings = found(lab, task, f"def {function}(dynamodb, need, *rest):\n    return {answer}\n")
    assert statuses(findings) == {Status.FAILED}


@pytest.mark.parametrize("answer", ["None", "[None, 3]", "['x']", "{'a': 1}"])
def test_a_table_that_was_not_made_earns_nothing(lab: Lab, answer: str) -> None:
    functions = lab.task("table").functions
    source = "".join(f"def {name}(*given):\n    return {answer}\n" for name in functions)
    assert statuses(found(lab, "table", source)) == {Status.FAILED}


@pytest.mark.parametrize("task", ["save", "top", "buy", "report"])
def test_deleting_the_tables_earns_nothing(lab: Lab, task: str) -> None:
    (function,) = lab.task(task).functions
    source = (
        f"def {function}(dynamodb, need, *rest):\n"
        "    for table in dynamodb.list_tables()['TableNames']:\n"
        "        dynamodb.delete_table(TableName=table)\n"
    )
    assert Status.PASSED not in statuses(found(lab, task, source))


@pytest.mark.slow
def test_reasons_tell_nothing_that_was_drawn(lab: Lab) -> None:
    seen = 0
    for wrong in wrong_solutions(lab):
        if wrong.crashes:
            continue  # what the student's own code says
        sources = {**solution_sources(lab), wrong.task: wrong.source}
        bench = Bench(LocalHost(cells_for_examination(lab, sources), lab.clients), 7, wrong.task)
        findings = examine(lab.task(wrong.task), bench, lab.need(wrong.task, 7))
        drawn = {text for trial in bench.trials for row in trial.rows for text in _texts(row.parameters)}
        for finding in findings.values():
            seen += bool(finding.reason)
            assert not re.search(r"\d", finding.reason), (wrong.name, finding)
            assert not drawn & set(re.findall(r"[\w-]+", finding.reason)), (wrong.name, finding)
    assert seen >= 40


def _texts(value: Any) -> Iterator[str]:
    """The texts in a call's items and keys that are long enough to be told from words."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "S" and isinstance(each, str):
                yield from [each] if len(each) > 3 else []
            else:
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
