"""Composite alarms: their rules, and what holds their actions back."""

from __future__ import annotations

import pytest

from helpers import Cloud
from helpers.cloud import ServiceError
from helpers.dataplane.cloudwatch.evaluation import State
from helpers.dataplane.cloudwatch.rule import Rule
from tests.dataplane.alarmed import Watched
from tests.dataplane.conftest import refused

STATES = {"a": State.ALARM, "b": State.OK, "c d": State.INSUFFICIENT_DATA}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True),
        ('ALARM("a") AND OK(b)', True),
        ("ALARM(a) AND NOT OK(b)", False),
        ("ALARM(b) OR ALARM(a) AND OK(b)", True),
        ("(ALARM(b) OR ALARM(a)) AND ALARM(b)", False),
        ('INSUFFICIENT_DATA("c d")', True),
        ("NOT (ALARM(a) OR TRUE)", False),
        ("FALSE OR TRUE", True),
    ],
)
def test_rules_of_composite_alarms(text: str, holds: bool) -> None:
    assert Rule(text).holds(STATES.__getitem__) is holds


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "ALARM(a",
        "ALARM(a) ALARM(b)",
        "AND OK(a)",
        "NOT",
        "(OK(a)",
        " OR ".join(f"OK(a{i})" for i in range(101)),
    ],
)
def test_bad_rules_are_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="ValidationError"):
        Rule(text)


class Composed:
    """A composite alarm over `child`, with the suppressor `quiet` (wait 20 s, extension 30 s), and when it acted."""

    def __init__(self, cloud: Cloud, suppressed: bool = True) -> None:
        self.cloud, self.watched = cloud, Watched(cloud)
        self.client = self.watched.client
        self.topic = cloud.client("sns").create_topic(Name="t")["TopicArn"]
        for name in ("child", "quiet"):
            self.watched.alarm(name, MetricName=f"silent-{name}")
            self.set(name, "OK")
        more = {
            "ActionsSuppressor": "quiet",
            "ActionsSuppressorWaitPeriod": 20,
            "ActionsSuppressorExtensionPeriod": 30,
        }
        self.client.put_composite_alarm(
            AlarmName="c", AlarmRule="ALARM(child)", **(more if suppressed else {})
        )
        cloud.advance(
            120 - cloud.now % 60
        )  # at a full minute: for 60 s nothing puts a child into its real state
        self.client.put_composite_alarm(
            AlarmName="c", AlarmRule="ALARM(child)", AlarmActions=[self.topic], OKActions=[self.topic],
            **(more if suppressed else {}),
        )  # fmt: skip
        self.begin = cloud.now

    def set(self, name: str, state: str) -> None:
        self.client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    def play(self, *steps: tuple[float, str, str]) -> list[float]:
        """At each time set an alarm's state; then the times at which the composite alarm acted."""
        for at, name, state in steps:
            self.cloud.run(until=self.begin + at)
            self.set(name, state)
        self.cloud.run(until=self.begin + 55)
        published = [row for row in self.cloud.attempts if row.operation == "Publish"]
        return [row.start_us / 1e6 - self.begin for row in published]


@pytest.mark.parametrize(
    ("steps", "acted"),
    [
        ([(2, "child", "ALARM")], [22]),  # the guide's examples 1 to 6
        ([(2, "child", "ALARM"), (10, "quiet", "ALARM")], []),
        ([(2, "child", "ALARM"), (10, "child", "OK")], [30]),
        ([(1, "quiet", "ALARM"), (2, "child", "ALARM")], []),
        ([(2, "child", "ALARM"), (5, "quiet", "ALARM"), (10, "quiet", "OK")], [40]),
        ([(2, "child", "ALARM"), (5, "quiet", "ALARM"), (10, "quiet", "OK"), (15, "child", "OK")], [35]),
    ],
)
def test_suppressed_actions(cloud: Cloud, steps: list[tuple[float, str, str]], acted: list[float]) -> None:
    composed = Composed(cloud)
    assert composed.play(*steps) == acted


def test_composite_alarm_changes_with_its_child(cloud: Cloud) -> None:
    composed = Composed(cloud, suppressed=False)
    assert composed.watched.state("c") == "OK"
    assert composed.play((3, "child", "ALARM"), (9, "child", "OK")) == [3, 9]
    summaries = [said for _, said in composed.watched.history("c") if said.startswith("Alarm updated")]
    assert summaries == [
        "Alarm updated from INSUFFICIENT_DATA to OK", "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]  # fmt: skip


def test_composite_alarm_settings_are_checked(cloud: Cloud) -> None:
    watched = Watched(cloud)
    watched.alarm("child")
    put = watched.client.put_composite_alarm
    scaling = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x:autoScalingGroupName/g:policyName/p"
    for wrong in (
        {"AlarmRule": "ALARM(gone)"},
        {"AlarmRule": "ALARM(child)", "AlarmActions": [scaling]},
        {"AlarmRule": "ALARM(child)", "ActionsSuppressor": "child"},
    ):
        assert refused(put, AlarmName="c", **wrong) == "ValidationError"
    put(AlarmName="c", AlarmRule="ALARM(child)")
    assert refused(watched.client.delete_alarms, AlarmNames=["child"]) == "ValidationError"
