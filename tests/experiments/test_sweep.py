"""Sweeps: one quantity over one parameter."""

from __future__ import annotations

import io
import threading

import pytest
from bell import Bell
from PIL import Image

from helpers.cloud import Stopped
from helpers.experiments import ParameterError, Run, sweep
from helpers.experiments.sweep import in_words, shown


def test_frame_has_every_number_and_verdict(bell: Bell) -> None:
    swept = sweep(Run.parse("99_bells.bell?rings=5"), "gap_s", [0, 10, 20], "lasted_s")
    assert swept.frame.to_dict("list") == {
        "gap_s": [0.0, 10.0, 20.0],
        "rings": [5, 5, 5],
        "echoes": [0, 0, 0],
        "lasted_s": [0.05, 40.05, 80.05],
        "claim:short": ["true", "true", "false"],
        "claim:silent": ["true", "true", "true"],
    }
    assert swept.text == (
        "Lasted (s) is 0.05 at gap 0 s and 80.05 at 20 s; lowest 0.05 (at 0 s), highest 80.05 (at 20 s). "
        "A claim does not hold at 20 s."
    )


def test_the_first_number_that_moves_is_drawn_over_the_whole_range(bell: Bell) -> None:
    swept = sweep(Run.parse("99_bells.bell"), "gap_s")
    assert swept.quantity == "lasted_s"
    assert list(swept.frame["gap_s"]) == [0.0, 12.5, 25.0, 37.5, 50.0, 62.5, 75.0, 87.5, 100.0]
    assert swept.text.endswith(
        "A claim does not hold at 8 of the 9 values, the first 12.5 s, the last 100 s."
    )


def test_nothing_moves(bell: Bell) -> None:
    swept = sweep(Run.parse("99_bells.bell"), "metal")
    assert (swept.quantity, swept.text) == ("rings", "Rings stays 10 for every metal from bronze to iron.")


def test_picture_is_of_the_sweep(bell: Bell) -> None:
    run = Run.parse("99_bells.bell")
    first, again, other = (
        sweep(run, "echo", None, quantity) for quantity in ("echoes", "echoes", "lasted_s")
    )
    assert Image.open(io.BytesIO(first.png)).size == (900, 560)
    assert first.png == again.png != other.png


@pytest.mark.parametrize(
    ("parameter", "values", "quantity", "said"),
    [
        ("gap", None, None, "99_bells.bell has no parameter 'gap'; did you mean gap_s?"),
        ("gap_s", [-1], None, "gap_s (gap) must be a number between 0 s and 100 s; got -1 s."),
        ("gap_s", [], None, "A sweep over gap_s needs at least one value."),
        (
            "gap_s",
            [1],
            "last_s",
            "The summary of 99_bells.bell has no number 'last_s'; did you mean lasted_s?",
        ),
    ],
)
def test_impossible_sweep_is_one_sentence(
    bell: Bell, parameter: str, values: list[float] | None, quantity: str | None, said: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        sweep(Run.parse("99_bells.bell"), parameter, values, quantity)
    assert str(caught.value) == said


def test_a_sweep_can_be_stopped(bell: Bell) -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        sweep(Run.parse("99_bells.bell?rings=5000"), "gap_s", progress=lambda _: stop.set(), stop=stop)


def test_words() -> None:
    assert [in_words(name) for name in ("calls", "makespan_s", "calls_per_h", "empty_receives", "s")] == [
        "calls",
        "makespan (s)",
        "calls per h",
        "empty receives",
        "s",
    ]
    assert [shown(value) for value in (3, 1234567, 0.25, 2.0, 1234.56, "yes")] == [
        "3",
        "1,234,567",
        "0.25",
        "2",
        "1,234.6",
        "yes",
    ]
