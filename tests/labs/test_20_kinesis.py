"""Lab 20: its checks tell right from wrong under any seed, and their reasons give nothing away."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from helpers.labs import PRACTICE_SEED, Bench, Lab, Status, examine, load_lab
from helpers.labs.build import cells_for_examination, solution_sources
from helpers.labs.gate import wrong_solutions
from helpers.labs.local import LocalHost
from tests.labs.judging import found, statuses

TASKS = ("send", "streams", "wages", "reshard", "dashboard")
OTHER_SEEDS = (1, 2, 3, 4, 5)

ROUND_BY_ROUND = """
def send(kinesis, stream, positions):
    lines = {}
    for position in positions:
        lines.setdefault(position["truck"], []).append(position)
    while lines:
        heads = [line[0] for line in lines.values()]
        for first in range(0, len(heads), 480):
            batch = heads[first : first + 480]
            entries = [{"Data": json.dumps(one), "PartitionKey": "t:" + one["truck"]} for one in batch]
            for one, answer in zip(batch, kinesis.put_records(StreamName=stream, Records=entries)["Records"]):
                if "SequenceNumber" in answer:
                    lines[one["truck"]].pop(0)
        lines = {truck: line for truck, line in lines.items() if line}
        time.sleep(1)
"""

ONE_TO_SPARE = """
def create_stream(kinesis, name, need):
    read = need["records_s"] * need["kib"] / 2048 * (2 if need["pushed"] else max(2, need["applications"]))
    kinesis.create_stream(StreamName=name, ShardCount=1)
    target = 1 + int(max(need["records_s"] / 1000, read) + 0.999)
    count = 1
    while count < target:
        count = min(target, 2 * count)
        kinesis.update_shard_count(StreamName=name, TargetShardCount=count, ScalingType="UNIFORM_SCALING")
        time.sleep(31)
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=need["gone_h"])
"""

ALL_OR_NOTHING = """
def count_km(kinesis, dynamodb, stream, need):
    shards = [one["ShardId"] for one in kinesis.list_shards(StreamName=stream)["Shards"]]
    rows = dynamodb.scan(TableName="progress")["Items"]
    place = {row["shard"]["S"]: row["last"]["S"] for row in rows}
    while True:
        for shard in shards:
            begin = {"ShardIteratorType": "TRIM_HORIZON"}
            if shard in place:
                begin = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": place[shard]}
            begin |= {"StreamName": stream, "ShardId": shard}
            page = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**begin)["ShardIterator"], Limit=99)
            for record in page["Records"]:
                trip = json.loads(record["Data"])
                number = record["SequenceNumber"]
                update = {
                    "TableName": "trucks",
                    "Key": {"truck": {"S": trip["truck"]}},
                    "UpdateExpression": "ADD km :km",
                    "ExpressionAttributeValues": {":km": {"N": str(trip["km"])}},
                }
                put = {"TableName": "progress", "Item": {"shard": {"S": shard}, "last": {"S": number}}}
                dynamodb.transact_write_items(TransactItems=[{"Update": update}, {"Put": put}])
                place[shard] = number
        time.sleep(need["applications"] / 5 * 1.2)
