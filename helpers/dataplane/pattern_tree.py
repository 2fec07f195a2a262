"""How the patterns of Lambda's filters, SNS's filter policies and EventBridge's rules are laid over data.

A pattern is a tree of keys; at its leaves stand lists of rules, of which one must hold. What a rule says differs by
service. Page: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Fits = Callable[[list[Any], Mapping[str, Any], str], bool]
"""Whether one of the rules holds for what the object has at the key, if it has it."""


def is_or(key: str, wanted: Any) -> bool:
    """True if the key is the OR operator, with its alternatives."""
    return key == "$or" and isinstance(wanted, list)


def matches(
    pattern: Mapping[str, Any], seen: Any, fits: Fits, is_or: Callable[[str, Any], bool] = is_or
) -> bool:
    """True if every key of the pattern matches. Of a list of objects, one has to match them all."""
    if isinstance(seen, list):
        return any(matches(pattern, element, fits, is_or) for element in seen)
    if not isinstance(seen, dict):
        seen = {}
    for key, wanted in pattern.items():
        if is_or(key, wanted):
            if not any(matches(one, seen, fits, is_or) for one in wanted):
                return False
        elif isinstance(wanted, dict):
            if not matches(wanted, seen.get(key), fits, is_or):
                return False
        elif not fits(wanted, seen, key):
            return False
    return True


def leaves(seen: Mapping[str, Any], key: str) -> list[Any]:
    """The values at a key that are no objects; of a list, its elements."""
    if key not in seen:
        return []
    value = seen[key]
    return [one for one in (value if isinstance(value, list) else [value]) if not isinstance(one, dict)]
