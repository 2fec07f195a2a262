"""The HTML of a page's cells, made fit for a page: safe, with anchors, figures, tables that scroll, answers."""

from __future__ import annotations

import copy
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
ANSWERS: Final = ("Answer", "One answer", "One way")
"""What stands on a fold that holds an answer: on paper these come at the end, all other folds are open."""

_ACTIVE: Final = (
    "script", "style", "iframe", "object", "embed", "link", "meta", "base", "form", "audio", "video", "source",
)  # fmt: skip
_BLOCKS: Final = ("p", "li", "br", "td", "th", "tr", "div", "pre", "summary", "h4", "h5", "h6", "caption")
"""Where one of these begins or ends, a word ends."""
_ALIGNED: Final = re.compile(r"text-align:\s*(left|right|center);?")


@dataclass(frozen=True)
class Heading:
    """A heading of the page: its level from 1, its text and its anchor."""

    level: int
    text: str
    anchor: str


@dataclass
class Part:
    """The words that stand under one heading, without folded answers: what the search looks through."""

    heading: Heading
    words: str = ""


@dataclass(frozen=True)
class Body:
    """The inside of a page: its title, its HTML, its answers as HTML, and what the other pages need to know of it."""

    title: str
    html: str
    answers: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    parts: tuple[Part, ...] = ()
    first_figure: tuple[str, str] | None = None
    """The path and the words of the first figure that has some."""


def tidy(
    html: str,
    name: str,
    anchor: Callable[[str], str],
    link: Callable[[str], str | None],
    image: Callable[[str], str | None],
    pictures: Mapping[str, bytes],
) -> Body:
    """Make the cells of the page `name` fit for a page.

    `anchor` makes an anchor of a heading's text. `link` gives the address of a link on the site, or None if it leads
    nowhere there; `image` does so for a picture. `pictures` are the files of figures, whose sizes are read.
    """
    soup = BeautifulSoup(html, "html.parser")
    _calm(soup)
    title, headings = _anchored(soup, name, anchor)
    for tag in soup.find_all("a", href=True):
        _linked(tag, link)
    for img in soup.find_all("img"):
        _pictured(soup, img, image, pictures)
    parts = _parts(soup, title, headings)
    _scrolling(soup, parts)
    answers = _numbered(soup)
    figure = next((img for img in soup.select("figure img") if img["alt"]), None)
    first = (str(figure["src"]), str(figure["alt"])) if figure else None
    return Body(title, str(soup), answers, tuple(headings), tuple(parts), first)


def _calm(soup: BeautifulSoup) -> None:
    """Take out whatever acts, loads or paints by itself."""
    for tag in soup.find_all(_ACTIVE):
        tag.decompose()
    for tag in soup.find_all(True):
        for attribute in [name for name in tag.attrs if name.startswith("on") or name in ("srcset", "ping")]:
            del tag[attribute]
        if "style" in tag.attrs and not _ALIGNED.fullmatch(str(tag["style"]).strip()):
            del tag["style"]
        for attribute in ("border", "bgcolor", "background"):
            tag.attrs.pop(attribute, None)


def _anchored(soup: BeautifulSoup, name: str, anchor_of: Callable[[str], str]) -> tuple[str, list[Heading]]:
    """Give each heading an anchor of its own; the page has one h1, and no level is left out."""
    title = ""
    headings: list[Heading] = []
    taken: set[str] = set()
    before = 1
    for tag in soup.find_all("a", class_="anchor-link"):
        tag.decompose()
    for tag in soup.find_all(HEADINGS):
        text = " ".join(tag.get_text().split())
        level = int(tag.name[1])
        if not title and level == 1 and not headings:
            title = text
        level = 1 if text == title and not headings else min(max(level, 2), before + 1)
        before = level
        tag.name = f"h{level}"
        del tag["id"]
        if tag.find_parent(class_="output"):
            continue
        anchor = own = anchor_of(text) or "part"
        number = 1
        while anchor in taken:
            number += 1
            anchor = f"{own}-{number}"
        taken.add(anchor)
        tag["id"] = anchor
        headings.append(Heading(level, text, anchor))
    if not title:
        title = headings[0].text if headings else name
        first = soup.new_tag("h1", id="top-of-page")
        first.string = title
        soup.insert(0, first)
        headings.insert(0, Heading(1, title, "top-of-page"))
    return title, headings


