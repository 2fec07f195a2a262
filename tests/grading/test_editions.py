"""Graded editions: numbers that only the key tells, nothing with a solution in it, and a lab to mark them with."""

from __future__ import annotations

import json
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading import editions
from helpers.grading.editions import (
    Edition,
    EditionError,
    Manifest,
    build_variant,
    edition_id,
    read_key,
    seed_for,
)
from helpers.grading.manual import questions_of
from helpers.labs import PRACTICE_SEED, load_lab
from helpers.labs.build import generate, released_sources, solution_sources
from helpers.labs.gate import gate
from helpers.labs.lab import LabError, lab_ids
from helpers.labs.practice import examine_here

KEY = b"0123456789abcdef"
SAMPLE = Path(__file__).resolve().parents[1] / "labs" / "sample"


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def notebook(out: Path, edition: Edition) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "editions" / edition.id / "lab.ipynb").read_text())
    return read


def cell(name: str, role: str, source: str, task: str = "twice") -> dict[str, Any]:
    kind = (
        {"cell_type": "code", "execution_count": None, "outputs": []} if role else {"cell_type": "markdown"}
    )
    mark = (
        {"lab": {"role": role, "task": task}}
        if role not in {"", "setup", "account"}
        else {"lab": {"role": role}}
    )
    return {**kind, "id": name, "metadata": mark if role else {}, "source": source}


