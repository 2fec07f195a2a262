"""The EventBridge data plane: which call goes where, and the way of an event through a bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from helpers.cloud import Account, Call, DataPlane, ServiceError, Timer, ids
from helpers.dataplane.events import putting
from helpers.dataplane.events.archives import Archives
from helpers.dataplane.events.delivery import Delivery
from helpers.dataplane.events.models import Models
from helpers.dataplane.events.pattern import Pattern
from helpers.dataplane.events.rules import Rules
from helpers.dataplane.events.schedule import Schedule
from helpers.dataplane.events.targets import PARTITION_KEY, Targets
from helpers.dataplane.events.transformer import compact, found, input_of

MOST_TARGETS = 5
"""Targets of one rule (GUIDE/eb-quota.html)."""

_CHANGES = (
    "DeleteRule", "DisableRule", "EnableRule", "PutRule", "PutTargets", "RemoveTargets", "DeleteEventBus",
)  # fmt: skip
_STACKS = ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet")


class EventBridge(DataPlane):
    """EventBridge as AWS documents it: moto holds buses, rules and targets, this plane the events.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "events"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self._rules = Rules(account)
        self._delivery = Delivery(account, self.models, Targets(account, self.models, self._forwarded))
        self._archives = Archives(account, self._accept)
        self._timers: dict[tuple[str, str], Timer] = {}
        account.answer("events", "PutEvents", self._put_events)
        account.answer("events", "TestEventPattern", self._test_pattern)
        account.before("events", "PutRule", self._check_rule)
        account.before("events", "PutTargets", self._check_targets)
        for operation in _CHANGES:
            account.amend("events", operation, self._changed)
        for operation in _STACKS:
            account.amend("cloudformation", operation, self._changed)
        account.amend("events", "PutRule", self._put_rule)
        account.amend("events", "DeleteRule", self._deleted_rule)
        account.on_delivery("events", self._delivered)

    # Calls

    def _put_events(self, call: Call) -> dict[str, Any]:
        """Take events; each entry succeeds or fails by itself (API/API_PutEvents.html)."""
        entries = call.parameters["Entries"]
        putting.check(entries)
        results: list[dict[str, Any]] = []
        for entry in entries:
            try:
                event = putting.event_of(entry, call, self.account.datetime)
            except ServiceError as error:
                results.append({"ErrorCode": error.code, "ErrorMessage": error.message})
                continue
            bus = entry.get("EventBusName", "default").rpartition("/")[2]
            self._accept(call.region, bus, event)
            results.append({"EventId": event["id"]})
        return {"FailedEntryCount": sum("ErrorCode" in each for each in results), "Entries": results}

    def _test_pattern(self, call: Call) -> dict[str, Any]:
        """Whether a pattern matches an event (API/API_TestEventPattern.html)."""
        return {
            "Result": Pattern(call.parameters["EventPattern"]).matches(json.loads(call.parameters["Event"]))
        }

    def _check_rule(self, call: Call) -> None:
        asked = call.parameters
        if "EventPattern" in asked:
            Pattern(asked["EventPattern"])
        if "ScheduleExpression" in asked:
            if asked.get("EventBusName", "default").rpartition("/")[2] != "default":
                raise ServiceError(
                    "ValidationException", "ScheduleExpression is supported only on the default event bus."
                )
            Schedule(asked["ScheduleExpression"], self.account.datetime)

    def _check_targets(self, call: Call) -> None:
        asked = call.parameters
        bus = asked.get("EventBusName", "default").rpartition("/")[2]
        held: list[dict[str, Any]] = next(
            (rule["Targets"] for rule in self._rules.of(call.region, bus) if rule["Name"] == asked["Rule"]),
            [],
        )
        if len({each["Id"] for each in (*held, *asked["Targets"])}) > MOST_TARGETS:
            raise ServiceError(
                "LimitExceededException", "The requested resource exceeds the maximum number allowed."
            )

    def _changed(self, call: Call, response: dict[str, Any]) -> None:
        self._rules.forget()

    # The way of an event

    def _accept(
        self,
        region: str,
        bus: str,
        event: dict[str, Any],
        only: list[str] | None = None,
        *,
        forwarded: bool = False,
    ) -> None:
        """An event came to a bus: archive it, and send it to the targets of the rules that catch it. An event for a bus
        that is missing is dropped (GUIDE/eb-putevents.html). One that was `forwarded` by another bus is not sent to a
        third (GUIDE/eb-bus-to-bus.html).
        """
        try:
            rules = self._rules.matching(region, bus, event)
        except ServiceError:
            return
        self._archives.keep(region, bus, event)
        for rule in rules:
            if only is None or rule["Arn"] in only:
                self._send(rule, event, forwarded=forwarded)

    def _send(self, rule: dict[str, Any], event: dict[str, Any], *, forwarded: bool = False) -> None:
        arrived = f"{self.account.datetime:%Y-%m-%dT%H:%M:%SZ}"
        for target in rule["Targets"]:
            if forwarded and ":event-bus/" in target["Arn"]:
                continue
            self._delivery.start(rule, _keyed(target, event), input_of(target, event, rule, arrived))

    def _forwarded(self, bus_arn: str, text: str) -> None:
        """An event for another bus of the account."""
        self._accept(bus_arn.split(":")[3], bus_arn.rpartition("/")[2], json.loads(text), forwarded=True)

    def _delivered(self, arn: str, event: dict[str, Any]) -> None:
        """What a service puts on a bus by itself (the bus's ARN), or moto into a rule (the rule's ARN)."""
        region, resource = arn.split(":")[3], arn.split(":", 5)[5]
        if isinstance(event.get("time"), (int, float)):  # moto keeps seconds there
            event = {**event, "time": f"{datetime.fromtimestamp(event['time'], UTC):%Y-%m-%dT%H:%M:%SZ}"}
        if resource.startswith("event-bus/"):
            self._accept(region, resource.removeprefix("event-bus/"), event)
            return
        *bus, _ = resource.removeprefix("rule/").split("/")
        self._accept(region, bus[0] if bus else "default", event, [arn])

    # Schedules

    def _put_rule(self, call: Call, response: dict[str, Any]) -> None:
        """Begin to run a rule by its schedule; what it had before is void."""
        self._deleted_rule(call, response)
        text = call.parameters.get("ScheduleExpression")
        if text:
            self._next(call.region, call.parameters["Name"], Schedule(text, self.account.datetime))

    def _deleted_rule(self, call: Call, response: dict[str, Any]) -> None:
        timer = self._timers.pop((call.region, call.parameters["Name"]), None)
        if timer is not None:
            timer.cancel()

    def _next(self, region: str, name: str, schedule: Schedule) -> None:
        now = self.account.datetime
        due = schedule.after(now)
        if due is not None:
            run = partial(self._run, region, name, schedule)
            self._timers[region, name] = self.account.at((due - now).total_seconds(), run, name="events")

    def _run(self, region: str, name: str, schedule: Schedule) -> None:
        rule = next((each for each in self._rules.of(region, "default") if each["Name"] == name), None)
        if rule is None:
            return
        if rule.get("State") != "DISABLED":
            event = {
                "version": "0",
                "id": ids.uuid4(),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": rule["Arn"].split(":")[4],
                "time": f"{self.account.datetime:%Y-%m-%dT%H:%M:%SZ}",
                "region": region,
                "resources": [rule["Arn"]],
                "detail": {},
            }
            self._send(rule, event)
        self._next(region, name, schedule)


def _keyed(target: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """The target, with the partition key that its path finds in the event."""
    if "KinesisParameters" not in target:
        return target
    key = found(event, target["KinesisParameters"]["PartitionKeyPath"])
    return {**target, PARTITION_KEY: key if isinstance(key, str) else compact(key)}
