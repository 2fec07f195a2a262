"""What others are told of an alarm's change of state.

Pages: GUIDE/Notify_Users_Alarm_Changes.html#alarm-sns-schema (topics),
GUIDE/alarms-and-actions-Lambda.html#Lambda-action-payload (functions), GUIDE/cloudwatch-and-eventbridge.html (events)
"""

from __future__ import annotations

import json
from typing import Any

from helpers.cloud import ids
from helpers.dataplane.cloudwatch.alarm import Alarm, Condition
from helpers.dataplane.cloudwatch.reasons import stamp

_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
}


def subject(alarm: Alarm) -> str:
    """The subject of the message to a topic, at most 100 characters."""
    text = f'{alarm.condition.value}: "{alarm.name}" in {region_name(alarm)}'
    return text if len(text) <= 100 else f"{text[:97]}..."


def region_name(alarm: Alarm) -> str:
    """The name of the alarm's Region for readers."""
    region = alarm.arn.split(":")[3]
    return _REGIONS.get(region, region)


def message(alarm: Alarm, before: Condition, triggering: list[str]) -> str:
    """The message to a topic, a JSON text."""
    settings, condition = alarm.settings, alarm.condition
    told: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": settings.get("AlarmDescription"),
        "AWSAccountId": alarm.arn.split(":")[4],
    }
    if not alarm.composite:
        told["AlarmConfigurationUpdatedTimestamp"] = stamp(alarm.configured_at)
    told |= {
        "NewStateValue": condition.value,
        "NewStateReason": condition.reason,
        "StateChangeTime": stamp(condition.at),
        "Region": region_name(alarm),
        "AlarmArn": alarm.arn,
        "OldStateValue": before.value,
        "OKActions": settings["OKActions"],
        "AlarmActions": settings["AlarmActions"],
        "InsufficientDataActions": settings["InsufficientDataActions"],
    }
    if alarm.composite:
        told |= {"AlarmRule": settings["AlarmRule"], "TriggeringChildren": triggering}
    else:
        told["Trigger"] = _trigger(settings)
    return json.dumps(told)


def _trigger(settings: dict[str, Any]) -> dict[str, Any]:
    trigger: dict[str, Any] = {}
    if "MetricName" in settings:
        extended = "ExtendedStatistic" in settings
        trigger = {
            "MetricName": settings["MetricName"],
            "Namespace": settings["Namespace"],
            "StatisticType": "ExtendedStatistic" if extended else "Statistic",
            "ExtendedStatistic" if extended else "Statistic": settings.get("ExtendedStatistic")
            or settings["Statistic"].upper(),
            "Unit": settings.get("Unit"),
            "Dimensions": [
                {"value": each["Value"], "name": each["Name"]} for each in settings.get("Dimensions", [])
            ],
            "Period": settings["Period"],
        }
    else:
        trigger["Metrics"] = settings["Metrics"]
    return trigger | {
        "EvaluationPeriods": settings["EvaluationPeriods"],
        "DatapointsToAlarm": settings["DatapointsToAlarm"],
        "ComparisonOperator": settings["ComparisonOperator"],
        "Threshold": settings["Threshold"],
        "TreatMissingData": settings["TreatMissingData"],
        "EvaluateLowSampleCountPercentile": settings.get("EvaluateLowSampleCountPercentile", ""),
    }


def for_function(alarm: Alarm, before: Condition, suppressed_before: str) -> dict[str, Any]:
    """The event that a function is invoked with."""
    _, _, _, region, account_id, *_ = alarm.arn.split(":")
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": account_id,
        "time": stamp(alarm.condition.at),
        "region": region,
        "alarmData": _data(alarm, before, suppressed_before),
    }


def for_bus(alarm: Alarm, before: Condition, suppressed_before: str) -> dict[str, Any]:
    """The event "CloudWatch Alarm State Change" on the default bus."""
    _, _, _, region, account_id, *_ = alarm.arn.split(":")
    return {
        "version": "0",
        "id": ids.uuid4(),
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": account_id,
        "time": f"{alarm.condition.at:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": [alarm.arn],
        "detail": _data(alarm, before, suppressed_before),
    }


def _data(alarm: Alarm, before: Condition, suppressed_before: str) -> dict[str, Any]:
    return {
        "alarmName": alarm.name,
        "state": _condition(alarm.condition, alarm.suppressed_by),
        "previousState": _condition(before, suppressed_before),
        "configuration": _configuration(alarm.settings),
    }


def _condition(condition: Condition, suppressed_by: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"value": str(condition.value), "reason": condition.reason}
    if condition.data:
        shown["reasonData"] = condition.data
    shown["timestamp"] = stamp(condition.at)
    if suppressed_by:
        shown["actionsSuppressedBy"] = suppressed_by
        shown["actionsSuppressedReason"] = f"Actions suppressed by {suppressed_by}"
    return shown


def _configuration(settings: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "AlarmDescription" in settings:
        shown["description"] = settings["AlarmDescription"]
    if "AlarmRule" in settings:
        shown["alarmRule"] = settings["AlarmRule"]
        for name in ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
            if name in settings:
                shown[name[0].lower() + name[1:]] = settings[name]
        return shown
    if "Metrics" in settings:
        shown["metrics"] = [_query(each) for each in settings["Metrics"]]
        return shown
    only = {
        "Id": ids.uuid4(),
        "MetricStat": {
            "Metric": {name: settings[name] for name in ("Namespace", "MetricName", "Dimensions")},
            "Period": settings["Period"],
            "Stat": settings.get("Statistic") or settings["ExtendedStatistic"],
            **({"Unit": settings["Unit"]} if "Unit" in settings else {}),
        },
    }
    shown["metrics"] = [_query(only)]
    return shown


def _query(each: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": each["Id"]}
    for name in ("Expression", "Label"):
        if name in each:
            shown[name.lower()] = each[name]
    if "MetricStat" in each:
        metric, stat = each["MetricStat"]["Metric"], each["MetricStat"]
        shown["metricStat"] = {
            "metric": {
                "namespace": metric.get("Namespace"),
                "name": metric["MetricName"],
                "dimensions": {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])},
            },
            "period": stat["Period"],
            "stat": stat["Stat"],
            **({"unit": stat["Unit"]} if "Unit" in stat else {}),
        }
    return shown | {"returnData": each.get("ReturnData", True)}
