"""What a query gives for the events that it reads. Page: API/API_GetQueryResults.html"""

from __future__ import annotations

from typing import Any, NamedTuple

from helpers.dataplane.cloudwatch.logs.insights.commands import Table, newest_first
from helpers.dataplane.cloudwatch.logs.insights.parser import USUAL_ROWS, Query
from helpers.dataplane.cloudwatch.logs.insights.scope import Row
from helpers.dataplane.cloudwatch.logs.insights.values import text

_USUAL_COLUMNS = ["@timestamp", "@message"]  # what is shown if no command says what


class Result(NamedTuple):
    """The rows as GetQueryResults gives them, and how many events matched."""

    rows: list[list[dict[str, str]]]
    matched: int


def run(query: Query, rows: list[Row], limit: int | None) -> Result:
    """The result of the query on these events; `limit` is that of StartQuery."""
    table = Table(newest_first(rows))
    for command in query.commands:
        command.apply(table)
    most = min(each for each in (query.limit, limit, None if query.limit or limit else USUAL_ROWS) if each)
    matched = len(table.rows) if table.matched is None else table.matched
    columns = table.columns or _USUAL_COLUMNS
    return Result([_shown(row, columns, table.aggregated) for row in table.rows[:most]], matched)


def _shown(row: Row, columns: list[str], aggregated: bool) -> list[dict[str, Any]]:
    names = columns if aggregated or "@ptr" in columns else [*columns, "@ptr"]
    cells = ((name, text(row.look(name))) for name in names)
    return [{"field": name, "value": value} for name, value in cells if value is not None]
