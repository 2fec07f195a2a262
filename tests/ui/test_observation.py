"""An observation as HTML and as a still."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from helpers.dataplane import Cloud
from helpers.ui.observation import Observed, observation_html, observe
from helpers.ui.observation_still import still_html


def _alarm(cloud: Cloud) -> None:
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "orders"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )


@pytest.fixture(scope="module")
def seen() -> Observed:
    return observe("21_lambda.async_retry", _alarm)


def test_a_metric_is_a_row_with_its_numbers_and_its_course(seen: Observed) -> None:
    html = observation_html(seen.observation)
    (row,) = [row for row in html.split("<tr>") if "<code>Errors</code>" in row and "FunctionName" in row]
    assert re.findall(r'align="right">([\d,]+)<', row) == ["9", "9", "1", "1"]
    assert 'aria-label="Sum of each period, at most 3"' in row


def test_an_alarm_shows_its_state_and_history(seen: Observed) -> None:
    html = observation_html(seen.observation)
    assert "1 alarm<" in html
    assert "<code>errors</code>" in html
    assert "to ALARM" in html


@pytest.mark.parametrize("made", [observation_html, still_html])
def test_lines_and_traces_are_folded_under_what_they_are(seen: Observed, made: Callable[..., str]) -> None:
    summaries = re.findall(r"<summary>(.*?)</summary>", made(seen.observation))
    assert summaries == [
        "Log group /aws/lambda/orders: 37 lines",
        "One of 3 traces: shop, 3 min 12 s, 11 segments",
    ]


def test_the_service_map_is_the_picture_of_the_still(seen: Observed) -> None:
    still = seen.still()
    assert still.png is not None
    assert still.png.startswith(b"\x89PNG")
    assert "orders" in still.alt
    assert still.text.startswith("21_lambda.async_retry: 20 metrics, 1 alarm, 1 log group, 3 traces")


def test_nothing_seen_is_said() -> None:
    html = observe("22_dynamodb.hot_key").still().html
    assert "No alarm was set." in html
    assert "Log group" not in html
