"""The operators of filter policies, and whether a policy matches.

Pages: GUIDE/string-value-matching.html, GUIDE/numeric-value-matching.html, GUIDE/attribute-key-matching.html,
GUIDE/and-or-logic.html.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from helpers.dataplane.pattern_tree import leaves, matches

MOST_NUMBER = 1e9
DECIMALS = 5  # digits of accuracy after the decimal point

_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LEAST_ALTERNATIVES = 2


def is_or(key: str, value: Any) -> bool:
    """True if the key is the OR operator: two or more objects, none with a reserved word as a key."""
    return (
        key == "$or"
        and isinstance(value, list)
        and len(value) >= _LEAST_ALTERNATIVES
        and all(isinstance(one, dict) and not set(one) & set(_OPERANDS) for one in value)
    )


# What a rule may say


def wrong(rule: Any) -> str:
    """Why this is no rule of a filter policy, in one sentence; "" if it is one."""
    if isinstance(rule, (str, bool)) or rule is None:
        return ""
    if isinstance(rule, (int, float)):
        return "" if _is_number(rule) else "Numbers lie between -1,000,000,000 and 1,000,000,000"
    if not isinstance(rule, dict) or len(rule) != 1:
        return "Match value must be String, number, true, false, or null"
    ((name, operand),) = rule.items()
    check = _OPERANDS.get(name)
    if check is None:
        return f"Unrecognized match type {name}"
    return "" if check(operand) else f"The value of {name} is not one that {name} can match"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MOST_NUMBER


def _is_text(operand: Any) -> bool:
    return isinstance(operand, str)


def _is_range(operand: Any) -> bool:
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        return False
    signs, numbers = operand[::2], operand[1::2]
    if not all(sign in _SIGNS for sign in signs) or not all(_is_number(number) for number in numbers):
        return False
    if len(signs) == 1:
        return True
    return signs[0] in (">", ">=") and signs[1] in ("<", "<=") and bool(numbers[0] < numbers[1])


def _is_network(operand: Any) -> bool:
    try:
        ip_network(operand)
    except (ValueError, TypeError):
        return False
    return isinstance(operand, str)


def _is_exception(operand: Any) -> bool:
    if isinstance(operand, dict):
        return len(operand) == 1 and all(
            name in ("prefix", "suffix", "wildcard") and _is_text(value) for name, value in operand.items()
        )
    values = operand if isinstance(operand, list) else [operand]
    return bool(values) and all(_is_text(one) or _is_number(one) for one in values)


_OPERANDS: dict[str, Callable[[Any], bool]] = {
    "exists": lambda operand: isinstance(operand, bool),
    "prefix": _is_text,
    "suffix": _is_text,
    "wildcard": _is_text,
    "equals-ignore-case": _is_text,
    "cidr": _is_network,
    "numeric": _is_range,
    "anything-but": _is_exception,
}
# Operator -> whether its operand is well-formed.


# Matching


def match(policy: Mapping[str, Any], seen: Any) -> bool:
    """True if every key of the policy matches. Of a list of objects, one has to match them all."""
    return matches(policy, seen, _any_rule, is_or)


def _any_rule(rules: list[Any], seen: Mapping[str, Any], key: str) -> bool:
    held = leaves(seen, key)
    for rule in rules:
        if isinstance(rule, dict) and "exists" in rule:
            if any(leaf not in (None, "") for leaf in held) is rule["exists"]:
                return True
        elif any(_holds(rule, leaf) for leaf in held):
            return True
    return False


def _holds(rule: Any, leaf: Any) -> bool:
    if not isinstance(rule, dict):
        return _equal(rule, leaf)
    ((name, operand),) = rule.items()
    if name == "anything-but":
        if isinstance(operand, dict):
            return isinstance(leaf, str) and not _holds(operand, leaf)
        return not any(_equal(one, leaf) for one in (operand if isinstance(operand, list) else [operand]))
    if name == "numeric":
        return _is_number(leaf) and all(
            _SIGNS[sign](round(leaf, DECIMALS), round(number, DECIMALS))
            for sign, number in zip(operand[::2], operand[1::2], strict=True)
        )
    return isinstance(leaf, str) and _TEXTS[name](leaf, operand)


def _in_network(text: str, network: str) -> bool:
    try:
        return ip_address(text) in ip_network(network)
    except ValueError:
        return False


def _like(text: str, pattern: str) -> bool:
    return (
        re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
    )


_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "prefix": str.startswith,
    "suffix": str.endswith,
    "wildcard": _like,
    "equals-ignore-case": lambda text, wanted: text.casefold() == wanted.casefold(),
    "cidr": _in_network,
}


def _equal(wanted: Any, leaf: Any) -> bool:
    if _is_number(wanted) and _is_number(leaf):
        return bool(round(wanted, DECIMALS) == round(leaf, DECIMALS))
    return type(wanted) is type(leaf) and bool(wanted == leaf)
