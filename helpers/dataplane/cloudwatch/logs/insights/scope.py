"""What an expression looks its names up in: a log event, or a group of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Window(NamedTuple):
    """When a query was started (seconds since 1970), and the span of time that it looks at (milliseconds)."""

    now_s: int
    start_ms: int
    end_ms: int


class Scope(Protocol):
    """Where names have values."""

    def look(self, name: str) -> Any:
        """The value of a field, None if there is none."""


Value = Callable[[Any], Any]
"""An expression as a function of its scope (a `Row`, or a `Group` in stats)."""


@dataclass(slots=True)
class Row:
    """A log event, or a line of results: its fields by name."""

    fields: dict[str, Any]

    def look(self, name: str) -> Any:
        """The field, or what lies inside a map or list of that name; None if there is none."""
        if name in self.fields:
            return self.fields[name]
        if "." not in name:
            return None
        head, *steps = name.split(".")
        for cut in range(len(steps)):
            held = self.fields.get(".".join([head, *steps[:cut]]))
            if isinstance(held, (dict, list)):
                return _inside(held, steps[cut:])
        return None


def _inside(held: Any, steps: list[str]) -> Any:
    if not steps:
        return held
    if isinstance(held, dict):
        for cut in range(len(steps), 0, -1):  # a name may hold dots itself
            name = ".".join(steps[:cut])
            if name in held:
                return _inside(held[name], steps[cut:])
    if isinstance(held, list) and steps[0].isdigit() and int(steps[0]) < len(held):
        return _inside(held[int(steps[0])], steps[1:])
    return None


@dataclass(slots=True)
class Group:
    """The rows that stats sees together; `fields` holds what they are grouped by, and the results so far."""

    rows: list[Row]
    fields: dict[str, Any] = field(default_factory=dict)

    def look(self, name: str) -> Any:
        """What the rows are grouped by, or an earlier result of this stats."""
        return self.fields.get(name)
