"""Lab 19: its checks tell right from wrong under any seed, and their reasons give nothing away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from helpers.labs import PRACTICE_SEED, Bench, Lab, Status, examine, load_lab
from helpers.labs.build import cells_for_examination, solution_sources
from helpers.labs.gate import wrong_solutions
from helpers.labs.local import LocalHost
from tests.labs.judging import found, statuses

TASKS = ("teams", "filters", "publish", "history", "warehouse")
OTHER_SEEDS = (1, 2, 3, 4, 5)

ONE_STATEMENT_EACH = """
def connect_teams(sns, sqs, topic_arn, old_queue_url, need):
    account = topic_arn.split(":")[4]
    urls = {team: sqs.create_queue(QueueName="q-" + team)["QueueUrl"] for team in need["teams"]}
    urls[need["has_queue"]] = old_queue_url
    for team, url in urls.items():
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        statements = json.loads(got["Policy"])["Statement"] if "Policy" in got else []
        statements.insert(0, {
            "Sid": "orders", "Effect": "Allow", "Principal": "*", "Action": ["sqs:SendMessage"], "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceArn": [topic_arn], "aws:SourceAccount": account}},
        })
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": statements})})
        made = sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=got["QueueArn"])
        if team != need["read_time"]:
            sns.set_subscription_attributes(
                SubscriptionArn=made["SubscriptionArn"], AttributeName="RawMessageDelivery", AttributeValue="true"
            )
    return urls
"""

ALTERNATIVES = """
def set_filters(sns, subscriptions, need):
    def put(team, name, value):
        sns.set_subscription_attributes(
            SubscriptionArn=subscriptions[team], AttributeName=name, AttributeValue=value
        )

    put("billing", "FilterPolicyScope", "MessageBody")
    large = {"total": [{"numeric": [">=", need["large_eur"]]}]}
    put("billing", "FilterPolicy", json.dumps({"$or": [{"payment": [need["payment"]]}, large]}))
    served = {"country": [{"anything-but": need["not_to"]}]}
    collected = {"country": [{"exists": False}]}
    put("shipping", "FilterPolicy", json.dumps({"state": need["states"], "$or": [collected, served]}))
    put("audit", "FilterPolicy", "")
"""

LARGEST_FIRST = """
def publish_orders(sns, topic_arn, orders):
    def size(order):
        given = order["attributes"].items()
        return len(order["text"].encode()) + sum(6 + len(k.encode()) + len(v.encode()) for k, v in given)

    refused = [n for n, order in enumerate(orders) if not 0 < len(order["text"]) or size(order) > 262144]
    waiting = sorted(set(range(len(orders))) - set(refused), key=lambda n: -size(orders[n]))
    while waiting:
        batch, total = [], 0
        for n in waiting:
            if len(batch) < 10 and total + size(orders[n]) <= 262144:
                batch.append({
                    "Id": f"n-{n}",
                    "Message": orders[n]["text"],
                    "MessageAttributes": {
                        k: {"DataType": "String", "StringValue": v} for k, v in orders[n]["attributes"].items()
                    },
                })
                total += size(orders[n])
        reply = sns.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=batch)
        done = {int(entry["Id"][2:]) for entry in reply["Successful"]}
        hopeless = {int(entry["Id"][2:]) for entry in reply["Failed"] if entry["SenderFault"]}
        refused += hopeless
        waiting = [n for n in waiting if n not in done | hopeless]
    return sorted(refused)
"""

SCOPE_OF_A_GROUP = """
def create_history(sns, sqs):
    given = {"FifoTopic": "true", "FifoThroughputScope": "MessageGroup"}
    topic = sns.create_topic(Name="steps.fifo", Attributes=given)["TopicArn"]
    fifo = {
        "FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
    }
    urls = {"topic": topic}
    for name, queue, attributes in (("ledger", "book.fifo", fifo), ("search", "find", {})):
        url = sqs.create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"Statement": {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": arn,
            "Condition": {"ArnLike": {"aws:SourceArn": topic}},
        }}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
        urls[name] = url
    return urls


