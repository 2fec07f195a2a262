"""A roster is read from what platforms export, and its students are found under any of their names."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.intake.naming import Identity, identify
from helpers.grading.intake.roster import (
    AmbiguousError,
    Roster,
    RosterError,
    Student,
    load_roster,
    parse_roster,
)

MOODLE = """Identifier,Full name,ID number,Email address,Status,Grade
Participant 12345,Jane Doe,s1,jane@uni.example,Submitted,
Participant 12346,José Peña,s2,jose@uni.example,Submitted,
"""
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Lab 1 (99)
    Points Possible,,,,,10
"Doe, Jane",123,s1,jdoe,A,
"Peña, José",124,s2,jpena,A,
"""
BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email
#s1,#jdoe,Doe,Jane,jane@uni.example
"""

JANE = Student("s1", "jdoe", "jane@uni.example", "Jane Doe", "12345", "123")
JOSE = Student("s2", "jpena", "jose@uni.example", "José Peña Ruiz", "12346", "124")
SOREN = Student("s3", "", "soren@uni.example", "Søren Groß", "12347", "125")
OTHER_JANE = Student("s9", "jdoe2", "jd@uni.example", "Doe, Jane", "999", "998")
CLASS = Roster([JANE, JOSE, SOREN])


@pytest.mark.parametrize(
    ("content", "students"),
    [
        (
            MOODLE,
            (
                Student("s1", "", "jane@uni.example", "Jane Doe", "12345"),
                Student("s2", "", "jose@uni.example", "José Peña", "12346"),
            ),
        ),
        (
            CANVAS,
            (
                Student("s1", "jdoe", "", "Doe, Jane", "", "123"),
                Student("s2", "jpena", "", "Peña, José", "", "124"),
            ),
        ),
        (
            "last_name;First Name;Student-ID\nDoe;Jane;7\n;;\nRoe\n",
            (Student("7", "", "", "Jane Doe"), Student(name="Roe")),
        ),
        ("login\tname\nx\tX Y\nx\tX Y\n", (Student("", "x", "", "X Y"),)),
        ("email\na@b.example", (Student("", "", "a@b.example"),)),
    ],
)
def test_what_platforms_export_is_a_roster(content: str, students: tuple[Student, ...]) -> None:
    assert parse_roster(content.encode()).students == students


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_encoding_and_separator_is_read(encoding: str, separator: str) -> None:
    content = f"id{separator}name\r\n1{separator}José Peña\r\n"
    assert parse_roster(content.encode(encoding)).students == (Student("1", name="José Peña"),)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The roster's first line names no column that says who a student is (id, login, email, name)."),
        (
            b"a,b\n1,2",
            "The roster's first line names no column that says who a student is (id, login, email, name).",
        ),
        (b"id,name\n1,A\n1,B", "The roster has two students called '1'."),
        (b"\xff\xfe\x00", "The roster is not text in UTF-8, UTF-16 or Windows's encoding."),
    ],
)
def test_what_is_no_roster_says_why(data: bytes, sentence: str) -> None:
    with pytest.raises(RosterError) as caught:
        parse_roster(data)
    assert str(caught.value) == sentence


def test_a_files_problem_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "class.csv"
    with pytest.raises(
        RosterError, match=r"^The roster class\.csv cannot be read: No such file or directory\.$"
    ):
        load_roster(path)
    path.write_text("a")
    with pytest.raises(RosterError, match=r"^class\.csv: The roster's first line names no column"):
        load_roster(path)
    path.write_text(CANVAS)
    assert [student.key for student in load_roster(path).students] == ["s1", "s2"]


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("Somebody Else_12345_assignsubmission_file_/lab.ipynb", JANE),  # the number is surer than the name
        ("JOSE PENA RUIZ_1_assignsubmission_file_/lab.ipynb", JOSE),
        ("doejane_123_5_lab.ipynb", JANE),
        ("peñaruizjosé_7_5_lab.ipynb", JOSE),
        ("Lab_JDOE_attempt_2025-10-03-11-30-00_lab.ipynb", JANE),
        ("1-2 - Soren Gross - Oct 3, 2025 1130 AM/lab.ipynb", SOREN),
        ("submitted/s2/lab/lab.ipynb", JOSE),
        ("s3/lab.ipynb", SOREN),
        ("Doe, Jane.ipynb", JANE),
        ("jane@uni.example.ipynb", JANE),
        ("soren/lab.ipynb", SOREN),
        ("week 3/Doe Jane.ipynb", JANE),
        ("Lab1_final_jane-doe v2.ipynb", JANE),
        ("lab_jdoe.ipynb", JANE),
        ("Jane.ipynb", JANE),  # the part of the address before the @
        ("Nobody.ipynb", None),
        (
            "Nobody_4_assignsubmission_file_/jdoe.ipynb",
            None,
        ),  # a platform named the file: its own name counts no more
    ],
)
def test_a_student_is_found_under_any_name(path: str, student: Student | None) -> None:
    assert CLASS.match(identify(path)) == student


def test_two_that_fit_are_none_and_said() -> None:
    roster = Roster([JANE, JOSE, OTHER_JANE])
    with pytest.raises(AmbiguousError, match=r"^'Jane Doe' may be any of s1, s9\.$"):
        roster.match(Identity("Jane Doe"))
    assert roster.match(Identity("Jane Doe", "999", platform="moodle")) == OTHER_JANE


@given(st.binary())
def test_any_bytes_are_a_roster_or_one_sentence(data: bytes) -> None:
    said = "."
    try:
        parse_roster(b"id,name\n" + data)
    except RosterError as error:
        said = str(error)
    assert said.endswith(".")


NAME = st.text(st.characters(categories=["L", "N"], codec="utf-8"), min_size=1)


@given(st.lists(st.tuples(NAME, NAME), min_size=1, unique=True), st.sampled_from(",;\t"))
def test_ids_round_trip(pairs: list[tuple[str, str]], separator: str) -> None:
    file = io.StringIO()
    rows = [(f"{number}-{login}", name) for number, (login, name) in enumerate(pairs)]
    csv.writer(file, delimiter=separator).writerows([("id", "name"), *rows])
    roster = parse_roster(file.getvalue().encode())
    assert [(student.key, student.name) for student in roster.students] == rows
    assert [roster.match(Identity(key)) for key, _ in rows] == list(roster.students)
