"""Traces made from a trail: one request with all that it caused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from helpers import Cloud
from helpers.dataplane.xray import Trace, service_map, traces
from helpers.experiments import Run

from .alarmed import Watched
from .conftest import Queue
from .functions import Function
from .topics import Topic, let_invoke

SOURCE = """
import boto3
sqs = boto3.client("sqs")
def handler(event, context):
    sqs.send_message(QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/end", MessageBody="done")
"""


def tree(trace: Trace) -> list[tuple[int, str, str, float, float]]:
    """Depth, name, kind, start and duration of each line of a trace."""
    return [line[:5] for line in trace.lines()]


def alarmed(seed: int = 0) -> Cloud:
    """An alarm on the age of a queue's oldest message has told a topic (a queue and a function) and a function."""
    cloud = Cloud(seed=seed)
    cloud.api_latency_s = 0
    function = Function(cloud, SOURCE)
    Queue(cloud, "end")
    topic = Topic(cloud, "t")
    topic.queue("out", raw=False)
    let_invoke(cloud, "f", topic.arn)
    topic.subscribe("lambda", function.arn)
    function.client.add_permission(
        FunctionName="f",
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    Watched(cloud, "ApproximateAgeOfOldestMessage", "AWS/SQS").alarm(
        EvaluationPeriods=2,
        Threshold=100,
        Dimensions=[{"Name": "QueueName", "Value": "work"}],
        AlarmActions=[topic.arn, function.arn],
    )
    work = Queue(cloud, "work")
    cloud.advance(30)
    cloud.client("sqs").send_message(QueueUrl=work.url, MessageBody="x")
    cloud.advance(600)
    return cloud


def test_alarm_topic_queue_and_function_are_one_trace() -> None:
    with alarmed() as cloud:
        first, trace = traces(cloud)
    assert tree(first) == [
        (0, "main", "", 0, 0),
        (1, "SQS", "aws SendMessage", 0, 0),
        (2, "work", "AWS::SQS::Queue", 0, 0),
    ]
    assert trace.start_time - first.start_time == pytest.approx(210)  # sent at 30 s, in ALARM at 240 s

    init = 0.8  # the assumed start of an environment: load, runtime and code

    def invoked(depth: int, at_s: float) -> list[tuple[int, str, str, float, float]]:
        return [
            (depth, "Lambda", "aws Invoke", at_s, 0),
            (depth + 1, "f", "AWS::Lambda", at_s, init),
            (depth + 2, "Attempt #1", "", at_s, init),
            (depth + 3, "f", "AWS::Lambda::Function", at_s, init),
            (depth + 4, "Init", "", at_s, init),
            (depth + 4, "SQS", "aws SendMessage", round(at_s + init, 6), 0),
            (depth + 5, "end", "AWS::SQS::Queue", round(at_s + init, 6), 0),
        ]

    # A notification takes 0.02 s to its subscribers; both invocations begin cold.
    assert tree(trace) == [
        (0, "a", "AWS::CloudWatch::Alarm", 0, 0),
        (1, "SNS", "aws Publish", 0, 0),
        (2, "t", "AWS::SNS::Topic", 0, 0),
        (3, "SQS", "aws SendMessage", 0.02, 0),
        (4, "out", "AWS::SQS::Queue", 0.02, 0),
        *invoked(3, 0.02),
        *invoked(1, 0),
    ]
    assert len({each.id for each in trace.walk()}) == len(list(trace.walk()))
    assert re.fullmatch(r"1-695b7e80-[0-9a-f]{24}", trace.id)  # 09:04:00 on 5 January 2026
    assert all(re.fullmatch("[0-9a-f]{16}", each.id) and each.trace_id == trace.id for each in trace.walk())


def test_map_of_the_alarm() -> None:
    with alarmed() as cloud:
        drawn = service_map(traces(cloud)[1:])
    nodes = [(node.name, node.type, node.root, node.inferred, node.counts.total) for node in drawn.nodes]
    assert nodes == [
        ("a", "AWS::CloudWatch::Alarm", True, False, 1),
        ("t", "AWS::SNS::Topic", False, False, 1),
        ("f", "AWS::Lambda", False, False, 2),
        ("f", "AWS::Lambda::Function", False, False, 2),
        ("out", "AWS::SQS::Queue", False, True, 1),
        ("end", "AWS::SQS::Queue", False, True, 2),
    ]
    edges = [
        (edge.source, edge.target, edge.linked, edge.counts.total, edge.counts.ok) for edge in drawn.edges
    ]
    assert edges == [
        (0, 1, False, 1, 1),
        (0, 2, False, 1, 1),
        (2, 3, False, 2, 2),
        (1, 4, False, 1, 1),
        (1, 2, False, 1, 1),
        (3, 5, False, 2, 2),
    ]
    assert drawn.edge("f", "f").counts.mean_s == pytest.approx(drawn.node("f").counts.mean_s)


def test_same_seed_same_ids() -> None:
    with alarmed() as cloud:
        first = [each.document() for trace in traces(cloud) for each in trace.segments]
    with alarmed() as cloud:
        assert [each.document() for trace in traces(cloud) for each in trace.segments] == first
        other = [each.document() for trace in traces(cloud, seed=1) for each in trace.segments]
    assert len(other) == len(first)
    assert not {each["id"] for each in other} & {each["id"] for each in first}


def test_batch_is_linked_to_those_who_sent_it(cloud: Cloud) -> None:
    queue, function = Queue(cloud), Function(cloud, "def handler(event, context): pass\n")
    function.client.create_event_source_mapping(FunctionName="f", EventSourceArn=queue.arn)
    cloud.advance(30)
    for body in "ab":
        cloud.client("sqs").send_message(QueueUrl=queue.url, MessageBody=body)
    cloud.advance(30)
    found = traces(cloud)
    sent = [trace for trace in found if trace.root.name == "main"]
    batches = [trace for trace in found if trace.root.origin == "AWS::Lambda"]
    assert len(sent) == 2
    queues = [trace.segments[-1] for trace in sent]
    assert [link for trace in batches for link in trace.links] == [
        (each.trace_id, each.id) for each in queues
    ]
    edge = service_map(found).edge("q", "f")
    assert (edge.linked, edge.counts.total) == (True, sum(len(trace.links) for trace in batches))


def test_records_of_streams_are_linked(cloud: Cloud) -> None:
    function = Function(cloud, "def handler(event, context): pass\n")
    kinesis, dynamodb = cloud.client("kinesis"), cloud.client("dynamodb")
    kinesis.create_stream(StreamName="k", ShardCount=1)
    stream = dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["LatestStreamArn"]
    cloud.advance(30)
    for arn in ("arn:aws:kinesis:us-east-1:123456789012:stream/k", stream):
        function.client.create_event_source_mapping(
            FunctionName="f", EventSourceArn=arn, StartingPosition="LATEST"
        )
    cloud.advance(60)
    kinesis.put_record(StreamName="k", PartitionKey="a", Data=b"1")
    dynamodb.put_item(TableName="t", Item={"k": {"S": "1"}, "v": {"N": "2"}})
    cloud.advance(10)
    drawn = service_map(traces(cloud))
    assert [drawn.edge(name, "f").linked for name in ("k", "t")] == [True, True]


def test_event_bus_hands_the_request_on(cloud: Cloud) -> None:
    function, events = Function(cloud, "def handler(event, context): pass\n"), cloud.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    function.client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": function.arn}])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    cloud.advance(10)
    (trace,) = traces(cloud)
    assert [line.name for line in trace.lines()] == [
        "main", "EventBridge", "default", "Lambda", "f", "Attempt #1", "f", "Init",
    ]  # fmt: skip


def test_failed_event_is_one_trace_to_its_dead_letter_queue(cloud: Cloud) -> None:
    queue = Queue(cloud, "dead")
    function = Function(
        cloud,
        "def handler(event, context): raise ValueError('no')\n",
        DeadLetterConfig={"TargetArn": queue.arn},
    )
    function.client.invoke(FunctionName="f", InvocationType="Event")
    cloud.advance(600)
    (trace,) = traces(cloud)
    attempts = [line for line in trace.lines() if line.kind == "AWS::Lambda::Function"]
    assert [line.segment.fault for line in attempts] == [True] * 3
    assert [line.segment.fault for line in trace.lines() if line.kind == "AWS::Lambda"] == [False]
    assert trace.lines()[-1].name == "dead"
    assert trace.lines()[-1].depth > attempts[-1].depth
    assert service_map([trace]).node("f", "AWS::Lambda::Function").counts.faults == 3


def test_raw_deliveries_are_found_by_their_text(cloud: Cloud) -> None:
    topic = Topic(cloud)
    topic.queue("one")
    topic.queue("two")
    for _ in range(2):
        topic.publish("same")
    topic.publish("other")
    cloud.advance(10)
    found = traces(cloud)
    assert [[line.name for line in trace.lines() if line.depth == 4] for trace in found] == [
        ["one", "two"]
    ] * 3


def test_throttles_and_retries(cloud: Cloud) -> None:
    function = Function(cloud, "def handler(event, context): pass\n")
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(function.client.exceptions.TooManyRequestsException):
        function.client.invoke(FunctionName="f")
    (trace,) = traces(cloud)
    call = trace.lines()[1].segment
    assert (call.throttle, call.error, call.fault) == (True, True, False)
    assert call.more["aws"]["retries"] == 2  # boto3 tries three times
    counts = service_map([trace]).node("f").counts
    assert (counts.total, counts.throttles, counts.ok) == (1, 1, 0)


def test_consumer_continues_the_trace_of_its_message(cloud: Cloud) -> None:
    queue, other = Queue(cloud), Queue(cloud, "other")

    def work() -> None:
        for _ in range(2):
            messages = queue.sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20)["Messages"]
            cloud.sleep(5)
            queue.sqs.send_message(QueueUrl=other.url, MessageBody="result")
            queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=messages[0]["ReceiptHandle"])

    cloud.spawn(work, name="worker")
    cloud.advance(3)
    for body in "ab":
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)
    cloud.run()
    first, second = traces(cloud)
    assert tree(first) == [
        (0, "main", "", 0, 0),
        (1, "SQS", "aws SendMessage", 0, 0),
        (2, "q", "AWS::SQS::Queue", 0, 0),
        (3, "worker", "", 0, 5),
        (4, "SQS", "aws SendMessage", 5, 0),
        (5, "other", "AWS::SQS::Queue", 5, 0),
        (4, "SQS", "aws DeleteMessage", 5, 0),
        (5, "q", "AWS::SQS::Queue", 5, 0),
    ]
    assert [line for line in tree(second) if line[1] == "worker"] == [(3, "worker", "", 5, 5)]


