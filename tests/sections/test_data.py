"""The data files are found and read, and what is wrong with them is said in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.sections import data
from helpers.sections.data import SectionError


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with one section, 01_one, without files."""
    (tmp_path / "s01_one").mkdir()
    (tmp_path / "schema").mkdir()
    monkeypatch.setattr(data, "FOLDER", tmp_path)
    data.section_ids.cache_clear()
    yield tmp_path
    data.section_ids.cache_clear()


def test_sections_are_the_folders_in_the_order_of_the_course() -> None:
    assert data.section_ids() == (
        "00_start",
        "17_monitoring",
        "18_sqs",
        "19_sns",
        "20_kinesis",
        "21_lambda",
        "22_dynamodb",
    )


def test_an_unknown_section_is_named_with_those_that_come_close() -> None:
    with pytest.raises(SectionError) as error:
        data.read("18_sqss", "facts.yaml")
    assert str(error.value) == "There is no section '18_sqss'; there is 18_sqs, 19_sns."


def test_a_section_may_lack_a_file(course: Path) -> None:
    assert data.read("01_one", "facts.yaml") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: x", "01_one/facts.yaml is not a list of entries with an id."),
        ("- name: x", "01_one/facts.yaml is not a list of entries with an id."),
        ("- id: x\n- id: x", "01_one/facts.yaml has two entries with the id 'x'."),
        ("- id: x\n  a: b: c", "s01_one/facts.yaml, line 2: mapping values are not allowed in this context."),
    ],
)
def test_a_malformed_file_is_one_sentence(course: Path, text: str, said: str) -> None:
    (course / "s01_one" / "facts.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SectionError) as error:
        data.read("01_one", "facts.yaml")
    assert str(error.value) == said


def test_the_reader_takes_no_python_objects(course: Path) -> None:
    (course / "s01_one" / "facts.yaml").write_text(
        "- id: !!python/object/apply:os.getcwd []", encoding="utf-8"
    )
    with pytest.raises(SectionError, match="could not determine a constructor"):
        data.read("01_one", "facts.yaml")


@dataclass
class Thing:
    id: str
    size: int


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"id": "x"}, "The thing 'x' is not well-formed: it lacks 1 required positional argument: 'size'."),
        (
            {"id": "x", "size": 1, "z": 2},
            "The thing 'x' is not well-formed: it got an unexpected keyword argument 'z'.",
        ),
    ],
)
def test_an_entry_with_other_fields_is_one_sentence(entry: dict[str, object], said: str) -> None:
    with pytest.raises(SectionError) as error:
        data.made("thing", entry, Thing)
    assert str(error.value) == said


def test_an_entry_is_made_with_what_changed() -> None:
    assert data.made("thing", {"id": "x", "size": "1"}, Thing, size=1) == Thing("x", 1)