def _linked(anchor: Tag, link: Callable[[str], str | None]) -> None:
    target = link(str(anchor["href"]))
    if target is None:  # a file that only the repository has: its name is still worth reading
        anchor.name = "span"
        anchor.attrs = {}
    else:
        anchor["href"] = target


def _pictured(
    soup: BeautifulSoup, img: Tag, image: Callable[[str], str | None], pictures: Mapping[str, bytes]
) -> None:
    """A picture has its size and its words; a figure's words unfold, and it can be opened alone."""
    alt = str(img.get("alt") or "")
    where = str(img.get("src") or "")
    target = where if where in pictures else image(where)
    if target is None:
        instead = soup.new_tag("em")
        instead.string = f"Picture: {alt}" if alt else "A picture that is not part of this site"
        img.replace_with(instead)
        return
    img.attrs = {"src": target, "alt": alt}
    data = pictures.get(where, b"")
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        img["width"], img["height"] = map(str, struct.unpack(">II", data[16:24]))
    figure = img.parent
    if figure is not None and figure.name == "figure" and alt:
        caption = BeautifulSoup(
            "<figcaption><details><summary>In words</summary><p></p></details><a>Full size</a></figcaption>",
            "html.parser",
        )
        words, alone = caption.p, caption.a
        assert words is not None
        assert alone is not None
        words.string = alt
        alone["href"] = target
        figure.append(caption)


def _parts(soup: BeautifulSoup, title: str, headings: list[Heading]) -> list[Part]:
    """The page's words, heading by heading; a folded answer is not among them."""
    by_anchor = {heading.anchor: heading for heading in headings}
    parts = [Part(Heading(1, title, ""))]
    pieces: list[list[str]] = [[]]
    for node in soup.descendants:
        if isinstance(node, Tag):
            if node.name in HEADINGS and node.get("id") in by_anchor:
                parts.append(Part(by_anchor[str(node["id"])]))
                pieces.append([])
            elif node.name in _BLOCKS:
                pieces[-1].append(" ")
        elif type(node) is NavigableString and not _left_out(node):
            before = node.previous_sibling
            apart = isinstance(before, Tag) and before.name in _BLOCKS
            pieces[-1].append(f" {node}" if apart else str(node))
    for part, words in zip(parts, pieces, strict=True):
        part.words = " ".join("".join(words).split())
    return [part for part in parts if part.words or part.heading.anchor]


def _left_out(text: NavigableString) -> bool:
    for parent in text.parents:
        if parent.name == "figcaption" or (parent.name in HEADINGS and parent.get("id")):
            return True
        if parent.name == "details" and is_answer(parent):
            return True
    return False


def _scrolling(soup: BeautifulSoup, parts: list[Part]) -> None:
    """A wide table scrolls in a box of its own, which the keyboard reaches and a screen reader names."""
    heading, numbers = "", dict[str, int]()
    for tag in soup.find_all((*HEADINGS, "table")):
        if tag.name != "table":
            heading = " ".join(tag.get_text().split())
            continue
        caption = tag.find("caption")
        label = " ".join(caption.get_text().split()) if caption else heading
        numbers[label] = numbers.get(label, 0) + 1
        more = f", {numbers[label]}" if numbers[label] > 1 else ""
        box = soup.new_tag("div")
        box.attrs = {
            "class": "scroll",
            "role": "region",
            "tabindex": "0",
            "aria-label": f"Table: {label}{more}",
        }
        tag.wrap(box)
        for cell in tag.select("thead th"):
            if cell.get_text(strip=True):
                cell["scope"] = "col"
            else:
                cell.name = "td"
        for cell in tag.select("tbody th"):
            cell["scope"] = "row"
    for diagram in soup.select(".text pre"):
        diagram["class"] = "diagram"


def is_answer(fold: Tag) -> bool:
    """Whether a fold holds an answer, going by the words on it."""
    summary = fold.find("summary")
    return summary is not None and summary.get_text().startswith(ANSWERS)


def _numbered(soup: BeautifulSoup) -> tuple[str, ...]:
    """Number the answers, and return their HTML: on paper they stand at the end."""
    answers = []
    for fold in soup.find_all("details"):
        if not is_answer(fold):
            continue
        fold["class"] = "answer"
        inside = copy.copy(fold)
        summary, own = inside.find("summary"), fold.find("summary")
        assert summary is not None
        assert own is not None
        summary.decompose()
        answers.append(inside.decode_contents())
        note = soup.new_tag("span", attrs={"class": "paper"})
        note.string = f" {len(answers)}: at the end"
        own.append(note)
    return tuple(answers)
