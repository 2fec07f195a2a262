"""Lab 17: its checks tell right from wrong under any seed, and their reasons give nothing away."""

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

TASKS = ("publish", "alarm", "lines", "failures", "printers")
OTHER_SEEDS = (1, 2, 3, 4, 5)

VALUES_AND_COUNTS = """
def publish(cloudwatch, samples, need):
    now, gathered, left_out = datetime.now(UTC), {}, []
    for place, sample in enumerate(samples):
        when = datetime.fromtimestamp(sample["at"], UTC)
        if when < now - timedelta(days=14) or when > now + timedelta(hours=2):
            left_out.append(place)
            continue
        for reader in need["readers"]:
            key = (when.replace(second=0, microsecond=0), tuple((name, sample[name]) for name in reader))
            gathered.setdefault(key, []).append(sample["seconds"])
    data = [
        {
            "MetricName": "JobSeconds",
            "Dimensions": [{"Name": name, "Value": value} for name, value in names],
            "Timestamp": max(minute, now - timedelta(days=14) + timedelta(seconds=5)),
            "Values": values,
            "Counts": [1] * len(values),
        }
        for (minute, names), values in gathered.items()
    ]
    cloudwatch.put_metric_data(Namespace=need["namespace"], MetricData=data)
    return left_out
"""

TWO_ALARMS = """
def create_alarm(cloudwatch, topic_arn, need):
    watched = {
        "Namespace": need["namespace"],
        "MetricName": need["metric"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in need["dimensions"].items()],
        "Period": 60,
        "AlarmActions": [topic_arn],
        "OKActions": [topic_arn],
    }
    cloudwatch.put_metric_alarm(
        AlarmName="backlog", Statistic="p50", Threshold=need["limit"], TreatMissingData="notBreaching",
        ComparisonOperator="GreaterThanThreshold", DatapointsToAlarm=need["told_min"] - 1,
        EvaluationPeriods=need["told_min"], **watched,
    )
    cloudwatch.put_metric_alarm(
        AlarmName="silence", Statistic="SampleCount", Threshold=1, TreatMissingData="breaching",
        ComparisonOperator="LessThanThreshold", EvaluationPeriods=need["spell_min"] + 1, **watched,
    )
"""

SILENCE_AS_INSUFFICIENT = """
def create_alarm(cloudwatch, topic_arn, need):
    cloudwatch.put_metric_alarm(
        AlarmName="backlog",
        Namespace=need["namespace"],
        MetricName=need["metric"],
        Dimensions=[{"Name": name, "Value": value} for name, value in need["dimensions"].items()],
        Statistic="Average",
        Period=60,
        Threshold=need["limit"],
        ComparisonOperator="GreaterThanThreshold",
        DatapointsToAlarm=need["spell_min"] + 1,
        EvaluationPeriods=need["spell_min"] + 3,
        AlarmActions=[topic_arn],
        OKActions=[topic_arn],
        InsufficientDataActions=[topic_arn],
    )
"""

LINES_BY_DEFAULT = """
def watch_errors(logs, cloudwatch, log_group, topic_arn, need):
    allowed = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400)
    days = max(days for days in allowed if days < need["gone_days"])
    logs.put_retention_policy(logGroupName=log_group, retentionInDays=days)
    pattern = '{ ($.step = "' + need["step"] + '") && ($.level = "ERROR") }'
    metric = {"metricNamespace": "Logs", "metricName": "Errors"}
    values = [{**metric, "metricValue": "1", "defaultValue": 0.0}]
    logs.put_metric_filter(
        logGroupName=log_group, filterName="f", filterPattern=pattern, metricTransformations=values
    )
    cloudwatch.put_metric_alarm(
        AlarmName="e", Namespace="Logs", MetricName="Errors", Statistic="Sum",
        Period=60 * need["window_min"], EvaluationPeriods=1, Threshold=need["most"] + 1,
        ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[topic_arn], OKActions=[topic_arn],
    )
"""

ARCHIVE_OF_ALL = """
def route_failures(events, sqs, bus_name, need):
    urls, arns = {}, {}
    for name in ("queue", "failures"):
        urls[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
        known = sqs.get_queue_attributes(QueueUrl=urls[name], AttributeNames=["QueueArn"])
        arns[name] = known["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                     "Action": "sqs:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
        sqs.set_queue_attributes(QueueUrl=urls[name], Attributes={"Policy": policy})
    states = {"$or": [{"state": [state]} for state in need["states"]]}
    pattern = {"source": [{"suffix": ".deploy"}], "detail": states}
    events.put_rule(Name="mine", EventBusName=bus_name, EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": arns["queue"], "DeadLetterConfig": {"Arn": arns["failures"]},
              "RetryPolicy": {"MaximumEventAgeInSeconds": 60 * need["shut_min"] + 600}}
    events.put_targets(Rule="mine", EventBusName=bus_name, Targets=[target])
    arn = f"arn:aws:events:us-east-1:123456789012:event-bus/{bus_name}"
    events.create_archive(ArchiveName="all", EventSourceArn=arn, RetentionDays=need["gone_days"])
    return urls


def replay(events, bus_name, start, end):
    bus = f"arn:aws:events:us-east-1:123456789012:event-bus/{bus_name}"
    rule = events.list_rules(EventBusName=bus_name, NamePrefix="mine")["Rules"][0]["Arn"]
    events.start_replay(
        ReplayName=f"r{len(events.list_replays()['Replays'])}", EventStartTime=start, EventEndTime=end,
        EventSourceArn=events.describe_archive(ArchiveName="all")["ArchiveArn"],
        Destination={"Arn": bus, "FilterArns": [rule]},
    )
"""

