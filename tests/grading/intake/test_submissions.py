"""Whatever is handed in becomes one submission a student and lab, or a sentence."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.grading.intake.notebook import Unreadable
from helpers.grading.intake.roster import Roster, Student
from helpers.grading.intake.submissions import Intake, Submission, collect
from helpers.labs import Lab
from tests.grading.intake.labfiles import code, make_lab, notebook, submission

SQS = notebook(submission("x = 1"), "18_sqs")
LATER = notebook(submission("x = 2"), "18_sqs")
LAMBDA = notebook([code("def deploy(): pass")], "21_lambda")
NO_LAB = notebook([code("print(1)")])
EMPTY = "The file is empty."
NONE_OF = "The notebook is not the lab 18_sqs or 21_lambda."

JANE = Student("s1", "jdoe", "jane@uni.example", "Jane Doe", "12345", "123")
BOB = Student("s2", "broe", "bob@uni.example", "Bob Roe", "12346", "124")


@pytest.fixture
def labs(lab: Lab, tmp_path: Path) -> list[Lab]:
    return [lab, make_lab(tmp_path / "other", "21_lambda", {"alias": ("deploy",)})]


def handed_in(folder: Path, files: dict[str, bytes]) -> Path:
    """The files in a folder, each a second later than the one before."""
    root = folder / "in"
    for number, (name, data) in enumerate(files.items()):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
        os.utime(root / name, (1000 + number, 1000 + number))
    return root


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def sub(student: str, file: str, data: bytes = SQS, lab: str | None = "18_sqs", **more: Any) -> Submission:
    sha256 = hashlib.sha256(data).hexdigest() if data is not None else ""
    return Submission(
        **{
            "student": student,
            "file": file,
            "sha256": sha256,
            "attempt": 0,
            "late": False,
            "lab": lab,
            **more,
        }
    )


def test_a_folder_of_notebooks(tmp_path: Path, labs: list[Lab]) -> None:
    files = {
        "jane/lab.ipynb": SQS,
        "bob/lab.ipynb": SQS,
        "bob/lambda.ipynb": LAMBDA,
        "bob/data.csv": b"1",
        "x.csv": b"2",
    }
    found = collect([handed_in(tmp_path, files)], labs)
    assert found == Intake(
        (
            sub("bob", "in/bob/lab.ipynb"),
            sub("bob", "in/bob/lambda.ipynb", LAMBDA, "21_lambda"),
            sub("jane", "in/jane/lab.ipynb"),
        ),
        (
            "in/bob/data.csv: It is a .csv file, not a notebook (.ipynb).",
            "in/x.csv: It is a .csv file, not a notebook (.ipynb).",
        ),
    )
    assert [one.read() for one in found.submissions] == [SQS, LAMBDA, SQS]


def test_moodles_zip(tmp_path: Path, labs: list[Lab]) -> None:
    data = zipped(
        {
            "Jane Doe_12345_assignsubmission_file_/My lab.ipynb": SQS,
            "Jane Doe_777_assignsubmission_file_/lab.ipynb": LATER,
            "Bob Roe_12346_assignsubmission_file_/work.zip": zipped(
                {"work/lab.ipynb": SQS, "__MACOSX/x": b""}
            ),
            "Bob Roe_12346_assignsubmission_onlinetext_/onlinetext.html": b"<p>Hi",
            "Eve Poe_12347_assignsubmission_file_/essay.pdf": b"%PDF",
        }
    )
    file = handed_in(tmp_path, {"C1-Lab-99.zip": data}) / "C1-Lab-99.zip"
    pdf = "C1-Lab-99.zip/Eve Poe_12347_assignsubmission_file_/essay.pdf"
    assert collect([file], labs) == Intake(
        (
            sub(
                "Bob Roe",
                "C1-Lab-99.zip/Bob Roe_12346_assignsubmission_file_/work.zip/work/lab.ipynb",
                platform="moodle",
                platform_id="12346",
            ),
            sub(
                "Eve Poe",
                pdf,
                lab=None,
                sha256="",
                problem="It is a .pdf file, not a notebook (.ipynb).",
                platform="moodle",
                platform_id="12347",
            ),
            sub(
                "Jane Doe (12345)",
                "C1-Lab-99.zip/Jane Doe_12345_assignsubmission_file_/My lab.ipynb",
                platform="moodle",
                platform_id="12345",
            ),
            sub(
                "Jane Doe (777)",
                "C1-Lab-99.zip/Jane Doe_777_assignsubmission_file_/lab.ipynb",
                LATER,
                platform="moodle",
                platform_id="777",
            ),
        ),
        (),
    )


def test_the_name_of_the_zip_that_holds_everything_is_nobodys(tmp_path: Path, labs: list[Lab]) -> None:
    name = "cs101_2025_18_submissions.zip"  # as Canvas names a student's file
    data = zipped({"doejane_123_456_lab.ipynb": SQS, "roebob_LATE_124_457_lab-1.ipynb": SQS})
    file = handed_in(tmp_path, {name: data}) / name
    assert [(one.student, one.late, one.attempt) for one in collect([file], labs).submissions] == [
        ("doejane", False, 0),
        ("roebob", True, 1),
    ]


def test_the_latest_attempt_counts(tmp_path: Path, labs: list[Lab]) -> None:
    canvas = {"doejane_1_9_lab-2.ipynb": LATER, "doejane_1_7_lab-1.ipynb": SQS, "doejane_1_5_lab.ipynb": SQS}
    by_number = collect([handed_in(tmp_path, canvas)], labs)
    assert by_number.submissions == (
        sub(
            "doejane",
            "in/doejane_1_9_lab-2.ipynb",
            LATER,
            attempt=2,
            platform="canvas",
            platform_id="1",
            earlier=("in/doejane_1_7_lab-1.ipynb", "in/doejane_1_5_lab.ipynb"),
        ),
    )
    by_time = collect(
        [handed_in(tmp_path / "2", {"jane/b.ipynb": SQS, "jane/a.ipynb": LATER, "bob/lab.ipynb": SQS})], labs
    )
    assert by_time.submissions[1] == sub("jane", "in/jane/a.ipynb", LATER, earlier=("in/jane/b.ipynb",))
    form = "1-2 - Jane Doe - Oct {}, 2025 1130 AM/lab.ipynb"
    by_day = collect([handed_in(tmp_path / "3", {form.format(10): LATER, form.format(9): SQS})], labs)
    assert by_day.submissions[0].earlier == (f"in/{form.format(9)}",)


def test_a_file_that_is_the_lab_beats_a_later_one_that_is_not(tmp_path: Path, labs: list[Lab]) -> None:
    files = {"jane/lab.ipynb": SQS, "jane/zz.ipynb": NO_LAB, "jane/half.ipynb": b"", "bob/lab.ipynb": SQS}
    assert collect([handed_in(tmp_path, files)], labs) == Intake(
        (sub("bob", "in/bob/lab.ipynb"), sub("jane", "in/jane/lab.ipynb")),
        (f"in/jane/half.ipynb: {EMPTY}", f"in/jane/zz.ipynb: {NONE_OF}"),
    )


def test_another_lab_of_the_course_is_named(tmp_path: Path, labs: list[Lab]) -> None:
    folder = handed_in(tmp_path, {"jane.ipynb": LAMBDA})
    assert [one.problem for one in collect([folder], labs[:1]).submissions] == [
        "The notebook is the lab 21_lambda, not 18_sqs."
    ]


def test_nobody_vanishes_whose_files_cannot_be_read(tmp_path: Path, labs: list[Lab]) -> None:
    files = {"bob/lab.ipynb": b"", "eve/lab.ipynb": NO_LAB, "jane/x.zip": b"no", "zoe/lab.rar": b"Rar!"}
    found = collect([handed_in(tmp_path, files)], labs)
    rar = "It is an archive that is not opened here: unpack it, or pack it as a zip."
    assert found == Intake(
        (
            sub("bob", "in/bob/lab.ipynb", b"", None, problem=EMPTY),
            sub("eve", "in/eve/lab.ipynb", NO_LAB, None, problem=NONE_OF),
            sub(
                "jane",
                "in/jane/x.zip",
                lab=None,
                sha256="",
                problem="The file is not a zip archive, or a damaged one.",
            ),
            sub("zoe", "in/zoe/lab.rar", lab=None, sha256="", problem=rar),
        ),
        (),
    )
    with pytest.raises(Unreadable):
        found.submissions[3].read()


def test_the_roster_names_the_students(tmp_path: Path, labs: list[Lab]) -> None:
    files = {
        "DOE Jane/lab.ipynb": SQS,
        "roebob_124_456_lab.ipynb": SQS,
        "Eve Poe.ipynb": SQS,
    }
    zoe = Student("s9", name="Zoe Low")
    assert collect([handed_in(tmp_path, files)], labs, Roster([JANE, BOB, zoe])) == Intake(
        (
            sub("Eve Poe", "in/Eve Poe.ipynb"),
            sub("s1", "in/DOE Jane/lab.ipynb"),
            sub("s2", "in/roebob_124_456_lab.ipynb", platform="canvas", platform_id="124"),
        ),
        (
            "in/Eve Poe.ipynb: The roster has no 'Eve Poe'; it is marked under that name.",
            "s9: Zoe Low handed in nothing.",
        ),
        (zoe,),
    )


def test_two_students_who_fit_are_none_and_said(tmp_path: Path, labs: list[Lab]) -> None:
    roster = Roster([JANE, Student("s5", name="Doe, Jane")])
    found = collect([handed_in(tmp_path, {"Jane Doe.ipynb": SQS})], labs, roster)
    assert found.submissions == (sub("Jane Doe", "in/Jane Doe.ipynb"),)
    assert found.unmatched[0] == (
        "in/Jane Doe.ipynb: 'Jane Doe' may be any of s1, s5. It is marked as 'Jane Doe'."
    )


def test_a_wrong_path_and_a_broken_class_zip_are_sentences(tmp_path: Path, labs: list[Lab]) -> None:
    (tmp_path / "class.zip").write_bytes(b"no")
    assert collect([tmp_path / "class.zip"], labs) == Intake(
        (), ("class.zip: The file is not a zip archive, or a damaged one.",)
    )
    assert collect([tmp_path / "x.ipynb"], labs) == Intake((), ("x.ipynb: There is no such file or folder.",))
    assert collect([], labs) == Intake((), ())


def test_the_order_of_what_is_handed_in_does_not_matter(tmp_path: Path, labs: list[Lab]) -> None:
    root = handed_in(tmp_path, {f"{name}/lab.ipynb": SQS for name in "dbca"})
    paths = [root / name for name in "abcd"]
    assert collect(paths, labs) == collect(paths[::-1], labs) == collect([*paths, paths[0]], labs)
    assert [one.student for one in collect(paths, labs).submissions] == list("abcd")


FILES = st.dictionaries(
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "jane/", "bob/x/", "Jane Doe_1_assignsubmission_file_/", "submitted/eve/lab/"]),
        st.sampled_from(
            ["lab.ipynb", "lab (1).ipynb", "Zoe.ipynb", "a.zip", "n.pdf", "doejane_1_2_lab-1.ipynb"]
        ),
    ),
    st.sampled_from(
        [SQS, LAMBDA, NO_LAB, b"", b"[]", zipped({"lab.ipynb": SQS}), zipped({"x/y.zip": b"no"})]
    ),
    max_size=6,
)


@given(files=FILES)
@settings(max_examples=40)
def test_no_work_is_lost(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "all.zip").write_bytes(zipped(files))
    found = collect([folder / "all.zip"], [Lab("18_sqs", "SQS", 10, (), folder)])
    kept = {path for one in found.submissions for path in (one.file, *one.earlier)}
    for name in (name for name in files if not name.endswith(".pdf")):
        assert f"all.zip/{name}" in " ".join([*found.unmatched, *kept])
    assert len({(one.student, one.lab) for one in found.submissions}) == len(found.submissions)
