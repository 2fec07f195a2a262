"""The index of the search: one script, since a page that was opened as a file may load no other file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from helpers.export.body import Body
from helpers.export.glossary import PAGE, Entry

TRIMMED: Final = 1_500
"""Characters of text that are kept under one heading if the whole texts are too many; halved until they fit."""

LIMIT: Final = 1_000_000
"""Bytes that an index may have: a browser reads it each time the search is opened."""


def index(bodies: Mapping[str, Body], terms: Sequence[Entry]) -> str:
    """The script that holds the index: the pages with their titles, and an entry for each heading and term.

    An entry is its page, its anchor, its heading, its text, and the heading of the second level that it stands under.
    """
    pages = [[name, body.title] for name, body in bodies.items()]
    entries: list[list[object]] = []
    for number, body in enumerate(bodies.values()):
        above = ""
        for part in body.parts:
            anchor = "" if part.heading.level == 1 else part.heading.anchor
            above = part.heading.text if part.heading.level == 2 else above
            station = above if part.heading.level > 2 else ""
            entries.append([number, anchor, part.heading.text, part.words, station])
    if terms:
        pages.append([PAGE, "Glossary"])
        for term in terms:
            heading = f"{term.term}, {term.stands_for}" if term.stands_for else term.term
            words = f"{term.meaning.replace('`', '')} {', '.join(term.also)}".strip()
            entries.append([len(pages) - 1, term.anchor, heading, words, ""])
    text = _script(pages, entries)
    room = TRIMMED
    while len(text.encode()) > LIMIT:  # a course that has grown: shorter texts, and every heading still found
        entries = [[*entry[:3], str(entry[3])[:room], entry[4]] for entry in entries]
        text = _script(pages, entries)
        if room < 10:
            break
        room //= 2
    return text


def _script(pages: list[list[str]], entries: list[list[object]]) -> str:
    data = json.dumps({"pages": pages, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
    # These two end a line in JavaScript of old browsers, and not in JSON.
    data = data.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"window.COURSE_INDEX={data};\n"
