"""Verify: the course's experiments have no problems, and each kind of problem is seen."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from bell import BELL, LONGER, SAME, Bell

from helpers.experiments import Experiment, Goal, Int, Option, Prediction, true, verify

COURSE = list(import_module("helpers.experiments.catalog").catalog().values())
SLOW, COUNT, ALL = BELL.scenes


def misconceptions(section: str) -> set[str]:
    """The ids of the section's misconceptions."""
    load = import_module("helpers.sections.misconceptions").load_misconceptions
    return {one.id for one in load(section)}


@pytest.mark.slow
@pytest.mark.parametrize("experiment", COURSE, ids=lambda one: one.id)
def test_course_has_no_problems(experiment: Experiment) -> None:
    assert verify(experiment, misconceptions(experiment.section)) == []


def test_bell_has_no_problems(bell: Bell) -> None:
    assert verify(bell, {"gaps_are_free", "walls_swallow"}) == []


def with_first(**changes: Any) -> dict[str, Any]:
    return {"scenes": (replace(SLOW, **changes), COUNT, ALL)}


def with_last(**changes: Any) -> dict[str, Any]:
    return {"scenes": (SLOW, COUNT, replace(ALL, **changes))}


def choose(*options: Option) -> dict[str, Any]:
    return with_first(prediction=Prediction("How long?", options))


NUMBER = Prediction("How many?", number="rings", reply="So many.")

PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "few scenes": ({"scenes": (SLOW, ALL)}, "99_bells.bell has 2 scenes; it should have 3 to 5."),
    "many scenes": (
        {"scenes": (SLOW, COUNT, *(replace(SLOW, id=f"slow{n}") for n in range(3)), ALL)},
        "99_bells.bell has 6 scenes; it should have 3 to 5.",
    ),
    "two scenes of a name": (
        {"scenes": (SLOW, replace(COUNT, id="slow"), ALL)},
        "99_bells.bell: two scenes are called slow.",
    ),
    "two claims of a name": ({"claims": BELL.claims * 2}, "99_bells.bell: two claims are called short."),
    "a parameter called seed": (
        {"parameters": (*BELL.parameters, Int("seed", 0, "seed", "", minimum=0, maximum=1))},
        "99_bells.bell: seed is part of every run and cannot be a parameter.",
    ),
    "frees nothing": (with_first(free=()), "scene slow: it frees 0 controls; it should free 1 to 3."),
    "frees too much": (
        with_first(free=("rings", "gap_s", "echo", "metal")),
        "scene slow: it frees 4 controls; it should free 1 to 3.",
    ),
    "frees what is not there": (
        with_first(free=("gap_s", "gap")),
        "scene slow: it frees gap, which is no parameter.",
    ),
    "changes what is not free": (
        with_first(free=("rings",)),
        "scene slow: it changes gap_s, which the learner cannot move then.",
    ),
    "change without effect": (with_first(change={"gap_s": 1}), "scene slow: its change changes nothing."),
    "change out of bounds": (
        with_first(change={"gap_s": 1000}),
        "scene slow: gap_s (gap) must be a number between 0 s and 100 s; got 1000 s.",
    ),
    "settings that do not exist": (
        with_first(settings={"gap": 1}),
        "scene slow: 99_bells.bell has no parameter 'gap'; did you mean gap_s?",
    ),
    "settles nothing": (with_first(settles="x"), "scene slow: it settles x, which is no claim."),
    "claim does not apply": (
        with_first(settings={"rings": 0}, free=("gap_s",)),
        "scene slow: the claim short does not apply before nor after the change.",
    ),
    "no facts": (with_first(facts=()), "scene slow: it names no facts."),
    "claim broken in its range": (
        {"claims": (replace(BELL.claims[0], range=lambda p: p.rings == 10), BELL.claims[1])},
        "scene slow: claim short is false at 99_bells.bell?gap_s=10, which lies in its range.",
    ),
    "no way to answer": (
        with_first(prediction=Prediction("How long?")),
        "scene slow: its prediction needs either options or a number.",
    ),
    "two ways to answer": (
        with_first(prediction=replace(NUMBER, options=(LONGER, SAME))),
        "scene slow: its prediction needs either options or a number.",
    ),
    "number that is not measured": (
        with_first(prediction=replace(NUMBER, number="ring")),
        "scene slow: its prediction asks for ring, which is no number of the summary.",
    ),
    "negative tolerance": (
        with_first(prediction=replace(NUMBER, tolerance=-1)),
        "scene slow: its prediction has a tolerance below 0.",
    ),
    "number without reply": (
        with_first(prediction=replace(NUMBER, reply="")),
        "scene slow: its prediction has no reply.",
    ),
    "none right": (
        choose(replace(LONGER, right=False), SAME),
        "scene slow: one option of its prediction should be right.",
    ),
    "two options of a name": (
        choose(LONGER, replace(SAME, id="longer")),
        "scene slow: two options are called longer.",
    ),
    "wrong option that is true": (
        choose(LONGER, replace(SAME, true_if=lambda p, m: True)),
        "scene slow: option same is marked wrong, but 99_bells.bell?gap_s=10 shows the opposite.",
    ),
    "right option that is false": (
        choose(replace(LONGER, true_if=lambda p, m: m.lasted_s > 1000), SAME),
        "scene slow: option longer is marked right, but 99_bells.bell?gap_s=10 shows the opposite.",
    ),
    "option without proof": (
        choose(LONGER, replace(SAME, true_if=None)),
        "scene slow: option same has no true_if, so nothing proves whether it is right.",
    ),
    "option without reply": (
        choose(LONGER, replace(SAME, reply="")),
        "scene slow: option same has no reply.",
    ),
    "option without belief": (
        choose(LONGER, replace(SAME, misconception=None)),
        "scene slow: option same names no misconception.",
    ),
    "option with a belief of another section": (
        choose(LONGER, replace(SAME, misconception="elsewhere")),
        "scene slow: option same names elsewhere, which is no misconception of the section.",
    ),
    "last scene frees too little": (
        with_last(free=("rings", "echo")),
        "scene all: the last scene should free every control.",
    ),
    "no goal": (with_last(goal=None), "scene all: the last scene has no goal."),
    "goal reached at once": (
        with_last(
            goal=replace(ALL.goal or Goal("", lambda p, m: True, {}), reached=lambda p, m: m.rings > 0)
        ),
        "scene all: its goal is reached before the learner has moved anything.",
    ),
    "goal out of reach": (
        with_last(goal=Goal("Long.", lambda p, m: m.lasted_s > 1e6, {"rings": 50})),
        "scene all: its goal's example does not reach it: 99_bells.bell?rings=50&gap_s=2.5.",
    ),
    "goal's example out of bounds": (
        with_last(goal=Goal("Long.", lambda p, m: m.lasted_s > 90, {"rings": 5001})),
        "scene all: its goal's example: rings must be a whole number between 0 and 5000; got 5001.",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROBLEMS)
def test_each_problem_is_seen(bell: Bell, name: str) -> None:
    changes, said = PROBLEMS[name]
    broken = type("Broken", (Bell,), changes)()
    expected = said if said.startswith("99_bells") else f"99_bells.bell, {said}"
    assert expected in verify(broken, {"gaps_are_free", "walls_swallow"})


def test_text_of_a_picture_is_sentences(bell: Bell) -> None:
    broken = type("Broken", (Bell,), {"draw": lambda *_: "no sentence"})()
    assert verify(broken) == [
        "99_bells.bell: the picture in words should be 1 to 3 sentences: 'no sentence'."
    ]


def test_each_run_is_carried_out_once(bell: Bell) -> None:
    runs: list[str] = []

    class Counted(Bell):
        def run(self, cloud: Any, p: Any) -> None:
            runs.append(f"{p} {cloud.seed}")
            super().run(cloud, p)

    assert verify(Counted()) == []
    assert len(runs) == len(set(runs)) == 7


def test_a_claim_must_hold_not_only_fail_to_break(bell: Bell) -> None:
    always = replace(BELL.claims[1], judge=lambda p, m: true("Yes."), range=lambda p: True)
    assert verify(type("Fine", (Bell,), {"claims": (BELL.claims[0], always)})()) == []
