"""The syllabus: all sections of the course, built or to come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from helpers.sections import data


@dataclass(frozen=True)
class Section:
    """A section: its id ("18_sqs"), its title, and whether its notebook is `built` or to come."""

    id: str
    title: str
    built: bool

    @property
    def number(self) -> int:
        """Its place in the course, from 1."""
        return int(self.id[:2])


@cache
def load_syllabus() -> tuple[Section, ...]:
    """The sections in the order of the course. Raises SectionError if the file is not well-formed."""
    entries = data.load(data.FOLDER / "syllabus.yaml")
    return tuple(data.made("section", entry, Section) for entry in entries)


def find_section(id: str) -> Section:  # noqa: A002 - a section's name is its id
    """The section of that id. Raises SectionError with the ids that come close."""
    for section in load_syllabus():
        if section.id == id:
            return section
    raise data.unknown("section", id, [section.id for section in load_syllabus()])