def test_management_is_left_out_unless_asked_for(cloud: Cloud) -> None:
    Queue(cloud)
    assert traces(cloud) == []
    assert [trace.lines()[1].kind for trace in traces(cloud, management=True)] == [
        "aws CreateQueue", "aws GetQueueAttributes",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("run", "count", "names"),
    [
        ("18_sqs.visibility", 24, {"producer", "jobs", "worker"}),
        ("21_lambda.async_retry", 3, {"shop", "orders", "given-up"}),
        ("22_dynamodb.locking", 51, {"main", "stock", "clerk", "sales"}),
    ],
)
def test_any_experiment_has_traces(run: str, count: int, names: set[str]) -> None:
    outcome = Run.parse(run).outcome()
    found = traces(outcome.trail)
    assert len(found) == count
    drawn = service_map(found)
    assert {node.name for node in drawn.nodes} == names
    assert sum(node.counts.total for node in drawn.nodes) == sum(len(trace.segments) for trace in found)


def test_recorded_segment_takes_in_what_it_called(cloud: Cloud) -> None:
    queue: Any = Queue(cloud)
    recorder = cloud.plane("xray").recorder("shop")
    cloud.advance(1)
    with recorder.segment(), recorder.subsegment("pay"):
        cloud.advance(1)
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody="x")
        cloud.advance(1)
    (trace,) = traces(cloud)
    assert tree(trace) == [
        (0, "shop", "", 0, 2),
        (1, "pay", "", 0, 2),
        (2, "SQS", "aws SendMessage", 1, 0),
        (3, "q", "AWS::SQS::Queue", 1, 0),
    ]


def test_notification_that_fails_ends_in_the_trace_of_its_message() -> None:
    """Asking for the confirmation of a subscription is no request, and giving up calls nobody."""
    (trace,) = traces(Run.parse("19_sns.retry").outcome().trail)
    topic = [line for line in trace.lines() if line.depth == 3]
    assert [(line.name, line.kind) for line in topic] == [
        *[("SNS", "remote HttpPost")] * 4,
        ("SQS", "aws SendMessage"),
    ]
    assert [line.segment.ok for line in topic] == [False] * 4 + [True]
