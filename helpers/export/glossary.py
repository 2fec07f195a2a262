"""The page of terms and abbreviations, each with the place that teaches it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from helpers.export.body import Body, Heading, Part
from helpers.export.links import link_to
from helpers.export.page import Frame, fill
from helpers.sections.glossary import Term
from helpers.sections.syllabus import load_syllabus

PAGE = "glossary"


@dataclass(frozen=True)
class Entry:
    """A term on the page, with its anchor and the link to where it is taught; no link if that is not on the site."""

    term: str
    stands_for: str
    meaning: str
    also: tuple[str, ...]
    anchor: str
    taught: str
    href: str

    @property
    def letter(self) -> str:
        """The letter that it stands under; "0-9" for what begins with none."""
        first = re.sub(r"^[\W_]+", "", unicodedata.normalize("NFKD", self.term))[:1].upper()
        return first if first.isascii() and first.isalpha() else "0-9"


def entries(terms: Iterable[Term], bodies: Mapping[str, Body]) -> list[Entry]:
    """The terms as the page shows them, in alphabetical order; `bodies` are the pages of the site by their names."""
    titles = {section.id: section for section in load_syllabus()}
    found = []
    for term in terms:
        body = bodies.get(term.section)
        if body is not None:
            heading = taught_at(term, body.parts)
            href = link_to(term.section, heading.anchor)
            taught = heading.text if heading.level > 1 else body.title
            if term.section in titles:
                taught = f"Section {titles[term.section].number}: {taught}"
        else:
            section = titles.get(term.section)
            href = ""
            taught = f"Section {section.number}: {section.title}." if section else ""
        anchor = "term-" + re.sub(r"\W+", "-", term.term.casefold()).strip("-")
        found.append(Entry(term.term, term.stands_for, term.meaning, term.also, anchor, taught, href))
    return sorted(found, key=lambda one: (one.letter, one.term.casefold(), one.term))


def taught_at(term: Term, parts: Sequence[Part]) -> Heading:
    """The heading of a page under which a term is taught: one that names it, or else the first whose text does.

    What stands before the first station, such as the list of stations, teaches nothing.
    """
    first = next((number for number, part in enumerate(parts) if part.heading.text[:1].isdigit()), 0)
    page, parts = parts[0].heading, [*parts[first:], *parts[:first]]
    names = [re.escape(name) for name in (term.term, *term.also, term.stands_for) if name]
    named = re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?:e?s)?(?!\w)", re.IGNORECASE)
    for part in parts:
        if part.heading.level > 1 and named.search(part.heading.text):
            return part.heading
    for part in parts:
        if named.search(part.words):
            return part.heading
    return page


def glossary_page(terms: Sequence[Entry], frame: Frame) -> str:
    """The glossary's page, with a heading for each letter."""
    letters = [(letter, list(group)) for letter, group in groupby(terms, key=lambda one: one.letter)]
    return fill("glossary.html.j2", frame, title="Glossary", letters=letters, count=len(terms))
