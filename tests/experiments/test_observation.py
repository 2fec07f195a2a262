"""What CloudWatch shows of a run."""

from __future__ import annotations

import pytest

from helpers.dataplane import Cloud
from helpers.experiments.catalog import find
from helpers.experiments.observation import Observation, observe
from helpers.experiments.parameter import ParameterError
from helpers.experiments.run import Run

RUN = "18_sqs.visibility?visibility_timeout_s=10&seed=3"


@pytest.fixture(scope="module")
def seen() -> Observation:
    return observe(RUN)


def test_counts_are_those_of_the_trail(seen: Observation) -> None:
    trail = Run.parse(RUN).outcome().trail
    sent = trail[trail["operation"] == "SendMessage"]
    messages = sum(len(row["Messages"]) for row in trail["response"] if row and "Messages" in row)
    sums = {metric.name: metric.sum for metric in seen.metrics if metric.unit == "Count"}
    assert sums["NumberOfMessagesSent"] == len(sent)
    assert sums["NumberOfMessagesReceived"] == messages


def test_levels_are_seen_each_minute_of_the_run(seen: Observation) -> None:
    (in_flight,) = [one for one in seen.metrics if one.name == "ApproximateNumberOfMessagesNotVisible"]
    assert [at_s for at_s, _ in in_flight.points] == [60.0 * n for n in range(int(seen.virtual_s // 60))]
    assert in_flight.minimum <= in_flight.maximum


def test_a_prepared_alarm_watches_the_run() -> None:
    def prepare(cloud: Cloud) -> None:
        cloud.client("cloudwatch").put_metric_alarm(
            AlarmName="busy",
            Namespace="AWS/SQS",
            MetricName="NumberOfMessagesReceived",
            Dimensions=[{"Name": "QueueName", "Value": "jobs"}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )

    queue = dict(observe(RUN).metrics[0].dimensions)["QueueName"]
    assert queue == "jobs"
    (alarm,) = observe(RUN, prepare).alarms
    assert alarm.changes[0][1] == 'Alarm "busy" created'
    assert next(said for _, said in alarm.changes[1:]).endswith("to ALARM")


def test_lines_of_functions_are_shown_with_their_instant() -> None:
    (log,) = observe("21_lambda.async_retry").logs
    assert log.group.startswith("/aws/lambda/")
    starts = [at_s for at_s, _, message in log.lines if message.startswith("START")]
    assert len(starts) == 9
    assert starts == sorted(starts)
    assert not log.more


def test_a_run_that_is_not_possible_is_refused_as_ever() -> None:
    with pytest.raises(ParameterError, match="visibility_timeout_s"):
        observe("18_sqs.visibility?visibility_timeout_s=-1")


@pytest.mark.parametrize(
    "run", ["18_sqs.visibility", "20_kinesis.readers", "21_lambda.sqs_esm", "22_dynamodb.expiry"]
)
def test_a_run_that_is_watched_is_the_same_run(run: str) -> None:
    plain, watched = (Cloud(seed=4) for _ in range(2))
    watched.plane("cloudwatch").region().gauges.follow()
    experiment = find(run)
    try:
        for cloud in (plain, watched):
            experiment.run(cloud, experiment.values())
        assert list(watched.attempts) == list(plain.attempts)
    finally:
        plain.close()
        watched.close()
