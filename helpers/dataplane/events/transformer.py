"""What a target is sent of an event: all of it, a part, a constant, or a template filled in.

Pages: API/API_Target.html, GUIDE/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from typing import Any

_MISSING = object()
_VARIABLE = re.compile(r"<([^<>\s]+)>")
_STEP = re.compile(r"\.([\w/-]+|\*)|\[(\d+|\*)\]")


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def input_of(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], arrived: str) -> str:
    """The text that the target of `rule` is sent; `arrived` is when EventBridge received the event (ISO 8601)."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return compact(found(event, target["InputPath"], {}))
    if "InputTransformer" in target:
        return _filled(target["InputTransformer"], event, rule, arrived)
    return compact(event)


def _filled(transformer: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], arrived: str) -> str:
    values = {
        name: found(event, path, _MISSING) for name, path in transformer.get("InputPathsMap", {}).items()
    }
    values |= {
        "aws.events.rule-arn": rule["Arn"],
        "aws.events.rule-name": rule["Name"],
        "aws.events.event.ingestion-time": arrived,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    template = transformer["InputTemplate"]

    def fill(match: re.Match[str]) -> str:
        value = values.get(match[1], _MISSING)
        if value is _MISSING:
            return ""
        before = template[: match.start()].replace('\\"', "")
        if before.count('"') % 2:  # inside a string: bare text, without quotes
            return value if isinstance(value, str) else compact(value).replace('"', "")
        return compact(value)

    return _VARIABLE.sub(fill, template)


def found(event: Any, path: str, missing: Any = None) -> Any:
    """What a path such as $.detail.items[0] points to; `missing` if there is nothing."""
    value: Any = event
    for match in _STEP.finditer(path.removeprefix("$")):
        name, index = match.groups()
        if name == "*" or index == "*":
            value = list(value.values()) if isinstance(value, dict) else value
        elif name is not None:
            value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
        else:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else _MISSING
        if value is _MISSING:
            return missing
    return value
