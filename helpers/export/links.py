"""Links between the course's files become links between the pages of the site."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

ELSEWHERE: Final = ("http", "https", "mailto")
"""Links that lead out of the site stay as they are; they are followed only when somebody clicks."""

SAFE: Final = "!$&'()*+,;=:@/?-._~"
"""What may stand in a fragment as it is: https://datatracker.ietf.org/doc/html/rfc3986#section-3.5."""


def jupyter_anchor(heading: str) -> str:
    """The anchor that JupyterLab gives a heading in a notebook."""
    return heading.replace(" ", "-")


def github_anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading in a Markdown file."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def link_to(page: str, anchor: str = "") -> str:
    """The address of an anchor on the page `page`.html, from any page of the site."""
    return quote(page, safe="") + ".html" + (f"#{quote(anchor, safe=SAFE)}" if anchor else "")


def resolve(href: str, source: Path, pages: Mapping[Path, str]) -> str | None:
    """Where a link in the file `source` leads on the site; None if its target is not part of the site.

    `pages` holds the names of the pages by the files that they are made of.
    """
    parts = urlsplit(href.strip())
    if parts.scheme:
        return href.strip() if parts.scheme in ELSEWHERE else None
    if parts.netloc:
        return None
    if not parts.path:
        return f"#{quote(unquote(parts.fragment), safe=SAFE)}"
    page = pages.get((source.parent / unquote(parts.path)).resolve())
    return None if page is None else link_to(page, unquote(parts.fragment))
