"""Event source mappings for Kinesis streams and the streams of DynamoDB tables: one test a rule, named after it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .functions import Function, runs
from .test_lambda_async import metric
from .test_lambda_mapping_sqs import batches, calls

# Prints what it got. Data "wait 5" takes 5 s; with data "bad" it raises.
WORKER = """
import base64, json, time

def handler(event, context):
    data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
    print(json.dumps(data))
    for one in data:
        if one.startswith("wait "):
            time.sleep(float(one[5:]))
    if "bad" in data:
        raise ValueError("bad")
"""

# Reports the records with data "bad" as failed.
PARTIAL = """
import base64, json

def handler(event, context):
    records = [record["kinesis"] for record in event["Records"]]
    found = [(base64.b64decode(one["data"]).decode(), one["sequenceNumber"]) for one in records]
    print(json.dumps([data for data, _ in found]))
    return {"batchItemFailures": [{"itemIdentifier": number} for data, number in found if data == "bad"]}
"""

# Prints key and data of its records, and takes a second.
SLOW = """
import base64, json, time

def handler(event, context):
    records = [record["kinesis"] for record in event["Records"]]
    print(json.dumps([one["partitionKey"] + base64.b64decode(one["data"]).decode() for one in records]))
    time.sleep(1)
"""

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


@pytest.fixture(autouse=True)
def plain(cloud: Cloud) -> None:
    """Environments start and mappings begin at once, so that times are those of the rules alone."""
    models = cloud.plane("lambda").models
    models.init_s = models.mapping_s = 0


class Stream:
    """One Kinesis stream of a Cloud through boto3."""

    def __init__(self, cloud: Cloud, shards: int = 1, name: str = "s") -> None:
        self.name, self.client = name, cloud.client("kinesis")
        self.client.create_stream(StreamName=name, ShardCount=shards)
        described = self.client.describe_stream_summary(StreamName=name)
        self.arn: str = described["StreamDescriptionSummary"]["StreamARN"]

    def put(self, *data: str, key: str = "k") -> list[str]:
        """Write records; their sequence numbers."""
        return [
            self.client.put_record(StreamName=self.name, Data=one.encode(), PartitionKey=key)[
                "SequenceNumber"
            ]
            for one in data
        ]


def mapped(function: Function, source: Any, position: str = "TRIM_HORIZON", **options: Any) -> str:
    """Map the stream to the function; the mapping's UUID."""
    uuid: str = function.client.create_event_source_mapping(
        FunctionName=function.name, EventSourceArn=source.arn, StartingPosition=position, **options
    )["UUID"]
    return uuid


# Polling


def test_stream_is_polled_once_a_second_and_shard(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    mapped(function, stream)
    cloud.advance(5.3)
    stream.put("a", "b")
    cloud.advance(10)
    assert batches(cloud) == [(6, ["a", "b"])]
    (run,) = runs(cloud)
    assert (run["InvocationType"], run["error"]) == ("Mapping", None)
    assert metric(cloud, "IteratorAge", "Maximum") == [700]


def test_stream_polls_that_find_nothing_are_not_made(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    mapped(function, stream)
    cloud.advance(3600)
    polls = [at for at, _ in calls(cloud, "GetRecords")]
    assert polls == [270 * number for number in range(14)]  # now and then, so that the iterator does not end
    stream.put("a")
    cloud.advance(2)
    assert batches(cloud) == [(3600, ["a"])]


def test_stream_event_is_the_documented_one(cloud: Cloud) -> None:
    function = Function(cloud, "import json\ndef handler(event, context):\n    print(json.dumps([event]))\n")
    stream = Stream(cloud)
    mapped(function, stream)
    cloud.advance(0.25)
    (number,) = stream.put("hello", key="p")
    cloud.advance(2)
    ((_, [event]),) = batches(cloud)
    assert event == {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "p",
                    "sequenceNumber": number,
                    "data": base64.b64encode(b"hello").decode(),
                    "approximateArrivalTimestamp": 1767603600.25,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000000:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/function-role",
                "awsRegion": "us-east-1",
                "eventSourceARN": stream.arn,
            }
        ]
    }


