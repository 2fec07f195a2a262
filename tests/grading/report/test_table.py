"""results.csv: what spreadsheets and platforms read, and what regrade reads back."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.record import Batch
from helpers.grading.report import table

NASTY = st.text(st.characters()) | st.text(st.sampled_from(";,|\t\"'=+-@ a\r\n"), max_size=12)
"""Any text, and often one of what a formula is smuggled in with."""

HEAD = "student,lab,state,isolation,total,maximum,reason,sha256,seconds,seed,queues,worker,order,why"


def one(student: str, **changes: object) -> Batch:
    record = replace(samples.RIGHT, student=student, **changes)
    return replace(samples.BATCH, records=[record])


def test_the_whole_file() -> None:
    batch = replace(samples.BATCH, records=[samples.RIGHT, samples.PARTIAL, samples.UNREADABLE])
    sha = [record.sha256 for record in batch.records]
    partial = "one of 4 tasks is missing from the notebook: worker"
    unreadable = "this is a web page, not a notebook: the download was not logged in"
    assert (
        table.to_table(batch).encode()
        == "\r\n".join(
            [
                "\ufeff" + HEAD,
                f"Zoë Ångström,18_sqs,graded,full,16,17,,{sha[0]},0.42,4711,4,6,3,3",
                f"Kofi Mensah,18_sqs,partial,full,7,17,{partial},{sha[1]},0.42,4711,4,0,3,",
                f'Sam Lee,18_sqs,unreadable,full,0,17,"{unreadable}",{sha[2]},0.42,4711,,,,',
                "",
            ]
        ).encode()
    )


def test_numbers_have_no_trailing_zeros() -> None:
    values = [0, 0.0, 7, 7.0, 7.5, 0.1 + 0.2, 1 / 3, 100, 2_000_000.0, 0.00001]
    assert [table.number(value) for value in values] == [
        "0", "0", "7", "7", "7.5", "0.3", "0.3333", "100", "2000000", "0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        ("\t=1", " '=1"),
        ("\r\n=1", " '=1"),
        ("Doe;=1+1", "Doe;'=1+1"),
        ('Doe";"=1+1', 'Doe";"\'=1+1'),
        ("'=1", "''=1"),
        ("'t Hooft", "'t Hooft"),
        ("Jean-Luc", "Jean-Luc"),
        ("a = b", "a = b"),
        ("Zoë", "Zoë"),
    ],
)
def test_a_formula_becomes_text(name: str, cell: str) -> None:
    [_, row] = csv.reader(io.StringIO(table.to_table(one(name)).removeprefix("\ufeff"), newline=""))
    assert row[0] == cell
    assert table.read_table(table.to_table(one(name)))[0].student == table.one_line(name)


@given(NASTY, st.sampled_from(",;\t"))
def test_no_text_starts_a_formula_however_the_line_is_split(text: str, separator: str) -> None:
    line = table.to_table(one(text)).split("\r\n")[1]
    for cell in next(csv.reader([line], delimiter=separator)):
        # A spreadsheet that splits at another character sees the quotes of the first one.
        assert not cell.strip().lstrip('"').strip().startswith(("=", "+", "-", "@"))


@given(NASTY)
def test_guards_come_off_again(text: str) -> None:
    assert table.unguarded(table.guarded(text)) == table.one_line(text)


def test_read_table_gives_back_what_was_written() -> None:
    rows = table.read_table(table.to_table(samples.BATCH))
    assert [row.student for row in rows] == [table.one_line(record.student) for record in samples.ALL]
    assert rows[2] == table.Row(
        student="Kofi Mensah",
        lab="18_sqs",
        state="partial",
        isolation="full",
        total=7,
        maximum=17,
        reason="one of 4 tasks is missing from the notebook: worker",
        sha256=samples.PARTIAL.sha256,
        seconds=0.42,
        seed=4711,
        tasks={"queues": 4, "worker": 0, "order": 3, "why": None},
    )


@given(NASTY, NASTY)
def test_any_name_and_reason_survive(student: str, reason: str) -> None:
    [row] = table.read_table(table.to_table(one(student, reason=reason)))
    assert (row.student, row.reason) == (table.one_line(student), table.one_line(reason))


def test_a_table_that_a_spreadsheet_saved_is_read() -> None:
    text = table.to_table(one("Zoë", total=7.5))
    saved = text.removeprefix("\ufeff").replace(",", ";").replace("7.5", "7,5").replace("\r\n", "\n")
    assert table.read_table(saved) == table.read_table(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "This is no results.csv: its first line is not student,lab,"),
        ("name,mark\nJane,1\n", "This is no results.csv: its first line is not student,lab,"),
        (HEAD + "\nJane,18_sqs\n", "Line 2 has 2 cells, not 14."),
        (HEAD + "\na,b,c,d,many,1,,,1,1,,,,\n", "Line 2 has something other than a number"),
        (HEAD + '\n"a"b', "This is no results.csv: "),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(table.TableError) as refused:
        table.read_table(text)
    assert str(refused.value).startswith(sentence)


def test_a_task_named_as_a_column_is_refused() -> None:
    with pytest.raises(table.TableError, match="The task seed has the name of a column"):
        table.to_table(replace(samples.BATCH, tasks=("seed",)))
