"""Worked examples of section 21 that are about the service itself, with calls to a Cloud.

Those that an experiment shows stand with it: async_tries and throttle_retries with `async_retry`; free_1gb, free_128mb,
request_price and usd_to_gb_s with `memory`; linear_3min with `canary`; stream_scale with `stream_errors`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import Cloud
from helpers.experiments import calls
from helpers.sections.s21_lambda.experiments.reading import Execution, create, executions, role

WORKER = """
import time

def handler(event, context):
    time.sleep(WORK_S)
"""


def function(cloud: Cloud, work_s: float, **settings: Any) -> Any:
    """A Lambda client, and a function `work` that works for a while; environments and mappings start at once."""
    models = cloud.plane("lambda").models
    models.init_s = models.mapping_s = 0
    client = cloud.client("lambda")
    create(client, "work", WORKER.replace("WORK_S", str(work_s)), role(cloud), **settings)
    return client


def queue(cloud: Cloud, messages: int, visibility_timeout_s: int, body: str = "work", **more: Any) -> str:
    """The ARN of a new queue that holds messages."""
    sqs = cloud.client("sqs")
    attributes = {"VisibilityTimeout": str(visibility_timeout_s), **more}
    url = sqs.create_queue(QueueName="q", Attributes=attributes)["QueueUrl"]
    for first in range(0, messages, 10):
        entries = [{"Id": str(number), "MessageBody": body} for number in range(min(10, messages - first))]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def runs(cloud: Cloud) -> list[Execution]:
    return executions(calls(cloud.trail))


def busy(done: list[Execution], at_s: float) -> int:
    """How many runs were in progress at one time."""
    return sum(one.start_s <= at_s < one.end_s for one in done)


@pytest.mark.slow
def test_a_queue_mapping_reaches_1000_in_the_fourth_and_1250_in_the_fifth_minute() -> None:
    """sqs_ramp: 5, and 300 more a minute, up to 1,250. Older notes say 60 a minute up to 1,000, which took 17."""
    with Cloud() as cloud:
        cloud.api_latency_s = 0
        cloud.plane("lambda").models.account_concurrency = 2_000
        client = function(cloud, work_s=330, Timeout=400)
        client.create_event_source_mapping(
            FunctionName="work", EventSourceArn=queue(cloud, 1_300, 2_400), BatchSize=1
        )
        begin_s = cloud.now
        cloud.run(until=begin_s + 800)
        done = runs(cloud)
    assert [busy(done, begin_s + 60 * minute) for minute in range(6)] == [5, 305, 605, 905, 1_205, 1_250]


def test_six_times_the_timeout_of_30_s_keeps_throttled_messages_for_their_function() -> None:
    """vis6: 180 s. There is room for one batch: the others, throttled meanwhile, wait for their turns of 30 s."""

    def again(visibility_timeout_s: int) -> int:
        """How many messages were received more than once."""
        with Cloud() as cloud:
            cloud.api_latency_s = 0
            client = function(cloud, work_s=29, Timeout=30)
            client.put_function_concurrency(FunctionName="work", ReservedConcurrentExecutions=1)
            arn = queue(cloud, 3, visibility_timeout_s)
            client.create_event_source_mapping(FunctionName="work", EventSourceArn=arn, BatchSize=1)
            cloud.run(until=cloud.now + 600)
            rows = cloud.trail[cloud.trail["operation"] == "ReceiveMessage"]
            received = [one["MessageId"] for reply in rows["response"] for one in reply.get("Messages", ())]
            assert len(runs(cloud)) == len(set(received)) == 3
            return len(received) - len(set(received))

    assert again(6 * 30) == 0 < again(30)


@pytest.mark.slow
def test_the_sender_of_a_thousand_files_waits_for_a_thousand_answers_and_no_work() -> None:
    """files_1000: asynchronous, the caller is through after 1,000 calls of 10 ms, and the work of 5 s each goes on."""
    with Cloud() as cloud:
        cloud.api_latency_s = 0.01
        client = function(cloud, work_s=5, Timeout=30)
        begin_s = cloud.now
        for number in range(1_000):
            answer = client.invoke(
                FunctionName="work", InvocationType="Event", Payload=json.dumps({"file": number})
            )
            assert answer["StatusCode"] == 202
        assert cloud.now - begin_s == pytest.approx(1_000 * 0.01)
        assert len(runs(cloud)) < 1_000
        cloud.run(until=begin_s + 60)
        done = runs(cloud)
        assert len(done) == 1_000
        assert sum(one.run_s for one in done) == pytest.approx(1_000 * 5)


@pytest.mark.slow
def test_5000_requests_a_second_of_200_ms_fill_the_default_quota() -> None:
    """concurrency_need: 5,000 x 0.2 s = 1,000, by one request each 0.2 ms; after 0.2 s as many end as begin."""
    with Cloud() as cloud:
        cloud.api_latency_s = 1 / 5_000
        client = function(cloud, work_s=0.2)
        begin_s = cloud.now
        for _ in range(2_000):
            client.invoke(FunctionName="work", InvocationType="Event", Payload="{}")
        cloud.run(until=begin_s + 2)
        done = runs(cloud)
        quota = client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    assert len(done) == 2_000
    between_s = begin_s + 0.5 / 5_000  # two requests
    assert [busy(done, between_s + part / 10) for part in range(4)] == [0, 500, 1_000, 1_000]
    assert quota == 1_000
    assert len({one.environment for one in done}) == 1_000


@pytest.mark.slow
@pytest.mark.parametrize(("pollers", "keeps_up"), [(10, True), (9, False)])
def test_ten_provisioned_pollers_take_a_thousand_events_a_second(pollers: int, keeps_up: bool) -> None:
    """provisioned_sqs_pollers: a poller makes 10 calls a second for 10 events each, so 100 events of 3 KB a second."""
    with Cloud() as cloud:
        cloud.api_latency_s = 0
        client = function(cloud, work_s=0.1)
        arn = queue(cloud, 4_000, 60, body="x" * 3 * 1024)
        client.create_event_source_mapping(
            FunctionName="work",
            EventSourceArn=arn,
            BatchSize=10,
            ProvisionedPollerConfig={"MinimumPollers": pollers, "MaximumPollers": pollers},
        )
        begin_s = cloud.now
        cloud.run(until=begin_s + 30)
        by_second = [
            sum(one.records for one in runs(cloud) if second <= one.start_s - begin_s < second + 1)
            for second in range(4)
        ]
    assert by_second[:3] == [100 * pollers] * 3
    assert (sum(by_second) == 4_000) is keeps_up
