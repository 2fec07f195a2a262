"""The trail: every attempt of every API call, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd


class Row(NamedTuple):
    """One attempt. Times are microseconds since the Cloud was opened.

    `region` is that of the caller's client, empty for what a service notes without a call. `access_key` is that of the
    caller, empty for the account's own credentials.
    """

    start_us: int
    call: int
    attempt: int
    end_us: int
    actor: str
    service: str
    operation: str
    parameters: dict[str, Any]
    response: dict[str, Any] | None
    error: str | None
    region: str = ""
    access_key: str = ""


COLUMNS = (
    "time_s",
    "duration_s",
    "actor",
    "service",
    "operation",
    "parameters",
    "response",
    "error",
    "call",
    "attempt",
)


def copied(value: Any) -> Any:
    """`value` with its dicts and lists copied, so that what the caller does to them later does not rewrite
    the trail.

    A body that is a stream is named, not read.
    """
    if isinstance(value, dict):
        return {
            key: copied(item) if isinstance(item, (dict, list)) else _settled(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [copied(item) for item in value]
    return _settled(value)


def _settled(value: Any) -> Any:
    return "(stream, not read)" if hasattr(value, "read") else value


class Trail:
    """Rows in the order in which their attempts end; the table is ordered by start."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._frame: pd.DataFrame | None = None
        self.listeners: list[Callable[[Row], None]] = []
        """Who is told of each attempt when it is added."""

    def add(self, row: Row) -> None:
        """Append one attempt."""
        self._rows.append(row)
        self._frame = None
        for listener in self.listeners:
            listener(row)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        """The rows ordered by start, then by call and attempt."""
        return iter(sorted(self._rows, key=lambda row: row[:3]))

    def frame(self) -> pd.DataFrame:
        """A DataFrame with a row per attempt, ordered by start.

        Columns: `time_s` (start, seconds since the Cloud was opened), `duration_s`, `actor`, `service`,
        `operation` (the API's name), `parameters` (as the caller gave them), `response` (without
        ResponseMetadata; None after an error),
        `error` (the code, or None), `call` (numbered from 1) and `attempt` (from 1).
        """
        if self._frame is None:
            import pandas as pd

            rows = list(self)
            columns: dict[str, list[Any]] = {
                "time_s": [row.start_us / 1e6 for row in rows],
                "duration_s": [(row.end_us - row.start_us) / 1e6 for row in rows],
                "actor": [row.actor for row in rows],
                "service": [row.service for row in rows],
                "operation": [row.operation for row in rows],
                "parameters": [row.parameters for row in rows],
                "response": [row.response for row in rows],
                "error": [row.error for row in rows],
                "call": [row.call for row in rows],
                "attempt": [row.attempt for row in rows],
            }
            texts = {"actor", "service", "operation", "parameters", "response", "error"}
            self._frame = pd.DataFrame(
                {
                    name: pd.Series(values, dtype=object if name in texts else None)
                    for name, values in columns.items()
                }
            )
        return self._frame.copy(deep=False)
