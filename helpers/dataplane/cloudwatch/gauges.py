"""The metrics that a service is asked for every minute: the messages of queues.

Page: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.cloud import ServiceError
from helpers.dataplane.cloudwatch.series import Metric, Store

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

NAMESPACE = "AWS/SQS"
_MINUTE_US = 60_000_000


class Gauges:
    """Asks for the numbers of queues that somebody looks at, once a minute, at its end.

    AWS does so for every queue that is in use. Here a queue is asked from the moment at which an alarm or a call names
    one of its metrics, so earlier minutes are missing; after `follow`, every queue is.
    """

    def __init__(self, cloud: Cloud, store: Store, region: str) -> None:
        self._cloud, self._store, self._region = cloud, store, region
        self._queues: dict[str, str] = {}
        self._every = False

    def need(self, namespace: str | None, dimensions: list[dict[str, str]] | None) -> None:
        """Somebody looks at a metric with these dimensions."""
        if namespace != NAMESPACE or self._region != self._cloud.region:
            return
        for dimension in dimensions or ():
            name = dimension.get("Value")
            if dimension["Name"] == "QueueName" and name and name not in self._queues:
                if not self._queues and not self._every:
                    self._next()
                self._queues[name] = (
                    f"https://sqs.{self._region}.amazonaws.com/{self._cloud.account_id}/{name}"
                )

    def follow(self) -> None:
        """From now on, every queue of this Region is asked from its first message on, as AWS does."""
        if not self._queues and not self._every:
            self._next()
        self._every = True

    def _next(self) -> None:
        left_us = _MINUTE_US - self._cloud.epoch_us % _MINUTE_US
        self._cloud.at(left_us / 1_000_000, self._sample, name="cloudwatch")

    def _sample(self) -> None:
        minute_s = (self._cloud.epoch_us - _MINUTE_US) // 1_000_000
        plane = self._cloud.plane("sqs")
        if self._every:
            self._queues.update((url.rsplit("/", 1)[1], url) for url in plane.in_use())
        for name, url in list(self._queues.items()):
            try:
                shown = plane.metrics(url)
            except ServiceError:  # the queue is gone
                del self._queues[name]
                continue
            for metric_name, value in shown.items():
                metric = Metric(NAMESPACE, metric_name, (("QueueName", name),))
                unit = "Seconds" if metric_name == "ApproximateAgeOfOldestMessage" else "Count"
                self._store.of(metric).at(minute_s, unit).add(value)
                self._store.changed(metric)
        if self._queues or self._every:
            self._next()
