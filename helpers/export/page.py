"""A page of the site: the frame around what it says."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpers.export.body import Body, Heading
from helpers.export.cells import TEMPLATES
from helpers.export.links import SAFE

COURSE: Final = "AWS Developer Labs"
_CODE: Final = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Link:
    """Words that lead to an address; without one they are only words."""

    text: str
    href: str = ""


@dataclass
class Entry:
    """A line of a page's table of contents, and those of the next level under it."""

    text: str
    anchor: str
    inner: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Frame:
    """What stands around every page: the menu, the pages before and after, the PDF."""

    menu: tuple[Link, ...]
    here: str
    before: Link | None = None
    after: Link | None = None
    pdf: str = ""


def page(body: Body, frame: Frame) -> str:
    """The page of a notebook."""
    return fill(
        "page.html.j2",
        frame,
        title=body.title,
        body=body.html,
        answers=body.answers,
        contents=contents(body.headings),
    )


def contents(headings: Iterable[Heading]) -> list[Entry]:
    """The headings of the second level, and those of the third under them."""
    entries: list[Entry] = []
    for heading in headings:
        entry = Entry(heading.text, heading.anchor)
        if heading.level == 2:
            entries.append(entry)
        elif heading.level == 3 and entries:
            entries[-1].inner.append(entry)
    return entries


def fill(template: str, frame: Frame, *, title: str, **values: Any) -> str:
    """A page from its template, which escapes each value but the HTML that `body.tidy` made."""
    known = {"contents": (), "answers": (), "body": "", **vars(frame), **values}
    return _templates().get_template(template).render(course=COURSE, title=title, **known) + "\n"


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    found.filters["coded"] = lambda text: _CODE.sub(r"<code>\1</code>", html.escape(text))
    found.filters["fragment"] = lambda anchor: quote(anchor, safe=SAFE)
    return found
