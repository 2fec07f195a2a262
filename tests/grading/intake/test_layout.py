"""All paths together tell which level of the folders is the students'."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.intake.layout import students

CASES = {
    "a folder a student": {"all/jane/lab.ipynb": "jane", "all/bob/lab.ipynb": "bob"},
    "one student": {"all/jane/lab.ipynb": "jane"},
    "folders handed in": {"jane/lab.ipynb": "jane", "bob/a/b/lab.ipynb": "bob"},
    "a file a student": {"all/Jane Doe.ipynb": "Jane Doe", "all/Bob Roe.ipynb": "Bob Roe"},
    "a file": {"Jane Doe.ipynb": "Jane Doe"},
    "a file in a folder": {"downloads/Jane Doe.ipynb": "Jane Doe"},
    "the lab's file in a folder": {"jane/18_sqs.ipynb": "jane", "jane/18_sqs (1).ipynb": "jane"},
    "several files a student": {
        "jane/lab.ipynb": "jane",
        "jane/scratch.ipynb": "jane",
        "bob/lab.ipynb": "bob",
    },
    "labs in folders": {
        "jane/18_sqs/a.ipynb": "jane",
        "jane/21_lambda/a.ipynb": "jane",
        "bob/18_sqs/a.ipynb": "bob",
    },
    "groups of folders": {
        "a/jane/lab.ipynb": "jane",
        "a/bob/lab.ipynb": "bob",
        "b/eve/lab.ipynb": "eve",
        "b/ann/lab.ipynb": "ann",
    },
    "groups of files": {
        "a.zip/J.ipynb": "J",
        "a.zip/B.ipynb": "B",
        "b.zip/E.ipynb": "E",
        "b.zip/A.ipynb": "A",
    },
    "a zip a student": {"all/jane.zip/lab.ipynb": "jane", "all/bob.zip/lab.ipynb": "bob"},
    "names of their own": {"jane/a.ipynb": "jane", "jane/b.ipynb": "jane", "bob/c.ipynb": "bob"},
    "parts of a student's work": {
        "jane/p1/lab.ipynb": "jane",
        "jane/p2/lab.ipynb": "jane",
        "bob/p1/lab.ipynb": "bob",
        "bob/p2/lab.ipynb": "bob",
    },
}


@pytest.mark.parametrize("case", CASES)
def test_the_students_of_a_folder(case: str) -> None:
    assert students(list(CASES[case])) == CASES[case]


NAMES = st.lists(st.text(st.sampled_from("abcdxyz"), min_size=4), min_size=2, max_size=6, unique=True)


@given(NAMES, st.lists(st.sampled_from(["week", "in", "all.zip"]), max_size=3))
def test_a_folder_a_student_round_trips_at_any_depth(names: list[str], above: list[str]) -> None:
    paths = {"/".join([*above, name, "lab.ipynb"]): name for name in names}
    assert students(list(paths)) == paths


@given(st.lists(st.lists(st.text(min_size=1), min_size=1).map("/".join)))
def test_every_path_has_a_student(paths: list[str]) -> None:
    assert set(students(paths)) == set(paths)