def test_stream_starting_positions(cloud: Cloud) -> None:
    stream = Stream(cloud)
    stream.put("old")
    cloud.advance(10)
    moment = cloud.datetime
    stream.put("since")
    cloud.advance(10)
    for name, position, more in (
        ("horizon", "TRIM_HORIZON", {}),
        ("latest", "LATEST", {}),
        ("time", "AT_TIMESTAMP", {"StartingPositionTimestamp": moment}),
    ):
        mapped(Function(cloud, WORKER, name=name), stream, position, **more)
    cloud.advance(1)
    stream.put("new")
    cloud.advance(2)
    seen = {
        name: [one for _, data in batches(cloud, name) for one in data]
        for name in ("horizon", "latest", "time")
    }
    assert seen == {"horizon": ["old", "since", "new"], "latest": ["new"], "time": ["since", "new"]}


def test_stream_latest_misses_what_is_written_while_the_mapping_begins(cloud: Cloud) -> None:
    cloud.plane("lambda").models.mapping_s = 60
    function, stream = Function(cloud, WORKER), Stream(cloud)
    mapped(function, stream, "LATEST")
    stream.put("missed")
    cloud.advance(61)
    stream.put("seen")
    cloud.advance(2)
    assert [data for _, data in batches(cloud)] == [["seen"]]


