"""Outcomes: numbers, findings, picture and cost of a run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from bell import Bell

from helpers.experiments import Finding, Run, Verdict


def test_json_of_a_run(bell: Bell) -> None:
    written = json.loads(json.dumps(Run.parse("99_bells.bell?gap_s=10&seed=3").outcome().to_json()))
    assert written.pop("wall_s") > 0
    assert written == {
        "experiment": "99_bells.bell",
        "parameters": {"rings": 10, "gap_s": 10.0, "echo": False, "metal": "bronze"},
        "seed": 3,
        "claims": [
            {
                "id": "short",
                "text": "It is over in a minute.",
                "verdict": "false",
                "explanation": "10 rings took 90.1 s.",
            },
            {"id": "silent", "text": "Nothing echoes.", "verdict": "true", "explanation": "No echo."},
        ],
        "summary": {"rings": 10, "echoes": 0, "lasted_s": 90.1},
        "calls": 11,
        "virtual_s": 90.11,
    }


def test_findings_are_those_of_the_claims(bell: Bell) -> None:
    assert Run.parse("99_bells.bell?rings=0").outcome().findings == {
        "short": Finding(Verdict.NOT_APPLICABLE, "Nothing rings."),
        "silent": Finding(Verdict.TRUE, "No echo."),
    }


def test_text_is_what_the_picture_says(bell: Bell) -> None:
    assert Run.parse("99_bells.bell?echo=true").outcome().text == "10 rings in 9.2 s. 10 echoes."


def test_picture_is_drawn_once(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    original = Bell.draw

    def draw(self: Bell, figure: Any, p: Any, m: Any) -> str:
        drawn.append(p)
        return original(self, figure, p, m)

    monkeypatch.setattr(Bell, "draw", draw)
    outcome = Run.parse("99_bells.bell").outcome()
    assert drawn == []
    assert outcome.png() == outcome.png("light")
    assert outcome.text
    assert len(drawn) == 1


def test_a_theme_that_does_not_exist(bell: Bell) -> None:
    with pytest.raises(ValueError, match="no theme 'neon'"):
        Run.parse("99_bells.bell").outcome().png("neon")


@dataclass
class Measured:
    summary: dict[str, Any] = field(default_factory=dict)
    echoes: int = 0
    lasted_s: float = 1.0
    rings: int = 1


def test_numbers_of_numpy_become_pythons(bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Measured({"n": np.int64(3), "x": np.float64(0.5), "word": "yes"})
    monkeypatch.setattr(Bell, "measure", lambda *_: measured)
    summary = Run.parse("99_bells.bell").outcome().summary
    assert summary == {"n": 3, "x": 0.5, "word": "yes"}
    assert [type(value) for value in summary.values()] == [int, float, str]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, [1]])
def test_summary_takes_finite_numbers_and_texts(
    bell: Bell, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bell, "measure", lambda *_: Measured({"x": value}))
    with pytest.raises(TypeError, match=r"99_bells\.bell: x is .* in the summary"):
        Run.parse("99_bells.bell").outcome()


def test_cost_is_of_the_runs_calls(bell: Bell) -> None:
    cost = Run.parse("99_bells.bell").outcome().cost
    assert cost[["operation", "billed"]].to_numpy().tolist() == [["CreateQueue", 1], ["SendMessage", 10]]
