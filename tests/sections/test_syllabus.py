"""The syllabus lists the whole course, and says truly what is built."""

from __future__ import annotations

import pytest

from helpers.sections.data import SectionError, section_ids
from helpers.sections.syllabus import find_section, load_syllabus


def test_thirty_sections_are_numbered_in_order() -> None:
    assert [section.number for section in load_syllabus()] == list(range(1, 31))


def test_a_section_is_built_if_it_has_a_folder() -> None:
    built = {section.id for section in load_syllabus() if section.built}
    assert built == set(section_ids()) - {"00_start"}


def test_titles_differ() -> None:
    assert len({section.title for section in load_syllabus()}) == 30


def test_a_section_is_found_by_its_id() -> None:
    assert find_section("18_sqs").title.startswith("Amazon SQS")
    with pytest.raises(SectionError, match=r"^There is no section '18_sqss'; there is 18_sqs"):
        find_section("18_sqss")
