"""The picture of a trail: what it marks, what it says in words, and that it stays small and quick."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.record import TrailRow
from helpers.grading.report.timeline import Departure, instant, kind, timeline

SVG = "{http://www.w3.org/2000/svg}"


def svg(figure: str) -> ET.Element:
    """The SVG of a figure; it must be well-formed by itself."""
    found = re.search(r"<svg .*?</svg>", figure, re.DOTALL)
    assert found
    return ET.fromstring(found[0].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def words(figure: str) -> str:
    """The text of a figure without its tags."""
    parts: list[str] = []
    parser = HTMLParser()
    parser.handle_data = parts.append
    parser.feed(figure)
    return " ".join(" ".join(parts).split())


def row(
    start_s: float, actor: str = "a", operation: str = "SendMessage", error: str | None = None
) -> TrailRow:
    return TrailRow(start_s, start_s + 0.02, actor, "sqs", operation, error)


def test_the_picture_in_words() -> None:
    picture = svg(timeline(samples.trail(), [Departure(58.4, "worker-2", "check 1")], "trail-1"))
    said = (
        "Check 1: at 58.4 s worker-2 called sqs DeleteMessage. 49 calls by 4 actors in 2 min 14 s: 24 SendMessage, "
        "16 DeleteMessage, 6 ReceiveMessage, 2 CreateQueue and others; 1 refused."
    )
    assert picture.get("role") == "img"
    assert picture.get("aria-labelledby") == "trail-1-t trail-1-d"
    assert [(one.get("id"), one.text) for one in picture if one.tag in {f"{SVG}title", f"{SVG}desc"}] == [
        ("trail-1-t", "Trail of calls"),
        ("trail-1-d", said),
    ]


def test_lanes_ticks_and_counts_are_labelled() -> None:
    picture = svg(timeline(samples.trail(), [Departure(58.4, "worker-2")]))
    texts = [(one.get("class"), one.text) for one in picture.iter(f"{SVG}text")]
    assert texts == [
        ("tick", "0"), ("tick", "30 s"), ("tick", "60 s"), ("tick", "90 s"), ("tick", "2 min"),
        ("lane", "you"), ("lane", "producer"), ("lane", "worker-1"), ("lane", "worker-2"),
        ("count", "×24"), (None, "▼ it departs here, 58.4 s"),
    ]  # fmt: skip


def test_the_departure_stands_where_its_row_stands() -> None:
    trail = [row(0), row(50, "b"), row(100)]
    picture = svg(timeline(trail, [Departure(50, "b")]))
    [circle] = picture.iter(f"{SVG}circle")
    # Lane 2 of 2, half of the time from 124 to 704 (the trail ends at 100.02 s).
    assert (circle.get("cx"), circle.get("cy")) == ("413.9", "69")
    [here] = (one for one in picture if one.get("class") == "here")
    assert list(picture)[-1] is here  # on top of everything else
    [calls] = (one for one in picture if one.get("class") == "calls")
    assert [one.get("class") for one in calls] == ["busy", "write"]


def test_the_calls_around_the_departure_are_a_table() -> None:
    trail = [row(one, operation=f"Send{one}") for one in range(20)]
    figure = timeline(trail, [Departure(10, "a")])
    calls = re.findall(r"<td>(?:<strong>▶ )?sqs (Send\d+)", figure)
    assert calls == [f"Send{one}" for one in range(6, 15)]
    assert "<strong>▶ sqs Send10</strong> (it departs here)" in figure
    assert "<caption>" in figure
    assert figure.count('scope="col"') == 3


def test_two_checks_that_point_to_one_row_share_its_label() -> None:
    figure = timeline([row(1)], [Departure(1, "a", "check 1"), Departure(1, "a", "check 3")])
    assert "▼ check 1, check 3, 1 s" in figure


def test_labels_of_departures_that_are_close_stand_on_lines_of_their_own() -> None:
    trail = [row(0), row(50, "b"), row(60, "c"), row(100, "d")]
    picture = svg(timeline(trail, [Departure(50, "b", "check 1"), Departure(60, "c", "check 2")]))
    labels = [(one.text, one.get("y")) for one in picture.iter(f"{SVG}text") if one.get("text-anchor")]
    assert labels == [("▼ check 1, 50 s", "14"), ("▼ check 2, 60 s", "30")]
    alone = svg(timeline(trail, [Departure(0, "a", "check 1"), Departure(100, "d", "check 2")]))
    labels = [(one.text, one.get("y")) for one in alone.iter(f"{SVG}text") if one.get("text-anchor")]
    assert labels == [("▼ check 1, 0 s", "14"), ("▼ check 2, 100 s", "14")]


def test_days_after_a_departure_do_not_press_it_into_a_corner() -> None:
    trail = [row(0), row(20, "b"), row(41, "b"), row(42, "b"), row(1_209_600)]
    said = words(timeline(trail, [Departure(20, "b")]))
    assert "3 calls by 2 actors in 41 s: 3 SendMessage. 2 calls of the trail are not shown." in said
    assert "5 calls by 2 actors in 14 d" in words(timeline(trail))
    assert "5 calls by 2 actors in 14 d" in words(timeline(trail, [Departure(1_209_600, "a")]))


@pytest.mark.parametrize("departure", [Departure(1, "b"), Departure(1.5, "a"), Departure(-1, "")])
def test_a_departure_that_is_no_row_is_left_out(departure: Departure) -> None:
    assert timeline([row(1)], [departure]) == timeline([row(1)])


def test_an_instant_rounded_to_milliseconds_still_finds_its_row() -> None:
    assert "it departs here" in timeline([row(1.23456)], [Departure(1.235, "a")])


def test_no_trail_no_picture() -> None:
    assert timeline([]) == ""


def test_kinds_differ_in_shape() -> None:
    operations = [
        "ReceiveMessage",
        "PutItem",
        "DeleteMessage",
        "CreateQueue",
        "UpdateItem",
        "UpdateTable",
        "Invoke",
    ]
    assert [kind(row(0, operation=one)) for one in operations] == [
        "read", "write", "end", "set", "write", "set", "write",
    ]  # fmt: skip
    assert kind(row(0, operation="PutItem", error="ThrottlingException")) == "error"
    trail = [row(10 * place, operation=one) for place, one in enumerate(operations[:4])]
    trail.append(row(90, error="E"))
    picture = svg(timeline(trail))
    shapes = [
        one.get("d", "")
        for one in picture.iter(f"{SVG}path")
        if one.get("class") in {"read", "write", "end", "set", "error"}
    ]
    assert len({re.sub(r"M[\d.]+ [\d.]+", "", shape) for shape in shapes}) == 5


def test_a_long_trail_is_shown_around_the_departure() -> None:
    trail = [row(one, f"actor {one % 3}") for one in range(1_000)]
    figure = timeline(trail, [Departure(700, "actor 1")])
    assert (
        "200 calls by 3 actors in 3 min 19 s: 200 SendMessage. 800 calls of the trail are not shown."
        in words(figure)
    )
    assert "▼ it departs here, 11 min 40 s" in figure


def test_many_actors_share_the_last_lane_but_not_the_one_that_departs() -> None:
    trail = [row(one, f"worker-{one}") for one in range(40)]
    picture = svg(timeline(trail, [Departure(33, "worker-33")]))
    lanes = [one.text for one in picture.iter(f"{SVG}text") if one.get("class") == "lane"]
    assert lanes == [*(f"worker-{one}" for one in range(10)), "worker-33", "29 others"]


def test_functions_that_a_check_called_in_turn_share_a_lane() -> None:
    trail = [row(0, "you"), row(50, "you-2"), row(100, "you-3"), row(100, "you-too")]
    figure = timeline(trail, [Departure(50, "you-2")])
    lanes = [one.text for one in svg(figure).iter(f"{SVG}text") if one.get("class") == "lane"]
    assert lanes == ["you", "you-too"]
    assert "at 50 s you called sqs SendMessage. 4 calls by 2 actors" in words(figure)


def test_dense_calls_become_a_band_with_their_number() -> None:
    trail = [row(one / 100) for one in range(150)] + [row(100)]
    picture = svg(timeline(trail))
    assert [one.text for one in picture.iter(f"{SVG}text") if one.get("class") == "count"] == ["×150"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (31, "31 s"),
        (58.4, "58.4 s"),
        (125.5, "2 min 5.5 s"),
        (180, "3 min"),
        (7200, "2 h"),
    ],
)
def test_instants_in_units_that_people_count_in(seconds: float, said: str) -> None:
    assert instant(seconds) == said


rows = st.builds(
    lambda start, length, actor, operation, error: TrailRow(
        start, start + length, actor, "sqs", operation, error
    ),
    st.floats(0, 1e7) | st.sampled_from([0.0, 1.0]),
    st.floats(0, 1e5),
    st.text(st.characters(), max_size=40) | st.sampled_from(["a", "b"]),
    st.text(st.characters(), max_size=40),
    st.none() | st.text(st.characters(), max_size=20),
)


@given(st.lists(rows, max_size=30), st.integers(0, 29))
def test_any_trail_gives_a_well_formed_picture_within_its_frame(trail: list[TrailRow], place: int) -> None:
    trail.sort(key=lambda one: one.start_s)
    departures = [Departure(round(trail[place].start_s, 3), trail[place].actor)] if place < len(trail) else []
    figure = timeline(trail, departures)
    if not trail:
        assert figure == ""
        return
    picture = svg(figure)
    _, _, width, height = map(float, picture.get("viewBox", "").split())
    for one in picture.iter():
        x, y = float(one.get("x", "0")), float(one.get("y", "0"))
        assert 0 <= x <= width
        assert 0 <= y <= height


def test_a_picture_costs_less_than_two_milliseconds_and_few_kilobytes() -> None:
    trail = [
        row(one / 3, f"worker-{one % 6}", operation) for one in range(200) for operation in ["ReceiveMessage"]
    ]
    took = []
    for _ in range(20):
        started = time.thread_time()
        figure = timeline(trail, [Departure(round(50 / 3, 3), "worker-2")])
        took.append(time.thread_time() - started)
    assert min(took) < 0.002
    assert len(figure) < 8_000
