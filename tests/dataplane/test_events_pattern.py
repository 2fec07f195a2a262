"""Event patterns and schedules, as the guide's examples have them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.cloud import ServiceError
from helpers.dataplane.events.pattern import Pattern
from helpers.dataplane.events.schedule import Schedule
from helpers.dataplane.events.transformer import input_of

EVENT = {
    "source": "aws.ec2",
    "resources": ["arn:1", "arn:2"],
    "detail": {
        "state": "running",
        "count": 3,
        "price": 10.5,
        "ip": "10.0.0.9",
        "file": "dir/a.png",
        "none": None,
        "empty": "",
        "tags": ["x", "y"],
    },
}


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({"state": ["running", "stopped"]}, True),
        ({"state": ["Running"]}, False),
        ({"state": ["running"], "count": [4]}, False),
        ({"count": [3]}, True),
        ({"count": ["3"]}, False),
        ({"tags": ["y"]}, True),
        ({"tags": [{"anything-but": "x"}]}, True),
        ({"none": [None]}, True),
        ({"empty": [""]}, True),
        ({"state": [{"prefix": "run"}]}, True),
        ({"state": [{"prefix": {"equals-ignore-case": "RUN"}}]}, True),
        ({"file": [{"suffix": ".png"}]}, True),
        ({"file": [{"suffix": {"equals-ignore-case": ".PNG"}}]}, True),
        ({"state": [{"equals-ignore-case": "RUNNING"}]}, True),
        ({"state": [{"anything-but": "running"}]}, False),
        ({"state": [{"anything-but": ["stopped", "pending"]}]}, True),
        ({"count": [{"anything-but": [1, 2]}]}, True),
        ({"state": [{"anything-but": {"prefix": "run"}}]}, False),
        ({"file": [{"anything-but": {"suffix": [".txt", ".rtf"]}}]}, True),
        ({"state": [{"anything-but": {"equals-ignore-case": ["RUNNING"]}}]}, False),
        ({"file": [{"anything-but": {"wildcard": "dir/*"}}]}, False),
        ({"file": [{"wildcard": "dir/*.png"}]}, True),
        ({"file": [{"wildcard": "*.jpg"}]}, False),
        ({"count": [{"numeric": [">", 0, "<=", 3]}]}, True),
        ({"count": [{"numeric": ["<", 3]}]}, False),
        ({"state": [{"numeric": ["=", 3]}]}, False),
        ({"ip": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"ip": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"state": [{"exists": True}]}, True),
        ({"gone": [{"exists": False}]}, True),
        ({"gone": [{"exists": True}]}, False),
        ({"$or": [{"state": ["stopped"]}, {"count": [{"numeric": [">", 2]}]}]}, True),
        ({"$or": [{"state": ["stopped"]}, {"count": [1]}]}, False),
    ],
)
def test_operators_of_patterns(wanted: dict[str, Any], matches: bool) -> None:
    assert Pattern(json.dumps({"detail": wanted})).matches(EVENT) is matches


@given(st.integers(-100, 100), st.integers(-100, 100))
def test_numeric_range_is_the_comparison(low: int, value: int) -> None:
    pattern = Pattern(json.dumps({"detail": {"n": [{"numeric": [">=", low]}]}}))
    assert pattern.matches({"detail": {"n": value}}) is (value >= low)


@pytest.mark.parametrize(
    "text", ["x", "{}", '{"a": 1}', '{"a": []}', '{"a": [{"like": 1}]}', '{"a": [{"numeric": ["!", 1]}]}']
)
def test_bad_patterns_are_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="InvalidEventPatternException"):
        Pattern(text)


def test_pattern_is_tested_by_the_api(cloud: Cloud) -> None:
    pattern = json.dumps({"source": ["aws.ec2"]})
    assert (
        cloud.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(EVENT))["Result"]
        is True
    )


NOW = datetime(2026, 1, 5, 9, 0, 30, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("cron(0 12 * * ? *)", "2026-01-05 12:00"),
        ("cron(0 9 * * ? *)", "2026-01-06 09:00"),
        ("cron(5,35 14 * * ? *)", "2026-01-05 14:05"),
        ("cron(0/15 * * * ? *)", "2026-01-05 09:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-05 18:00"),
        ("cron(0 8 1 * ? *)", "2026-02-01 08:00"),
        ("cron(15 10 ? * 6L 2026-2027)", "2026-01-30 10:15"),
        ("cron(0 0 ? * 3#2 *)", "2026-01-13 00:00"),
        ("cron(0 0 L FEB ? *)", "2026-02-28 00:00"),
        ("cron(0 0 3W * ? *)", "2026-02-03 00:00"),
        ("cron(0/30 20-2 ? * * *)", "2026-01-05 20:00"),
    ],
)
def test_cron_expressions(text: str, due: str) -> None:
    found = Schedule(text, NOW).after(NOW)
    assert found is not None
    assert f"{found:%Y-%m-%d %H:%M}" == due


def test_cron_expression_that_is_over() -> None:
    assert Schedule("cron(0 0 1 1 ? 2020)", NOW).after(NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 hours)",
        "rate(5 hour)",
        "rate(0 minutes)",
        "rate(10 seconds)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 * * * ? *)",
        "cron(0 12 * * ?)",
        "daily",
    ],
)
def test_bad_schedules_are_refused(text: str) -> None:
    with pytest.raises(ServiceError, match="ValidationException"):
        Schedule(text, NOW)


RULE = {"Arn": "arn:aws:events:us-east-1:123456789012:rule/r", "Name": "r"}


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ({"Input": '"x"'}, '"x"'),
        ({"InputPath": "$.detail.state"}, '"running"'),
        (
            {"InputTransformer": {"InputPathsMap": {"s": "$.detail.state"}, "InputTemplate": '"is in <s>"'}},
            '"is in running"',
        ),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"s": "$.detail.state", "t": "$.detail.tags[1]"},
                    "InputTemplate": '{"s": <s>, "l": [9, <t>], "rule": <aws.events.rule-name>, "gone": "<no>"}',
                }
            },
            '{"s": "running", "l": [9, "y"], "rule": "r", "gone": ""}',
        ),
        (
            {"InputTransformer": {"InputTemplate": '{"all": <aws.events.event>}'}},
            '{"all": {"source":"aws.ec2","resources":["arn:1","arn:2"]}}',
        ),
    ],
)
def test_input_of_targets(target: dict[str, Any], text: str) -> None:
    assert input_of(target, EVENT, RULE, "2026-01-05T09:00:00Z") == text
