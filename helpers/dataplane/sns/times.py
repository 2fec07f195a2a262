"""Instants as SNS writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(epoch_us: int) -> str:
    """ISO 8601 with milliseconds, in UTC, of microseconds since 1970: 2026-01-05T09:00:00.000Z."""
    instant = datetime.fromtimestamp(epoch_us // 1_000_000, UTC)
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{epoch_us // 1000 % 1000:03d}Z"
