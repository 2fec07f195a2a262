"""Failure labs: cause, evidence, mend; each judged by a pure function, and each lab of the course proved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bell import Bell

from helpers.experiments import (
    Cause,
    Diagnosis,
    Judgement,
    Mend,
    Run,
    diagnoses,
    judge_cause,
    judge_mend,
    judge_row,
    judge_run,
    verify_diagnosis,
)

COURSE = list(diagnoses().values())


def echoes(trail: Any) -> list[int]:
    return [row for row, said in trail["parameters"].items() if said.get("MessageBody") == "echo"]


NOISY = Diagnosis(
    id="99_bells.noisy",
    story="The neighbours complain.",
    run="99_bells.bell?rings=3&echo=true",
    causes=(
        Cause("echo", "It echoes.", "Row 2 is an echo.", right=True),
        *(Cause(f"wrong{n}", f"Cause {n}.", "Nothing shows it.", "gaps_are_free") for n in range(5)),
    ),
    pointer="Point to a row that shows it.",
    evidence=echoes,
    mend=Mend("echo", lambda value: not value, "no echo", False),
    well=lambda p, m: m.echoes == 0,
    answer="The echo.",
)


def test_cause() -> None:
    assert judge_cause(NOISY, "echo") == Judgement(True, "Row 2 is an echo.")
    assert judge_cause(NOISY, "wrong3") == Judgement(False, "Nothing shows it.")
    assert NOISY.right.id == "echo"
    with pytest.raises(KeyError):
        judge_cause(NOISY, "x")


def test_row(bell: Bell) -> None:
    trail = NOISY.broken.outcome().trail
    assert list(trail.index) == list(range(7))
    assert judge_row(NOISY, trail, 2) == Judgement(True, "Row 2 (SendMessage by ring at 0.02 s) shows it.")
    assert [judge_row(NOISY, trail, row).right for row in trail.index] == [
        False,
        False,
        True,
        False,
        True,
        False,
        True,
    ]
    assert judge_row(NOISY, trail, 0) == Judgement(
        False, "Row 0 (CreateQueue by main at 0 s) would look the same in a healthy system."
    )
    assert judge_row(NOISY, trail, 99) == Judgement(False, "The trail has no row 99; its rows are 0 to 6.")


@pytest.mark.parametrize(
    ("changes", "right", "said"),
    [
        ({}, False, "Nothing is changed yet."),
        ({"echo": False}, True, "echo no: the right setting and a value that mends it (no echo)."),
        ({"gap_s": 5}, False, "gap 5 s: that is not the setting which causes this."),
        (
            {"gap_s": 5, "echo": False},
            False,
            "2 settings are changed (gap, echo): change one, so that you know what helped.",
        ),
    ],
)
def test_mend(bell: Bell, changes: dict[str, Any], right: bool, said: str) -> None:
    assert judge_mend(NOISY, NOISY.broken.changed(**changes).values) == Judgement(right, said)


def test_right_setting_with_a_value_that_does_not_mend(bell: Bell) -> None:
    quick = replace(
        NOISY, run="99_bells.bell?gap_s=50", mend=Mend("gap_s", lambda value: value < 5, "under 5 s", 1.0)
    )
    assert judge_mend(quick, quick.broken.changed(gap_s=10).values) == Judgement(
        False, "gap 10 s: the right setting, but this value does not mend it."
    )


def test_run(bell: Bell) -> None:
    assert judge_run(NOISY, NOISY.broken.outcome()) == Judgement(False, "The system still does not run well.")
    assert judge_run(NOISY, Run.parse("99_bells.bell").outcome()) == Judgement(
        True, "The system runs well again."
    )


def test_noisy_has_no_problems(bell: Bell) -> None:
    assert verify_diagnosis(NOISY, {"gaps_are_free"}) == []


PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "five causes": ({"causes": NOISY.causes[:5]}, "it should offer 6 causes with ids of their own, not 5."),
    "none right": (
        {"causes": (*NOISY.causes[1:], Cause("x", "x", "x", "gaps_are_free"))},
        "one cause should be right.",
    ),
    "no reply": (
        {"causes": (replace(NOISY.causes[0], reply=""), *NOISY.causes[1:])},
        "cause echo has no reply.",
    ),
    "no belief": (
        {"causes": (*NOISY.causes[:5], replace(NOISY.causes[5], misconception=None))},
        "cause wrong4 names no misconception.",
    ),
    "belief of another section": (
        {"causes": (*NOISY.causes[:5], replace(NOISY.causes[5], misconception="elsewhere"))},
        "cause wrong4 names elsewhere, which is no misconception of the section.",
    ),
    "unknown setting": (
        {"mend": replace(NOISY.mend, parameter="ecko")},
        "99_bells.bell has no parameter 'ecko'; did you mean echo?",
    ),
    "example not accepted": (
        {"mend": replace(NOISY.mend, example=True)},
        "it does not accept the example of its own mend.",
    ),
    "runs well already": ({"run": "99_bells.bell"}, "the broken system runs well."),
    "no evidence": ({"evidence": lambda trail: []}, "0 of the 7 rows of its trail are evidence."),
    "everything is evidence": (
        {"evidence": lambda trail: trail.index},
        "7 of the 7 rows of its trail are evidence.",
    ),
    "accepts what does not mend": (
        {"mend": replace(NOISY.mend, accepts=lambda value: True)},
        "it accepts yes, but the run with it shows the opposite.",
    ),
    "refuses what mends": (
        {"mend": replace(NOISY.mend, accepts=lambda value: value is None)},
        "it does not accept no, but the run with it shows the opposite.",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_each_problem_is_seen(bell: Bell, name: str) -> None:
    changes, said = PROBLEMS[name]
    assert f"99_bells.noisy: {said}" in verify_diagnosis(replace(NOISY, **changes), {"gaps_are_free"})
