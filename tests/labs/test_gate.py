"""The gate opens for a lab whose checks tell right from wrong, and says what is wrong with any other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers import cli
from helpers.labs import Lab, LabError, load_lab
from helpers.labs.finding import Finding, Status, crashed, failed, passed
from helpers.labs.gate import WrongSolution, gate, wrong_solutions
from helpers.labs.practice import absent_functions

SAMPLE = Path(__file__).parent / "sample"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample, to be spoilt."""
    load_lab.cache_clear()
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


def change(folder: Path, name: str, old: str, new: str) -> Lab:
    """The lab in `folder` with `old` replaced in one of its files."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_lab(str(folder))


def defects(lab: Lab) -> list[str]:
    """What the gate says, under two seeds."""
    return list(gate(lab, seeds=(1,)).defects)


def test_a_sound_lab_passes_and_its_report_says_what_was_tried(folder: Path) -> None:
    report = gate(load_lab(str(folder)), seeds=(1, 0, 2))
    assert report.defects == ()
    assert report.passed
    assert report.seeds == (0, 1, 2)
    assert [one.name for one in report.wrong] == [
        "count__no_limit.py",
        "count__no_text.py",
        "count__splits_at_one_blank.py",
        "worker__keeps_the_last.py",
    ]
    assert set(report.seconds) == {"count", "worker"}
    lines = str(report).splitlines()
    assert lines[:4] == [
        "sample: A counter of words",
        "Seeds 0, 1, 2; seconds are of processor time.",
        "",
        "  task    points  checks  wrong  seconds",
    ]
    assert lines[4].startswith("  count        3       2      3     ")
    assert lines[5].startswith("  worker       3       1      1     ")
    assert lines[6:] == ["", "May be released."]


def test_a_solution_that_loses_a_point_is_refused(folder: Path) -> None:
    lab = change(folder, "source.ipynb", "if len(words) > limit:", "if len(words) > limit + 1:")
    assert [one for one in defects(lab) if "the solution does not earn" in one] == [
        f"count, seed {seed}: the solution does not earn every point: total passed, "
        "limit failed (A text with more words than allowed is counted like any other.)."
        for seed in (0, 1)
    ]


def test_a_released_cell_that_answers_is_refused(folder: Path) -> None:
    """The gate takes the released cell for untouched; the broken system must fail when it runs."""
    lab = change(folder, "source.ipynb", "# for message in got[1:]:", "# for message in got[0:]:")
    assert defects(lab) == [f"worker, seed {seed}: the broken system passes every check." for seed in (0, 1)]


def test_a_wrong_solution_that_passes_or_fails_more_than_it_says_is_refused(folder: Path) -> None:
    change(folder, "wrong/count__no_limit.py", "# fails: limit", "# fails: total")
    assert defects(load_lab(str(folder))) == [
        *(
            f"wrong/count__no_limit.py, seed {seed}: should fail total, but: total passed, "
            "limit failed (A text with more words than allowed is counted like any other.)."
            for seed in (0, 1)
        ),
        "count: no wrong solution fails the check limit.",
    ]


def test_a_crash_that_is_not_declared_is_refused(folder: Path) -> None:
    change(folder, "wrong/count__no_text.py", "# crashes\n", "")
    said = defects(load_lab(str(folder)))
    assert len(said) == 2
    assert said[0].startswith(
        "wrong/count__no_text.py, seed 0: should fail total, limit, but: "
        "total crashed (AttributeError in count_words, line 3"
    )


def test_a_crash_that_does_not_happen_is_refused(folder: Path) -> None:
    change(folder, "wrong/count__no_limit.py", "# fails: limit\n", "# fails: limit\n# crashes\n")
    assert defects(load_lab(str(folder)))[0].startswith(
        "wrong/count__no_limit.py, seed 0: should fail limit by a crash, but: total passed, limit failed"
    )


def test_a_check_that_no_wrong_solution_fails_is_refused(folder: Path) -> None:
    (folder / "wrong" / "worker__keeps_the_last.py").unlink()
    assert defects(load_lab(str(folder))) == ["worker: no wrong solution fails the check emptied."]


def test_a_check_that_raises_or_says_nothing_is_a_defect_with_the_tasks_name(folder: Path) -> None:
    lab = change(folder, "checks.py", '"total",', '"totals",')
    said = "LookupError: The task count has no check 'totals'."
    assert defects(lab)[:2] == [
        f"count, seed 0: the check itself raised on the solution: {said}",
        f"count, seed 0: the check itself raised on wrong/count__no_limit.py: {said}",
    ]


def test_a_check_that_is_a_matter_of_chance_is_refused(folder: Path) -> None:
    now = "passed(str(__import__('time').perf_counter_ns()))"
    lab = change(folder, "checks.py", "passed() if right", f"{now} if right")
    assert "count, seed 0: the solution is judged otherwise a second time." in defects(lab)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "count__x.py",
            "def count_words(): ...",
            "wrong/count__x.py does not begin with a line such as `# fails: once, order`.",
        ),
        ("count__x.py", "# fails: sum\n", "wrong/count__x.py: the task count has no check sum."),
        ("cuont__x.py", "# fails: total\n", "There is no task 'cuont'; there is count."),
    ],
)
def test_a_wrong_solution_that_is_not_well_formed_is_one_sentence(
    folder: Path, name: str, text: str, said: str
) -> None:
    (folder / "wrong" / name).write_text(text, encoding="utf-8")
    with pytest.raises(LabError) as error:
        wrong_solutions(load_lab(str(folder)))
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("one", "other", "crashes", "declared"),
    [
        (failed("x"), passed(), False, True),
        (failed("x"), failed("x"), False, False),
        (passed(), passed(), False, False),
        (crashed("x"), passed(), False, False),
        (crashed("x"), passed(), True, True),
        (failed("x"), passed(), True, False),
        (failed("x"), crashed("x"), True, False),
        (Finding(Status.NOT_ATTEMPTED), passed(), False, False),
    ],
)
def test_what_a_wrong_solution_declares(one: Finding, other: Finding, crashes: bool, declared: bool) -> None:
    wrong = WrongSolution("t__x.py", "t", ("a",), crashes, "")
    assert wrong.as_declared({"a": one, "b": other}) is declared


def test_functions_are_absent_if_their_cell_is_missing_empty_or_as_released(folder: Path) -> None:
    lab = load_lab(str(folder))
    released = {"count": "def count_words(): ...", "worker": "def drain(): ..."}
    assert absent_functions(lab, {"count": "def count_words(): ... # mine"}, released) == {
        "count_words": "count",
        "drain": "worker",
    }
    assert absent_functions(lab, {"count": "def count_words(): return 1", "worker": " \n"}, released) == {
        "drain": "worker"
    }


@pytest.mark.slow
def test_the_command_prints_the_report_and_refuses_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["gate", str(folder)]) == 0
    assert capsys.readouterr().out.endswith("\nMay be released.\n")
    (folder / "wrong" / "worker__keeps_the_last.py").unlink()
    load_lab.cache_clear()
    assert cli.main(["gate", str(folder)]) == 1
    assert capsys.readouterr().out.endswith(
        "\n- worker: no wrong solution fails the check emptied.\nRefused: 1 defect.\n"
    )
    assert cli.main(["gate", "no_lab"]) == 2
    assert capsys.readouterr().err.startswith("There is no lab 'no_lab'; there is ")
