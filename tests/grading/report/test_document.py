"""results.json: everything survives, it has a shape, and a record is a line."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import jsonschema
import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.record import Batch, CheckRecord, Record, State, TaskRecord, TrailRow
from helpers.grading.report import document
from helpers.labs import Status

SCHEMA = json.loads(document.SCHEMA.read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_everything_survives() -> None:
    assert document.from_json(document.to_json(samples.BATCH)) == samples.BATCH


def test_the_document_has_the_shape_that_its_schema_says() -> None:
    VALIDATOR.check_schema(SCHEMA)
    VALIDATOR.validate(json.loads(document.to_json(samples.BATCH)))
    VALIDATOR.validate(json.loads(document.to_json(replace(samples.BATCH, records=[], unmatched=[]))))


@pytest.mark.parametrize(
    ("type_", "shape"),
    [
        (Batch, SCHEMA),
        (Record, SCHEMA["$defs"]["record"]),
        (TaskRecord, SCHEMA["$defs"]["task"]),
        (CheckRecord, SCHEMA["$defs"]["check"]),
        (TrailRow, SCHEMA["$defs"]["row"]),
    ],
)
def test_the_schema_names_every_field_and_no_other(type_: type, shape: dict[str, object]) -> None:
    names = {field.name for field in fields(type_)}
    assert set(shape["properties"]) - {"version"} == names
    assert set(shape["required"]) - {"version"} == names
    assert shape["additionalProperties"] is False


def test_the_schema_names_every_state_and_status() -> None:
    definitions = SCHEMA["$defs"]
    assert set(definitions["record"]["properties"]["state"]["enum"]) == set(State)
    assert set(definitions["check"]["properties"]["status"]["enum"]) == set(Status)


def test_the_schema_refuses_a_wrong_document() -> None:
    data = json.loads(document.to_json(samples.BATCH))
    data["records"][0]["tasks"][0]["earned"] = "all"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


def test_a_record_is_a_line_and_the_bytes_repeat() -> None:
    text = document.to_json(samples.BATCH)
    assert text == document.to_json(document.from_json(text))
    lines = text.splitlines()
    assert len(lines) == 2 + len(samples.ALL)
    assert lines[0].startswith('{"version":1,"lab":"18_sqs",')
    assert json.loads(lines[1].rstrip(","))["student"] == "Zoë Ångström"
    text.encode()


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_survives_as_utf8(student: str, code: str) -> None:
    record = replace(samples.RIGHT, student=student, tasks=(replace(samples.QUEUES_RIGHT, code=code),))
    batch = replace(samples.BATCH, records=[record])
    assert document.from_json(document.to_json(batch).encode().decode()) == batch


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "This is no results.json: "),
        ("[" * 100_000, "This is no results.json: "),
        ("[]", "This results.json has version None, and this devlab reads version 1."),
        ('{"version": 2}', "This results.json has version 2, and this devlab reads version 1."),
        ('{"version": 1}', "This results.json is not as devlab wrote it: KeyError, 'tasks'."),
        (
            '{"version": 1, "tasks": [], "records": [3]}',
            "This results.json is not as devlab wrote it: TypeError, ",
        ),
        (
            '{"version": 1, "tasks": [], "records": []}',
            "This results.json is not as devlab wrote it: TypeError, ",
        ),
    ],
)
def test_another_document_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(document.DocumentError) as refused:
        document.from_json(text)
    assert str(refused.value).startswith(sentence)


def test_a_document_half_written_is_refused() -> None:
    text = document.to_json(samples.BATCH)
    for size in range(0, len(text) - 2, max(1, len(text) // 50)):
        with pytest.raises(document.DocumentError):
            document.from_json(text[:size])
