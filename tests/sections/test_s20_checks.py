"""The live checks of section 20: what passes, what does not yet, and that looking leaves no trace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from helpers import Cloud
from helpers.sections.checks import Status, find_check
from helpers.sections.s20_kinesis.checks import CHECKS, ORDERS

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "20_kinesis.ipynb"
PASSED, FAILED, NOT_ATTEMPTED = Status.PASSED, Status.FAILED, Status.NOT_ATTEMPTED


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=20) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"20_kinesis.{name}").judge()
    return result.status, result.reason


def from_notebook(cloud: Cloud, *cells: str) -> dict[str, Any]:
    """The names that these cells of the notebook define, in this Cloud instead of one of their own."""
    code = {one["id"]: "".join(one["source"]) for one in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]}
    names: dict[str, Any] = {}
    for cell in cells:
        lines = code[cell].replace("cloud = Cloud.open(seed=20)", "").splitlines()
        exec("\n".join(line for line in lines if not line.startswith("let_poll(")), names)
        names["cloud"] = cloud
    return names


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(check: Any, cloud: Cloud) -> None:
    result = check.judge()
    assert result.status is NOT_ATTEMPTED
    assert result.reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


@pytest.mark.parametrize(
    ("hours", "status", "words"),
    [(24, FAILED, "After 24 hours"), (95, FAILED, "is 96"), (96, PASSED, "96 hours"), (120, PASSED, ""),
     (168, PASSED, ""), (169, FAILED, "more than a week"), (8_760, FAILED, "paid")],
)  # fmt: skip
def test_stream(cloud: Cloud, hours: int, status: Status, words: str) -> None:
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="wages", ShardCount=1)
    if hours > 24:
        kinesis.increase_stream_retention_period(StreamName="wages", RetentionPeriodHours=hours)
    found, reason = judge("stream")
    assert found is status
    assert words in reason


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [("country", FAILED, "orders were refused"), ("order", FAILED, "in several shards"), ("customer", PASSED, "1,800")],
)  # fmt: skip
def test_write_takes_a_key_that_spreads_and_keeps_a_customer_together(
    cloud: Cloud, key: str, status: Status, words: str
) -> None:
    names = from_notebook(cloud, "write-open", "write-turn-orders")
    names["send_orders"](cloud.client("kinesis"), key)
    before = cloud.trail
    found, reason = judge("write")
    assert found is status
    assert words in reason
    assert cloud.trail.equals(before)


def test_write_waits_for_all_orders(cloud: Cloud) -> None:
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=4)
    entry = {"Data": json.dumps({"customer": "c-1"}), "PartitionKey": "c-1"}
    kinesis.put_records(StreamName="orders", Records=[entry] * 10)
    assert judge("write") == (NOT_ATTEMPTED, f"10 of {ORDERS:,} orders were sent so far.")


@pytest.mark.parametrize(
    ("pause_s", "status", "words"),
    [(0.3, FAILED, "were refused"), (0.7, FAILED, "were refused"), (0.8, PASSED, ""), (1, PASSED, ""),
     (2, PASSED, "2.0 s"), (2.2, FAILED, "2.2 s pass"), (60, FAILED, "30.0 s pass")],
)  # fmt: skip
def test_read_takes_a_pause_that_is_neither_too_short_nor_too_long(
    cloud: Cloud, pause_s: float, status: Status, words: str
) -> None:
    names = from_notebook(cloud, "read-open", "read-share", "read-share-run")
    boto3.client("kinesis").create_stream(StreamName="pumps", ShardCount=1)
    assert judge("read")[0] is NOT_ATTEMPTED
    names["let_poll"]("pumps", 4, pause_s)
    found, reason = judge("read")
    assert (found, words in reason) == (status, True), reason


@pytest.mark.parametrize(
    ("every", "status", "words"),
    [(1, FAILED, "200 checkpoints"), (15, FAILED, "13 checkpoints"), (16, PASSED, "12 checkpoints"),
     (20, PASSED, "20 records"), (25, PASSED, "8 checkpoints"), (26, FAILED, "26 records"),
     (500, FAILED, "200 records")],
)  # fmt: skip
def test_workers_bounds_repeats_and_writes(cloud: Cloud, every: int, status: Status, words: str) -> None:
    names = from_notebook(cloud, "workers-open", "workers-turn-deliver")
    assert judge("workers")[0] is NOT_ATTEMPTED
    names["deliver"](every)
    found, reason = judge("workers")
    assert (found, words in reason) == (status, True), reason


@pytest.mark.parametrize(
    ("shards", "status"), [(3, FAILED), (7, FAILED), (8, PASSED), (9, PASSED), (10, FAILED), (11, FAILED)]
)
def test_reshard(cloud: Cloud, shards: int, status: Status) -> None:
    cloud.client("kinesis").create_stream(StreamName="sensors", ShardCount=shards)
    found, reason = judge("reshard")
    assert found is status
    assert f"{shards} shards" in reason


@pytest.mark.parametrize(
    ("seconds", "status", "words"),
    [(0, FAILED, "MiB"), (60, FAILED, "should have 2"), (95, FAILED, "MiB"), (105, PASSED, "105 s"),
     (180, PASSED, "180 s"), (190, FAILED, "waited 190 s"), (900, FAILED, "180 s")],
)  # fmt: skip
def test_firehose_takes_a_time_that_fills_files_and_is_soon_enough(
    cloud: Cloud, seconds: int, status: Status, words: str
) -> None:
    names = from_notebook(cloud, "firehose-turn-day")
    names |= {"firehose": cloud.client("firehose"), "s3": cloud.client("s3")}
    names["destination"] = {
        "RoleARN": "arn:aws:iam::123456789012:role/firehose",
        "BucketARN": "arn:aws:s3:::tap-files",
    }
    names["a_while"](seconds)
    found, reason = judge("firehose")
    assert (found, words in reason) == (status, True), reason


@pytest.mark.parametrize(
    ("service", "status", "words"),
    [("queue", FAILED, "reports got 0 of 20"), ("topic", FAILED, "reports got 0 of 20"), ("stream", PASSED, "all 20")],
)  # fmt: skip
def test_compare_wants_a_service_that_keeps_what_was_read(
    cloud: Cloud, service: str, status: Status, words: str
) -> None:
    names = from_notebook(cloud, "compare-make", "compare-take", "compare-turn-day")
    names |= {one: cloud.client(one) for one in ("sqs", "sns", "kinesis")} | {"json": json}
    names["take"] = _take(names)
    names["a_day"](service)
    found, reason = judge("compare")
    assert (found, words in reason) == (status, True), reason


def _take(names: dict[str, Any]) -> Callable[[str, str, str], list[str]]:
    """What the notebook's `take` does, whose cell also runs."""

    def take(service: str, name: str, application: str) -> list[str]:
        if service == "stream":
            found: list[str] = names["read"](name)
            return found
        return list(names["drain"](name if service == "queue" else f"{name}-{application}"))

    return take