"""

MERGES_FIRST = """
def reshard(kinesis, stream, loads):
    listed = kinesis.list_shards(StreamName=stream, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    begin = {one["ShardId"]: int(one["HashKeyRange"]["StartingHashKey"]) for one in listed}
    end = {one["ShardId"]: int(one["HashKeyRange"]["EndingHashKey"]) for one in listed}
    pairs = [(one, other) for one in begin for other in begin if end[one] + 1 == begin[other]]
    pair = min(pairs, key=lambda pair: loads[pair[0]] + loads[pair[1]])
    kinesis.merge_shards(StreamName=stream, ShardToMerge=pair[1], AdjacentShardToMerge=pair[0])
    while kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamStatus"] != "ACTIVE":
        time.sleep(1)
    hot = max(loads, key=loads.get)
    at = begin[hot] + (end[hot] - begin[hot]) * 51 // 100
    kinesis.split_shard(StreamName=stream, ShardToSplit=hot, NewStartingHashKey=str(at))
    while kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamStatus"] != "ACTIVE":
        time.sleep(1)


def read_all(kinesis, stream):
    waiting = kinesis.list_shards(StreamName=stream)["Shards"]
    found = []
    while waiting:
        left = {shard["ShardId"] for shard in waiting}
        shard = next(
            one for one in waiting if not {one.get("ParentShardId"), one.get("AdjacentParentShardId")} & left
        )
        waiting.remove(shard)
        place = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        page = {"NextShardIterator": kinesis.get_shard_iterator(**place)["ShardIterator"]}
        while page.get("NextShardIterator"):
            page = kinesis.get_records(ShardIterator=page["NextShardIterator"], Limit=5)
            found += [json.loads(record["Data"]) for record in page["Records"]]
            if not page["Records"]:
                break
            time.sleep(0.25)
    return found
"""

A_NEW_ITERATOR_EACH_TIME = """
def dashboard(kinesis, stream, since, applications, show):
    listed = kinesis.list_shards(StreamName=stream)["Shards"]
    places = {
        shard["ShardId"]: {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": since} for shard in listed
    }
    while True:
        for shard, place in places.items():
            try:
                iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **place)["ShardIterator"]
                records = kinesis.get_records(ShardIterator=iterator)["Records"]
            except kinesis.exceptions.ClientError:
                records = []
                time.sleep(1)
            for record in records:
                show(json.loads(record["Data"]))
                number = record["SequenceNumber"]
                places[shard] = {
                    "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number
                }
        time.sleep(applications / 5 * 1.1)
"""

OTHERWISE = [
    ("send", ROUND_BY_ROUND),
    ("streams", ONE_TO_SPARE),
    ("wages", ALL_OR_NOTHING),
    ("reshard", MERGES_FIRST),
    ("dashboard", A_NEW_ITERATOR_EACH_TIME),
]
"""Right solutions that differ from the worked one."""


def hard_coded(lab: Lab, task: str) -> str:
    """The worked solution with numbers that are right under the seed of practice in place of the need."""
    source, need = solution_sources(lab)[task], lab.need(task)
    if task == "streams":
        count = sys.modules[f"labs_{lab.id}_checks"].shards_needed
        known = {name.split("-")[0]: (count(row), row["back_h"]) for name, row in need.items()}
        return (
            "def create_stream(kinesis, name, need):\n"
            f"    shards, hours = {known}[name.split('-')[0]]\n"
            "    kinesis.create_stream(StreamName=name, ShardCount=shards)\n"
            "    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)\n"
        )
    name = 'need["applications"]' if task == "wages" else "applications"
    changed = source.replace(f"time.sleep({name} / 5)", f"time.sleep({need['applications'] / 5})")
    assert changed != source
    return changed


@pytest.fixture(scope="module")
def lab() -> Lab:
    return load_lab("20_kinesis")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_solution_earns_every_point_under_many_seeds(lab: Lab, task: str) -> None:
    source = solution_sources(lab)[task]
    for seed in range(10, 14):
        assert statuses(found(lab, task, source, seed)) == {Status.PASSED}, seed


@pytest.mark.slow
@pytest.mark.parametrize(("task", "source"), OTHERWISE)
def test_other_right_solutions_pass(lab: Lab, task: str, source: str) -> None:
    for seed in (PRACTICE_SEED, 1):
        findings = found(lab, task, source, seed)
        assert statuses(findings) == {Status.PASSED}, (seed, findings)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["streams", "wages", "dashboard"])
def test_numbers_of_the_practice_seed_fail_under_most_others(lab: Lab, task: str) -> None:
    source = hard_coded(lab, task)
    assert statuses(found(lab, task, source)) == {Status.PASSED}
    lost = [seed for seed in OTHER_SEEDS if Status.FAILED in statuses(found(lab, task, source, seed))]
    assert len(lost) >= 4


@pytest.mark.parametrize("seed", OTHER_SEEDS)
def test_a_need_can_be_met(lab: Lab, seed: int) -> None:
    photos, cameras = (lab.need("streams", seed)[name] for name in ("photos", "cameras"))
    written = photos["records_s"] * photos["kib"] / 1024
    assert math.ceil(written) < math.ceil(written * photos["applications"] / 2)  # reading decides
    pushed = cameras["records_s"] * cameras["kib"] / 1024
    assert math.ceil(pushed) + 1 < math.ceil(pushed * cameras["applications"] / 2)  # sharing would be waste
    for row in lab.need("streams", seed).values():
        assert 24 < row["back_h"] < row["gone_h"] <= 8_760
    loads = lab.need("reshard", seed)["loads_kib_s"]
    pairs = sorted(one + other for one, other in pairwise(loads))
    assert sum(load > 1_024 for load in loads) == 1
    assert max(loads) < 2 * 1_024
    assert pairs[0] < pairs[1]
    for task in ("wages", "dashboard"):
        need = lab.need(task, seed)
        assert need["applications"] / 5 + 0.1 < need["fresh_s"]


@pytest.mark.parametrize("answer", ["None", "[None, {'truck': 3, 'number': [1]}]"])
@pytest.mark.parametrize("task", TASKS)
def test_nonsense_earns_nothing_and_breaks_no_check(lab: Lab, task: str, answer: str) -> None:
    functions = lab.task(task).functions
    source = "\n".join(f"def {name}(*rest):\n    return {answer}\n" for name in functions)
    assert statuses(found(lab, task, source)) == {Status.FAILED}


def test_nonsense_on_the_screen_breaks_no_check(lab: Lab) -> None:
    source = solution_sources(lab)["dashboard"].replace(
        "show(json.loads",
        "show({'truck': [], 'number': {}})\n                show(None)\n                show(json.loads",
    )
    assert found(lab, "dashboard", source)["share"].status == Status.PASSED


@pytest.mark.parametrize("task", ["send", "reshard", "wages", "dashboard"])
def test_a_stream_that_is_gone_breaks_no_check(lab: Lab, task: str) -> None:
    functions = lab.task(task).functions
    source = "\n".join(
        f"def {name}(kinesis, *rest):\n"
        "    stream = next(one for one in rest if isinstance(one, str))\n"
        "    kinesis.delete_stream(StreamName=stream)\n"
        for name in functions
    )
    findings = found(lab, task, source)
    assert Status.PASSED not in statuses(findings)
    said = "The stream could not be used any more: AWS answered ResourceNotFoundException."
    assert said in {finding.reason for finding in findings.values()}


@pytest.mark.slow
def test_reasons_tell_nothing_that_was_drawn(lab: Lab) -> None:
    seen = 0
    for wrong in wrong_solutions(lab):
        sources = {**solution_sources(lab), wrong.task: wrong.source}
        bench = Bench(LocalHost(cells_for_examination(lab, sources), lab.clients), 7, wrong.task)
        findings = examine(lab.task(wrong.task), bench, lab.need(wrong.task, 7))
        drawn = {word for trial in bench.trials for row in trial.rows for word in _names(row.parameters)}
        assert drawn or wrong.task == "streams", wrong.name
        for finding in findings.values():
            seen += bool(finding.reason)
            assert not re.search(r"\d", finding.reason), (wrong.name, finding)
            assert not [word for word in drawn if word in finding.reason], (wrong.name, finding)
    assert seen == 4 * len(wrong_solutions(lab))


def _names(parameters: Any) -> Iterator[str]:
    """The names of trucks in a call."""
    entries = parameters.get("Records", [parameters])
    starts = [str(entry.get("Data"))[:60] for entry in entries]
    yield from re.findall(r"truck-\d{6}", json.dumps([starts, parameters.get("Key")]))