def test_stream_batch_has_a_hundred_records_by_default(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put(*[str(number) for number in range(250)])
    mapped(function, stream)
    cloud.advance(5)
    assert [(at, len(data)) for at, data in batches(cloud)] == [(0, 100), (0, 100), (0, 50)]


def test_stream_window_gathers_until_it_closes(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    mapped(function, stream, BatchSize=5, MaximumBatchingWindowInSeconds=20)
    cloud.advance(1)
    for number in range(9):
        stream.put(str(number))
        cloud.advance(3)
    cloud.advance(100)
    # The fifth record fills a batch at 13 s; the next window begins there.
    assert batches(cloud) == [(13, ["0", "1", "2", "3", "4"]), (33, ["5", "6", "7", "8"])]


def test_stream_shards_are_read_side_by_side_and_in_order(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER, Timeout=20), Stream(cloud, shards=2)
    for key in ("a", "b"):  # one in each shard
        stream.put("wait 2", "wait 3", key=key)
    mapped(function, stream, BatchSize=1)
    cloud.advance(30)
    assert [run["time_s"] for run in runs(cloud)] == [0, 0, 2, 2]


def test_stream_parallelization_keeps_the_order_of_a_key(cloud: Cloud) -> None:
    function, stream = Function(cloud, SLOW, Timeout=20), Stream(cloud)
    keys = "abcdefghi"
    for number in range(6):
        for key in keys:
            stream.put(str(number), key=key)
    mapped(function, stream, BatchSize=1, ParallelizationFactor=3)
    cloud.advance(60)
    log = batches(cloud)
    order = [text for _, (text,) in log]
    for key in keys:
        assert [text for text in order if text[0] == key] == [f"{key}{number}" for number in range(6)]
    at_once = [sum(at == start for at, _ in log) for start in range(5)]
    assert max(at_once) == 3
    assert len(log) == 54


# Errors


def test_stream_failed_batch_blocks_its_shard(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud, shards=2)
    stream.put("bad", "behind", key="a")
    stream.put("fine", key="b")
    mapped(function, stream, BatchSize=1)
    cloud.advance(7 * 60)
    log = batches(cloud)
    assert ["behind"] not in [data for _, data in log]
    assert (0, ["fine"]) in log
    waits = [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    times = [sum(waits[: count + 1]) for count in range(len(waits))]
    assert [at for at, data in log if data == ["bad"]] == times


def test_stream_record_is_retried_until_it_leaves_the_stream(cloud: Cloud) -> None:
    cloud.plane("lambda").models.stream_backoff_s = 3600
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("bad")
    mapped(function, stream, BatchSize=1)
    cloud.advance(10)
    stream.put("behind")
    cloud.advance(86_400)
    log = batches(cloud)
    assert log[-1] == (86_400, ["behind"])
    times = [2**number - 1 for number in range(13)] + [4095 + 3600 * number for number in range(1, 23)]
    assert log[:-1] == [(at, ["bad"]) for at in times]


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_stream_retries_are_limited(cloud: Cloud, retries: int) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("bad", "behind")
    mapped(function, stream, BatchSize=1, MaximumRetryAttempts=retries)
    cloud.advance(60)
    times = [0, 1, 3, 7][: retries + 1]
    assert batches(cloud) == [(at, ["bad"]) for at in times] + [(times[-1], ["behind"])]
    assert [run["Attempt"] for run in runs(cloud)] == [*range(1, retries + 2), 1]


def test_stream_records_get_too_old(cloud: Cloud) -> None:
    function, stream, failures = Function(cloud, WORKER), Stream(cloud), Queue(cloud, "failures")
    mapped(
        function,
        stream,
        MaximumRecordAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": failures.arn}},
    )
    stream.put("bad")
    cloud.advance(0.5)
    stream.put("bad", "later")
    cloud.advance(300)
    first, second = [json.loads(body) for body in failures.bodies()]
    assert (first["timestamp"], second["timestamp"]) == (
        "2026-01-05T09:01:00.000Z",
        "2026-01-05T09:01:00.500Z",
    )
    for record in (first, second):
        assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert second["KinesisBatchInfo"]["batchSize"] == 2


def test_stream_throttles_are_no_retries(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    stream.put("a")
    mapped(function, stream, MaximumRetryAttempts=1)
    cloud.advance(100)
    log = [(run["time_s"], run["error"]) for run in runs(cloud)]
    assert log == [(at, "TooManyRequestsException") for at in (0, 1, 3, 7, 15, 31, 63)]
    function.client.delete_function_concurrency(FunctionName="f")
    cloud.advance(100)
    assert batches(cloud) == [(123, ["a"])]


def test_stream_bisecting_finds_the_bad_record(cloud: Cloud) -> None:
    function, stream, failures = Function(cloud, WORKER), Stream(cloud), Queue(cloud, "failures")
    numbers = stream.put("0", "1", "2", "3", "4", "bad", "6", "7")
    mapped(
        function,
        stream,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures.arn}},
    )
    cloud.advance(60)
    assert batches(cloud) == [
        (0, ["0", "1", "2", "3", "4", "bad", "6", "7"]),
        (0, ["0", "1", "2", "3"]),
        (0, ["4", "bad", "6", "7"]),
        (0, ["4", "bad"]),
        (0, ["4"]),
        (0, ["bad"]),
        (1, ["bad"]),  # the one retry: cutting used up none
        (1, ["6", "7"]),
    ]
    held = [(run["Records"], run["FirstRecord"], run["LastRecord"]) for run in runs(cloud)]
    cuts = [(0, 8), (0, 4), (4, 8), (4, 6), (4, 5), (5, 6), (5, 6), (6, 8)]
    assert held == [(end - begin, numbers[begin], numbers[end - 1]) for begin, end in cuts]
    (record,) = [json.loads(body) for body in failures.bodies()]
    assert record["KinesisBatchInfo"]["startSequenceNumber"] == numbers[5]
    assert record["KinesisBatchInfo"]["batchSize"] == 1


# Partial batch responses


def test_stream_partial_response_goes_on_at_the_lowest_failure(cloud: Cloud) -> None:
    function, stream = Function(cloud, PARTIAL), Stream(cloud)
    stream.put("0", "bad", "2", "bad", "4")
    mapped(function, stream, MaximumRetryAttempts=1, **REPORT)
    cloud.advance(60)
    assert batches(cloud) == [(0, ["0", "bad", "2", "bad", "4"]), (1, ["bad", "2", "bad", "4"])]


def test_stream_partial_response_counts_only_if_it_is_switched_on(cloud: Cloud) -> None:
    function, stream = Function(cloud, PARTIAL), Stream(cloud)
    stream.put("0", "bad")
    mapped(function, stream)
    cloud.advance(60)
    assert len(batches(cloud)) == 1


def test_stream_partial_response_cuts_where_it_fails_when_bisecting(cloud: Cloud) -> None:
    function, stream = Function(cloud, PARTIAL), Stream(cloud)
    stream.put("0", "1", "bad", "3", "4")
    mapped(function, stream, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, **REPORT)
    cloud.advance(60)
    assert batches(cloud) == [
        (0, ["0", "1", "bad", "3", "4"]),
        (0, ["bad", "3", "4"]),  # cut at the failure: no retry
        (0, ["bad", "3"]),  # nothing of it worked: halves
        (0, ["bad"]),
        (0, ["3"]),
        (0, ["4"]),
    ]


# Destinations


def test_stream_destination_record(cloud: Cloud) -> None:
    function, stream, failures = Function(cloud, WORKER), Stream(cloud), Queue(cloud, "failures")
    cloud.advance(0.5)
    numbers = stream.put("0", "bad", "2")
    mapped(
        function,
        stream,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failures.arn}},
    )
    cloud.advance(60)
    (record,) = [json.loads(body) for body in failures.bodies()]
    assert record == {
        "version": "1.0",
        "timestamp": "2026-01-05T09:00:00.500Z",
        "requestContext": {
            "requestId": runs(cloud)[0]["RequestId"],
            "functionArn": function.arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 1,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[2],
            "approximateArrivalOfFirstRecord": "2026-01-05T09:00:00.500Z",
            "approximateArrivalOfLastRecord": "2026-01-05T09:00:00.500Z",
            "batchSize": 3,
            "streamArn": stream.arn,
        },
    }
    assert calls(cloud, "SendMessage") == [(0.5, "lambda")]


