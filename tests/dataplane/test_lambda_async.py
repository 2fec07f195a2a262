"""Asynchronous invocation: one test a rule, named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .functions import Function, runs
from .topics import let_invoke

FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
WORKS = "def handler(event, context):\n    return {'seen': event}\n"
SLOW = "import time\ndef handler(event, context):\n    time.sleep(event['s'])\n"


@pytest.fixture(autouse=True)
def plain(cloud: Cloud) -> None:
    """Environments start at once, so that times are those of the queue alone."""
    cloud.plane("lambda").models.init_s = 0


def send(function: Function, event: Any = None, **options: Any) -> dict[str, Any]:
    options.setdefault("FunctionName", function.name)
    payload = json.dumps({} if event is None else event)
    answer: dict[str, Any] = function.client.invoke(InvocationType="Event", Payload=payload, **options)
    return answer


def settings(function: Function, **given: Any) -> None:
    function.client.put_function_event_invoke_config(FunctionName=function.name, **given)


def starts(cloud: Cloud) -> list[tuple[float, str | None]]:
    """When each attempt began, and its error."""
    return [(run["time_s"], run["error"]) for run in runs(cloud)]


def allow(function: Function, service: str) -> None:
    """Let a service invoke the function."""
    function.client.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=service
    )


def metric(cloud: Cloud, name: str, statistic: str = "Sum") -> list[float]:
    """The values of a metric of the function `f`, a minute each, in order of time."""
    found = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": "FunctionName", "Value": "f"}],
        StartTime="2026-01-05T00:00Z",
        EndTime="2026-01-06T00:00Z",
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return [point[statistic] for point in sorted(found, key=lambda point: point["Timestamp"])]


# The queue


def test_async_event_is_accepted_before_it_runs(cloud: Cloud) -> None:
    function = Function(cloud, SLOW, Timeout=60)
    answer = send(function, {"s": 30})
    assert (answer["StatusCode"], answer["Payload"].read(), cloud.now) == (202, b"", 0)
    assert "FunctionError" not in answer
    cloud.advance(100)
    (run,) = runs(cloud)
    assert (run["time_s"], run["duration_s"], run["InvocationType"]) == (0, 30, "Event")
    assert run["RequestId"] == answer["ResponseMetadata"]["RequestId"]


def test_async_payload_has_at_most_1_mb(cloud: Cloud) -> None:
    function = Function(cloud, WORKS)
    text = "x" * (1_048_576 - 2)
    assert send(function, text)["StatusCode"] == 202
    assert refused(send, function, text + "x") == "RequestTooLargeException"


@pytest.mark.parametrize("retries", [0, 1, 2, None])
def test_async_function_error_is_retried_after_one_and_two_minutes(cloud: Cloud, retries: int | None) -> None:
    function = Function(cloud, FAILS)
    if retries is not None:
        settings(function, MaximumRetryAttempts=retries)
    send(function)
    cloud.advance(7 * 3600)
    times = [0, 60, 180][: 3 if retries is None else retries + 1]
    assert starts(cloud) == [(time_s, "ValueError") for time_s in times]
    assert [run["Attempt"] for run in runs(cloud)] == list(range(1, len(times) + 1))
    assert [run["EventAgeMs"] for run in runs(cloud)] == [1000 * time_s for time_s in times]
    assert len({run["RequestId"] for run in runs(cloud)}) == 1


def test_async_waits_count_from_the_end_of_a_run(cloud: Cloud) -> None:
    function = Function(cloud, SLOW, Timeout=5)
    send(function, {"s": 100})
    cloud.advance(1000)
    assert starts(cloud) == [(0, "Sandbox.Timedout"), (65, "Sandbox.Timedout"), (190, "Sandbox.Timedout")]


def test_async_retry_runs_the_code_of_its_day(cloud: Cloud) -> None:
    function = Function(cloud, FAILS)
    send(function)
    cloud.advance(10)
    function.change_code(WORKS)
    cloud.advance(1000)
    assert starts(cloud) == [(0, "ValueError"), (60, None)]


def test_async_throttled_event_backs_off_up_to_five_minutes(cloud: Cloud) -> None:
    function = Function(cloud, SLOW, Timeout=900)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    send(function, {"s": 900})
    cloud.advance(1)
    send(function, {"s": 0})
    cloud.advance(2000)
    waits = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256]
    attempts = [1 + sum(waits[: n + 1]) for n in range(len(waits))]
    times = starts(cloud)
    assert times[0] == (0, "Sandbox.Timedout")
    assert times[1:12] == [(at, "TooManyRequestsException") for at in [*attempts, 812]]
    assert (1112, None) in times


def test_async_throttles_are_no_retries(cloud: Cloud) -> None:
    function = Function(
        cloud, "import time\ndef handler(event, context):\n    time.sleep(9)\n    raise ValueError\n"
    )
    function.change(Timeout=60)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    settings(function, MaximumRetryAttempts=1)
    send(function)
    send(function)
    cloud.advance(3600)
    errors = [error for _, error in starts(cloud)]
    assert errors.count("ValueError") == 4
    assert errors.count("TooManyRequestsException") > 0


def test_async_throttled_queue_uses_the_capacity_there_is(cloud: Cloud) -> None:
    function = Function(cloud, SLOW)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=10)
    for _ in range(100):
        send(function, {"s": 1})
    cloud.advance(60)
    done = [run for run in runs(cloud) if run["error"] is None]
    assert [run["time_s"] for run in done] == [number // 10 for number in range(100)]
    assert len(runs(cloud)) == 109  # one throttled attempt a second tells that there is no more capacity


def test_async_events_age(cloud: Cloud) -> None:
    function = Function(cloud, FAILS)
    settings(function, MaximumEventAgeInSeconds=100)
    send(function)
    cloud.advance(3600)
    assert starts(cloud) == [(0, "ValueError"), (60, "ValueError")]
    assert metric(cloud, "AsyncEventsDropped") == [1]
    assert metric(cloud, "AsyncEventAge", "Maximum") == [0, 60_000]


def test_async_long_queue_ages_out_unread(cloud: Cloud) -> None:
    failures = Queue(cloud, "failures")
    function = Function(cloud, SLOW, Timeout=900)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    settings(
        function,
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": failures.arn}},
    )
    for number in range(3):
        send(function, {"s": 300, "n": number})
    cloud.advance(59)
    assert failures.bodies() == []
    cloud.advance(1)
    records = [json.loads(body) for body in failures.bodies()]
    assert [record["requestPayload"]["n"] for record in records] == [1, 2]
    for record in records:
        assert record["timestamp"] == "2026-01-05T09:01:00.000Z"
        assert record["requestContext"]["condition"] == "EventAgeExceeded"
        assert record["requestContext"]["approximateInvokeCount"] == 0
        assert "responseContext" not in record
        assert "responsePayload" not in record


def test_async_zero_reserved_concurrency_discards_at_once(cloud: Cloud) -> None:
    failures, dead = Queue(cloud, "failures"), Queue(cloud, "dead")
    function = Function(cloud, WORKS, DeadLetterConfig={"TargetArn": dead.arn})
    settings(function, DestinationConfig={"OnFailure": {"Destination": failures.arn}})
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    send(function, {"n": 1})
    cloud.advance(0)
    assert runs(cloud) == []
    assert dead.bodies() == ['{"n": 1}']
    (record,) = [json.loads(body) for body in failures.bodies()]
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0


def test_async_duplicates_are_a_labelled_model(cloud: Cloud) -> None:
    function = Function(cloud, WORKS)
    cloud.plane("lambda").models.duplicate_event_probability = 0.5
    for number in range(200):
        send(function, {"n": number})
    cloud.advance(10)
    ids = [run["RequestId"] for run in runs(cloud)]
    assert len(set(ids)) == 200
    assert (
        360 < len(ids) < 440
    )  # each time an event was processed it may come again: 200 / (1 - 0.5) in the mean


def test_async_metrics(cloud: Cloud) -> None:
    function = Function(cloud, FAILS)
    for _ in range(3):
        send(function)
    cloud.advance(3600)
    assert metric(cloud, "AsyncEventsReceived") == [3]
    assert metric(cloud, "AsyncEventsDropped") == [3]
    assert metric(cloud, "AsyncEventAge", "Maximum") == [0, 60_000, 180_000]
    assert metric(cloud, "AsyncEventAge", "SampleCount") == [3, 3, 3]


# Settings


def test_async_settings_belong_to_a_qualifier(cloud: Cloud) -> None:
    function = Function(cloud, FAILS)
    version = function.publish()
    function.client.create_alias(FunctionName="f", Name="prod", FunctionVersion=version)
    settings(function, MaximumRetryAttempts=0)
    function.client.put_function_event_invoke_config(
        FunctionName="f", Qualifier="prod", MaximumRetryAttempts=1
    )
    send(function)
    send(function, Qualifier="prod")
    send(function, Qualifier=version)
    cloud.advance(3600)
    counts = [len([run for run in runs(cloud) if run["Qualifier"] == name]) for name in ("", "prod", version)]
    assert counts == [1, 2, 3]


def test_async_settings_are_kept_shown_and_deleted(cloud: Cloud) -> None:
    function = Function(cloud, WORKS)
    client, arn = function.client, function.arn
    queue = Queue(cloud)
    assert refused(client.get_function_event_invoke_config, FunctionName="f") == "ResourceNotFoundException"
    settings(function, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=300)
    shown = client.get_function_event_invoke_config(FunctionName="f")
    assert (shown["FunctionArn"], shown["MaximumRetryAttempts"]) == (f"{arn}:$LATEST", 1)
    assert shown["LastModified"] == cloud.datetime
    target = {"OnSuccess": {"Destination": queue.arn}}
    client.update_function_event_invoke_config(FunctionName="f", DestinationConfig=target)
    shown = client.get_function_event_invoke_config(FunctionName="f")
    assert (shown["MaximumRetryAttempts"], shown["DestinationConfig"]) == (1, target)
    settings(function, MaximumEventAgeInSeconds=60)  # a put replaces everything
    (shown,) = client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
    assert (shown["MaximumEventAgeInSeconds"], "MaximumRetryAttempts" in shown) == (60, False)
    client.delete_function_event_invoke_config(FunctionName="f")
    assert client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"] == []
    settings(function, MaximumEventAgeInSeconds=60)
    client.delete_function(FunctionName="f")
    Function(cloud, WORKS)
    assert refused(client.get_function_event_invoke_config, FunctionName="f") == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"MaximumRetryAttempts": 3}, "ValidationException"),
        ({"MaximumEventAgeInSeconds": 21_601}, "ValidationException"),
        ({}, "InvalidParameterValueException"),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:s3:::bucket"}}},
            "InvalidParameterValueException",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:dynamodb:us-east-1:1:table/t"}}},
            "InvalidParameterValueException",
        ),
    ],
)
def test_async_settings_out_of_range(cloud: Cloud, given: dict[str, Any], code: str) -> None:
    function = Function(cloud, WORKS)
    assert refused(function.client.put_function_event_invoke_config, FunctionName="f", **given) == code
    settings(function, DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::bucket"}})


# Services that send events


def test_async_events_of_a_topic(cloud: Cloud) -> None:
    function = Function(cloud, "def handler(event, context):\n    print(event)\n    raise ValueError\n")
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    let_invoke(cloud, "f", topic)
    cloud.plane("sns").models.delivery_s = 0
    sent = sns.publish(
        TopicArn=topic,
        Message="hello",
        Subject="greeting",
        MessageAttributes={"colour": {"DataType": "String", "StringValue": "red"}},
    )
    failures = Queue(cloud, "failures")
    settings(function, DestinationConfig={"OnFailure": {"Destination": failures.arn}})
    cloud.advance(1000)
    assert starts(cloud) == [(0, "ValueError"), (60, "ValueError"), (180, "ValueError")]
    (record,) = [json.loads(body) for body in failures.bodies()]
    (event,) = record["requestPayload"]["Records"]
    assert event["EventSource"] == "aws:sns"
    notice = event["Sns"]
    assert (notice["Message"], notice["Subject"], notice["TopicArn"]) == ("hello", "greeting", topic)
    assert notice["MessageId"] == sent["MessageId"]
    assert notice["MessageAttributes"] == {"colour": {"Type": "String", "Value": "red"}}
    assert notice["Timestamp"] == "2026-01-05T09:00:00.000Z"


def test_async_events_of_a_bucket(cloud: Cloud) -> None:
    function = Function(
        cloud, "def handler(event, context):\n    return event['Records'][0]['s3']['object']['key']\n"
    )
    arrived = Queue(cloud, "arrived")
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="photos")
    wanted = [{"LambdaFunctionArn": function.arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"LambdaFunctionConfigurations": wanted}
    )
    cloud.advance(10)
    settings(function, DestinationConfig={"OnSuccess": {"Destination": arrived.arn}})
    s3.put_object(Bucket="photos", Key="one.png", Body=b"1")
    assert (runs(cloud), cloud.now) == ([], 10), "the upload does not wait for the function"
    cloud.advance(1)
    (record,) = [json.loads(body) for body in arrived.bodies()]
    assert record["responsePayload"] == "one.png"


def test_async_events_of_a_rule(cloud: Cloud) -> None:
    function = Function(cloud, FAILS)
    allow(function, "events.amazonaws.com")
    events = cloud.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": function.arn}])
    entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"n": 1})}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    cloud.advance(1000)
    assert starts(cloud) == [(0, "ValueError"), (60, "ValueError"), (180, "ValueError")]


def test_async_events_of_a_log_group(cloud: Cloud) -> None:
    function = Function(cloud, FAILS)
    allow(function, "logs.amazonaws.com")
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_subscription_filter(
        logGroupName="g", filterName="all", filterPattern="", destinationArn=function.arn
    )
    stamp = int(cloud.datetime.timestamp() * 1000)
    logs.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": stamp, "message": "line"}]
    )
    cloud.advance(1000)
    assert starts(cloud) == [(0, "ValueError"), (60, "ValueError"), (180, "ValueError")]
