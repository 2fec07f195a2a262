"""The instants that a call names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def seconds(stamp: Any) -> float:
    """Seconds since 1970 of a timestamp as boto3 takes it: a datetime (naive: UTC), an ISO text, or the number."""
    if isinstance(stamp, str):
        stamp = datetime.fromisoformat(stamp)
    if isinstance(stamp, datetime):
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    return float(stamp)