def test_stream_destination_bucket_gets_the_records_too(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="failures")
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("bad")
    uuid = mapped(
        function,
        stream,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::failures"}},
    )
    cloud.advance(60)
    (stored,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    assert stored["Key"].startswith(f"aws/lambda/{uuid}/shardId-000000000000/2026/01/05/2026-01-05T09.00.00-")
    record = json.loads(s3.get_object(Bucket="failures", Key=stored["Key"])["Body"].read())
    (kept,) = json.loads(record["payload"])["Records"]
    assert kept["kinesis"]["data"] == base64.b64encode(b"bad").decode()


def test_stream_destination_that_refuses_is_counted(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("bad", "behind")
    config = {"OnFailure": {"Destination": Queue(cloud, "q.fifo").arn}}
    mapped(function, stream, BatchSize=1, MaximumRetryAttempts=0, DestinationConfig=config)
    cloud.advance(60)
    assert metric(cloud, "DestinationDeliveryFailures") == [1]
    assert batches(cloud)[-1] == (0, ["behind"])


# Tumbling windows

COUNTING = """
import json

def handler(event, context):
    print(json.dumps([{
        "n": len(event["Records"]), "state": event["state"], "final": event["isFinalInvokeForWindow"],
        "early": event["isWindowTerminatedEarly"], "window": event["window"], "shard": event["shardId"],
    }]))
    return {"state": {"count": event["state"].get("count", 0) + len(event["Records"])}}
"""


def test_stream_tumbling_window_hands_a_state_on(cloud: Cloud) -> None:
    cloud.plane("lambda").models.tumbling_wait_s = 0
    function, stream = Function(cloud, COUNTING), Stream(cloud)
    mapped(function, stream, TumblingWindowInSeconds=60, BatchSize=2)
    cloud.advance(9.5)
    stream.put("a", "b", "c")
    cloud.advance(60)
    stream.put("d")
    cloud.advance(600)
    log = [(at, one["n"], one["state"], one["final"]) for at, (one,) in batches(cloud)]
    assert log == [
        (10, 2, {}, False),
        (10, 1, {"count": 2}, False),
        (60, 0, {"count": 3}, True),
        (70, 1, {}, False),
        (120, 0, {"count": 1}, True),
    ]
    ((_, (first,)), *_) = batches(cloud)
    assert first["window"] == {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T09:01:00Z"}
    assert first["shard"] == "shardId-000000000000"


def test_stream_tumbling_windows_do_not_share_a_batch(cloud: Cloud) -> None:
    function, stream = Function(cloud, COUNTING), Stream(cloud)
    for _ in range(3):
        stream.put("a", "b")
        cloud.advance(40)
    mapped(function, stream, TumblingWindowInSeconds=60)
    cloud.advance(1)
    log = [(one["n"], one["final"], one["window"]["start"][11:16]) for _, (one,) in batches(cloud)]
    assert log == [(4, False, "09:00"), (0, True, "09:00"), (2, False, "09:01")]
    cloud.advance(179)
    last = batches(cloud)[-1]
    assert (last[0], last[1][0]["final"]) == (240, True), "two minutes after the window's end"


def test_stream_tumbling_window_needs_a_state(cloud: Cloud) -> None:
    source = COUNTING.replace("return", "event['Records'] and None or").replace("def handler", "def counted")
    function = Function(
        cloud, source + "\ndef handler(event, context):\n    counted(event, context)\n    return {}\n"
    )
    stream = Stream(cloud)
    stream.put("a", "b")
    mapped(function, stream, TumblingWindowInSeconds=60, MaximumRetryAttempts=1)
    cloud.advance(30)
    assert [(at, one["n"]) for at, (one,) in batches(cloud)] == [(0, 2), (1, 2)]


def test_stream_tumbling_window_with_a_large_state_ends_early(cloud: Cloud) -> None:
    source = COUNTING.replace(
        'return {"state": {', 'return {"state": {"pad": "x" * (600_000 * len(event["Records"])), '
    )
    function, stream = (
        Function(cloud, source.replace('event["state"],', "len(event['state']),")),
        Stream(cloud),
    )
    stream.put("a", "b", "c")
    mapped(function, stream, TumblingWindowInSeconds=60, BatchSize=2)
    cloud.advance(1)
    log = [(one["n"], one["final"], one["early"]) for _, (one,) in batches(cloud)]
    assert log == [(2, False, False), (0, True, True), (1, False, False)]


# Resharding


def reshard(cloud: Cloud, stream: Stream) -> None:
    """Split the only shard, and merge its halves again; write a record into each generation."""
    stream.put("before")
    stream.client.split_shard(
        StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    cloud.advance(40)
    stream.put("split")
    names = {"ShardToMerge": "shardId-000000000001", "AdjacentShardToMerge": "shardId-000000000002"}
    stream.client.merge_shards(StreamName="s", **names)
    cloud.advance(40)
    stream.put("merged")


def test_stream_children_of_a_shard_are_read(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    mapped(function, stream, "LATEST")
    cloud.advance(1)
    reshard(cloud, stream)
    cloud.advance(2)
    assert batches(cloud) == [(1, ["before"]), (41, ["split"]), (81, ["merged"])]


@pytest.mark.parametrize(
    ("position", "expected"),
    [("TRIM_HORIZON", [["before"], ["split"], ["merged"]]), ("LATEST", [])],
)
def test_stream_closed_shards_are_read_before_their_children(
    cloud: Cloud, position: str, expected: list[list[str]]
) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    reshard(cloud, stream)
    mapped(function, stream, position)
    cloud.advance(2)
    stream.put("new")
    cloud.advance(2)
    assert [data for _, data in batches(cloud)] == [*expected, ["new"]]


def test_stream_children_wait_until_the_parent_is_processed(cloud: Cloud) -> None:
    """The parent's last record fails three times; the record behind it, in a child, waits for it."""
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("bad")
    stream.client.split_shard(
        StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127)
    )
    cloud.advance(40)
    stream.put("behind")
    mapped(function, stream, MaximumRetryAttempts=2)
    cloud.advance(60)
    assert batches(cloud) == [(40, ["bad"]), (41, ["bad"]), (43, ["bad"]), (43, ["behind"])]


def test_stream_changed_mapping_goes_on_in_the_children(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    uuid = mapped(function, stream, "LATEST")
    cloud.advance(1)
    reshard(cloud, stream)
    cloud.advance(2)
    function.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    cloud.advance(10)
    stream.put("meanwhile")
    function.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    cloud.advance(10)
    assert [data for _, data in batches(cloud)] == [["before"], ["split"], ["merged"], ["meanwhile"]]


def test_stream_pages_of_ten_megabytes_are_read_one_after_another(cloud: Cloud) -> None:
    function, stream = (
        Function(cloud, "import json\ndef handler(event, context):\n    print('[1]')\n"),
        Stream(cloud),
    )
    for _ in range(12):
        stream.put("x" * 1_000_000)
        cloud.advance(1)
    mapped(function, stream, BatchSize=1)
    cloud.advance(60)
    assert len(runs(cloud)) == 12


# Filters and the mapping's life


def test_stream_filtered_records_are_passed_over(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put('{"n": 1}', '{"n": 2}', "text")
    pattern = json.dumps({"data": {"n": [2]}})
    mapped(function, stream, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    cloud.advance(2)
    assert batches(cloud) == [(0, ['{"n": 2}'])]


def test_stream_disabled_mapping_goes_on_where_it_was(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER, Timeout=30), Stream(cloud)
    uuid = mapped(function, stream, "LATEST", BatchSize=1)
    cloud.advance(1)
    stream.put("wait 5", "b", "c")
    cloud.advance(2)
    function.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    cloud.advance(60)
    assert batches(cloud) == [(1, ["wait 5"])], "the run that goes on is finished, nothing else is begun"
    stream.put("d")
    function.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    cloud.advance(60)
    assert [data for _, data in batches(cloud)] == [["wait 5"], ["b"], ["c"], ["d"]]


def test_stream_disabled_mapping_that_read_nothing_goes_on_at_its_start(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("before")
    cloud.advance(1)
    uuid = mapped(function, stream, "LATEST")
    cloud.advance(1)
    function.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    cloud.advance(1)
    stream.put("meanwhile")
    function.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    cloud.advance(2)
    assert [data for _, data in batches(cloud)] == [["meanwhile"]]


def test_stream_changed_mapping_waits_for_the_run_that_goes_on(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER, Timeout=30), Stream(cloud)
    stream.put("wait 20", "b", "c", "d")
    uuid = mapped(function, stream, BatchSize=2)
    cloud.advance(1)
    function.client.update_event_source_mapping(UUID=uuid, BatchSize=1)
    cloud.advance(10)
    shown = function.client.get_event_source_mapping(UUID=uuid)
    assert shown["State"] == "Updating"
    cloud.advance(60)
    assert batches(cloud) == [(0, ["wait 20", "b"]), (20, ["c"]), (20, ["d"])]


def test_stream_changed_mapping_tries_a_failing_batch_anew(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    stream.put("bad", "b")
    uuid = mapped(function, stream)
    cloud.advance(20)
    function.client.update_event_source_mapping(UUID=uuid, BatchSize=1, MaximumRetryAttempts=0)
    cloud.advance(60)
    assert batches(cloud)[5:] == [(20, ["bad"]), (20, ["b"])]


def test_stream_deleted_mapping_reads_no_more(cloud: Cloud) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    uuid = mapped(function, stream)
    cloud.advance(1)
    function.client.delete_event_source_mapping(UUID=uuid)
    stream.put("a")
    cloud.advance(1000)
    assert runs(cloud) == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"StartingPosition": None}, "InvalidParameterValueException"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "InvalidParameterValueException"),
        ({"StartingPositionTimestamp": "2026-01-05T08:00Z"}, "InvalidParameterValueException"),
        (
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": "2026-01-05T10:00Z"},
            "InvalidParameterValueException",
        ),
        ({"ParallelizationFactor": 11}, "ValidationException"),
        ({"MaximumRecordAgeInSeconds": 59}, "InvalidParameterValueException"),
        ({"MaximumRecordAgeInSeconds": 604_801}, "ValidationException"),
        ({"MaximumRetryAttempts": 10_001}, "ValidationException"),
        ({"ScalingConfig": {"MaximumConcurrency": 5}}, "InvalidParameterValueException"),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:1:d"}}},
            "InvalidParameterValueException",
        ),
    ],
)
def test_stream_mapping_settings_that_are_refused(cloud: Cloud, options: dict[str, Any], code: str) -> None:
    function, stream = Function(cloud, WORKER), Stream(cloud)
    given = {"StartingPosition": "TRIM_HORIZON", **options}
    given = {name: value for name, value in given.items() if value is not None}
    create = function.client.create_event_source_mapping
    assert refused(create, FunctionName="f", EventSourceArn=stream.arn, **given) == code


# DynamoDB streams


class Table:
    """One table with a stream through boto3."""

    def __init__(self, cloud: Cloud, view: str = "NEW_AND_OLD_IMAGES") -> None:
        self.client = cloud.client("dynamodb")
        self.client.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        self.arn: str = self.client.describe_table(TableName="t")["Table"]["LatestStreamArn"]

    def put(self, name: str, n: int = 0) -> None:
        self.client.put_item(TableName="t", Item={"id": {"S": name}, "n": {"N": str(n)}})


CHANGES = """
def handler(event, context):
    if any(r["dynamodb"]["Keys"]["id"]["S"] == "bad" for r in event["Records"]):
        raise ValueError("bad")
"""


def test_dynamodb_stream_is_polled_four_times_a_second(cloud: Cloud) -> None:
    function = Function(cloud, "import json\ndef handler(event, context):\n    print(json.dumps([event]))\n")
    table = Table(cloud)
    mapped(function, table)
    cloud.advance(5.3)
    table.put("a")
    table.put("a", 1)
    cloud.advance(2)
    ((at, [event]),) = batches(cloud)
    assert at == 5.5
    assert [record["eventName"] for record in event["Records"]] == ["INSERT", "MODIFY"]
    second = event["Records"][1]
    assert second["eventSource"] == "aws:dynamodb"
    assert second["eventSourceARN"] == table.arn
    assert second["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "1"}}
    assert second["dynamodb"]["OldImage"] == {"id": {"S": "a"}, "n": {"N": "0"}}
    assert isinstance(second["dynamodb"]["ApproximateCreationDateTime"], float)


def test_dynamodb_stream_blocks_and_reports_as_kinesis_does(cloud: Cloud) -> None:
    function, failures = Function(cloud, CHANGES), Queue(cloud, "failures")
    table = Table(cloud)
    for name in ("bad", "good"):
        table.put(name)
    mapped(
        function,
        table,
        BatchSize=1,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": failures.arn}},
    )
    cloud.advance(60)
    log = [(run["time_s"], run["error"]) for run in runs(cloud)]
    assert log == [(0, "ValueError"), (1, "ValueError"), (3, "ValueError"), (3, None)]
    (record,) = [json.loads(body) for body in failures.bodies()]
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    info = record["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["streamArn"]) == (1, table.arn)


def test_dynamodb_stream_has_no_at_timestamp(cloud: Cloud) -> None:
    function, table = Function(cloud, CHANGES), Table(cloud)
    given = {"StartingPositionTimestamp": "2026-01-05T08:00Z"}
    assert refused(mapped, function, table, "AT_TIMESTAMP", **given) == "InvalidParameterValueException"


def test_dynamodb_stream_survives_a_long_silence_and_a_long_blockade(cloud: Cloud) -> None:
    function, table = Function(cloud, CHANGES), Table(cloud)
    mapped(function, table, "LATEST", BatchSize=1)
    cloud.advance(3 * 3600)
    table.put("good")
    cloud.advance(60)
    assert len(runs(cloud)) == 1
    table.put("bad")
    for number in range(3):
        table.put(f"behind {number}")
    cloud.advance(5 * 3600)
    function.change_code(CHANGES.replace('raise ValueError("bad")', "pass"))
    cloud.advance(120)
    assert [run["error"] for run in runs(cloud)][-4:] == [None] * 4


def test_dynamodb_stream_passes_expired_items_by_the_documented_filter(cloud: Cloud) -> None:
    models = cloud.plane("dynamodb").models
    models.ttl_enabling_s = models.ttl_delay_max_s = 0
    function = Function(cloud, "import json\ndef handler(event, context):\n    print(json.dumps([event]))\n")
    table = Table(cloud)
    table.client.update_time_to_live(
        TableName="t", TimeToLiveSpecification={"Enabled": True, "AttributeName": "n"}
    )
    identity = {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}
    mapped(function, table, FilterCriteria={"Filters": [{"Pattern": json.dumps({"userIdentity": identity})}]})
    table.put("deleted")
    table.client.delete_item(TableName="t", Key={"id": {"S": "deleted"}})
    table.put("expired", round(cloud.datetime.timestamp()) + 60)
    cloud.advance(120)
    ((_, [event]),) = batches(cloud)
    (record,) = event["Records"]
    assert (record["eventName"], record["dynamodb"]["Keys"]) == ("REMOVE", {"id": {"S": "expired"}})
    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
