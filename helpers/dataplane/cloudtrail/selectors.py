"""Which events a trail logs.

Pages: API/API_EventSelector.html, API/API_DataResource.html, API/API_AdvancedFieldSelector.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.cloudtrail.data_events import BASIC_TYPES
from helpers.dataplane.cloudtrail.event import Event
from helpers.dataplane.cloudtrail.limits import MOST_SELECTORS

USUAL = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]
"""The selectors of a trail that was given none: all management events, no data events."""

_EVERYTHING = {"arn:aws:s3", "arn:aws:lambda", "arn:aws:dynamodb", "arn:aws:s3:::"}

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda held, wanted: held == wanted,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def check(asked: dict[str, Any]) -> None:
    """Raises ServiceError for what PutEventSelectors refuses."""
    basic, advanced = asked.get("EventSelectors"), asked.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise _invalid("Give either EventSelectors or AdvancedEventSelectors.")
    if len(basic or ()) > MOST_SELECTORS:
        raise _invalid(f"A trail has at most {MOST_SELECTORS} event selectors.")
    for each in basic or ():
        for named in each.get("DataResources", ()):
            if named["Type"] not in BASIC_TYPES:
                raise _invalid(f"{named['Type']} needs advanced event selectors.")
    for each in advanced or ():
        if not any(field["Field"] == "eventCategory" for field in each["FieldSelectors"]):
            raise _invalid("An advanced event selector must select an eventCategory.")


def logs(settings: dict[str, Any], event: Event) -> bool:
    """Whether a trail with these selectors (as PutEventSelectors takes them) logs the event."""
    if settings.get("AdvancedEventSelectors"):
        return any(_advanced(each, event) for each in settings["AdvancedEventSelectors"])
    return any(_basic(each, event) for each in settings.get("EventSelectors") or USUAL)


def _basic(selector: dict[str, Any], event: Event) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind not in ("All", "ReadOnly" if event.read_only else "WriteOnly"):
        return False
    if event.management:
        left_out = selector.get("ExcludeManagementEventSources") or ()
        return bool(selector.get("IncludeManagementEvents", True)) and event.source not in left_out
    return any(
        named["Type"] == event.data_type and any(_named(value, event) for value in named.get("Values", ()))
        for named in selector.get("DataResources") or ()
    )


def _named(value: str, event: Event) -> bool:
    if value in _EVERYTHING:
        return True
    prefixed = event.data_type == "AWS::S3::Object"
    arns = [each.arn for each in event.resources]
    return any(arn.startswith(value) if prefixed else arn == value for arn in arns)


def _advanced(selector: dict[str, Any], event: Event) -> bool:
    return all(_field(each, event) for each in selector["FieldSelectors"])


def _field(selector: dict[str, Any], event: Event) -> bool:
    held = _held(selector["Field"], event)
    for name, wanted in selector.items():
        if name == "Field":
            continue
        test = _OPERATORS[name.removeprefix("Not")]
        found = any(test(each, value) for each in held for value in wanted)
        if found is name.startswith("Not"):
            return False
    return True


def _held(field: str, event: Event) -> list[str]:
    return {
        "eventCategory": ["Management" if event.management else "Data"],
        "eventName": [event.name],
        "eventSource": [event.source],
        "readOnly": ["true" if event.read_only else "false"],
        "resources.type": [event.data_type],
        "resources.ARN": [each.arn for each in event.resources],
        "userIdentity.arn": [str(event.identity.element.get("arn", ""))],
        "eventType": ["AwsApiCall"],
        "errorCode": [event.row.error or ""],
    }.get(field, [])


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidEventSelectorsException", message)
