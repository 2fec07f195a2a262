"""Filter policies: what a subscription accepts, with the limits of what it may say.

Pages: GUIDE/sns-subscription-filter-policies.html, GUIDE/subscription-filter-policy-constraints.html,
GUIDE/and-or-logic.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.sns import errors, patterns
from helpers.dataplane.sns.message import Message, value_of

MOST_KEYS = 5
MOST_COMBINATIONS = 150
MOST_BYTES = 256 * 1024
MOST_WILDCARD_POINTS = 100
MOST_WILDCARDS = 3  # in one pattern

ATTRIBUTES, BODY = "MessageAttributes", "MessageBody"


class Verdict(StrEnum):
    """What a filter says of a message; the value ends the name of the metric that counts the rejected ones."""

    ACCEPTED = ""
    ATTRIBUTES = "MessageAttributes"
    BODY = "MessageBody"
    INVALID_ATTRIBUTES = "InvalidAttributes"
    NO_ATTRIBUTES = "NoMessageAttributes"
    INVALID_BODY = "InvalidMessageBody"


class FilterPolicy:
    """One filter policy with its scope."""

    def __init__(self, text: str, scope: str = ATTRIBUTES) -> None:
        """Read the policy, a JSON text. Raises InvalidParameter for a policy that AWS would not take."""
        if scope not in (ATTRIBUTES, BODY):
            raise _refused(f'FilterPolicyScope "{scope}" is neither MessageAttributes nor MessageBody', "")
        if len(text.encode()) > MOST_BYTES:
            raise _refused("the policy has more than 256 KB")
        try:
            policy = json.loads(text)
        except ValueError:
            raise _refused("failed to parse JSON.") from None
        if not isinstance(policy, dict):
            raise _refused("Policy must be a JSON object")
        self.scope = scope
        self._policy: dict[str, Any] = policy
        fields = list(_fields(policy, 1, nested=scope == BODY))
        if len(fields) > MOST_KEYS:
            raise _refused(f"Filter policy can not have more than {MOST_KEYS} keys")
        self.combinations = _combinations(policy, 1)
        if self.combinations > MOST_COMBINATIONS:
            raise _refused("Filter policy is too complex")
        self.wildcard_points = sum(_points(rules) for _, rules, _ in fields)
        if self.wildcard_points > MOST_WILDCARD_POINTS:
            raise _refused("Filter policy has wildcards that are too complex")

    def judge(self, message: Message) -> Verdict:
        """Whether the subscription gets the message, or why not."""
        if self.scope == BODY:
            try:
                body = message.parsed
            except ValueError:
                return Verdict.INVALID_BODY
            if not isinstance(body, dict):
                return Verdict.INVALID_BODY
            return Verdict.ACCEPTED if patterns.match(self._policy, body) else Verdict.BODY
        if not message.attributes:
            return Verdict.NO_ATTRIBUTES
        try:
            seen = _seen(message.attributes)
        except ValueError:
            return Verdict.INVALID_ATTRIBUTES
        return Verdict.ACCEPTED if patterns.match(self._policy, seen) else Verdict.ATTRIBUTES


def _seen(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Attributes as JSON values: binary ones are ignored. Raises ValueError for an array that is none."""
    seen: dict[str, Any] = {}
    for name, attribute in attributes.items():
        data_type = attribute["DataType"]
        if data_type.startswith("Binary"):
            continue
        value: Any = value_of(attribute)
        if data_type.endswith(".Array"):
            value = json.loads(value)
            if not isinstance(value, list):
                raise ValueError(f"{name} is no array")
        elif data_type.startswith("Number"):
            value = float(value)
        seen[name] = value
    return seen


def _refused(why: str, what: str = "FilterPolicy: ") -> ServiceError:
    return errors.invalid(f"{what}{why}")


def _fields(policy: Mapping[str, Any], depth: int, *, nested: bool) -> Iterator[tuple[str, list[Any], int]]:
    """The leaf keys, each with its rules and its level, checked."""
    for key, value in policy.items():
        if patterns.is_or(key, value):
            for one in value:
                yield from _fields(one, depth, nested=nested)
        elif isinstance(value, dict):
            if not nested:
                raise _refused(
                    "Filter policy scope MessageAttributes does not support nested filter policy", ""
                )
            yield from _fields(value, depth + 1, nested=nested)
        elif isinstance(value, list) and value:
            for rule in value:
                why = patterns.wrong(rule)
                if why:
                    raise _refused(why)
                if _wildcards(rule) > MOST_WILDCARDS:
                    raise _refused(f"A wildcard pattern may have {MOST_WILDCARDS} wildcards")
            yield key, value, depth
        else:
            raise _refused(f'"{key}" must be an object or an array')


def _combinations(policy: Mapping[str, Any], depth: int) -> int:
    """The product over the keys of number of values times level; alternatives of $or are added
    (GUIDE/and-or-logic.html).
    """
    product = 1
    for key, value in policy.items():
        if patterns.is_or(key, value):
            product *= sum(_combinations(one, depth) for one in value)
        elif isinstance(value, dict):
            product *= _combinations(value, depth + 1)
        else:
            product *= len(value) * depth
    return product


def _wildcards(rule: Any) -> int:
    """The number of wildcards in a pattern."""
    if isinstance(rule, dict):
        inner = rule.get("anything-but")
        pattern = inner.get("wildcard") if isinstance(inner, dict) else rule.get("wildcard")
        return pattern.count("*") if isinstance(pattern, str) else 0
    return 0


def _points(rules: list[Any]) -> int:
    """Wildcard complexity of a field: the sum of its patterns' points, times the number of patterns.

    One wildcard is a point, several are three, anything-but is one. A field without wildcards has none.
    """
    if not any(_wildcards(rule) for rule in rules):
        return 0
    patterns_of = [
        rule for rule in rules if isinstance(rule, dict) and {"anything-but", "wildcard"} & set(rule)
    ]
    points = [1 if "anything-but" in rule or _wildcards(rule) < 2 else 3 for rule in patterns_of]
    return sum(points) * len(patterns_of)