def publish_event(sns, topic_arn, event):
    entry = {
        "Id": "1", "Message": json.dumps(event), "MessageGroupId": "c-" + event["customer"],
        "MessageDeduplicationId": str(event["number"]),
    }
    sns.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=[entry])
"""

HASH_WITHOUT_THE_ATTEMPT = """
def create_history(sns, sqs):
    given = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = sns.create_topic(Name="steps.fifo", Attributes=given)["TopicArn"]
    urls = {"topic": topic}
    for name, queue, attributes in (("ledger", "l.fifo", {"FifoQueue": "true"}), ("search", "s", {})):
        urls[name] = sqs.create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]
        arn = topic.replace(":sns:", ":sqs:").replace("steps.fifo", queue)
        allow = {
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        sqs.set_queue_attributes(
            QueueUrl=urls[name], Attributes={"Policy": json.dumps({"Statement": [allow]})}
        )
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return urls


def publish_event(sns, topic_arn, event):
    body = json.dumps({**event, "attempt": 1}, sort_keys=True)
    sns.publish(TopicArn=topic_arn, Message=body, MessageGroupId=event["customer"])
"""

POLICY_OF_THE_TOPIC = """
def connect_warehouse(sns, sqs, topic_arn, hook, dead_url, need):
    tries = need["requests"] - 2
    pause_s = min(need["soon_s"], need["stale_min"] * 60 // tries)
    retry = {
        "numRetries": tries, "numMinDelayRetries": tries // 2, "numMaxDelayRetries": tries - tries // 2,
        "minDelayTarget": pause_s, "maxDelayTarget": pause_s,
    }
    policy = json.dumps({"http": {"defaultHealthyRetryPolicy": retry}})
    sns.set_topic_attributes(TopicArn=topic_arn, AttributeName="DeliveryPolicy", AttributeValue=policy)
    arn = topic_arn.replace(":sns:", ":sqs:").rpartition(":")[0] + ":" + dead_url.rpartition("/")[2]
    allow = {
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn, "Condition": {"ArnLike": {"aws:SourceArn": topic_arn}},
    }
    sqs.set_queue_attributes(QueueUrl=dead_url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    dead = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn}), "RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic_arn, Protocol="https", Endpoint=hook, Attributes=dead)
"""

OTHERWISE = [
    ("teams", ONE_STATEMENT_EACH),
    ("filters", ALTERNATIVES),
    ("publish", LARGEST_FIRST),
    ("history", SCOPE_OF_A_GROUP),
    ("history", HASH_WITHOUT_THE_ATTEMPT),
    ("warehouse", POLICY_OF_THE_TOPIC),
]
"""Right solutions that differ from the worked one."""


def hard_coded(lab: Lab, task: str) -> str:
    """The worked solution with what is right under the seed of practice in place of the need."""
    source, need = solution_sources(lab)[task], lab.need(task)
    for name, value in need.items():
        source = source.replace(f'need["{name}"]', repr(value))
    assert source != solution_sources(lab)[task]
    assert "need[" not in source
    return source


@pytest.fixture(scope="module")
def lab() -> Lab:
    return load_lab("19_sns")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_solution_earns_every_point_under_many_seeds(lab: Lab, task: str) -> None:
    source = solution_sources(lab)[task]
    for seed in range(10, 22):
        assert statuses(found(lab, task, source, seed)) == {Status.PASSED}, seed


@pytest.mark.slow
@pytest.mark.parametrize(("task", "source"), OTHERWISE)
def test_other_right_solutions_pass(lab: Lab, task: str, source: str) -> None:
    for seed in (PRACTICE_SEED, *OTHER_SEEDS):
        findings = found(lab, task, source, seed)
        assert statuses(findings) == {Status.PASSED}, (seed, findings)


@pytest.mark.parametrize("task", ["teams", "filters", "warehouse"])
def test_what_the_practice_seed_needs_fails_under_most_others(lab: Lab, task: str) -> None:
    source = hard_coded(lab, task)
    assert statuses(found(lab, task, source)) == {Status.PASSED}
    lost = [seed for seed in OTHER_SEEDS if Status.FAILED in statuses(found(lab, task, source, seed))]
    assert len(lost) >= 4


@pytest.mark.parametrize("seed", range(1, 60))
def test_a_need_can_be_met(lab: Lab, seed: int) -> None:
    teams, history, warehouse = (lab.need(task, seed) for task in ("teams", "history", "warehouse"))
    assert {*teams["read_order"], teams["read_time"]} == set(teams["teams"])
    assert teams["has_queue"] in teams["teams"]
    assert history["again_min"] < 5
    restart_s, stale_s = warehouse["restart_min"] * 60, warehouse["stale_min"] * 60
    fewest = restart_s // warehouse["soon_s"] + 1
    assert fewest + 1 < warehouse["requests"] <= 100
    assert restart_s + 2 * warehouse["soon_s"] <= stale_s <= 3_600


@pytest.mark.parametrize(
    "answer", ["None", "[None, 3]", "{'topic': 1, 'ledger': [], 'audit': {}}", "b'x'", "True", "'x'"]
)
@pytest.mark.parametrize("task", TASKS)
def test_nonsense_earns_nothing_and_breaks_no_check(lab: Lab, task: str, answer: str) -> None:
    functions = lab.task(task).functions
    source = "\n".join(f"def {name}(sns, *rest):\n    return {answer}\n" for name in functions)
    assert Status.CRASHED not in statuses(found(lab, task, source))
    assert statuses(found(lab, task, source)) == {Status.FAILED}


@pytest.mark.parametrize(
    ("task", "source"),
    [
        ("teams", "def connect_teams(sns, sqs, topic, old, need):\n    sqs.delete_queue(QueueUrl=old)\n"),
        (
            "filters",
            "def set_filters(sns, ones, need):\n    sns.delete_topic(TopicArn=ones['audit'][:-37])\n",
        ),
        ("publish", "def publish_orders(sns, topic, orders):\n    sns.delete_topic(TopicArn=topic)\n"),
        (
            "warehouse",
            """
def connect_warehouse(sns, sqs, topic, hook, dead, need):
    sqs.delete_queue(QueueUrl=dead)
    sns.subscribe(TopicArn=topic, Protocol='https', Endpoint=hook)
""",
        ),
    ],
)
def test_what_is_gone_breaks_no_check(lab: Lab, task: str, source: str) -> None:
    findings = found(lab, task, source)
    assert Status.CRASHED not in statuses(findings)
    assert findings[lab.task(task).checks[-1].id].status == Status.FAILED


@pytest.mark.slow
def test_wrong_solutions_fail_what_they_say_for_reasons_that_tell_nothing_that_was_drawn(lab: Lab) -> None:
    seen = 0
    for wrong in wrong_solutions(lab):
        if wrong.crashes:
            continue  # what the student's own code says
        sources = {**solution_sources(lab), wrong.task: wrong.source}
        bench = Bench(LocalHost(cells_for_examination(lab, sources), lab.clients), 7, wrong.task)
        findings = examine(lab.task(wrong.task), bench, lab.need(wrong.task, 7))
        assert wrong.as_declared(findings), (wrong.name, findings)
        drawn = {word for trial in bench.trials for row in trial.rows for word in _names(row.parameters)}
        assert drawn, wrong.name
        for finding in findings.values():
            seen += bool(finding.reason)
            assert not re.search(r"\d", finding.reason), (wrong.name, finding)
            assert not [word for word in drawn if word in finding.reason], (wrong.name, finding)
    assert seen >= 130


def _names(parameters: Any) -> Iterator[str]:
    """The names of orders, customers, topics and shops in a call."""
    yield from re.findall(r"\b[a-z]{3,9}-\d{6}", json.dumps(parameters, default=str))
