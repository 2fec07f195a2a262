"""Small pieces of HTML that read well with and without a style sheet.

GitHub removes `style` and `class` from an output, so meaning stands in tags and words; classes only add to it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import Final

from helpers.experiments import words

MARKS: Final = {
    "true": ("✔", "holds", "good"),
    "false": ("✘", "does not hold", "bad"),
    "not applicable": ("–", "not applicable", "none"),
}
"""Icon, word and CSS class of a claim's verdict."""

LEFT: Final = ' style="text-align:left"'
"""Jupyter sets the cells of a table without a kernel to the right, unless the cell itself says otherwise."""

duration = words.duration
number = words.number

_CODE = re.compile(r"`([^`]+)`")


def text(value: object) -> str:
    """`value` as HTML text: `&`, `<`, `>` and quotes escaped, `` `code` `` set as code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(str(value)))


def raw(value: object) -> str:
    """`value` as HTML text, character by character: for code, which may hold backticks of its own."""
    return html.escape(str(value))


def plain(value: object) -> str:
    """`value` for a place that shows no markup, such as a radio button: the backticks go."""
    return _CODE.sub(r"\1", str(value))


def spoken(words: str) -> str:
    """HTML as a screen reader should say it: without tags, folded parts and marks, on one line."""
    shown = re.sub(r"<(details|pre)\b.*?</\1>", " ", words, flags=re.DOTALL)
    shown = html.unescape(re.sub(r"<[^>]+>", " ", shown))
    shown = re.sub("[✔✘✖◆–] ", "", shown)
    return re.sub(r"\s+([.,:;!?])", r"\1", " ".join(shown.split()))


def scroll(table_or_list: str, name: str) -> str:
    """HTML that scrolls within a box of its own; the keyboard reaches the box, and `name` says what it holds."""
    label = html.escape(name)
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{table_or_list}</div>'


def quoted(words: str) -> str:
    """An option in quotation marks, closed by a full stop unless it ends with a mark of its own; HTML."""
    return f"“{text(words)}”" + ("" if words.endswith((".", "?", "!")) else ".")


def details(summary: str, body: str, opened: bool = False) -> str:
    """A part that starts folded; `summary` is text, `body` is HTML."""
    return f"<details{' open' if opened else ''}><summary>{text(summary)}</summary>{body}</details>"


def items(rows: Iterable[str], kind: str = "") -> str:
    """A list; `rows` are HTML."""
    more = f' class="{kind}"' if kind else ""
    return f"<ul{more}>{''.join(f'<li>{row}</li>' for row in rows)}</ul>"


def lettered(rows: Iterable[str]) -> str:
    """Options as A, B, C, a line each; `rows` are HTML. The letters stand in the text, since some readers number lists
    in their own way.
    """
    return f"<p>{'<br>'.join(f'{letter(place)}. {row}' for place, row in enumerate(rows))}</p>"


def _kind(right: bool, narrow: bool) -> str:
    if right:
        return ' class="number" align="right"'
    return (' class="tight"' if narrow else "") + LEFT


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    caption: str = "",
    numeric: Iterable[int] = (),
    tight: Iterable[int] = (),
) -> str:
    """A table with a header row; `head` and `caption` are text, the cells are HTML.

    `numeric` columns stand to the right, `tight` ones are not broken over lines.
    """
    right, narrow = set(numeric), set(tight)

    def cells(tag: str, row: Sequence[str]) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return "".join(
            f"<{tag}{scope}{_kind(place in right, place in narrow)}>{cell}</{tag}>"
            for place, cell in enumerate(row)
        )

    said = f"<caption{LEFT}>{text(caption)}</caption>" if caption else ""
    body = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table>{said}<thead><tr>{cells('th', [text(h) for h in head])}</tr></thead>\n<tbody>{body}</tbody></table>"


def link(address: str, words: str) -> str:
    """A link that opens beside the notebook; anything but http(s) becomes plain text."""
    if not address.startswith(("https://", "http://")):
        return text(words)
    return f'<a href="{html.escape(address)}" target="_blank" rel="noopener noreferrer">{text(words)}</a>'


def verdict(value: str) -> str:
    """A claim's verdict as icon, word and colour."""
    icon, word, kind = MARKS[str(value)]
    return f'<strong class="{kind}">{icon} {word}</strong>'


def letter(place: int) -> str:
    """0 is A, 1 is B: how options are named where they cannot be clicked."""
    return chr(ord("A") + place)
