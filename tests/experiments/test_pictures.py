"""The picture grammar: words for times, ticks, summaries; and what is drawn."""

from __future__ import annotations

import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from helpers.experiments import pictures, render
from helpers.experiments.pictures import Span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.25, "0.25 s"), (1.04, "1 s"), (12.5, "12.5 s"), (90, "90 s"), (119, "119 s"), (120, "2 min"),
     (150, "2.5 min"), (3_600, "60 min"), (7_200, "2 h"), (5_400, "90 min"), (86_400, "1 day"), (129_600, "1.5 days"),
     (1_209_600, "14 days")],
)  # fmt: skip
def test_times_read_as_people_say_them(seconds: float, words: str) -> None:
    assert pictures.human(seconds) == words


@pytest.mark.parametrize(
    ("length_s", "step_s"),
    [(8, 1), (9, 2), (60, 10), (200, 30), (600, 120), (3_600, 600), (86_400, 10_800), (1_209_600, 172_800)],
)
def test_ticks_stand_at_steps_in_which_people_count(length_s: float, step_s: float) -> None:
    assert pictures.tick_step(length_s) == step_s


def test_the_stretch_with_most_flags_is_drawn() -> None:
    flags = [place in (3, 40, 41, 44, 70) for place in range(100)]
    assert pictures.stretch(flags, 10) == range(35, 45)
    assert pictures.stretch(flags[:8], 10) == range(8)
    assert pictures.stretch([False] * 50, 10) == range(10)


def test_a_running_sum_takes_changes_of_one_instant_as_one_step() -> None:
    assert pictures.change_points([(2.0, 1), (1.0, 1), (2.0, -2)], 5) == ([0.0, 1.0, 2.0, 5], [0.0, 1, 0, 0])


def test_a_thinned_series_keeps_its_peak_and_its_end() -> None:
    times = [float(t) for t in range(10_000)]
    values = [1.0] * 10_000
    values[5_432] = 9.0
    values[-1] = 4.0
    shorter_times, shorter = pictures.thin(times, values)
    assert len(shorter) < 1_000
    assert max(shorter) == 9.0
    assert (shorter_times[-1], shorter[-1]) == (9_999.0, 4.0)


def test_every_state_has_a_look_of_its_own() -> None:
    looks = list(pictures.STATES.values())
    assert len(set(looks)) == len(looks)
    pairs = [
        (one, other) for one in looks for other in looks if one is not other and one.colour == other.colour
    ]
    # Where two states share a colour their texture tells them apart.
    assert all((a.width, a.dashes, a.core) != (b.width, b.dashes, b.core) for a, b in pairs)


@pytest.mark.parametrize(
    ("start", "end", "names"),
    [
        (0, 12, ["0", "2", "4", "6", "8", "10", "12 KB"]),
        (388, 400, ["388", "390", "392", "394", "396", "398", "400 KB"]),
        (0, 0.4, ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4 KB"]),
        (0, 18_000, ["0", "5,000", "10,000", "15,000 KB"]),
    ],
)
def test_a_number_axis_names_its_unit_once(start: float, end: float, names: list[str]) -> None:
    figure = Figure(figsize=(9, 5.6), dpi=100)
    axes = pictures.panel(figure, 0.1, 0.1, 0.9, 0.9)
    pictures.number_axis(axes, start, end, "KB")
    assert [text.get_text() for text in axes.texts] == names


def test_a_number_axis_may_have_steps_of_its_own() -> None:
    figure = Figure(figsize=(9, 5.6), dpi=100)
    axes = pictures.panel(figure, 0.1, 0.1, 0.9, 0.9)
    pictures.number_axis(axes, 8, 20, "KB", step=4)
    assert [text.get_text() for text in axes.texts] == ["8", "12", "16", "20 KB"]


def test_lanes_are_line_collections_with_the_first_lane_on_top() -> None:
    figure = Figure(figsize=(9, 5.6), dpi=100)
    upper, lower = pictures.layout(figure)
    assert lower is not None
    pictures.time_axis(upper, 60)
    pictures.lanes(upper, [Span(0, 0, 10, "work"), Span(1, 5, 20, "failed"), Span(1, 20, 50, "hidden")], 2)
    assert upper.get_ylim() == (1.5, -0.5)
    drawn = [c for c in upper.collections if isinstance(c, LineCollection)]
    segments = [tuple(map(tuple, segment)) for c in drawn for segment in c.get_segments()]
    assert ((0.0, 0.0), (10.0, 0.0)) in segments
    assert ((5.0, 1.0), (20.0, 1.0)) in segments


def test_a_long_title_is_set_smaller_and_not_cut() -> None:
    figure = Figure(figsize=(9, 5.6), dpi=100)
    pictures.headline(figure, "x" * 120, "y" * 40)
    title = figure.texts[0]
    assert title.get_text() == "x" * 120
    assert title.get_fontsize() < 9


def test_the_same_picture_has_the_same_bytes() -> None:
    def draw(figure: Figure) -> str:
        upper, _ = pictures.layout(figure, below=False)
        pictures.time_axis(upper, 300)
        pictures.lanes(upper, [Span(i, i, i + 30, "again") for i in range(20)], 20)
        pictures.limit_line(upper, 120, "timeout", across=False)
        pictures.beside(upper, 290, 3, "a note that would leave the picture")
        return "Words."

    assert render(draw) == render(draw)


def test_links_lie_under_the_bars_that_they_tie() -> None:
    figure = Figure()
    upper, _ = pictures.layout(figure, below=False)
    pictures.lanes(upper, [Span(0, 0, 1, "work"), Span(1, 2, 3, "work")], 2)
    pictures.links(upper, [((1, 0), (3, 1))], pictures.WRONG)
    *bars, links = [one for one in upper.collections if isinstance(one, LineCollection)]
    assert [tuple(map(tuple, segment)) for segment in links.get_segments()] == [((1, 0), (3, 1))]
    assert all(links.get_zorder() < bar.get_zorder() for bar in bars[1:])
