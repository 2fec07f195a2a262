"""Instants as boto3 gives them and as X-Ray reckons: a datetime, and seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def stamp(at_s: float) -> datetime:
    """The instant `at_s` seconds after 1970 began."""
    return datetime.fromtimestamp(round(at_s, 6), UTC)


def seconds(at: Any) -> float:
    """The seconds since 1970 of a datetime (UTC if it names no zone) or a number."""
    if isinstance(at, datetime):
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return float(at)
