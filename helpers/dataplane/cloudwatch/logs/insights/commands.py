"""The commands of a query, each a step from rows to rows. Page: LOGS/CWL_QuerySyntax.html"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from helpers.dataplane.cloudwatch.logs.insights.scope import Group, Row, Value
from helpers.dataplane.cloudwatch.logs.insights.values import is_true, natural, number, text


@dataclass(slots=True)
class Table:
    """The rows on their way through the commands, the newest first, and the names of the columns to show."""

    rows: list[Row]
    columns: list[str] = field(default_factory=list)
    matched: int | None = None
    """How many events the filters before the first stats or dedup let through; None: all of them."""
    aggregated: bool = False
    """Whether the rows are results of stats and no log events any more."""


class Command(Protocol):
    """A step of a query."""

    def apply(self, table: Table) -> None:
        """Change the table as the command says."""


class Column(NamedTuple):
    """A column: its name and what stands in it."""

    name: str
    value: Value


@dataclass(slots=True)
class Fields:
    """Compute and show columns beside those that are shown (LOGS/CWL_QuerySyntax-Fields.html)."""

    columns: Sequence[Column]

    def apply(self, table: Table) -> None:
        """Add the columns."""
        for row in table.rows:
            for column in self.columns:
                held = column.value(row)
                if held is not None:
                    row.fields[column.name] = held
        table.columns += [each.name for each in self.columns if each.name not in table.columns]


@dataclass(slots=True)
class Display:
    """Show these columns alone; the last display counts (LOGS/CWL_QuerySyntax-Display.html)."""

    columns: Sequence[Column]

    def apply(self, table: Table) -> None:
        """Replace the columns."""
        table.columns = []
        Fields(self.columns).apply(table)


@dataclass(slots=True)
class Filter:
    """Keep the rows for which the condition holds (LOGS/CWL_QuerySyntax-Filter.html)."""

    condition: Value

    def apply(self, table: Table) -> None:
        """Drop the others."""
        table.rows = [row for row in table.rows if is_true(self.condition(row))]


@dataclass(slots=True)
class Parse:
    """Take fields out of a text; where it does not match, they are missing (LOGS/CWL_QuerySyntax-Parse.html)."""

    source: str
    regex: re.Pattern[str]
    groups: Mapping[str, int]
    """Field -> number of its group."""

    def apply(self, table: Table) -> None:
        """Add the fields; they are shown only if a later command says so."""
        for row in table.rows:
            held = text(row.look(self.source))
            match = None if held is None else self.regex.search(held)
            if match is None:
                continue
            found = {name: match[group] for name, group in self.groups.items()}
            row.fields |= {name: value for name, value in found.items() if value is not None}


@dataclass(slots=True)
class Stats:
    """One row for each group of rows (LOGS/CWL_QuerySyntax-Stats.html)."""

    columns: Sequence[Column]
    by: Sequence[Column]

    def apply(self, table: Table) -> None:
        """Replace rows and columns by the results."""
        if table.matched is None:
            table.matched = len(table.rows)
        groups: dict[tuple[str | None, ...], Group] = {}
        for row in table.rows:
            held = {each.name: each.value(row) for each in self.by}
            key = tuple(map(text, held.values()))
            groups.setdefault(key, Group([], held)).rows.append(row)
        if not self.by and not groups:
            groups[()] = Group([])
        for group in groups.values():
            for column in self.columns:
                group.fields[column.name] = column.value(group)
        table.rows = [
            Row({name: held for name, held in group.fields.items() if held is not None})
            for group in groups.values()
        ]
        table.columns = [each.name for each in (*self.by, *self.columns)]
        table.aggregated = True


@dataclass(slots=True)
class Sort:
    """Order the rows by AWS's natural order (LOGS/CWL_QuerySyntax-Sort.html)."""

    keys: Sequence[tuple[Value, bool]]
    """What to compare, the most important first, and whether it descends."""

    def apply(self, table: Table) -> None:
        """Order them."""
        for value, descending in reversed(self.keys):
            table.rows.sort(key=lambda row: natural(value(row)), reverse=descending)


@dataclass(slots=True)
class Limit:
    """Keep the first rows (LOGS/CWL_QuerySyntax-Limit.html)."""

    count: int

    def apply(self, table: Table) -> None:
        """Drop the rest."""
        if table.matched is None:
            table.matched = len(table.rows)
        table.rows = table.rows[: self.count]


@dataclass(slots=True)
class Dedup:
    """Keep the first row of each combination of values; rows that lack one of them stay
    (LOGS/CWL_QuerySyntax-Dedup.html).
    """

    by: Sequence[Value]

    def apply(self, table: Table) -> None:
        """Drop the duplicates."""
        if table.matched is None:
            table.matched = len(table.rows)
        seen: set[tuple[str | None, ...]] = set()
        kept = []
        for row in table.rows:
            key = tuple(text(each(row)) for each in self.by)
            if None in key or key not in seen:
                kept.append(row)
            seen.add(key)
        table.rows = kept


def newest_first(rows: list[Row]) -> list[Row]:
    """The order in which events come when nobody sorts them."""
    return sorted(rows, key=lambda row: -(number(row.fields["@timestamp"]) or 0))
