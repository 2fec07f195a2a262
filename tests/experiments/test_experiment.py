"""The declaration of an experiment, as others ask it."""

from __future__ import annotations

import pytest
from bell import Bell

from helpers.experiments import Experiment


def test_named_parts(bell: Bell) -> None:
    assert bell.section == "99_bells"
    assert bell.parameter("gap_s") is bell.parameters[1]
    assert bell.scene("count") is bell.scenes[1]
    assert bell.claim("silent") is bell.claims[1]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda bell: bell.parameter("gap"), "99_bells.bell has no parameter 'gap'; did you mean gap_s?"),
        (lambda bell: bell.scene("slowly"), "99_bells.bell has no scene 'slowly'; did you mean slow?"),
        (lambda bell: bell.claim("x"), "99_bells.bell has no claim 'x'; there are short, silent."),
    ],
)
def test_unknown_part_is_one_sentence(bell: Bell, ask: object, said: str) -> None:
    with pytest.raises(LookupError) as caught:
        ask(bell)
    assert str(caught.value) == said


def test_an_experiment_must_run_measure_and_draw() -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Empty", (Experiment,), {})()
