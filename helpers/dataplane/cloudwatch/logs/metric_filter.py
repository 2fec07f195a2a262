"""A metric filter: what it publishes for the events that it matches.

Pages: LOGS/MonitoringLogData.html, LOGS/FilterAndPatternSyntaxForMetricFilters.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers.cloud import Account, ServiceError
from helpers.dataplane.cloudwatch.logs.pattern import Found, Pattern

MOST_DIMENSIONS = 3
_MINUTE_US = 60_000_000

Publish = Callable[[str, dict[str, Any]], None]


class MetricFilter:
    """A filter of one log group; it counts from the moment at which it is made.

    Raises ServiceError as AWS refuses it.
    """

    def __init__(self, account: Account, given: dict[str, Any], publish: Publish) -> None:
        self._account, self._publish = account, publish
        self._pattern = Pattern(given["filterPattern"])
        self._transformations = given["metricTransformations"]
        self._minute: int | None = None
        self._matched = False
        for each in self._transformations:
            dimensions = each.get("dimensions", {})
            if len(dimensions) > MOST_DIMENSIONS:
                raise _invalid(f"A metric filter has at most {MOST_DIMENSIONS} dimensions.")
            if dimensions and "defaultValue" in each:
                raise _invalid("A metric filter with dimensions cannot have a default value.")
            if dimensions and not self._pattern.text.startswith(("{", "[")):
                raise _invalid("Dimensions need a JSON or a space-delimited filter pattern.")

    def hear(self, timestamp_ms: int, message: str) -> None:
        """A new event came into the group."""
        found = self._pattern.find(message)
        minute = self._account.epoch_us // _MINUTE_US
        if minute != self._minute:
            self._minute, self._matched = minute, False
            if any("defaultValue" in each for each in self._transformations):
                left_us = (minute + 1) * _MINUTE_US - self._account.epoch_us
                self._account.at(left_us / 1_000_000, lambda: self._minute_ended(minute), name="logs")
        if found is None:
            return
        self._matched = True
        for each in self._transformations:
            value = _value(each["metricValue"], found, message)
            if value is None:
                continue
            named = {
                name: _text(selector, found, message) for name, selector in each.get("dimensions", {}).items()
            }
            if None not in named.values():
                dimensions = [{"Name": name, "Value": text} for name, text in named.items()]
                self._send(each, value, timestamp_ms / 1000, dimensions)

    def _minute_ended(self, minute: int) -> None:
        """Events came in this minute; if none matched, the default value is reported."""
        if self._minute == minute and not self._matched:
            for each in self._transformations:
                if "defaultValue" in each:
                    self._send(each, each["defaultValue"], minute * 60, [])

    def _send(
        self, each: dict[str, Any], value: float, at_s: float, dimensions: list[dict[str, Any]]
    ) -> None:
        datum = {
            "MetricName": each["metricName"],
            "Value": value,
            "Timestamp": at_s,
            "Unit": each.get("unit", "None"),
            "Dimensions": dimensions,
        }
        self._publish(each["metricNamespace"], datum)


def _value(given: str, found: Found, message: str) -> float | None:
    text = _text(given, found, message) if given.startswith("$") else given
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _text(selector: str, found: Found, message: str) -> str | None:
    if selector in found:
        return found[selector]
    if not selector.startswith("$."):
        return None
    other = Pattern(f"{{ {selector} EXISTS }}").find(message)
    return None if other is None else other.get(selector)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterException", message)
