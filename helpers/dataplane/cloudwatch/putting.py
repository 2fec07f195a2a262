"""PutMetricData: what it takes, and where it puts it. Pages: API/API_PutMetricData.html, API/API_MetricDatum.html"""

from __future__ import annotations

import math
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.cloudwatch import errors
from helpers.dataplane.cloudwatch.series import DAY_S, HOUR_S, Metric, Store
from helpers.dataplane.stamp import seconds

MOST_METRICS, MOST_VALUES, MOST_DIMENSIONS = 1_000, 150, 30
OLDEST_S, NEWEST_S = 14 * DAY_S, 2 * HOUR_S
"""Time stamps may lie two weeks back and two hours ahead."""

_LARGEST = 2.0**360


def put(account: Account, store: Store, call: Call) -> None:
    """Check the whole request, then keep its data points. Raises ServiceError as AWS refuses it."""
    namespace, data = call.parameters["Namespace"], call.parameters.get("MetricData", [])
    for each in call.parameters.get("EntityMetricData", []):
        data = [*data, *each.get("MetricData", [])]
    if namespace.startswith(":"):
        raise errors.invalid_value("The value for parameter Namespace must not start with a colon.")
    if not data:
        raise errors.missing("The parameter MetricData is required.")
    if len(data) > MOST_METRICS:
        raise errors.validation(
            f"1 validation error detected: The collection MetricData must not have a size greater than {MOST_METRICS}."
        )
    now_s = account.epoch_us / 1_000_000
    for index, datum in enumerate(data, 1):
        _check(f"MetricData.member.{index}", datum, now_s)
    for datum in data:
        keep(store, namespace, datum, now_s)


def keep(store: Store, namespace: str, datum: dict[str, Any], now_s: float) -> None:
    """Put a checked datum into its series, stamped with its time, or with `now_s` (seconds since 1970)."""
    metric = Metric.of(namespace, datum["MetricName"], datum.get("Dimensions"))
    step_s = 1 if datum.get("StorageResolution") == 1 else 60
    at_s = seconds(datum["Timestamp"]) if "Timestamp" in datum else now_s
    values = store.of(metric).at(int(at_s // step_s * step_s), datum.get("Unit", "None"))
    if "StatisticValues" in datum:
        given = datum["StatisticValues"]
        values.add_set(given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"])
    elif "Values" in datum:
        counts = datum.get("Counts") or [1.0] * len(datum["Values"])
        for value, count in zip(datum["Values"], counts, strict=True):
            values.add(float(value), float(count))
    else:
        values.add(float(datum["Value"]))
    store.changed(metric)


def _check(where: str, datum: dict[str, Any], now_s: float) -> None:
    ways = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not ways:
        raise errors.missing(f"The parameter {where}.Value or {where}.StatisticValues is required.")
    if len(ways) > 1:
        raise errors.invalid_combination(
            f"The parameters {where}.{ways[0]} and {ways[1]} exclude each other."
        )
    if len(datum.get("Dimensions", ())) > MOST_DIMENSIONS:
        raise errors.validation(
            f"The collection {where}.Dimensions must not have a size greater than {MOST_DIMENSIONS}."
        )
    if datum.get("StorageResolution", 60) not in (1, 60):
        raise errors.invalid_value(f"The parameter {where}.StorageResolution must be 1 or 60.")
    numbers = datum.get("Values", [])
    if len(numbers) > MOST_VALUES:
        raise errors.invalid_value(
            f"The collection {where}.Values must not have a size greater than {MOST_VALUES}."
        )
    if "Counts" in datum and len(datum["Counts"]) != len(numbers):
        raise errors.invalid_value(f"The parameters {where}.Values and Counts must be of the same size.")
    for value in (*numbers, *datum.get("StatisticValues", {}).values(), datum.get("Value", 0)):
        if not math.isfinite(value) or abs(value) > _LARGEST:
            raise errors.invalid_value(f"The value {value} for parameter {where}.Value is invalid.")
    if "Timestamp" in datum and not -OLDEST_S <= seconds(datum["Timestamp"]) - now_s <= NEWEST_S:
        raise errors.invalid_value(
            f"The parameter {where}.Timestamp must specify a time within the past two weeks, "
            "or no more than two hours in the future."
        )
