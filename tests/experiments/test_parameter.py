"""Typed parameters: what they accept, what they say when they do not, how they are spelled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.experiments import Choice, Flag, Float, Int, Parameter, ParameterError
from helpers.experiments.parameter import unknown

TIMEOUT = Int("timeout_s", 30, "visibility timeout", "How long.", unit="s", minimum=0, maximum=43200)
CHANCE = Float("chance", 0.5, "chance", "How likely.", minimum=0.0, maximum=1.0, step=0.1)
EXTEND = Flag("extend", False, "extend", "Extend it.")
KIND = Choice("kind", "fifo", "kind", "Which.", choices=("fifo", "standard"))


@pytest.mark.parametrize(
    ("parameter", "value", "checked"),
    [
        (TIMEOUT, 0, 0),
        (TIMEOUT, 43200, 43200),
        (TIMEOUT, 10.0, 10),
        (TIMEOUT, np.int64(7), 7),
        (CHANCE, 1, 1.0),
        (CHANCE, 0.1 + 0.2, 0.3),
        (CHANCE, -0.0, 0.0),
        (CHANCE, np.float64(0.25), 0.25),
        (EXTEND, True, True),
        (EXTEND, 0, False),
        (KIND, "standard", "standard"),
    ],
)
def test_possible_value(parameter: Parameter, value: Any, checked: Any) -> None:
    result = parameter.check(value)
    assert (result, type(result)) == (checked, type(checked))


TIMEOUT_RANGE = "timeout_s (visibility timeout) must be a whole number between 0 s and 43200 s; got"


@pytest.mark.parametrize(
    ("parameter", "value", "said"),
    [
        (TIMEOUT, -1, f"{TIMEOUT_RANGE} -1 s."),
        (TIMEOUT, 43201, f"{TIMEOUT_RANGE} 43201 s."),
        (TIMEOUT, 2.5, f"{TIMEOUT_RANGE} 2.5 s."),
        (TIMEOUT, "10", f"{TIMEOUT_RANGE} '10'."),
        (TIMEOUT, True, f"{TIMEOUT_RANGE} 'True'."),
        (TIMEOUT, None, f"{TIMEOUT_RANGE} None."),
        (CHANCE, 1.5, "chance must be a number between 0 and 1; got 1.5."),
        (CHANCE, math.nan, "chance must be a number between 0 and 1; got nan."),
        (CHANCE, math.inf, "chance must be a number between 0 and 1; got inf."),
        (CHANCE, "0.5", "chance must be a number between 0 and 1; got '0.5'."),
        (CHANCE, None, "chance must be a number between 0 and 1; got None."),
        (EXTEND, "yes", "extend must be true or false; got 'yes'."),
        (EXTEND, 2, "extend must be true or false; got 2."),
        (KIND, "fast", "kind must be one of fifo, standard; got 'fast'."),
        (KIND, 3, "kind must be one of fifo, standard; got 3."),
    ],
)
def test_impossible_value_is_one_sentence(parameter: Parameter, value: Any, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parameter.check(value)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("parameter", "text", "said"),
    [
        (TIMEOUT, "ten", f"{TIMEOUT_RANGE} 'ten'."),
        (TIMEOUT, "2.5", f"{TIMEOUT_RANGE} '2.5'."),
        (TIMEOUT, "50000", f"{TIMEOUT_RANGE} 50000 s."),
        (CHANCE, "", "chance must be a number between 0 and 1; got ''."),
        (CHANCE, "nan", "chance must be a number between 0 and 1; got nan."),
        (EXTEND, "maybe", "extend must be true or false; got 'maybe'."),
        (KIND, "FIFO", "kind must be one of fifo, standard; got 'FIFO'."),
    ],
)
def test_impossible_text_is_one_sentence(parameter: Parameter, text: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parameter.parse(text)
    assert str(caught.value) == said


@pytest.mark.parametrize("text", ["true", "True", "YES", "on", "1"])
def test_flag_reads_yes(text: str) -> None:
    assert EXTEND.parse(text) is True


@pytest.mark.parametrize("text", ["false", "No", "off", "0"])
def test_flag_reads_no(text: str) -> None:
    assert EXTEND.parse(text) is False


@given(st.integers(0, 43200))
def test_int_is_read_back(value: int) -> None:
    assert TIMEOUT.parse(TIMEOUT.format(value)) == value


@given(st.floats(-1e12, 1e12))
def test_float_is_read_back(value: float) -> None:
    wide = Float("x", 0, "x", "x", minimum=-1e12, maximum=1e12, step=1)
    checked = wide.check(value)
    assert wide.parse(wide.format(checked)) == checked
    assert abs(checked - value) <= 1e-9


@pytest.mark.parametrize(
    ("parameter", "value", "spelled", "text"),
    [
        (TIMEOUT, 30, "30", "30 s"),
        (CHANCE, 1.0, "1", "1"),
        (CHANCE, 0.3, "0.3", "0.3"),
        (EXTEND, True, "true", "yes"),
        (EXTEND, False, "false", "no"),
        (KIND, "fifo", "fifo", "fifo"),
    ],
)
def test_spelling(parameter: Parameter, value: Any, spelled: str, text: str) -> None:
    assert (parameter.format(value), parameter.text(value)) == (spelled, text)


def test_spread_covers_the_range() -> None:
    assert TIMEOUT.spread(3) == (0, 21600, 43200)
    assert Int("n", 1, "n", "n", minimum=1, maximum=3).spread() == (1, 2, 3)
    assert CHANCE.spread(5) == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert EXTEND.spread() == (False, True)
    assert KIND.spread() == ("fifo", "standard")


def test_default_out_of_bounds_is_refused_at_once() -> None:
    with pytest.raises(ParameterError, match="must be a whole number between 1 and 3; got 4"):
        Int("n", 4, "n", "n", minimum=1, maximum=3)


def test_unknown_name_gives_close_matches_or_all() -> None:
    assert (
        unknown("There is no fruit", "aple", ["apple", "cherry"])
        == "There is no fruit 'aple'; did you mean apple?"
    )
    assert (
        unknown("There is no fruit", "zzz", ["apple", "pear"])
        == "There is no fruit 'zzz'; there are apple, pear."
    )
    names = ["18_sqs.visibility", "18_sqs.poison", "18_sqs.polling"]
    assert unknown("There is no experiment", "18_sqs.visibilty", names).endswith(
        "did you mean 18_sqs.visibility?"
    )
    assert unknown("There is no experiment", "18_sqs.pol", names).endswith(
        "did you mean 18_sqs.polling or 18_sqs.poison?"
    )
    assert unknown("There is no fruit", "zzz", []) == "There is no fruit 'zzz'; there are none."
