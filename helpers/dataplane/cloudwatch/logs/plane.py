"""The CloudWatch Logs data plane: which call goes where."""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane, ServiceError
from helpers.dataplane.cloudwatch.logs import retention
from helpers.dataplane.cloudwatch.logs.embedded import extracted
from helpers.dataplane.cloudwatch.logs.insights import Insights
from helpers.dataplane.cloudwatch.logs.metric_filter import MetricFilter
from helpers.dataplane.cloudwatch.logs.models import Models
from helpers.dataplane.cloudwatch.logs.pattern import Pattern
from helpers.dataplane.cloudwatch.logs.subscriptions import Subscriptions

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_OLDEST_MS = 14 * retention.DAY_MS
_MOST_SHOWN = 10_000


class Logs(DataPlane):
    """What CloudWatch Logs does with events: moto holds them, this plane filters, passes on, queries and forgets them.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "logs"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._cloud = cast("Cloud", account)
        self._filters: dict[tuple[str, str], dict[str, MetricFilter]] = {}
        self._days: dict[tuple[str, str], int] = {}
        self._made_ms: dict[tuple[str, str], int] = {}
        self._numbers = count(1)
        self.models = Models()
        self.subscriptions = Subscriptions(account)
        self.insights = Insights(account, self.models, self._queried_since_ms)
        account.before("logs", "CreateLogGroup", _check_name)
        account.amend("logs", "CreateLogGroup", self._group_made)
        account.before("logs", "PutMetricFilter", self._put_metric_filter)
        account.amend("logs", "DeleteMetricFilter", self._delete_metric_filter)
        account.answer("logs", "PutSubscriptionFilter", self.subscriptions.put)
        account.answer("logs", "DescribeSubscriptionFilters", self.subscriptions.describe)
        account.answer("logs", "DeleteSubscriptionFilter", self.subscriptions.delete)
        account.answer("logs", "PutLogEvents", self._put_log_events)
        account.answer("logs", "FilterLogEvents", self._filter_log_events)
        account.amend("logs", "GetLogEvents", self._forget)
        account.before("logs", "PutRetentionPolicy", self._put_retention)
        account.amend("logs", "DeleteRetentionPolicy", self._delete_retention)
        account.amend("logs", "DeleteLogGroup", self._delete_group)
        self._cloud.telemetry.log_to(self._written)

    # Metric filters

    def _put_metric_filter(self, call: Call) -> None:
        group = call.parameters["logGroupName"]
        publish = partial(self._publish, call.region, call.account_id)
        made = MetricFilter(self.account, call.parameters, publish)
        self.account.ask("logs", "DescribeLogStreams", {"logGroupName": group}, region=call.region)
        self._filters.setdefault((call.region, group), {})[call.parameters["filterName"]] = made

    def _delete_metric_filter(self, call: Call, response: dict[str, Any]) -> None:
        filters = self._filters.get((call.region, call.parameters["logGroupName"]), {})
        filters.pop(call.parameters["filterName"], None)

    def _publish(self, region: str, account_id: str, namespace: str, datum: dict[str, Any]) -> None:
        self._cloud.plane("cloudwatch").publish(namespace, datum, region, account_id)

    # New events

    def _put_log_events(self, call: Call) -> dict[str, Any]:
        """Keep the events; those that are too old, expired or too new are reported by their place: the ends
        of the old ones are exclusive, the start of the new ones is inclusive (API_PutLogEvents.html,
        API_RejectedLogEventsInfo.html).
        """
        asked = call.parameters
        events, group = asked["logEvents"], asked["logGroupName"]
        retention.check_batch(events)
        oldest_ms = self._oldest_ms(call.region, group)
        kept = [each for each in events if each["timestamp"] >= oldest_ms]
        answer = call.forward({**asked, "logEvents": events})
        newest_ms = self.account.timestamp_ms + retention.DAY_MS // 12
        taken = [each for each in kept if each["timestamp"] <= newest_ms]
        # moto gives other places: of the last event that is too old, and of the last that is too new.
        too_old = sum(each["timestamp"] < self.account.timestamp_ms - _OLDEST_MS for each in events)
        rejected = {}
        if too_old:
            rejected["tooOldLogEventEndIndex"] = too_old
        if len(kept) < len(events) and oldest_ms > self.account.timestamp_ms - _OLDEST_MS:
            rejected["expiredLogEventEndIndex"] = len(events) - len(kept)
        if len(taken) < len(kept):
            rejected["tooNewLogEventStartIndex"] = len(events) - len(kept) + len(taken)
        answer.pop("rejectedLogEventsInfo", None)
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        self._hear(call.region, call.account_id, group, asked["logStreamName"], taken)
        return answer

    def _written(self, group: str, stream: str, timestamp_ms: int, message: str) -> None:
        """A line that a service wrote by itself."""
        event = {"timestamp": timestamp_ms, "message": message}
        self._hear(self.account.region, self.account.account_id, group, stream, [event])

    def _hear(
        self, region: str, account_id: str, group: str, stream: str, events: list[dict[str, Any]]
    ) -> None:
        for event in events:
            for namespace, datum in extracted(event["message"]):
                self._publish(region, account_id, namespace, datum)
        for each in self._filters.get((region, group), {}).values():
            for event in events:
                each.hear(event["timestamp"], event["message"])
        if self.subscriptions.filters.get((region, group)):
            told = [
                {"id": f"{next(self._numbers):056d}", "timestamp": e["timestamp"], "message": e["message"]}
                for e in events
            ]
            self.subscriptions.hear(region, account_id, group, stream, told)

    # Reading

    def _filter_log_events(self, call: Call) -> dict[str, Any]:
        """The events that match the pattern (API_FilterLogEvents.html)."""
        asked = dict(call.parameters)
        pattern = Pattern(asked.pop("filterPattern", ""))
        limit, first = asked.pop("limit", _MOST_SHOWN), int(asked.pop("nextToken", 0))
        events: list[dict[str, Any]] = []
        answer = call.forward({**asked, "limit": _MOST_SHOWN})
        while True:
            events += answer["events"]
            if not answer.get("nextToken"):
                break
            answer = call.forward({**asked, "limit": _MOST_SHOWN, "nextToken": answer["nextToken"]})
        oldest_ms = self._kept_since_ms(call.region, asked.get("logGroupName", ""))
        found = [
            each
            for each in events
            if each["timestamp"] >= oldest_ms and pattern.find(each["message"]) is not None
        ]
        answer["events"] = found[first : first + limit]
        answer.pop("nextToken", None)
        if first + limit < len(found):
            answer["nextToken"] = str(first + limit)
        return answer

    def _forget(self, call: Call, response: dict[str, Any]) -> None:
        oldest_ms = self._kept_since_ms(call.region, call.parameters.get("logGroupName", ""))
        response["events"] = [each for each in response["events"] if each["timestamp"] >= oldest_ms]

    # Retention

    def _put_retention(self, call: Call) -> None:
        retention.check_days(call.parameters["retentionInDays"])
        self._days[call.region, call.parameters["logGroupName"]] = call.parameters["retentionInDays"]

    def _delete_retention(self, call: Call, response: dict[str, Any]) -> None:
        self._days.pop((call.region, call.parameters["logGroupName"]), None)

    def _group_made(self, call: Call, response: dict[str, Any]) -> None:
        self._made_ms[call.region, call.parameters["logGroupName"]] = self.account.timestamp_ms

    def _delete_group(self, call: Call, response: dict[str, Any]) -> None:
        key = call.region, call.parameters["logGroupName"]
        self._days.pop(key, None)
        self._made_ms.pop(key, None)
        self._filters.pop(key, None)
        self.subscriptions.filters.pop(key, None)

    def _kept_since_ms(self, region: str, group: str) -> int:
        days = self._days.get((region, group))
        return 0 if days is None else self.account.timestamp_ms - days * retention.DAY_MS

    def _oldest_ms(self, region: str, group: str) -> int:
        return max(self._kept_since_ms(region, group), self.account.timestamp_ms - _OLDEST_MS)

    def _queried_since_ms(self, region: str, group: str) -> int:
        """A query sees no event from before the group was made (logs/AnalyzingLogData.html). When a group that a
        service made came into being is not known here, and its events are all newer.
        """
        return max(self._kept_since_ms(region, group), self._made_ms.get((region, group), 0))


def _check_name(call: Call) -> None:
    """Names that begin with aws/ are not for customers (API_CreateLogGroup.html)."""
    if call.parameters["logGroupName"].startswith("aws/"):
        raise ServiceError("InvalidParameterException", "The name of a log group cannot start with aws/.")