OTHERWISE = [
    ("publish", VALUES_AND_COUNTS),
    ("alarm", TWO_ALARMS),
    ("alarm", SILENCE_AS_INSUFFICIENT),
    ("lines", LINES_BY_DEFAULT),
    ("failures", ARCHIVE_OF_ALL),
]
"""Right solutions that differ from the worked one."""


def hard_coded(lab: Lab, task: str) -> str:
    """The worked solution with the numbers of the practice seed in place of the need's; its names are read."""
    numbers = {name: value for name, value in lab.need(task).items() if isinstance(value, int | list)}
    source = solution_sources(lab)[task]
    for name, value in numbers.items():
        if name != "printers":
            source = source.replace(f'need["{name}"]', repr(value))
    assert source != solution_sources(lab)[task]
    return source


@pytest.fixture(scope="module")
def lab() -> Lab:
    return load_lab("17_monitoring")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_the_solution_earns_every_point_under_many_seeds(lab: Lab, task: str) -> None:
    source = solution_sources(lab)[task]
    for seed in range(10, 15):
        assert statuses(found(lab, task, source, seed)) == {Status.PASSED}, seed


@pytest.mark.slow
@pytest.mark.parametrize(("task", "source"), OTHERWISE)
def test_other_right_solutions_pass(lab: Lab, task: str, source: str) -> None:
    for seed in (PRACTICE_SEED, *OTHER_SEEDS[:3]):
        findings = found(lab, task, source, seed)
        assert statuses(findings) == {Status.PASSED}, (seed, findings)


@pytest.mark.parametrize("task", TASKS)
def test_numbers_of_the_practice_seed_fail_under_most_others(lab: Lab, task: str) -> None:
    source = hard_coded(lab, task)
    assert statuses(found(lab, task, source)) == {Status.PASSED}
    lost = [seed for seed in OTHER_SEEDS if Status.FAILED in statuses(found(lab, task, source, seed))]
    assert len(lost) >= 4


@pytest.mark.parametrize(
    "answer", ["None", "[None, 3]", "{'queue': 1, 'failures': []}", "b'x'", "True", "'x'"]
)
@pytest.mark.parametrize("task", TASKS)
def test_nonsense_earns_nothing_and_breaks_no_check(lab: Lab, task: str, answer: str) -> None:
    functions = lab.task(task).functions
    source = "\n".join(f"def {name}(client, *rest):\n    return {answer}\n" for name in functions)
    assert statuses(found(lab, task, source)) == {Status.FAILED}


def test_a_log_group_that_is_gone_breaks_no_check(lab: Lab) -> None:
    source = (
        "def watch_errors(logs, cloudwatch, group, *rest):\n    logs.delete_log_group(logGroupName=group)\n"
    )
    findings = found(lab, "lines", source)
    assert statuses(findings) == {Status.FAILED}
    said = "A part of the system could not be used any more: AWS answered ResourceNotFoundException."
    assert {finding.reason for finding in findings.values()} == {said}


@pytest.mark.slow
def test_reasons_tell_nothing_that_was_drawn(lab: Lab) -> None:
    seen = 0
    for wrong in wrong_solutions(lab):
        sources = {**solution_sources(lab), wrong.task: wrong.source}
        bench = Bench(LocalHost(cells_for_examination(lab, sources), lab.clients), 7, wrong.task)
        need = lab.need(wrong.task, 7)
        findings = examine(lab.task(wrong.task), bench, need)
        drawn = set(_texts(need)) | {
            word for trial in bench.trials for row in trial.rows for word in _names(row.parameters)
        }
        for finding in findings.values():
            seen += bool(finding.reason)
            assert not re.search(r"\d", finding.reason), (wrong.name, finding)
            assert not [word for word in drawn if word in finding.reason.split()], (wrong.name, finding)
    assert seen == 4 * len(wrong_solutions(lab))


def _names(parameters: Any) -> Iterator[str]:
    """The names of apps, jobs, printers and buses in a call."""
    yield from re.findall(r"(?:app|job|printer|deploys|billing)-\d{6}", json.dumps(parameters, default=str))


def _texts(value: Any) -> Iterator[str]:
    """The texts of a need, without those that are words of the tasks."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