@pytest.fixture
def extra(tmp_path: Path) -> Path:
    """A task of the instructor's own."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "lab.yaml").write_text(
        "id: sample\ntitle: Mine\nminutes: 5\nclients: {sns: sns}\ntasks:\n"
        "  - {id: twice, title: Twice as many, functions: [twice], hints: [],\n"
        "     checks: [{id: right, text: The number is doubled., points: 2, station: queue}]}\n"
    )
    (folder / "checks.py").write_text(
        "from helpers.labs import failed, passed\n\n\n"
        "def few(random):\n    return random.randint(10, 99)\n\n\n"
        'def draw_twice(random):\n    return {"start": few(random)}\n\n\n'
        "def examine_twice(bench, need):\n    with bench.trial() as trial:\n"
        '        right = trial.student.call("twice", need["start"]) == 2 * need["start"]\n'
        '    yield "right", passed() if right else failed("It is another number.")\n'
    )
    cells = [
        cell("own-setup", "setup", "import operator"),
        cell("own-account", "account", "1 / 0"),
        cell("twice-text", "", "## Twice\n\nDouble {{twice.start}}."),
        cell(
            "twice",
            "solution",
            "def twice(n):\n    ### BEGIN SOLUTION\n    return operator.add(n, n)\n    ### END SOLUTION",
        ),
        cell("twice-check", "check", 'check("twice")'),
    ]
    (folder / "source.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    return folder


# ------------------------------------------------------------------------------------------------------ the key


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = read_key(path)
    assert re.fullmatch(rb"[0-9a-f]{64}", key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    assert read_key(tmp_path / "other") != key
    path.write_text("short\n")
    with pytest.raises(EditionError, match="has 5 bytes; it needs 16 or more"):
        read_key(path)
    with pytest.raises(EditionError, match="cannot be read"):
        read_key(tmp_path)


def test_the_seeds_are_these() -> None:
    """Marks must be found again years later: a change of this rule is a change of every edition."""
    assert seed_for(KEY, "18_sqs") == seed_for(KEY, "18_sqs", editions.CLASS) == 1949835388
    assert seed_for(KEY, "18_sqs", "Ada Lovelace") == seed_for(KEY, "18_sqs", " ada  LOVELACE") == 1417262034
    assert edition_id(KEY, "18_sqs", "Ada Lovelace") == "b6a2d008aba4"


@given(st.binary(min_size=16), st.text(), st.text())
def test_a_seed_has_31_bits_and_is_never_the_one_for_practice(key: bytes, lab: str, student: str) -> None:
    seed = seed_for(key, lab, student)
    assert 1 <= seed < 2**31
    assert seed != PRACTICE_SEED
    assert seed == seed_for(key, lab, student)
    assert f"{seed:x}" not in edition_id(key, lab, student)


def test_key_lab_and_student_each_move_the_seed() -> None:
    seeds = {
        seed_for(key, lab, student)
        for key in (KEY, KEY[::-1])
        for lab in ("18_sqs", "21_lambda")
        for student in ("", "ada", "bo", "18_sqs")
    }
    assert len(seeds) == 16


# --------------------------------------------------------------------------------------------------- the folders


def test_an_edition_for_each_student(tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = build_variant(load_lab(str(SAMPLE)), KEY, out, students=["Ada", "Bo"])
    ada, bo = manifest.editions
    assert ada == Edition(edition_id(KEY, "sample", "Ada"), "Ada", seed_for(KEY, "sample", "Ada"))
    assert set(files(out)) == {
        "manifest.json", "lab/lab.yaml", "lab/checks.py", "lab/source.ipynb", "lab/lab.ipynb",
        f"editions/{ada.id}/lab.ipynb", f"editions/{bo.id}/lab.ipynb",
    }  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_dir()} == {0o700}
    assert Manifest.from_json((out / "manifest.json").read_text()) == manifest
    assert (manifest.seed_of("ADA"), manifest.seed_of("Cy")) == (ada.seed, None)
    assert (manifest.student_of(bo.id), manifest.student_of("")) == ("Bo", None)
    assert KEY not in b"".join(files(out).values())
    for edition in manifest.editions:
        made = notebook(out, edition)
        course = made["metadata"]["course"]
        graded = load_lab(str(out / "lab"))
        need = graded.need("count", edition.seed)
        text = next("".join(one["source"]) for one in made["cells"] if one["id"] == "count-text")
        assert f"at most {need['limit']} words" in text
        assert (course["lab"], course["edition"], course["id"]) == ("sample", "graded", edition.id)
        assert str(edition.seed) not in json.dumps(made)
        assert edition.student not in json.dumps(made)
    again = tmp_path / "again"
    build_variant(load_lab(str(SAMPLE)), KEY, again, students=["Ada", "Bo"])
    assert files(again) == files(out)


def test_a_class_shares_one_and_later_students_join(tmp_path: Path) -> None:
    lab = load_lab(str(SAMPLE))
    shared = build_variant(lab, KEY, tmp_path / "class")
    assert [one.student for one in shared.editions] == [editions.CLASS]
    assert shared.seed_of("anybody") == shared.editions[0].seed
    out = tmp_path / "out"
    build_variant(lab, KEY, out, students=["Ada"])
    before = files(out)
    joined = build_variant(lab, KEY, out, students=["Ada", "Bo"])
    assert len(joined.editions) == 2
    assert before.items() - files(out).items() == {("manifest.json", before["manifest.json"])}
    for key, students in ((KEY, ["Bo"]), (KEY[::-1], ["Ada", "Bo"])):
        with pytest.raises(EditionError, match="choose another folder"):
            build_variant(lab, key, out, students=students)
    with pytest.raises(EditionError, match="The student 'Ada' is named twice"):
        build_variant(lab, KEY, tmp_path / "twice", students=["Ada", "ADA "])
    (out / "manifest.json").write_text("{}")
    with pytest.raises(EditionError, match="no list of editions"):
        build_variant(lab, KEY, out)


def test_nothing_of_a_solution_reaches_a_student(tmp_path: Path) -> None:
    for name in (str(SAMPLE), *lab_ids()):
        lab = load_lab(name)
        out = tmp_path / lab.id
        manifest = build_variant(lab, KEY, out)
        made = notebook(out, manifest.editions[0])
        sources = ["".join(one["source"]) for one in made["cells"]]
        assert [
            text for text in sources if re.search(r"\bsolution\(|lab\.solution|BEGIN SOLUTION", text)
        ] == []
        assert [one.get("outputs") for one in made["cells"] if one.get("outputs")] == []
        own = {
            one["metadata"]["lab"]["task"]: "".join(one["source"])
            for one in made["cells"]
            if one["metadata"].get("lab", {}).get("role") == "solution"
        }
        assert {task: text.split() for task, text in own.items()} == {
            task: text.split() for task, text in released_sources(lab).items()
        }
        account = next(text for text in sources if "open_lab(" in text)
        assert "check, hint = lab.check, lab.hint" in account


def test_a_cell_that_cannot_do_without_solution_stops_it(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    shutil.copytree(SAMPLE, lab)
    source = json.loads((lab / "source.ipynb").read_text())
    source["cells"][0]["source"] = 'Call `hint` or `solution("count")` when you are stuck.'
    (lab / "source.ipynb").write_text(json.dumps(source))
    with pytest.raises(EditionError, match=r"The cell 'intro' uses solution\(\) in a way"):
        build_variant(load_lab(str(lab)), KEY, tmp_path / "out")


def test_one_question_is_for_a_person_and_has_four_levels(tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = build_variant(load_lab(str(SAMPLE)), KEY, out)
    graded = load_lab(str(out / "lab"))
    (question,) = questions_of(graded, notebook(out, manifest.editions[0]))
    assert (question.task, question.points, len(question.rubric)) == ("own_run", 3, 4)
    assert "the task *Mend the worker* in an account of your own" in " ".join(question.text.split())
    assert question.released == "*Write your answer here.*"
    assert graded.points == load_lab(str(SAMPLE)).points + 3


def test_a_lab_may_bring_its_own_question(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    shutil.copytree(SAMPLE, lab)
    with (lab / "lab.yaml").open("a") as words:
        words.write(
            "graded:\n  - {id: why, title: Why, points: 6, question: Why twice?, rubric: [None., Some., More., All.]}\n"
        )
    build_variant(load_lab(str(lab)), KEY, tmp_path / "out")
    graded = load_lab(str(tmp_path / "out" / "lab"))
    assert [task.id for task in graded.tasks] == ["count", "worker", "why"]
    assert questions_of(graded, generate(graded)[0])[0].text.endswith("Why twice?")


def test_an_unpublished_task_is_asked_and_marked(tmp_path: Path, extra: Path) -> None:
    out = tmp_path / "out"
    manifest = build_variant(load_lab(str(SAMPLE)), KEY, out, extra=extra)
    made = notebook(out, manifest.editions[0])
    seed = manifest.editions[0].seed
    graded = load_lab(str(out / "lab"))
    ids = [one["id"] for one in made["cells"]]
    assert ids == [
        "intro", "graded-edition", "setup", "own-setup", "account", "count-text", "count", "count-check", "count-try",
        "worker-text", "worker", "worker-check", "twice-text", "twice", "own_run-text", "own_run",
    ]  # fmt: skip
    text = "".join(made["cells"][ids.index("twice-text")]["source"])
    assert text.endswith(f"Double {graded.need('twice', seed)['start']}.")
    assert dict(graded.clients) == {"sqs": "sqs", "sns": "sns"}
    released = released_sources(graded)
    for sources, status in ((solution_sources(graded), "passed"), (released, "not attempted")):
        for task in ("count", "worker", "twice"):
            found = examine_here(graded, task, sources, released, seed)
            assert {one.status.value for one in found.values()} == {status}
    wrong = released | {"twice": "def twice(n):\n    return n"}
    assert examine_here(graded, "twice", wrong, released, seed)["right"].reason == "It is another number."


def test_a_task_that_clashes_or_is_no_lab_is_one_sentence(tmp_path: Path, extra: Path) -> None:
    lab = load_lab(str(SAMPLE))
    words = extra / "lab.yaml"
    kept = words.read_text()
    words.write_text(kept.replace("minutes: 5\n", ""))
    with pytest.raises(EditionError, match="lacks 'minutes'"):
        build_variant(lab, KEY, tmp_path / "out", extra=extra)
    words.write_text(kept.replace("id: twice", "id: count"))
    with pytest.raises(LabError, match="draw_count"):
        build_variant(lab, KEY, tmp_path / "out", extra=extra)
    (extra / "checks.py").write_text((extra / "checks.py").read_text().replace("twice(", "count("))
    load_lab.cache_clear()
    with pytest.raises(EditionError, match="has a task 'count' already"):
        build_variant(lab, KEY, tmp_path / "out", extra=extra)
    assert not (tmp_path / "out" / "lab").exists()


@pytest.mark.slow
def test_the_graded_lab_of_the_sample_is_still_a_lab(tmp_path: Path) -> None:
    build_variant(load_lab(str(SAMPLE)), KEY, tmp_path / "out")
    shutil.copytree(SAMPLE / "wrong", tmp_path / "out" / "lab" / "wrong")
    assert gate(load_lab(str(tmp_path / "out" / "lab"))).defects == ()
