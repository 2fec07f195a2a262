"""An observation as lists and lines: all that the tables hold, in a third of their size."""

from __future__ import annotations

import html
import re

import pytest

from helpers.experiments.observation import AlarmShown, Observation, observe
from helpers.ui.observation import observation_html
from helpers.ui.observation_still import still_html


@pytest.fixture(scope="module")
def seen() -> Observation:
    return observe("21_lambda.async_retry")


def words_of(markup: str) -> set[str]:
    return set(re.findall(r"[\w.,:/$-]+\b", html.unescape(re.sub(r"<[^>]*>|&nbsp;", " ", markup))))


def test_it_says_every_name_and_number_of_the_tables(seen: Observation) -> None:
    heads = "Metric Over the run Samples Sum Minimum Maximum Unit Of"
    heads += " Virtual time Stream Message Segment Kind Begins Takes Ended with"
    assert words_of(observation_html(seen)) - words_of(still_html(seen)) <= set(heads.split())


def test_it_is_less_than_half_of_the_tables(seen: Observation) -> None:
    assert len(still_html(seen)) * 2 < len(observation_html(seen))


def test_a_metric_is_a_line_under_its_namespace(seen: Observation) -> None:
    assert (
        "<p>AWS/Lambda</p><ul><li><code>AsyncEventsReceived</code>, FunctionName orders: "
        'Sum of each period, at most 3 <code aria-hidden="true">█   </code> '
        "samples 3, sum 3, minimum 1, maximum 1; unit Count</li>"
    ) in still_html(seen)


def test_a_log_is_its_messages_with_their_times_by_stream(seen: Observation) -> None:
    (log,) = re.findall(r"lines</summary>(.*?)</details>", still_html(seen), re.DOTALL)
    streams, said = re.findall(r"<p>(.*?)</p>", log), re.findall(r"<pre>(.*?)</pre>", log, re.DOTALL)
    assert len(streams) == len(said) == len({stream for _, stream, _ in seen.logs[0].lines})
    assert said[0].startswith("0.00 s  INIT_START Runtime Version: python")
    assert sum(len(re.findall(r"^[\d,.]+ s  ", part, re.MULTILINE)) for part in said) == 37


def test_a_trace_is_a_line_for_each_segment_indented_by_its_depth(seen: Observation) -> None:
    (trace,) = re.findall(r"segments</summary><pre>(.*?)</pre>", still_html(seen), re.DOTALL)
    assert trace.split("\n")[:4] == [
        "shop: begins 0.000 s, takes 0.000 s",
        "  Lambda (aws Invoke): begins 0.000 s, takes 0.000 s",
        "    orders (AWS::Lambda): begins 0.000 s, takes 192.000 s",
        "      Attempt #1: begins 0.000 s, takes 4.000 s, ✘ fault",
    ]


def test_an_alarm_is_its_state_why_and_its_history() -> None:
    alarm = AlarmShown("late & slow", "ALARM", "1 of 1 points", ((60.0, "OK to ALARM"),))
    seen = Observation(run=None, virtual_s=60.0, metrics=(), alarms=(alarm,), logs=(), traces=())  # type: ignore[arg-type]  # no run is needed
    assert still_html(seen) == (
        "<p>No service published a metric.</p>"
        "<p>Alarm <code>late &amp; slow</code>: <strong>ALARM</strong>. 1 of 1 points</p>"
        "<ul><li>60 s: OK to ALARM</li></ul>"
    )
