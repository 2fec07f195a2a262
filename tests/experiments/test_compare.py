"""Comparisons: what differs between two settings, and what comes of it."""

from __future__ import annotations

import io

import pytest
from bell import Bell
from PIL import Image

from helpers.experiments import ParameterError, Run, compare


def test_differences_are_named_and_numbers_tabulated(bell: Bell) -> None:
    compared = compare(Run.parse("99_bells.bell"), Run.parse("99_bells.bell?gap_s=10&echo=true&seed=2"))
    assert compared.differing == {"gap_s": (1.0, 10.0), "echo": (False, True), "seed": (0, 2)}
    assert compared.frame.to_dict("list") == {
        "quantity": ["rings", "echoes", "lasted_s", "claim:short", "claim:silent"],
        "a": [10, 0, 9.1, "true", "true"],
        "b": [10, 10, 90.2, "false", "false"],
    }
    assert compared.text == (
        "Gap 1 s → 10 s, echo no → yes, seed 0 → 2. Echoes 0 → 10; lasted (s) 9.1 → 90.2. "
        "“It is over in a minute.” is true in the first and false in the second. "
        "“Nothing echoes.” is true in the first and false in the second."
    )


def test_the_same_settings_twice(bell: Bell) -> None:
    compared = compare(Run.parse("99_bells.bell"), Run.parse("99_bells.bell"))
    assert compared.differing == {}
    assert compared.text == "The two settings are the same. Every number of the summary is the same."


def test_picture_is_of_the_comparison(bell: Bell) -> None:
    a, b = Run.parse("99_bells.bell"), Run.parse("99_bells.bell?echo=true")
    first, again, turned = compare(a, b), compare(a, b), compare(b, a)
    assert Image.open(io.BytesIO(first.png)).size == (900, 560)
    assert first.png == again.png != turned.png


def test_two_experiments_cannot_be_compared(bell: Bell) -> None:
    other = type("Other", (Bell,), {"id": "99_bells.other"})()
    with pytest.raises(ParameterError) as caught:
        compare(Run(bell, bell.values()), Run(other, other.values()))
    assert (
        str(caught.value)
        == "A comparison needs two runs of one experiment, not 99_bells.bell and 99_bells.other."
    )
