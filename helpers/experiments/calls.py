"""The calls of a trail as plain rows, which experiments read quicker than a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

    from helpers.cloud.trail import Row


class CallRow(NamedTuple):
    """One attempt of a call: a row of the trail.

    `start_s` is when it began, `end_s` when its reply came (which is when the service acted); `attempt` counts from 1
    within the call. One that was refused has an empty response, and `error` is the error's code.
    """

    start_s: float
    end_s: float
    actor: str
    service: str
    operation: str
    parameters: dict[str, Any]
    response: dict[str, Any]
    error: str | None
    attempt: int


def call_rows(attempts: Iterable[Row]) -> list[CallRow]:
    """The rows of `Cloud.attempts`, without a table on the way: oldest first."""
    return [
        _row(
            row.start_us / 1e6,
            (row.end_us - row.start_us) / 1e6,
            row.actor,
            row.service,
            row.operation,
            row.parameters,
            row.response,
            row.error,
            row.attempt,
        )
        for row in attempts
    ]


def calls(trail: pd.DataFrame) -> list[CallRow]:
    """The rows of a trail, in its order: oldest first."""
    columns = [
        trail[name].tolist()
        for name in (
            "time_s", "duration_s", "actor", "service", "operation", "parameters", "response", "error", "attempt",
        )
    ]  # fmt: skip
    return [_row(*values) for values in zip(*columns, strict=True)]


def _row(
    start_s: float,
    duration_s: float,
    actor: str,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    response: dict[str, Any] | None,
    error: str | None,
    attempt: int,
) -> CallRow:
    end_s = start_s + duration_s
    return CallRow(start_s, end_s, actor, service, operation, parameters, response or {}, error, attempt)
