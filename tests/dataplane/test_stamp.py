"""Instants as boto3 takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from helpers.dataplane.stamp import instant, seconds

EIGHT = 1_767_600_000


@pytest.mark.parametrize(
    "stamp",
    [
        datetime(2026, 1, 5, 8),  # noqa: DTZ001  # boto3 takes it for UTC
        datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=1))),
        "2026-01-05T08:00Z",
        "2026-01-05T09:00:00+01:00",
        "2026-01-05 08:00",
        "1767600000.0",
        1_767_600_000,
    ],
)
def test_every_form_is_the_same_instant(stamp):
    assert seconds(stamp) == EIGHT


def test_an_instant_is_exact_to_the_microsecond():
    assert instant(EIGHT + 0.000_001_4) == datetime(2026, 1, 5, 8, 0, 0, 1, tzinfo=UTC)
