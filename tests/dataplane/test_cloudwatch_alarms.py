"""Alarms in virtual time: when they are looked at, what they make of missing data, and what they do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.dataplane.cloudwatch.evaluation import State, decide, too_few_samples
from tests.dataplane.alarmed import Watched, bodies, queue
from tests.dataplane.conftest import refused
from tests.dataplane.functions import Function

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
OK, ALARM, NONE, KEEP = "OK", "ALARM", "INSUFFICIENT_DATA", None
TABLES = [
    (3, "0-X-X", (OK, OK, OK, OK)),
    (3, "0----", (OK, OK, OK, OK)),
    (3, "-----", (NONE, KEEP, ALARM, OK)),
    (3, "0XX-X", (ALARM, ALARM, ALARM, ALARM)),
    (3, "--X--", (ALARM, KEEP, ALARM, OK)),
    (2, "0-X-X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "00X0X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0-X--", (OK, OK, ALARM, OK)),
    (2, "----0", (OK, OK, ALARM, OK)),
    (2, "---X-", (ALARM, KEEP, ALARM, OK)),
]
"""The two tables of the guide: DatapointsToAlarm, the points (oldest first), the state by TREATMENTS; N is 3."""


def points(signs: str) -> list[bool | None]:
    return [{"X": True, "0": False, "-": None}[sign] for sign in signs]


@pytest.mark.parametrize(("needed", "signs", "states"), TABLES)
@pytest.mark.parametrize("now", list(State))
def test_tables_of_missing_data(needed: int, signs: str, states: tuple[str | None, ...], now: State) -> None:
    found = tuple(decide(points(signs), needed, 3, treatment, now) for treatment in TREATMENTS)
    assert found == tuple(state or now for state in states)


@pytest.mark.parametrize("signs", ["----X", "---X-"])
def test_no_premature_alarm(signs: str) -> None:
    assert decide(points(signs), 3, 3, "missing", State.OK) is State.OK


@given(st.lists(st.booleans(), min_size=7, max_size=7), st.integers(1, 5), st.sampled_from(TREATMENTS))
def test_complete_data_are_m_of_n(real: list[bool], needed: int, treatment: str) -> None:
    expected = State.ALARM if sum(real[-5:]) >= needed else State.OK
    assert decide(real, needed, 5, treatment, State.INSUFFICIENT_DATA) is expected


@pytest.mark.parametrize(("signs", "states"), [("-----", TABLES[2][2]), ("--X--", TABLES[4][2])])
def test_missing_data_in_virtual_time(cloud: Cloud, signs: str, states: tuple[str | None, ...]) -> None:
    watched = Watched(cloud)
    for treatment in TREATMENTS:
        watched.alarm(treatment, EvaluationPeriods=3, TreatMissingData=treatment)
    watched.play(signs)
    assert [watched.state(each) for each in TREATMENTS] == [state or NONE for state in states]


def test_new_alarm_has_insufficient_data_and_keeps_its_state_in_an_update(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm()
    assert watched.state() == NONE
    watched.play("X")
    watched.alarm(Threshold=100)
    assert watched.state() == ALARM
    assert watched.history()[:2] == [
        (0, 'Alarm "a" created'),
        (60, "Alarm updated from INSUFFICIENT_DATA to ALARM"),
    ]


def test_evaluated_every_minute_over_a_sliding_window(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm(Period=300, Statistic="Sum", TreatMissingData="notBreaching")
    cloud.advance(150)
    watched.put(20)  # in the minute from 120 on: seen from 180 until the window has passed it, at 420
    cloud.advance(3000)
    assert watched.history()[1:] == [
        (0 + 60, "Alarm updated from INSUFFICIENT_DATA to OK"),
        (180, "Alarm updated from OK to ALARM"),
        (
            120 + 3 * 300 + 60,
            "Alarm updated from ALARM to OK",
        ),  # the last real point counts while it is in reach
    ]


def test_high_resolution_alarm_is_evaluated_every_ten_seconds(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm(Period=10, TreatMissingData="notBreaching")
    cloud.advance(23)
    watched.put(20, StorageResolution=1)
    cloud.advance(60)
    assert watched.history()[2] == (30, "Alarm updated from OK to ALARM")


def test_short_period_on_a_standard_metric_lapses(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm(Period=10)
    watched.play("0")
    assert watched.history()[1:] == [
        (10, "Alarm updated from INSUFFICIENT_DATA to OK"),
        (40, "Alarm updated from OK to INSUFFICIENT_DATA"),
    ]


def test_long_alarm_is_evaluated_once_an_hour_up_to_the_full_hour(cloud: Cloud) -> None:
    watched = Watched(cloud)
    cloud.advance(180)
    watched.alarm(Period=86_400, EvaluationPeriods=2, DatapointsToAlarm=1, TreatMissingData="notBreaching")
    cloud.advance(3600 - 60)  # 10:02
    watched.put(20)
    cloud.advance(7200)
    assert watched.history()[-1] == (2 * 3600 + 180, "Alarm updated from OK to ALARM")  # 11:03


def test_m_out_of_n(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    watched.play("0X0X00")
    assert watched.history()[1:] == [
        (60, "Alarm updated from INSUFFICIENT_DATA to OK"),
        (240, "Alarm updated from OK to ALARM"),
        (300, "Alarm updated from ALARM to OK"),
    ]


def test_dynamodb_metrics_ignore_missing_data(cloud: Cloud) -> None:
    watched = Watched(cloud, namespace="AWS/DynamoDB")
    watched.alarm()
    watched.play("X" + 10 * "-")
    assert watched.state() == ALARM


def test_silent_metric_costs_no_evaluation(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm()
    watched.play("0" + 5 * "-")
    assert watched.state() == NONE
    assert cloud._environment.peek() == float("inf")  # nothing is due any more
    watched.play("X")
    assert watched.state() == ALARM


@pytest.mark.parametrize(("share", "enough"), [(0.99, 1000), (0.5, 20), (0.1, 100)])
def test_percentile_with_low_samples(share: float, enough: int) -> None:
    assert too_few_samples(share, enough - 1)
    assert not too_few_samples(share, enough)


@pytest.mark.parametrize(("setting", "state"), [("ignore", NONE), ("evaluate", ALARM), (None, ALARM)])
def test_percentile_alarm_ignores_few_samples(cloud: Cloud, setting: str | None, state: str) -> None:
    watched = Watched(cloud)
    watched.alarm(Statistic=None, ExtendedStatistic="p90", EvaluateLowSampleCountPercentile=setting)
    watched.play("X")
    assert watched.state() == state


@pytest.mark.parametrize(
    "wrong",
    [
        {"Period": 15},
        {"Period": 90},
        {"Period": 300, "EvaluationPeriods": 289},
        {"Period": 3600, "EvaluationPeriods": 169},
        {"ExtendedStatistic": "p99"},
        {"Statistic": None, "ExtendedStatistic": "Sum"},
        {"DatapointsToAlarm": 2},
        {"AlarmActions": [f"arn:aws:sns:us-east-1:123456789012:t{i}" for i in range(6)]},
        {"TreatMissingData": "maybe"},
    ],
)
def test_alarm_settings_are_checked(cloud: Cloud, wrong: dict[str, Any]) -> None:
    assert refused(Watched(cloud).alarm, **wrong) == "ValidationError"


def test_longest_evaluation_periods(cloud: Cloud) -> None:
    Watched(cloud).alarm(Period=300, EvaluationPeriods=288)
    Watched(cloud).alarm("b", Period=3600, EvaluationPeriods=168)


def test_set_state_acts_and_is_undone_by_the_next_evaluation(cloud: Cloud) -> None:
    watched = Watched(cloud)
    topic = cloud.client("sns").create_topic(Name="t")["TopicArn"]
    watched.alarm(AlarmActions=[topic])
    watched.play("0")
    watched.put(0)
    watched.client.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a test")
    cloud.advance(60)
    assert watched.history()[2:] == [
        (60, "Alarm updated from OK to ALARM"),
        (60, f"Successfully executed action {topic}"),
        (120, "Alarm updated from ALARM to OK"),
    ]
    assert (
        refused(watched.client.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x")
        == "ResourceNotFound"
    )


def test_disabled_actions_change_the_state_only(cloud: Cloud) -> None:
    watched = Watched(cloud)
    topic = cloud.client("sns").create_topic(Name="t")["TopicArn"]
    watched.alarm(AlarmActions=[topic])
    watched.client.disable_alarm_actions(AlarmNames=["a"])
    watched.play("X")
    assert [said for _, said in watched.history()[1:]] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]


def test_actions_only_when_the_state_changes(cloud: Cloud) -> None:
    watched = Watched(cloud)
    topic = cloud.client("sns").create_topic(Name="t")["TopicArn"]
    watched.alarm(AlarmActions=[topic], OKActions=[topic])
    watched.play("XXX00")
    acted = [at for at, said in watched.history() if said.startswith("Successfully")]
    assert acted == [60, 240]


def test_reasons_are_worded_as_by_aws(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm(EvaluationPeriods=2, TreatMissingData="breaching")
    reasons = []
    for signs in ("X", "X", "----"):
        watched.play(signs)
        reasons.append(watched.client.describe_alarms()["MetricAlarms"][0]["StateReason"])
    assert reasons[0] == (
        "Threshold Crossed: 1 out of the last 2 datapoints [20.0 (05/01/26 09:00:00)] was greater than the threshold "
        "(10.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    other = Watched(cloud, "silent")
    other.alarm("b", EvaluationPeriods=3, TreatMissingData="breaching")
    cloud.advance(60)
    shown = other.client.describe_alarms(AlarmNames=["b"])["MetricAlarms"][0]["StateReason"]
    assert shown == (
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
        "[Breaching]."
    )


def test_topic_hears_of_the_change(cloud: Cloud) -> None:
    watched = Watched(cloud)
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    url, arn = queue(cloud, sender="sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    watched.alarm(AlarmActions=[topic], AlarmDescription="too high")
    watched.play("X")
    cloud.advance(10)
    (told,) = bodies(cloud, url)
    assert told == {
        "AlarmName": "a",
        "AlarmDescription": "too high",
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2026-01-05T09:00:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": told["NewStateReason"],
        "StateChangeTime": "2026-01-05T09:01:00.000+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [topic],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "m", "Namespace": "N", "StatisticType": "Statistic", "Statistic": "MAXIMUM", "Unit": None,
            "Dimensions": [], "Period": 60, "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold", "Threshold": 10.0, "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }  # fmt: skip


SOURCE = "import json\ndef handler(event, context):\n    print(json.dumps(event))\n"


def logged(cloud: Cloud, name: str = "f") -> list[Any]:
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return [json.loads(each["message"]) for each in events if each["message"].startswith("{")]


def test_function_needs_a_policy_and_gets_the_event(cloud: Cloud) -> None:
    watched = Watched(cloud)
    function = Function(cloud, SOURCE)
    watched.alarm(AlarmActions=[function.arn], OKActions=[function.arn])
    watched.play("0")
    assert watched.history()[2] == (60, f"Failed to execute action {function.arn}")
    function.client.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn="arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
    )
    watched.play("X")
    cloud.advance(10)
    (event,) = logged(cloud)
    data = event.pop("alarmData")
    assert event == {
        "source": "aws.cloudwatch",
        "alarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
        "accountId": "123456789012",
        "time": "2026-01-05T09:02:00.000+0000",
        "region": "us-east-1",
    }
    assert (data["state"]["value"], data["previousState"]["value"]) == ("ALARM", "OK")
    assert data["configuration"]["metrics"][0]["metricStat"] == {
        "metric": {"namespace": "N", "name": "m", "dimensions": {}}, "period": 60, "stat": "Maximum",
    }  # fmt: skip


def test_age_of_oldest_message_reaches_queue_and_function(cloud: Cloud) -> None:
    function = Function(cloud, SOURCE)
    sns, (work, _) = cloud.client("sns"), queue(cloud, "work")
    out, out_arn = queue(cloud, sender="sns.amazonaws.com")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=out_arn, Attributes={"RawMessageDelivery": "true"})
    function.client.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    watched = Watched(cloud, "ApproximateAgeOfOldestMessage", "AWS/SQS")
    dimensions = [{"Name": "QueueName", "Value": "work"}]
    watched.alarm(
        EvaluationPeriods=2, Threshold=100, Dimensions=dimensions, AlarmActions=[topic, function.arn]
    )
    cloud.advance(30)
    cloud.client("sqs").send_message(QueueUrl=work, MessageBody="x")
    cloud.advance(600)
    # Sampled at the end of each minute: 30, 90, 150, 210 s; two of the last two are above 100 s at 240 s.
    assert watched.history()[2:] == [
        (240, "Alarm updated from OK to ALARM"),
        (240, f"Successfully executed action {topic}"),
        (240, f"Successfully executed action {function.arn}"),
    ]
    assert [told["NewStateValue"] for told in bodies(cloud, out)] == ["ALARM"]
    assert [event["alarmData"]["state"]["value"] for event in logged(cloud)] == ["ALARM"]
    published = [row for row in cloud.attempts if row.operation == "Publish"]
    assert [(row.actor, row.start_us / 1e6) for row in published] == [("cloudwatch", 240)]


def test_quota_alarm_of_metric_math(cloud: Cloud) -> None:
    cloud.plane("cloudwatch").models.service_quotas["Instances"] = 1000
    watched = Watched(cloud, "ResourceCount", "AWS/Usage")
    metric = {
        "Namespace": "AWS/Usage",
        "MetricName": "ResourceCount",
        "Dimensions": [{"Name": "Resource", "Value": "Instances"}],
    }
    queries = [
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}, "ReturnData": False},
        {"Id": "e1", "Expression": "m1/SERVICE_QUOTA(m1)*100"},
    ]
    watched.client.put_metric_alarm(
        AlarmName="a",
        Metrics=queries,
        EvaluationPeriods=1,
        Threshold=80,
        ComparisonOperator="GreaterThanThreshold",
    )
    watched.put(850, Dimensions=metric["Dimensions"])
    cloud.advance(60)
    assert watched.state() == ALARM
