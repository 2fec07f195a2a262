"""Marks go into the platform's own file, and nothing else of it changes."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.gradebook import GradebookError, Sheet, Who, feedback_zip, fill, page_name
from helpers.grading.gradebook.people import name_key
from helpers.grading.record import Batch, Record, State, TaskRecord

MOODLE = (
    '\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
    '"Last modified (submission)","Last modified (grade)","Feedback comments"\r\n'
    '"Participant 101","Jane Doe",jane@example.org,"Submitted for grading",,100.00,Yes,"Monday, 2 March",-,'
    '"<p>""Hi"", 1</p>"\r\n'
    '"Participant 102","Li Wei",wei@example.org,"No submission",,100.00,Yes,-,-,\r\n'
    '"Participant 103","Ana Díaz",ana@example.org,"Submitted for grading","",100.00,Yes,-,-,"two\r\nlines"\r\n'
    '"Participant 104","Bo Berg",bo@example.org,Submitted,50.00,100.00,No,-,-,\r\n'
).encode()

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Warm up (7),SQS lab (8),Lambda lab (9),Current Score\n"
    ",,,,,Manual Posting,,,\n"
    "    Points Possible,,,,,5,10,20,(read only)\n"
    '"Doe, Jane",501,u1,jdoe,"A, B",5,,,93.1\n'
    '"Wei, Li",502,u2,lwei,A,5,N/A,,80\n'
    '"Díaz, Ana",503,u3,adiaz,A,5,EX,,80\n'
    '"Berg, Bo",504,u4,bberg,A,5,3,,80\n'
    '"Student, Test",505,,x9,A,,,,\n'
).encode()


def record(student: str, total: float, file: str = "", **more: object) -> Record:
    given: dict[str, object] = {
        "student": student, "lab": "18_sqs", "state": State.GRADED, "isolation": "namespaces", "total": total,
        "maximum": 20, "reason": "", "sha256": "0", "seconds": 1.0, "seed": 1, "file": file or f"{student}.ipynb",
        "tasks": (TaskRecord("queues", "Queues", 20, total),),
    }  # fmt: skip
    return Record(**(given | more))  # type: ignore[arg-type]  # the test's own names


def batch(*records: Record) -> Batch:
    return Batch("18_sqs", "SQS lab", 1, 20, ("queues",), list(records))


# ------------------------------------------------------------------------------------------------- the raw CSV

cells = st.one_of(
    st.text(alphabet="abc ,;\t\"\n\r'é€=-", max_size=6).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text(alphabet="abc '=é-.0", max_size=6),
)
ends = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str, list[list[str]]]:
    delimiter = draw(st.sampled_from(",;\t"))
    rows = draw(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=5))
    end = draw(ends)
    mark = draw(st.sampled_from(["", "\ufeff"]))
    text = mark + end.join(delimiter.join(row) for row in rows) + draw(st.sampled_from(["", end]))
    encoding = draw(st.sampled_from(["utf-8", "utf-16-le"] if mark else ["utf-8", "cp1252"]))
    return text.encode(encoding), delimiter, rows


@given(files())
def test_a_file_that_nothing_was_put_into_is_the_very_file(
    file: tuple[bytes, str, list[list[str]]],
) -> None:
    data, delimiter, rows = file
    sheet = Sheet(data, delimiter)
    assert bytes(sheet) == data
    assert [len(sheet.row(number)) for number in range(len(sheet))] == [len(row) for row in rows]


@given(files(), st.data(), st.sampled_from(["", "7", "7.5", "7,5", 'a "b"']))
def test_what_is_put_is_read_and_the_rest_keeps_its_bytes(
    file: tuple[bytes, str, list[list[str]]], choose: st.DataObject, value: str
) -> None:
    data, delimiter, rows = file
    sheet = Sheet(data, delimiter)
    row = choose.draw(st.integers(0, len(rows) - 1))
    column = choose.draw(st.integers(0, len(rows[row]) - 1))
    before = [sheet.row(number) for number in range(len(sheet))]
    sheet.put(row, column, value)
    after = Sheet(bytes(sheet), delimiter)
    assert after.cell(row, column) == value
    assert [
        [cell for place, cell in enumerate(after.row(number)) if (number, place) != (row, column)]
        for number in range(len(after))
    ] == [
        [cell for place, cell in enumerate(before[number]) if (number, place) != (row, column)]
        for number in range(len(before))
    ]
    # Taking the value out again gives the file that was there: no other byte moved.
    raw = rows[row][column]
    encoding = "utf-16-le" if data.startswith(b"\xff\xfe") else None
    texts = [one.decode(encoding or sheet._encoding) for one in (data, bytes(sheet))]
    start = sheet._rows[row][column].start
    assert texts[0][:start] == texts[1][:start]
    assert texts[1].endswith(texts[0][start + len(raw) :])


@given(st.binary(max_size=60))
def test_any_bytes_come_back(data: bytes) -> None:
    try:
        assert bytes(Sheet(data, ",")) == data
    except GradebookError:
        assert data in {b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"}


# ------------------------------------------------------------------------------------------------------ Moodle


def test_moodle_gets_the_marks_scaled_and_nothing_else_changes() -> None:
    filled = fill(
        MOODLE,
        batch(
            record("Someone Else", 17.5, "all.zip/Jane Doe_101_assignsubmission_file_/lab.ipynb"),
            record("ana@example.org", 1 / 3),
            record("Bo Berg", 20),
            record("Nobody Known", 3),
        ),
    )
    expected = MOODLE.replace(b'grading",,100.00', b'grading",87.5,100.00', 1).replace(
        b'grading","",100.00', b'grading","1.67",100.00'
    )
    assert filled.data == expected
    assert (filled.count, filled.replaced) == (2, ())
    assert filled.scale == (
        "The lab's 20 points were scaled to the platform's 100.00, rounded to two decimals, halves up."
    )
    assert filled.left == (
        "Nobody Known is not in the file.",
        "Li Wei has no submission, or none that is certainly theirs.",
        "Bo Berg: Moodle says that this grade cannot be changed.",
    )


def test_moodle_in_another_language_needs_the_column_and_keeps_its_decimal_comma() -> None:
    sheet = "ID;Vollständiger Name;Bewertung;Höchste Bewertung\nTeilnehmer/in 7;Jane Doe;;10,00\n".encode(
        "cp1252"
    )
    with pytest.raises(GradebookError, match="name the column of the grades with --column"):
        fill(sheet, batch())
    filled = fill(sheet, batch(record("Doe Jane", 9)), column="Bewertung")
    assert filled.data == sheet.replace(b";;", b";4,5;")
    with pytest.raises(GradebookError, match="neither"):
        fill(sheet, batch(), column="Note")


def test_who_waits_or_cannot_be_read_stays_empty() -> None:
    unmarked = (TaskRecord("why", "Why", 3, None, manual=True),)
    filled = fill(
        MOODLE,
        batch(
            record("Jane Doe", 4, state=State.NEEDS_MANUAL, tasks=unmarked),
            record("Li Wei", 0, state=State.UNREADABLE, reason="It is a web page.", tasks=()),
            record("Ana Diaz", 0, state=State.TIMEOUT),
        ),
    )
    assert filled.data == MOODLE.replace(b'grading","",100.00', b'grading","0",100.00')
    assert filled.left == (
        "Jane Doe: waits for marks by a person: why.",
        "Li Wei: could not be read. It is a web page.",
        "Bo Berg has no submission, or none that is certainly theirs.",
    )


def test_two_of_one_name_are_left_unless_something_surer_tells_them_apart() -> None:
    head = "Identifier,Full name,Email address,Grade,Maximum Grade\n"
    sheet = f"{head}Participant 1,Jo Li,a@x.org,,20\nParticipant 2,Li Jo,b@x.org,,20\n".encode()
    filled = fill(sheet, batch(record("Jo Li", 5)))
    assert filled.data == sheet
    assert filled.left[0] == "Jo Li could be more than one person, by name; no mark was filled in."
    told = fill(sheet, batch(record("Jo Li", 5)), people={"Jo Li": Who(email=("B@x.org",))})
    assert told.data == sheet.replace(b"b@x.org,,", b"b@x.org,5,")
    numbered = fill(sheet, batch(record("Jo Li", 5)), people={"Jo Li": Who(moodle=("2",), canvas=("1",))})
    assert numbered.data == told.data
    twice = fill(sheet, batch(record("a@x.org", 5), record("A@X.org", 6)))
    assert twice.data == sheet
    assert len(twice.left) == 4


# ------------------------------------------------------------------------------------------------------ Canvas


def test_canvas_gets_its_column_by_the_labs_name() -> None:
    filled = fill(
        CANVAS,
        batch(
            record("somebody", 20, "submissions.zip/doejane_LATE_501_9001_lab-2.ipynb"),
            record("lwei", 4),
            record("Díaz, Ana", 4),
            record("Bo Berg", 5),
        ),
    )
    assert filled.data == CANVAS.replace(b",5,,,93.1", b",5,10,,93.1").replace(b",5,3,,80", b",5,2.5,,80")
    assert filled.scale.startswith("The lab's 20 points were scaled to the platform's 10,")
    assert filled.replaced == ("Berg, Bo: 3 became 2.5.",)
    assert filled.left == (
        "Wei, Li: Canvas does not ask the student for this lab.",
        "Díaz, Ana: Canvas has the student excused.",
    )


@pytest.mark.parametrize("column", ["Lambda lab", "lambda lab (9)", "9"])
def test_canvas_takes_a_column_by_title_or_number(column: str) -> None:
    filled = fill(CANVAS, batch(record("jdoe", 19.5)), column=column)
    assert filled.data == CANVAS.replace(b",5,,,93.1", b",5,,19.5,93.1")
    assert filled.scale == ""


def test_a_lab_that_no_column_is_named_after_asks_for_one() -> None:
    with pytest.raises(GradebookError) as refused:
        fill(CANVAS, replace(batch(), title="Table lab", lab="22_dynamodb"))
    assert str(refused.value) == (
        "No column is 'Table lab'; name one with --column. "
        "The assignments are: Warm up (7); SQS lab (8); Lambda lab (9)."
    )
    with pytest.raises(GradebookError, match="2 columns could be 'lab'"):
        fill(CANVAS, replace(batch(), title="lab", lab="lab"))


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"<html>", b"a,b\n1,2\n", bytes(range(256))])
def test_what_is_no_gradebook_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(GradebookError):
        fill(data, batch())


points = st.integers(0, 80).map(lambda quarter: quarter / 4)


@given(st.lists(points, min_size=1, max_size=6), st.integers(1, 300))
def test_every_mark_is_within_half_a_cent_of_its_share(totals: list[float], top: int) -> None:
    rows = "".join(f"Participant {place},N{place},,,{top}.00\n" for place in range(len(totals)))
    sheet = f"Identifier,Full name,Email address,Grade,Maximum Grade\n{rows}".encode()
    filled = fill(sheet, batch(*(record(f"N{place}", total) for place, total in enumerate(totals))))
    read = list(csv.reader(io.StringIO(filled.data.decode())))[1:]
    assert filled.count == len(totals)
    for row, total in zip(read, totals, strict=True):
        assert abs(float(row[3]) - total * top / 20) <= 0.005 + 1e-9
        assert float(row[3]) <= top


@given(st.text(max_size=12))
def test_a_name_is_the_same_in_either_order(name: str) -> None:
    first, last = name[: len(name) // 2], name[len(name) // 2 :]
    assert name_key(f"{first}, {last}") == name_key(f"{last} {first}")


# ---------------------------------------------------------------------------------------------------- feedback


def test_feedback_goes_under_the_names_that_the_platforms_gave() -> None:
    names = {
        "all.zip/Jane Doe_101_assignsubmission_file_/lab.ipynb": "Jane Doe_101_assignsubmission_file_/lab.ipynb.html",
        "Jane Doe_101_assignsubmission_file_lab.ipynb": "Jane Doe_101_assignsubmission_file_lab.ipynb.html",
        "x/doejane_LATE_501_9001_lab-2.ipynb": "doejane_LATE_501_9001_lab-2.ipynb.html",
        "doejane_501_9001_work.zip/deep/lab.ipynb": "doejane_501_9001_work.zip.html",
        "../Jane Doe.ipynb": "Jane Doe.ipynb.html",
    }
    assert {file: page_name(file) for file in names} == names


def test_the_zip_holds_every_page_and_repeats_to_the_byte() -> None:
    pages = {"b_1_2_lab.ipynb": "<p>é</p>", "x/b_1_2_lab.ipynb": "<p>2</p>", "a.ipynb": "\ud800"}
    data = feedback_zip(pages)
    assert data == feedback_zip(dict(reversed(pages.items())))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "a.ipynb.html": "?",
            "b_1_2_lab.ipynb.html": "<p>é</p>",
            "x/b_1_2_lab.ipynb.html": "<p>2</p>",
        }
