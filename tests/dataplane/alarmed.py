"""A metric and an alarm on it, in a few words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers import Cloud
from helpers.dataplane import policy

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Watched:
    """One metric of a Cloud, and alarms on it."""

    def __init__(self, cloud: Cloud, name: str = "m", namespace: str = "N") -> None:
        self.cloud, self.name, self.namespace = cloud, name, namespace
        self.client = cloud.client("cloudwatch")

    def put(self, value: float, **more: Any) -> None:
        datum = {"MetricName": self.name, "Value": value, **more}
        self.client.put_metric_data(Namespace=self.namespace, MetricData=[datum])

    def alarm(self, name: str = "a", **more: Any) -> None:
        settings = {
            "Namespace": self.namespace,
            "MetricName": self.name,
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10,
            "ComparisonOperator": "GreaterThanThreshold",
            "Statistic": "Maximum",
            **more,
        }
        kept = {key: value for key, value in settings.items() if value is not None}
        self.client.put_metric_alarm(AlarmName=name, **kept)

    def state(self, name: str = "a") -> str:
        shown = self.client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        state: str = [*shown["MetricAlarms"], *shown["CompositeAlarms"]][0]["StateValue"]
        return state

    def play(self, points: str) -> None:
        """A minute for each sign, from now on: X breaches, 0 does not, - is missing. Now is the begin of a minute."""
        for sign in points:
            if sign != "-":
                self.put(20 if sign == "X" else 0)
            self.cloud.advance(60)

    def history(self, name: str = "a") -> list[tuple[float, str]]:
        """What happened to the alarm, oldest first: seconds since the start, summary."""
        items = self.client.describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending")[
            "AlarmHistoryItems"
        ]
        return [((item["Timestamp"] - START).total_seconds(), item["HistorySummary"]) for item in items]

    def statistics(
        self, period: int = 60, hours: float = 1, **more: Any
    ) -> list[tuple[float, dict[str, Any]]]:
        answer = self.client.get_metric_statistics(
            Namespace=self.namespace,
            MetricName=self.name,
            StartTime=START,
            EndTime=START + timedelta(hours=hours),
            Period=period,
            **more,
        )
        return [((point.pop("Timestamp") - START).total_seconds(), point) for point in answer["Datapoints"]]


def queue(cloud: Cloud, name: str = "out", sender: str = "") -> tuple[str, str]:
    """The URL and ARN of a queue, which lets the service `sender` send, such as sns.amazonaws.com."""
    sqs, arn = cloud.client("sqs"), f"arn:aws:sqs:us-east-1:123456789012:{name}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    if sender:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy.of_queue(arn, sender)})
    return url, arn


def bodies(cloud: Cloud, url: str) -> list[Any]:
    """What lies in the queue, as JSON; the messages stay in flight."""
    messages = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]
