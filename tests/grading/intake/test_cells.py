"""The student's source of each task is found, whatever was done to the notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.intake.cells import Lifted, lift, recognise
from helpers.grading.intake.notebook import read
from helpers.labs import Lab
from tests.grading.intake.labfiles import (
    RELEASED,
    SETUP,
    Cell,
    check,
    code,
    make_lab,
    notebook,
    solution,
    submission,
    text,
)

QUEUES = 'def create_queues(sqs, need):\n    return sqs.create_queue(QueueName="jobs")["QueueUrl"]'
WORKER = "def worker(sqs, url, work):\n    work()\n\n\ndef report(sqs, url):\n    return {'done': LIMIT}"
ANSWER = {"why": "Your answer here."}


def lifted(lab: Lab, cells: list[Cell]) -> Lifted:
    return lift(read(notebook(cells, "18_sqs")), lab, RELEASED)


def bare(cells: list[Cell]) -> list[Cell]:
    """The cells as a tool leaves them that knows no metadata and no ids."""
    return [{key: value for key, value in cell.items() if key != "id"} | {"metadata": {}} for cell in cells]


GOOD = {"queues": QUEUES, "worker": WORKER}


def test_what_a_student_wrote_is_lifted(lab: Lab) -> None:
    assert lifted(lab, submission(QUEUES, WORKER)) == Lifted(GOOD, answers=ANSWER)


def test_a_notebook_that_nobody_touched_is_as_released(lab: Lab) -> None:
    assert lifted(lab, submission()) == Lifted(RELEASED, answers=ANSWER)
    assert lifted(lab, submission("", WORKER)) == Lifted({"queues": "", "worker": WORKER}, answers=ANSWER)


def test_cells_out_of_order_are_the_same(lab: Lab) -> None:
    assert lifted(lab, submission(QUEUES, WORKER)[::-1]) == Lifted(GOOD, answers=ANSWER)


def test_each_sign_is_enough(lab: Lab) -> None:
    by_metadata = [{**cell, "id": "lost"} for cell in submission(QUEUES, WORKER)]
    assert lifted(lab, by_metadata) == Lifted(GOOD, answers=ANSWER)
    by_id = [{**cell, "metadata": {}} for cell in submission(QUEUES, WORKER)]
    assert lifted(lab, by_id) == Lifted(GOOD, answers=ANSWER)
    by_grade_id = [
        {**cell, "id": "lost", "metadata": {"nbgrader": {"grade_id": cell["id"]}}}
        for cell in submission(QUEUES, WORKER)
    ]
    assert lifted(lab, by_grade_id) == Lifted(GOOD, answers=ANSWER)
    lost = "its cell lost the lab's marks; it is known by its functions."
    assert lifted(lab, bare(submission(QUEUES, WORKER))) == Lifted(
        GOOD, ("why",), (f"queues: {lost}", f"worker: {lost}")
    )


def test_deleted_cells_are_missing(lab: Lab) -> None:
    cells = [cell for cell in submission(QUEUES, WORKER) if cell.get("id") not in {"worker", "why"}]
    assert lifted(lab, cells) == Lifted({"queues": QUEUES}, ("worker", "why"))
    assert lifted(lab, []) == Lifted(
        {}, ("queues", "worker", "why"), ("Check cells that are gone: queues, worker. They do not count.",)
    )


def test_of_copies_the_one_with_work_in_it_counts(lab: Lab) -> None:
    copy = {**solution("queues", QUEUES), "id": "copy"}
    untouched = {**solution("queues", RELEASED["queues"]), "id": "copy"}
    other = {**solution("queues", QUEUES.replace("jobs", "work")), "id": "copy"}
    said = "queues: the notebook has 2 versions of it; the last one is marked."
    assert lifted(lab, submission(RELEASED["queues"], WORKER, copy)) == Lifted(GOOD, answers=ANSWER)
    assert lifted(lab, submission(QUEUES, WORKER, untouched)) == Lifted(GOOD, answers=ANSWER)
    assert lifted(lab, submission(QUEUES, WORKER, copy)) == Lifted(GOOD, answers=ANSWER)
    assert lifted(lab, submission(QUEUES, WORKER, other)) == Lifted(
        {"queues": other["source"], "worker": WORKER}, notes=(said,), answers=ANSWER
    )


def test_a_trial_of_ones_own_does_not_replace_the_solution(lab: Lab) -> None:
    own = code("def create_queues(sqs, need):\n    return 'trial'")
    said = "queues: another cell defines its functions too; the solution cell is marked."
    assert lifted(lab, submission(QUEUES, WORKER, own)) == Lifted(GOOD, notes=(said,), answers=ANSWER)
    assert lifted(lab, submission(QUEUES, WORKER, code(QUEUES))) == Lifted(GOOD, answers=ANSWER)


def test_work_in_a_cell_of_ones_own_counts_if_the_solution_cell_is_untouched(lab: Lab) -> None:
    said = "queues: its cell lost the lab's marks; it is known by its functions."
    assert lifted(lab, submission(RELEASED["queues"], WORKER, code(QUEUES))) == Lifted(
        GOOD, notes=(said,), answers=ANSWER
    )


def test_two_tasks_in_one_cell_are_both_found(lab: Lab) -> None:
    both = f"{QUEUES}\n\n\n{WORKER}"
    said = "worker: its cell lost the lab's marks; it is known by its functions."
    assert lifted(lab, submission(both)) == Lifted(
        {"queues": both, "worker": both}, notes=(said,), answers=ANSWER
    )


def test_a_cell_that_was_split_is_joined(lab: Lab) -> None:
    first, second = WORKER.split("\n\n\n")
    joined = {"queues": QUEUES, "worker": f"{first}\n\n{second}"}
    said = ("worker: its code is in 2 cells; they are marked as one, in the notebook's order.",)
    half = {**solution("worker", second), "id": "half"}
    assert lifted(lab, submission(QUEUES, first, half)) == Lifted(joined, notes=said, answers=ANSWER)
    assert lifted(lab, submission(QUEUES, first, code(second))) == Lifted(joined, notes=said, answers=ANSWER)
    constant = {**solution("queues", 'NAME = "jobs"'), "id": "half"}
    uses = QUEUES.replace('"jobs"', "NAME")
    cells = submission(uses, WORKER)
    assert lifted(lab, [*cells[:1], constant, *cells[1:]]) == Lifted(
        {"queues": f'NAME = "jobs"\n\n{uses}', "worker": WORKER},
        notes=("queues: its code is in 2 cells; they are marked as one, in the notebook's order.",),
        answers=ANSWER,
    )


def test_a_cell_that_became_text_is_code_if_it_still_is_python(lab: Lab) -> None:
    for kind in ("markdown", "raw"):
        cells = submission(QUEUES, WORKER)
        cells[1] = {**cells[1], "cell_type": kind}
        assert lifted(lab, cells) == Lifted(
            GOOD,
            notes=("queues: its cell is no longer a code cell; its text is marked as code.",),
            answers=ANSWER,
        )
    cells[1] = text("I could not do this.", "queues")
    assert lifted(lab, cells) == Lifted({"queues": "", "worker": WORKER}, answers=ANSWER)


def test_code_that_is_not_python_is_lifted_as_it_is(lab: Lab) -> None:
    assert lifted(lab, submission("def create_queues(sqs:", WORKER)) == Lifted(
        {"queues": "def create_queues(sqs:", "worker": WORKER}, answers=ANSWER
    )


def test_ipythons_commands_are_left_out(lab: Lab) -> None:
    assert lifted(lab, submission(f"%%time\n{QUEUES}", WORKER)) == Lifted(
        {"queues": f"# %%time\n{QUEUES}", "worker": WORKER},
        notes=("queues: IPython's commands in its cell (lines with % or !) are left out.",),
        answers=ANSWER,
    )


def test_names_that_only_cells_of_ones_own_define_are_noted(lab: Lab) -> None:
    uses = (
        "def create_queues(sqs, need):\n    return json.dumps(helper(LIMIT, time, NAME, cloud, lost, worker))"
    )
    own = code("import json\nNAME = 1\ncloud = sqs = 3\ndef helper(*given): return given")
    said = "is only defined in a cell that does not run when the lab is marked."
    assert lifted(lab, submission(uses, WORKER, own)) == Lifted(
        {"queues": uses, "worker": WORKER},
        notes=tuple(f"queues: `{name}` {said}" for name in ("NAME", "helper", "json")),
        answers=ANSWER,
    )
    changed = submission(uses.replace("helper", "print").replace("NAME", "1"), WORKER)
    changed[0] = code(f"{SETUP}\nimport json", "setup", "setup")
    assert lifted(lab, changed).notes == (f"queues: `json` {said}",)


def test_check_cells_do_not_count_and_are_noted(lab: Lab) -> None:
    cells = submission(QUEUES, WORKER)
    cells[2] = code("assert True", "queues-check", "check", "queues")
    del cells[4]
    assert lifted(lab, cells) == Lifted(
        GOOD,
        notes=(
            "Check cells that are gone: worker. They do not count.",
            "Check cells that were changed: queues. They do not count.",
        ),
        answers=ANSWER,
    )


def test_answers_in_words_are_lifted(lab: Lab) -> None:
    cells = submission(QUEUES, WORKER)
    cells[-1] = text("Because.", "why", "answer", "why")
    more = text("And so.", "why2", "answer", "why")
    assert lifted(lab, [*cells, more]) == Lifted(GOOD, answers={"why": "Because.\n\nAnd so."})
    released = {**RELEASED, "why": "Your answer here."}
    both = [*submission(QUEUES, WORKER), more]
    assert lift(read(notebook(both)), lab, released).answers == {"why": "And so."}


@pytest.fixture
def labs(lab: Lab, tmp_path: Path) -> list[Lab]:
    other = make_lab(
        tmp_path / "other", "21_lambda", {"queues": ("deploy",), "alias": ("shift",), "retry": ("send",)}
    )
    return [lab, other]


@pytest.mark.parametrize(
    ("cells", "named", "path", "found"),
    [
        (submission(), "18_sqs", "x.ipynb", "18_sqs"),
        ([], "21_lambda", "18_sqs.ipynb", "21_lambda"),
        ([solution("worker", "")], "", "x.ipynb", "18_sqs"),
        ([{**solution("alias", ""), "id": "?"}], "", "x.ipynb", "21_lambda"),
        ([code("", "alias")], "", "x.ipynb", "21_lambda"),
        ([code("", "queues")], "", "x.ipynb", None),  # both labs have such a task
        (
            [code("def worker(): pass"), code("def send(): pass"), code("%%time\ndef report(): pass")],
            "",
            "x",
            "18_sqs",
        ),
        ([code("def mine(): pass")], "", "a/My 18_SQS (1).ipynb", "18_sqs"),
        ([code("def mine(): pass")], "", "18_sqs/mine.ipynb", None),
        ([code("def mine(): pass")], "22_dynamodb", "18_sqs.ipynb", None),
        ([], "", "x.ipynb", None),
    ],
)
def test_a_lab_is_recognised_by_its_surest_sign(
    labs: list[Lab], cells: list[Cell], named: str, path: str, found: str | None
) -> None:
    assert recognise(read(notebook(cells, named)), labs, path) == found
    assert recognise(read(notebook(cells, named)), labs[::-1], path) == found


CODE = st.sampled_from(
    [QUEUES, WORKER, *RELEASED.values(), "", "x = 1", "def", "%time", "# nothing", "worker()", SETUP]
)
SOME_CELL = st.builds(
    lambda source, id, role, task, kind: {**code(source, id, role, task), "cell_type": kind},  # noqa: A006  # as a cell calls it
    CODE | st.text(),
    st.sampled_from([None, "", "queues", "worker", "why", "queues-check"]),
    st.sampled_from(["", "setup", "solution", "check", "answer", "odd"]),
    st.sampled_from(["", "queues", "worker", "why"]),
    st.sampled_from(["code", "markdown", "raw", "?"]),
)


@given(cells=st.lists(SOME_CELL, max_size=8))
def test_every_task_is_lifted_or_missing(cells: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    lab = (
        make_lab(folder, "18_sqs", {"queues": ("create_queues",), "worker": ("worker", "report")})
        if not folder.exists()
        else _again(folder)
    )
    found = lifted(lab, cells)
    assert sorted([*found.sources, *found.answers, *found.missing]) == ["queues", "why", "worker"]
    assert all(note.endswith(".") and "\n" not in note for note in found.notes)


def _again(folder: Path) -> Lab:
    (folder / "lab.ipynb").unlink()
    folder.rmdir()
    return make_lab(folder, "18_sqs", {"queues": ("create_queues",), "worker": ("worker", "report")})


@given(cells=st.permutations(submission(QUEUES, WORKER)))
def test_order_never_matters(cells: list[Cell], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "order"
    folder.mkdir(exist_ok=True)
    lab = _again_in(folder)
    assert lifted(lab, cells) == Lifted(GOOD, answers=ANSWER)
    assert check("queues") in cells


def _again_in(folder: Path) -> Lab:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return make_lab(folder, "18_sqs", {"queues": ("create_queues",), "worker": ("worker", "report")})
