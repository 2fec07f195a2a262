"""What PutMetricAlarm and PutCompositeAlarm refuse, and the defaults they fill in.

Pages: API/API_PutMetricAlarm.html, API/API_PutCompositeAlarm.html
"""

from __future__ import annotations

from typing import Any

from helpers.dataplane.cloudwatch import errors
from helpers.dataplane.cloudwatch.evaluation import COMPARISONS
from helpers.dataplane.cloudwatch.rule import Rule
from helpers.dataplane.cloudwatch.series import DAY_S, HOUR_S
from helpers.dataplane.cloudwatch.values import SIMPLE, is_statistic

SHORT_PERIODS = (10, 20, 30)
"""Periods in seconds of high-resolution alarms; every other is a multiple of 60."""

MOST_ACTIONS = 5
_OF_ONE_METRIC = ("Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
_FOR_METRICS_ONLY = (":automate:", ":swf:", ":autoscaling:")


def metric_alarm(given: dict[str, Any]) -> dict[str, Any]:
    """The settings of a metric alarm. Raises ServiceError as AWS refuses them."""
    settings = _common(given)
    if "MetricName" in given:
        _one_metric(settings)
    elif "Metrics" in given:
        _metric_math(settings)
    else:
        raise errors.validation("Exactly one of MetricName and Metrics must be specified.")
    if given["ComparisonOperator"] not in COMPARISONS:
        raise errors.validation(
            f"The ComparisonOperator {given['ComparisonOperator']} is that of an anomaly detection alarm, "
            "which this course does not evaluate."
        )
    if "Threshold" not in given:
        raise errors.validation("Threshold is required for an alarm with a static threshold.")
    if settings.setdefault("DatapointsToAlarm", given["EvaluationPeriods"]) > given["EvaluationPeriods"]:
        raise errors.validation("DatapointsToAlarm must not be greater than EvaluationPeriods.")
    treatment = "ignore" if given.get("Namespace") == "AWS/DynamoDB" else "missing"
    if settings.setdefault("TreatMissingData", treatment) not in _TREATMENTS:
        raise errors.validation(f"TreatMissingData must be one of {', '.join(_TREATMENTS)}.")
    if given.get("EvaluateLowSampleCountPercentile", "evaluate") not in ("evaluate", "ignore"):
        raise errors.validation("EvaluateLowSampleCountPercentile must be evaluate or ignore.")
    _range(period_of(settings), given["EvaluationPeriods"])
    return settings


def composite_alarm(given: dict[str, Any]) -> dict[str, Any]:
    """The settings of a composite alarm. Raises ServiceError as AWS refuses them."""
    settings = _common(given)
    Rule(given["AlarmRule"])
    for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        for action in settings[name]:
            if any(kind in action for kind in _FOR_METRICS_ONLY):
                raise errors.validation(f"Invalid alarm action {action}: a composite alarm cannot take it.")
    if "ActionsSuppressor" in given:
        for name in ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
            if name not in given:
                raise errors.validation(f"{name} is required when ActionsSuppressor is specified.")
    return settings


def period_of(settings: dict[str, Any]) -> int:
    """The alarm's period in seconds: of metric math, that of its metrics."""
    if "Period" in settings:
        return int(settings["Period"])
    periods = [
        each["MetricStat"]["Period"] if "MetricStat" in each else each["Period"]
        for each in settings.get("Metrics", ())
        if "MetricStat" in each or "Period" in each
    ]
    return int(max(periods, default=60))


def _common(given: dict[str, Any]) -> dict[str, Any]:
    settings = dict(given)
    settings.setdefault("ActionsEnabled", True)
    for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        if len(settings.setdefault(name, [])) > MOST_ACTIONS:
            raise errors.validation(f"{name} has at most {MOST_ACTIONS} members.")
    return settings


def _one_metric(settings: dict[str, Any]) -> None:
    if "Metrics" in settings:
        raise errors.validation("MetricName and Metrics exclude each other.")
    for name in ("Namespace", "Period"):
        if name not in settings:
            raise errors.validation(f"{name} is required for an alarm on a metric.")
    if ("Statistic" in settings) == ("ExtendedStatistic" in settings):
        raise errors.validation("Exactly one of Statistic and ExtendedStatistic must be specified.")
    statistic = settings.get("ExtendedStatistic")
    if statistic is not None and (statistic in SIMPLE or not is_statistic(statistic)):
        raise errors.validation(f"The value {statistic} for parameter ExtendedStatistic is not supported.")
    settings.setdefault("Dimensions", [])


def _metric_math(settings: dict[str, Any]) -> None:
    for name in _OF_ONE_METRIC:
        if name in settings:
            raise errors.validation(f"{name} must not be specified together with Metrics.")
    if sum(each.get("ReturnData", True) for each in settings["Metrics"]) != 1:
        raise errors.validation("Exactly one element of the Metrics list should return data.")


def _range(period_s: int, periods: int) -> None:
    if period_s not in SHORT_PERIODS and (period_s < 60 or period_s % 60):
        raise errors.validation("Period must be 10, 20, 30 or a multiple of 60.")
    longest_s = DAY_S if period_s < HOUR_S else 7 * DAY_S
    if period_s * periods > longest_s:
        raise errors.validation(
            f"Metrics cannot be checked across more than {longest_s} seconds (EvaluationPeriods * Period must be <= "
            f"{longest_s})."
        )
