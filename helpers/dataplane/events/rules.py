"""The rules of buses and their targets, read from moto when they are needed."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account
from helpers.dataplane.events.pattern import Pattern

_MANAGED = "Events-Archive-"
# The rule by which an archive collects; the plane's archives collect by themselves.
_WITH_READS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


class Rules:
    """What each bus does with events; `forget` after a change."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._patterns: dict[str, Pattern] = {}

    def forget(self) -> None:
        """The configuration may be another one now."""
        self._known.clear()

    def of(self, region: str, bus: str) -> list[dict[str, Any]]:
        """The rules of a bus, each as ListRules shows it, with its Targets."""
        found = self._known.get((region, bus))
        if found is None:
            found = self._known[region, bus] = self._read(region, bus)
        return found

    def matching(self, region: str, bus: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        """The enabled rules that catch the event."""
        return [rule for rule in self.of(region, bus) if self._catches(rule, event)]

    def _catches(self, rule: dict[str, Any], event: dict[str, Any]) -> bool:
        text = rule.get("EventPattern")
        if not text or rule.get("State") == "DISABLED":
            return False
        if _only_reads(event) and rule.get("State") != _WITH_READS:
            return False
        pattern = self._patterns.get(text)
        if pattern is None:
            pattern = self._patterns[text] = Pattern(text)
        return pattern.matches(event)

    def _read(self, region: str, bus: str) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            asked = {"EventBusName": bus, **token}
            page = self._account.ask("events", "ListRules", asked, region=region)
            for rule in page["Rules"]:
                if not rule["Name"].startswith(_MANAGED):
                    named = {"Rule": rule["Name"], "EventBusName": bus}
                    targets = self._account.ask("events", "ListTargetsByRule", named, region=region)[
                        "Targets"
                    ]
                    rules.append({**rule, "Targets": targets})
            if not page.get("NextToken"):
                return rules
            token = {"NextToken": page["NextToken"]}


def _only_reads(event: dict[str, Any]) -> bool:
    """Whether it is a read-only management event of CloudTrail (GUIDE/eb-service-event-cloudtrail.html)."""
    if event.get("detail-type") != "AWS API Call via CloudTrail":
        return False
    detail = event.get("detail", {})
    return detail.get("readOnly") is True and detail.get("managementEvent") is True
