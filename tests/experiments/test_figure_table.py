from __future__ import annotations

import pytest
from bell import Bell
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers.experiments import Run, pictures
from helpers.experiments.catalog import catalog
from helpers.experiments.figure_table import FigureTable, tables, time_text
from helpers.experiments.pictures import Span

EXPERIMENTS = sorted(catalog())


def drawn() -> tuple[Figure, list[FigureTable]]:
    """A small picture with all that the grammar has, and its tables."""
    figure = Figure(figsize=(9.0, 5.6))
    upper, lower = pictures.layout(figure)
    assert lower is not None
    pictures.time_axis(upper, 200, labels=False)
    pictures.time_axis(lower, 200)
    spans = [
        Span(0, 0, 12.5, "work"),
        Span(1, 20, 20, "wait"),
        Span(1, 20, 150, "failed"),
        Span(2.2, 3, 4, "again"),
    ]
    pictures.lanes(upper, spans, 3)
    pictures.lane_names(upper, [0, 2], ["message 1", "3"])
    pictures.marks(upper, [(12.5, 0)], "done")
    pictures.note(upper, 20, 1, "it waits")
    upper.axvspan(30, 60, label="the server is down")
    pictures.steps(lower, [0, 10, 30], [0, 2, 1], "waiting", "#0072B2")
    pictures.steps(lower, [0, 20], [1, 3], colour="#D55E00")
    pictures.note(lower, 20, 3, "in flight", "#D55E00")
    pictures.limit_line(lower, 2, "at most 2")
    pictures.level(lower, 3, "messages")
    pictures.headline(figure, "A title", "its values")
    return figure, tables(figure)


def test_bars_curves_marks_limits_areas_and_words_are_read_back() -> None:
    _, found = drawn()
    above, below = "part 1 of the picture", "part 2 of the picture"
    assert found == [
        FigureTable(
            f"Bars, {above}",
            ("Message", "Virtual time, from", "to", "What"),
            (
                ("1", "0 s", "12.5 s", "work"),
                ("2", "20 s", "2 min 30 s", "failed"),
                ("3", "3 s", "4 s", "done again"),
            ),
            (1, 2),
        ),
        FigureTable(f"Marks, {above}", ("Mark", "Virtual time", "Message"), (("done", "12.5 s", "1"),), (1,)),
        FigureTable(
            f"Shaded areas, {above}",
            ("Area", "From", "To"),
            (("the server is down", "30 s", "60 s"),),
            (1, 2),
        ),
        FigureTable(
            f"Words in the picture, {above}",
            ("Words", "Virtual time", "Message"),
            (("it waits", "20 s", "2"),),
            (1,),
        ),
        FigureTable(
            f"Curves, {below}",
            ("Virtual time", "waiting", "in flight"),
            (("0 s", "0", "1"), ("10 s", "2", "1"), ("20 s", "2", "3"), ("30 s", "1", "3")),
            (0, 1, 2),
        ),
        FigureTable(f"Limits, {below}", ("Limit", "At"), (("at most 2", "2"),), (1,)),
    ]


def test_plain_curves_points_and_upright_bars_of_any_figure() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_xlabel("size (kB)")
    axes.set_ylabel("cost")
    axes.plot([1, 3], [10, 20.25], label="read")
    axes.plot([2, 3], [5, 6], label="write")
    axes.scatter([2], [1_500], label="here")
    axes.vlines([1, 2], 0, [3, 4], label="each")
    axes.barh([0.5], [7], height=1.0)
    head = ("Size (kB)", "read", "write")
    bars, uprights, curves, marks = tables(figure)
    assert bars.rows == (("0.5", "0", "7"),)
    assert (uprights.head, uprights.rows) == (
        ("Size (kB)", "Cost, from", "to", "What"),
        (("1", "0", "3", "each"), ("2", "0", "4", "each")),
    )
    assert (curves.head, curves.rows) == (head, (("1", "10", ""), ("2", "", "5"), ("3", "20.25", "6")))
    assert marks.rows == (("here", "2", "1,500"),)


def test_a_figure_of_words_alone_gives_its_words() -> None:
    figure = Figure()
    pictures.headline(figure, "The title", "the values")
    assert tables(figure) == [FigureTable("Words in the picture", ("Words",), (("the values",),))]
    assert tables(Figure()) == []


def test_times_are_exact_where_they_are_short() -> None:
    said = {
        0.0: "0 s",
        0.0204: "0.02 s",
        95.125: "95.12 s",
        119.9: "119.9 s",
        150: "2 min 30 s",
        -14.4: "-14.4 s",
    }
    assert {value: time_text(value) for value in said} == said


def test_names_for_the_reader_leave_no_trace_in_the_picture() -> None:
    named, _ = drawn()
    plain, _ = drawn()
    for axes in plain.axes:
        axes.set(xlabel="", ylabel="")
        for artist in (*axes.lines, *axes.collections, *axes.texts):
            artist.set(label="_nolabel", gid=None)
    pixels = []
    for figure in (named, plain):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no type for it
        pixels.append(bytes(canvas.buffer_rgba()))  # type: ignore[no-untyped-call]  # likewise
    assert pixels[0] == pixels[1]


def test_an_outcome_reads_its_own_picture(bell: Bell) -> None:
    outcome = Run(bell, bell.values()).outcome()
    before = outcome.png()
    assert outcome.tables() == outcome.tables() != []
    assert Run(bell, bell.values()).outcome().png() == before


@pytest.mark.slow
@pytest.mark.parametrize("section", sorted({name.partition(".")[0] for name in EXPERIMENTS}))
def test_every_experiment_has_its_picture_as_tables(section: str) -> None:
    for name in EXPERIMENTS:
        if not name.startswith(f"{section}."):
            continue
        experiment = catalog()[name]
        found = Run(experiment, experiment.values()).outcome().tables()
        assert found, name
        for table in found:
            assert table.caption, name
            assert table.rows, name
            assert all(table.head), (name, table.head)
            assert {len(row) for row in table.rows} == {len(table.head)}, name
            assert not [cell for row in table.rows for cell in row if cell in ("nan", "inf")], name
        assert len({table.caption for table in found}) == len(found), name
        assert any(table.numeric for table in found), name


def table_of(experiment: str, caption: str, **values: object) -> FigureTable:
    declared = catalog()[experiment]
    found = Run(declared, declared.values(**values)).outcome().tables()
    return next(one for one in found if one.caption.startswith(caption))


def test_lambda_tries_again_after_one_and_two_minutes() -> None:
    """The rule: the first retry of an asynchronous event comes 1 min after the failure, the second 2 min."""
    bars = table_of("21_lambda.async_retry", "Bars")
    runs = [("0 s", "4 s"), ("64 s", "68 s"), ("3 min 8 s", "3 min 12 s")]
    waits = [("4 s", "64 s"), ("68 s", "3 min 8 s")]
    of_one = [row[1:] for row in bars.rows if row[0] == "order 1"]
    assert sorted(of_one) == sorted(
        [(*run, "failed") for run in runs] + [(*wait, "waiting") for wait in waits]
    )


def test_twice_the_memory_halves_the_time_below_one_vcpu() -> None:
    bars = table_of("21_lambda.memory", "Bars, part 1")
    seconds = {lane: float(to.removesuffix(" s")) for lane, _, to, _ in bars.rows}
    assert seconds["256 MB"] == pytest.approx(seconds["128 MB"] / 2, abs=0.01)
    assert seconds["512 MB"] == pytest.approx(seconds["128 MB"] / 4, abs=0.01)
    assert all(start == "0 s" for _, start, _, _ in bars.rows)
