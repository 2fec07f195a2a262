"""The embedded metric format: a JSON log line that names its own metrics.

Page: GUIDE/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from typing import Any

MOST_METRICS, MOST_DIMENSIONS, MOST_VALUES = 100, 30, 100


def extracted(message: str) -> list[tuple[str, dict[str, Any]]]:
    """The data in the line: namespace, and a datum as PutMetricData takes it. Empty if the line is not in the format or
    breaks one of its rules.
    """
    if '"_aws"' not in message:
        return []
    try:
        root = json.loads(message)
        about = root["_aws"]
        stamp_s = about["Timestamp"] / 1000
        return [
            (directive["Namespace"], {**datum, "Timestamp": stamp_s})
            for directive in about["CloudWatchMetrics"]
            if len(directive["Metrics"]) <= MOST_METRICS
            for dimensions in directive["Dimensions"]
            if len(dimensions) <= MOST_DIMENSIONS and all(isinstance(root[name], str) for name in dimensions)
            for definition in directive["Metrics"]
            if (datum := _datum(root, dimensions, definition)) is not None
        ]
    except (ValueError, KeyError, TypeError):
        return []


def _datum(root: dict[str, Any], dimensions: list[str], definition: dict[str, Any]) -> dict[str, Any] | None:
    value = root[definition["Name"]]
    values = value if isinstance(value, list) else [value]
    if len(values) > MOST_VALUES or not all(_is_number(each) for each in values):
        return None
    return {
        "MetricName": definition["Name"],
        "Dimensions": [{"Name": name, "Value": root[name]} for name in dimensions],
        "Unit": definition.get("Unit", "None"),
        "StorageResolution": definition.get("StorageResolution", 60),
        "Values": values,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
