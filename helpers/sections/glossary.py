"""The glossary: the abbreviations and terms of the course, each in a sentence or two, and where it is taught."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from helpers.sections import data
from helpers.sections.syllabus import load_syllabus

START = "00_start"
"""The notebook that teaches the course's own words; it is no section of the syllabus."""


@dataclass(frozen=True)
class Term:
    """A term as the notebooks write it ("DLQ").

    `stands_for` is what an abbreviation is short for ("dead-letter queue"), or "". `meaning` says in a sentence or
    two what it is. `section` is the id of the section that teaches it, built or to come; "00_start" for the
    course's own words. `also` are other spellings and names.
    """

    term: str
    stands_for: str
    meaning: str
    section: str
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.term, self.stands_for, self.meaning, *self.also):
            if not isinstance(text, str):
                raise data.SectionError(f"The term {self.term!r} holds {text!r}, which is not text.")

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called: the term and its other spellings."""
        return (self.term, *self.also)


@cache
def load_glossary() -> tuple[Term, ...]:
    """All terms, in alphabetical order, whatever the case of the letters.

    Raises SectionError if the file is not well-formed, names a section that is not in the syllabus, or gives a
    name to two terms.
    """
    terms = sorted(_terms(data.load(data.FOLDER / "glossary.yaml")), key=lambda one: one.term.casefold())
    owner: dict[str, str] = {}
    for one in terms:
        for name in one.names:
            if name.casefold() in owner:
                raise data.SectionError(
                    f"The glossary has {name!r} twice: under {owner[name.casefold()]!r} and under {one.term!r}."
                )
            owner[name.casefold()] = one.term
    return tuple(terms)


def _terms(sections: Any) -> Iterator[Term]:
    """The file maps the id of a section to the list of its terms."""
    if not isinstance(sections, dict):
        raise data.SectionError("glossary.yaml is not a mapping of sections to terms.")
    known = [START, *(section.id for section in load_syllabus())]
    for section, entries in sections.items():
        if section not in known:
            raise data.unknown("section", section, known)
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) and "term" in entry for entry in entries
        ):
            raise data.SectionError(f"glossary.yaml, {section}: this is not a list of entries with a term.")
        yield from (_term(section, entry) for entry in entries)


def _term(section: str, entry: Mapping[str, Any]) -> Term:
    stands_for, also = entry.get("stands_for", ""), entry.get("also", ())
    if not isinstance(also, (list, tuple)):
        raise data.SectionError(f"The term {entry['term']!r} needs a list under `also`.")
    term: Term = data.made("term", entry, Term, stands_for=stands_for, section=section, also=tuple(also))
    return term
