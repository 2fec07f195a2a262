"""Instants as boto3 gives them, and as planes reckon: seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_to_aware_datetime


def seconds(stamp: Any) -> float:
    """Seconds since 1970 of a timestamp as boto3 takes it: a datetime (naive: UTC), a text of it or of the number, or
    the number.
    """
    if isinstance(stamp, str):
        stamp = parse_to_aware_datetime(stamp)
    if isinstance(stamp, datetime):
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    return float(stamp)


def instant(time_s: float) -> datetime:
    """The instant so many seconds after 1970 began, in UTC, to the microsecond."""
    return datetime.fromtimestamp(round(time_s, 6), UTC)
