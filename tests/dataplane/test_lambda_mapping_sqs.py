"""Event source mappings for queues: one test a rule, named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.awslambda.mappings.mapping import Mapping
from helpers.dataplane.awslambda.mappings.scaling import Scaling

from .conftest import Queue, refused
from .functions import Function, runs

# Prints the bodies of its batch. A body "wait 5" takes 5 s; with a body "bad" it raises.
WORKER = """
import json, time

def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    print(json.dumps(bodies))
    for body in bodies:
        if body.startswith("wait "):
            time.sleep(float(body[5:]))
    if "bad" in bodies:
        raise ValueError("bad")
"""

# Prints the bodies of its batch, and reports those that begin with "bad" as failed.
PARTIAL = """
import json

def handler(event, context):
    print(json.dumps([record["body"] for record in event["Records"]]))
    failed = [record["messageId"] for record in event["Records"] if record["body"].startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


@pytest.fixture(autouse=True)
def plain(cloud: Cloud) -> None:
    """Environments start and mappings begin at once, so that times are those of the rules alone."""
    models = cloud.plane("lambda").models
    models.init_s = models.mapping_s = 0


def mapped(function: Function, queue: Queue, **options: Any) -> str:
    """Map the queue to the function; the mapping's UUID."""
    uuid: str = function.client.create_event_source_mapping(
        FunctionName=function.name, EventSourceArn=queue.arn, **options
    )["UUID"]
    return uuid


def batches(cloud: Cloud, name: str = "f") -> list[tuple[float, list[str]]]:
    """When each batch was handed to the function, and its bodies, as the function printed them."""
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    begin_ms = cloud.timestamp_ms - cloud.now * 1000
    lines = [
        ((event["timestamp"] - begin_ms) / 1000, event["message"])
        for event in events
        if event["message"].startswith(('["', "[{"))
    ]
    return [(at, json.loads(line)) for at, line in sorted(lines, key=lambda line: line[0])]


def sizes(cloud: Cloud) -> list[tuple[float, int]]:
    return [(at, len(bodies)) for at, bodies in batches(cloud)]


def calls(cloud: Cloud, operation: str) -> list[tuple[float, str]]:
    """When who made which calls, beside the test itself."""
    trail = cloud.trail
    rows = trail[(trail.operation == operation) & (trail.actor != "main")]
    return list(zip(rows.time_s, rows.actor, strict=True))


def send(queue: Queue, *bodies: str) -> None:
    for body in bodies:
        queue.send(body)


# Polling and batches


def test_sqs_messages_are_processed_and_deleted(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    mapped(function, queue)
    cloud.advance(7)
    send(queue, "a")
    cloud.advance(100)
    assert batches(cloud) == [(7, ["a"])]
    (run,) = runs(cloud)
    assert (run["InvocationType"], run["error"], run["Attempt"]) == ("Mapping", None, 1)
    assert queue.counts() == (0, 0, 0)
    assert calls(cloud, "DeleteMessage") == [(7, "f-poller")]


def test_sqs_event_is_the_documented_one(cloud: Cloud) -> None:
    function = Function(cloud, "import json\ndef handler(event, context):\n    print(json.dumps([event]))\n")
    queue = Queue(cloud)
    mapped(function, queue)
    attribute = {"colour": {"DataType": "String", "StringValue": "red"}}
    sent = queue.send("hello", MessageAttributes=attribute)
    cloud.advance(1)
    ((_, [event]),) = batches(cloud)
    (record,) = event["Records"]
    assert record.pop("receiptHandle")
    assert record.pop("attributes").keys() == {
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
    }
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hello",
        "messageAttributes": {
            "colour": {
                "stringValue": "red",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": "us-east-1",
    }


def test_sqs_batch_has_ten_messages_by_default(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    send(queue, *[str(number) for number in range(25)])
    mapped(function, queue)
    cloud.advance(1)
    assert sizes(cloud) == [(0, 10), (0, 10), (0, 5)]


@pytest.mark.parametrize("size", [1, 3, 10])
def test_sqs_batch_size(cloud: Cloud, size: int) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    send(queue, *[str(number) for number in range(12)])
    mapped(function, queue, BatchSize=size)
    cloud.advance(1)
    assert [count for _, count in sizes(cloud)] == [size] * (12 // size) + ([12 % size] if 12 % size else [])


def test_sqs_window_gathers_until_it_closes(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    mapped(
        function,
        queue,
        BatchSize=100,
        MaximumBatchingWindowInSeconds=10,
        ScalingConfig={"MaximumConcurrency": 2},
    )
    cloud.advance(22)
    for number in range(8):
        send(queue, str(number))
        cloud.advance(2)
    cloud.advance(100)
    # Windows began at 0, 10, 20 ...; two pollers take turns at the queue.
    assert sorted(batches(cloud)) == [
        (30, ["0", "2"]),
        (30, ["1", "3"]),
        (40, ["4", "6"]),
        (40, ["5", "7"]),
    ]


def test_sqs_full_batch_does_not_wait_for_the_window(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    send(queue, *[str(number) for number in range(40)])
    mapped(
        function,
        queue,
        BatchSize=20,
        MaximumBatchingWindowInSeconds=300,
        ScalingConfig={"MaximumConcurrency": 2},
    )
    cloud.advance(299)
    assert sizes(cloud) == [(0, 20), (0, 20)]


def test_sqs_payload_of_a_batch_has_at_most_6_mb(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    for number in range(8):
        queue.send(str(number) * 1_000_000)
    mapped(function, queue, BatchSize=10)
    cloud.advance(1)
    assert [count for _, count in sizes(cloud)] == [6, 2]


def test_sqs_idle_mapping_keeps_two_long_polls(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    mapped(function, queue)
    cloud.advance(100)
    polls = calls(cloud, "ReceiveMessage")
    pollers = ["f-poller", *[f"f-poller-{number}" for number in range(2, 6)]]
    assert polls == [(0, name) for name in pollers] + [
        (at, name) for at in (20, 40, 60, 80) for name in pollers[:2]
    ]


# Scaling


def busy(cloud: Cloud, until_s: float) -> int:
    """Runs that go on at an instant."""
    return sum(run["time_s"] <= until_s < run["time_s"] + run["duration_s"] for run in runs(cloud))


def test_sqs_starts_five_batches_and_adds_300_a_minute(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER, Timeout=30), Queue(cloud)
    send(queue, *["wait 12"] * 100)
    mapped(function, queue, BatchSize=1)
    cloud.advance(29)
    assert [busy(cloud, at) for at in (0, 0.5, 1, 2, 10, 11.5)] == [5, 5, 10, 15, 55, 60]


def scaling(**options: Any) -> Scaling:
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    return Scaling(Mapping.of({"UUID": "u", "EventSourceArn": arn, **options}, "arn:f"))


def test_sqs_at_most_1250_batches_at_once() -> None:
    wanted = scaling()
    reached = []
    for _ in range(300):
        reached.append(wanted.wanted)
        wanted.grow()
    assert reached == [min(5 + 5 * second, 1250) for second in range(300)]


@given(
    most=st.none() | st.integers(2, 1000),
    said=st.lists(st.sampled_from(["found", "grow", "idle", "failed", "succeeded"]), max_size=200),
)
def test_sqs_concurrency_stays_within_its_bounds(most: int | None, said: list[str]) -> None:
    wanted = scaling() if most is None else scaling(ScalingConfig={"MaximumConcurrency": most})
    for one in said:
        getattr(wanted, one)()
        assert 2 <= wanted.wanted <= (most or 1250)


@pytest.mark.parametrize("most", [2, 7])
def test_sqs_maximum_concurrency(cloud: Cloud, most: int) -> None:
    function, queue = Function(cloud, WORKER, Timeout=20), Queue(cloud)
    send(queue, *["wait 10"] * 60)
    mapped(function, queue, BatchSize=1, ScalingConfig={"MaximumConcurrency": most})
    cloud.advance(600)
    starts = [run["time_s"] for run in runs(cloud)]
    assert len(starts) == 60
    assert max(busy(cloud, at) for at in starts) == most


def test_sqs_provisioned_pollers_take_ten_batches_each(cloud: Cloud) -> None:
    function = Function(cloud, WORKER, Timeout=60)
    queue = Queue(cloud, VisibilityTimeout=360)
    send(queue, *["wait 50"] * 200)
    config = {"MinimumPollers": 3, "MaximumPollers": 12}
    mapped(function, queue, BatchSize=1, ProvisionedPollerConfig=config)
    cloud.advance(100)
    # 30 at once, 1,000 more a minute, 120 at most
    assert [busy(cloud, at) for at in (0, 1, 3, 10)] == [30, 46, 80, 120]


def test_sqs_provisioned_pollers_make_ten_calls_a_second_each(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    send(queue, *["quick"] * 200)
    config = {"MinimumPollers": 2, "MaximumPollers": 2}
    mapped(function, queue, BatchSize=1, ProvisionedPollerConfig=config)
    cloud.advance(100)
    assert [at for at, _ in batches(cloud)] == [second for second in range(10) for _ in range(20)]


# Errors


def test_sqs_failed_batch_comes_back_after_the_visibility_timeout(cloud: Cloud) -> None:
    function = Function(cloud, WORKER, Timeout=10)
    queue = Queue(cloud, VisibilityTimeout=60)
    send(queue, "good", "bad")
    mapped(function, queue)
    cloud.advance(130)
    assert batches(cloud) == [(at, ["good", "bad"]) for at in (0, 60, 120)]
    assert calls(cloud, "DeleteMessage") == calls(cloud, "DeleteMessageBatch") == []
    assert queue.counts() == (0, 0, 2)


def test_sqs_poison_message_goes_to_the_queues_dead_letter_queue(cloud: Cloud) -> None:
    dead = Queue(cloud, "dead")
    function = Function(cloud, WORKER)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 3})
    queue = Queue(cloud, RedrivePolicy=policy)
    send(queue, "bad")
    mapped(function, queue)
    cloud.advance(600)
    assert [at for at, _ in batches(cloud)] == [0, 30, 60]
    assert dead.bodies() == ["bad"]


def test_sqs_timeout_counts_as_a_function_error(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER, Timeout=5), Queue(cloud)
    send(queue, "wait 9")
    mapped(function, queue)
    cloud.advance(40)
    assert [(run["time_s"], run["error"]) for run in runs(cloud)] == [
        (0, "Sandbox.Timedout"),
        (30, "Sandbox.Timedout"),
    ]


def test_sqs_function_errors_lower_the_concurrency(cloud: Cloud) -> None:
    function = Function(
        cloud, "import time\ndef handler(event, context):\n    time.sleep(1)\n    raise ValueError\n"
    )
    queue = Queue(cloud)
    send(queue, *[str(number) for number in range(100)])
    mapped(function, queue, BatchSize=1)
    cloud.advance(29)
    assert [busy(cloud, at) for at in (0.5, 1.5, 2.5, 20.5)] == [5, 2, 2, 2]


def test_sqs_throttled_batch_is_tried_again_until_its_messages_are_visible(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud, VisibilityTimeout=20)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    send(queue, "a")
    mapped(function, queue)
    cloud.advance(50)
    log = [(run["time_s"], run["Attempt"], run["error"]) for run in runs(cloud)]
    times = [0, 1, 3, 7, 15, 20, 21, 23, 27, 35, 40, 41, 43, 47]
    attempts = [1, 2, 3, 4, 5] * 2 + [1, 2, 3, 4]
    assert log == [
        (at, attempt, "TooManyRequestsException") for at, attempt in zip(times, attempts, strict=True)
    ]
    function.client.delete_function_concurrency(FunctionName="f")
    cloud.advance(50)
    assert batches(cloud) == [(55, ["a"])]
    assert queue.counts() == (0, 0, 0)


# Partial batch responses


def test_sqs_partial_response_keeps_the_failed_messages_only(cloud: Cloud) -> None:
    function, queue = Function(cloud, PARTIAL), Queue(cloud)
    send(queue, "1", "bad 2", "3", "bad 4", "5")
    mapped(function, queue, **REPORT)
    cloud.advance(29)
    assert queue.counts() == (0, 0, 2)
    cloud.advance(2)
    assert batches(cloud) == [(0, ["1", "bad 2", "3", "bad 4", "5"]), (30, ["bad 2", "bad 4"])]


def test_sqs_partial_response_counts_only_if_it_is_switched_on(cloud: Cloud) -> None:
    function, queue = Function(cloud, PARTIAL), Queue(cloud)
    send(queue, "1", "bad 2")
    mapped(function, queue)
    cloud.advance(100)
    assert (len(batches(cloud)), queue.counts()) == (1, (0, 0, 0))


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("None", 0),
        ("{}", 0),
        ("{'batchItemFailures': []}", 0),
        ("{'batchItemFailures': None}", 0),
        ("{'batchItemFailures': [{'itemIdentifier': ''}]}", 3),
        ("{'batchItemFailures': [{'itemIdentifier': None}]}", 3),
        ("{'batchItemFailures': [{'messageId': 'x'}]}", 3),
        ("{'batchItemFailures': [{'itemIdentifier': 'unknown'}]}", 3),
        ("1 / 0", 3),
    ],
)
def test_sqs_partial_response_that_is_malformed_fails_the_batch(cloud: Cloud, answer: str, kept: int) -> None:
    function, queue = Function(cloud, f"def handler(event, context):\n    return {answer}\n"), Queue(cloud)
    send(queue, "1", "2", "3")
    mapped(function, queue, **REPORT)
    cloud.advance(1)
    assert queue.counts() == (0, 0, kept)


def test_sqs_partial_response_keeps_the_concurrency(cloud: Cloud) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(1)\n    raise ValueError\n"
    function, queue = Function(cloud, source), Queue(cloud)
    send(queue, *[str(number) for number in range(100)])
    mapped(function, queue, BatchSize=1, ScalingConfig={"MaximumConcurrency": 5}, **REPORT)
    cloud.advance(15)
    assert [busy(cloud, at) for at in (0.5, 1.5, 2.5, 10.5)] == [5, 5, 5, 5]


# FIFO queues


def test_sqs_fifo_groups_run_side_by_side_and_in_order(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER, Timeout=20), Queue(cloud, "q.fifo")
    for number in range(3):
        for group in "ab":
            queue.send(f"wait {number + 1}", group=group, dedup=f"{group}{number}")
    mapped(function, queue, BatchSize=1)
    cloud.advance(60)
    starts = [run["time_s"] for run in runs(cloud)]
    assert starts == [0, 0, 1, 1, 3, 3]  # two groups: two batches at once, never two of one group
    assert [body for _, body in batches(cloud)] == [[f"wait {n}"] for n in (1, 1, 2, 2, 3, 3)]


def test_sqs_fifo_failed_message_holds_its_group_back(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud, "q.fifo")
    for body, group in (("bad", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        queue.send(body, group=group, dedup=body)
    mapped(function, queue, BatchSize=1)
    cloud.advance(61)
    assert sorted(batches(cloud)) == [(0, ["b1"]), (0, ["b2"]), (0, ["bad"]), (30, ["bad"]), (60, ["bad"])]


# Filters


def test_sqs_filtered_messages_are_deleted(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    send(queue, '{"n": 1}', '{"n": 2}', "text")
    pattern = json.dumps({"body": {"n": [{"numeric": [">", 1]}]}})
    mapped(function, queue, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    cloud.advance(1)
    assert batches(cloud) == [(0, ['{"n": 2}'])]
    assert queue.counts() == (0, 0, 0)


# The mapping's life


def test_sqs_mapping_states(cloud: Cloud) -> None:
    cloud.plane("lambda").models.mapping_s = 3
    function, queue = Function(cloud, WORKER), Queue(cloud)
    client = function.client

    def state() -> str:
        return str(client.get_event_source_mapping(UUID=uuid)["State"])

    made = client.create_event_source_mapping(FunctionName="f", EventSourceArn=queue.arn)
    uuid = made["UUID"]
    assert (made["State"], made["BatchSize"], state()) == ("Creating", 10, "Creating")
    cloud.advance(3)
    assert state() == "Enabled"
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    cloud.advance(3)
    assert state() == "Disabled"
    assert client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    cloud.advance(3)
    assert client.update_event_source_mapping(UUID=uuid, BatchSize=5)["State"] == "Updating"
    cloud.advance(3)
    (listed,) = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    assert (listed["State"], listed["BatchSize"]) == ("Enabled", 5)
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert client.list_event_source_mappings()["EventSourceMappings"] == []


def test_sqs_mapping_tells_how_it_went(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    uuid = mapped(function, queue)

    def result() -> str:
        return str(function.client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"])

    cloud.advance(1)
    assert result() == "No records processed"
    send(queue, "good")
    cloud.advance(1)
    assert result() == "OK"
    send(queue, "bad")
    cloud.advance(1)
    assert result() == "PROBLEM: Function call failed"


def test_sqs_disabled_mapping_finishes_its_batch_and_takes_no_more(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER, Timeout=20), Queue(cloud)
    send(queue, *["wait 10"] * 7)
    uuid = mapped(function, queue, BatchSize=1)
    cloud.advance(0.5)
    function.client.update_event_source_mapping(UUID=uuid, Enabled=False)
    send(queue, "late")
    cloud.advance(100)
    assert len(runs(cloud)) == 5
    assert queue.counts() == (3, 0, 0)
    function.client.update_event_source_mapping(UUID=uuid, Enabled=True)
    cloud.advance(100)
    assert len(runs(cloud)) == 8
    assert queue.counts() == (0, 0, 0)


def test_sqs_deleted_mapping_reads_no_more(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    uuid = mapped(function, queue)
    cloud.advance(5)
    function.client.delete_event_source_mapping(UUID=uuid)
    cloud.advance(1)
    polls = len(calls(cloud, "ReceiveMessage"))
    send(queue, "a")
    cloud.advance(100)
    assert (runs(cloud), queue.counts()) == ([], (1, 0, 0))
    assert len(calls(cloud, "ReceiveMessage")) == polls


def test_sqs_mapping_of_an_alias_follows_the_alias(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    first = function.publish()
    client = function.client
    client.create_alias(FunctionName="f", Name="prod", FunctionVersion=first)
    made = client.create_event_source_mapping(FunctionName="f:prod", EventSourceArn=queue.arn)
    assert made["FunctionArn"] == f"{function.arn}:prod"
    send(queue, "a")
    cloud.advance(1)
    function.change_code(PARTIAL)
    second = function.publish()
    client.update_alias(FunctionName="f", Name="prod", FunctionVersion=second)
    send(queue, "b")
    cloud.advance(1)
    assert [(run["Qualifier"], run["Version"]) for run in runs(cloud)] == [("prod", first), ("prod", second)]


def test_sqs_mappings_are_listed_by_function_and_source(cloud: Cloud) -> None:
    one, two, queue, other = (
        Function(cloud, WORKER, "one"),
        Function(cloud, WORKER, "two"),
        Queue(cloud),
        Queue(cloud, "o"),
    )
    mine, theirs, third = mapped(one, queue), mapped(two, queue), mapped(one, other)
    client = one.client

    def listed(**given: str) -> set[str]:
        return {found["UUID"] for found in client.list_event_source_mappings(**given)["EventSourceMappings"]}

    assert listed() == {mine, theirs, third}
    assert listed(FunctionName="one") == listed(FunctionName=one.arn) == {mine, third}
    assert listed(EventSourceArn=queue.arn) == {mine, theirs}
    assert listed(EventSourceArn=queue.arn, FunctionName=two.arn) == {theirs}
    missing = "00000000-0000-4000-8000-000000000000"
    for call in (
        client.get_event_source_mapping,
        client.update_event_source_mapping,
        client.delete_event_source_mapping,
    ):
        assert refused(call, UUID=missing) == "ResourceNotFoundException"


def test_sqs_two_functions_share_a_queue(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for name in ("one", "two"):
        mapped(Function(cloud, WORKER, name=name), queue, BatchSize=1)
    send(queue, *[str(number) for number in range(10)])
    cloud.advance(1)
    names = [run["FunctionName"] for run in runs(cloud)]
    assert (names.count("one"), names.count("two")) == (5, 5)


def test_sqs_queue_that_is_gone_is_looked_for_once_a_minute(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    uuid = mapped(function, queue, ScalingConfig={"MaximumConcurrency": 2})
    cloud.advance(10)
    queue.sqs.delete_queue(QueueUrl=queue.url)
    cloud.advance(100)
    shown = function.client.get_event_source_mapping(UUID=uuid)
    assert shown["LastProcessingResult"].startswith("PROBLEM: ")
    Queue(cloud)
    send(queue, "a")
    cloud.advance(100)
    assert [bodies for _, bodies in batches(cloud)] == [["a"]]


STACK = {
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "r",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            },
        },
        "Work": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "f",
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": WORKER},
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "Work"},
                "EventSourceArn": {"Fn::GetAtt": ["Jobs", "Arn"]},
                "BatchSize": 2,
            },
        },
    }
}


def test_sqs_mapping_of_a_stack(cloud: Cloud) -> None:
    stacks = cloud.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(STACK))
    queue = Queue(cloud)

    def send_together(*bodies: str) -> None:
        entries = [{"Id": body, "MessageBody": body} for body in bodies]
        queue.sqs.send_message_batch(QueueUrl=queue.url, Entries=entries)

    send_together("a", "b", "c")
    cloud.advance(10)
    assert batches(cloud) == [(0, ["a", "b"]), (0, ["c"])]
    changed = json.loads(json.dumps(STACK))
    changed["Resources"]["Mapping"]["Properties"]["BatchSize"] = 1
    stacks.update_stack(StackName="s", TemplateBody=json.dumps(changed))
    send_together("d", "e")
    cloud.advance(10)
    assert sorted(batches(cloud)[2:]) == [(10, ["d"]), (10, ["e"])]
    del changed["Resources"]["Mapping"]
    stacks.update_stack(StackName="s", TemplateBody=json.dumps(changed))
    send(queue, "f")
    cloud.advance(100)
    assert queue.counts() == (1, 0, 0)


def test_defect_of_a_poller_stops_the_run(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise KeyError("defect")

    monkeypatch.setattr("helpers.dataplane.awslambda.mappings.poller.failed_items", broken)
    function, queue = Function(cloud, PARTIAL), Queue(cloud)
    send(queue, "a")
    mapped(function, queue, **REPORT)
    with pytest.raises(KeyError, match="defect"):
        cloud.run(until=10, on_error="record")


@pytest.mark.parametrize("bodies", [["a", "bad 1", "b", "bad 2"] * 10, ["bad"] * 3 + ["a"] * 30])
def test_same_seed_same_trail(bodies: list[str]) -> None:
    trails = []
    for _ in range(2):
        with Cloud(seed=5) as cloud:
            function, queue = Function(cloud, PARTIAL), Queue(cloud)
            mapped(function, queue, BatchSize=3, **REPORT)
            send(queue, *bodies)
            cloud.advance(100)
            trails.append(cloud.trail.to_csv())
    assert trails[0] == trails[1]


# What is refused


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"BatchSize": 11}, "InvalidParameterValueException"),
        ({"BatchSize": 10_001, "MaximumBatchingWindowInSeconds": 1}, "ValidationException"),
        ({"MaximumBatchingWindowInSeconds": 301}, "ValidationException"),
        ({"ScalingConfig": {"MaximumConcurrency": 1_001}}, "ValidationException"),
        ({"StartingPosition": "LATEST"}, "InvalidParameterValueException"),
        ({"BisectBatchOnFunctionError": True}, "InvalidParameterValueException"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:1:d"}}},
            "InvalidParameterValueException",
        ),
        ({"ProvisionedPollerConfig": {"MinimumPollers": 1}}, "ValidationException"),
        (
            {"ProvisionedPollerConfig": {"MinimumPollers": 9, "MaximumPollers": 5}},
            "InvalidParameterValueException",
        ),
        (
            {"ProvisionedPollerConfig": {"MinimumPollers": 2}, "ScalingConfig": {"MaximumConcurrency": 5}},
            "InvalidParameterValueException",
        ),
        ({"FilterCriteria": {"Filters": [{"Pattern": "no JSON"}]}}, "InvalidParameterValueException"),
        ({"FunctionName": "missing"}, "ResourceNotFoundException"),
    ],
)
def test_sqs_mapping_settings_that_are_refused(cloud: Cloud, options: dict[str, Any], code: str) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    given = {"FunctionName": "f", "EventSourceArn": queue.arn, **options}
    assert refused(function.client.create_event_source_mapping, **given) == code
    assert function.client.list_event_source_mappings()["EventSourceMappings"] == []


def test_sqs_mapping_settings_of_fifo_queues(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud, "q.fifo")
    for options in ({"BatchSize": 11}, {"MaximumBatchingWindowInSeconds": 1}):
        assert refused(mapped, function, queue, **options) == "InvalidParameterValueException"


def test_sqs_visibility_timeout_must_cover_the_function_timeout(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER, Timeout=31), Queue(cloud)
    assert refused(mapped, function, queue) == "InvalidParameterValueException"
    queue.set(VisibilityTimeout=31)
    uuid = mapped(function, queue)
    queue.set(VisibilityTimeout=30)
    update = function.client.update_event_source_mapping
    assert refused(update, UUID=uuid, BatchSize=5) == "InvalidParameterValueException"


def test_sqs_queue_and_function_have_one_mapping(cloud: Cloud) -> None:
    function, queue = Function(cloud, WORKER), Queue(cloud)
    uuid = mapped(function, queue)
    assert refused(mapped, function, queue) == "ResourceConflictException"
    function.client.delete_event_source_mapping(UUID=uuid)
    mapped(function, queue)
