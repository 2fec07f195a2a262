"""A student's text made fit to be shown: nothing in it moves the cursor, turns the line around, or fills the page.

Code, output and names come from strangers. What has no shape of its own becomes visible ("⟨U+202E⟩"), what a
terminal would obey (ANSI sequences) goes, and what is long is cut, saying how much.
"""

from __future__ import annotations

import html
import re
from typing import Final

WIDTH: Final = 400
"""Characters of a line that are shown."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
_STRANGE = re.compile(
    # controls but tab and newline; what turns text around (bidi); what has no width; halves of characters
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_OVER = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_PILE = re.compile(f"([{_OVER}]{{3}})[{_OVER}]+")
"""More than three accents on a letter: they would be drawn over the lines above."""


def _seen(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"


def printable(text: str) -> str:
    """The text with every character visible. Tabs and line ends stay; the line end of Windows becomes the usual one."""
    if text.isascii() and text.isprintable():
        return text
    plain = _ANSI.sub("", text.replace("\r\n", "\n")) if "\x1b" in text or "\r" in text else text
    return _PILE.sub(r"\1", _STRANGE.sub(_seen, plain))


def cut(text: str, width: int = WIDTH) -> str:
    """The first `width` characters of the text, printable, and a word on how many more there are."""
    shown = printable(text[:width])
    return f"{shown} … ({len(text) - width:,} more characters)" if len(text) > width else shown


def line(text: str, width: int = WIDTH) -> str:
    """The text as HTML on one line: cut, printable, escaped."""
    return html.escape(" ".join(cut(text, width).split()))


def block(text: str, lines: int, width: int = WIDTH) -> tuple[list[str], str]:
    """The first `lines` lines of the text as HTML, each cut, printable and escaped, and a sentence on what is left
    out, or "". A tab becomes blanks to the next fourth column.
    """
    every = text.replace("\r\n", "\n").rstrip().split("\n")
    shown = [html.escape(cut(one.expandtabs(4) if "\t" in one else one, width)) for one in every[:lines]]
    more = len(every) - len(shown)
    return shown, (f"{more:,} more {'line is' if more == 1 else 'lines are'} not shown." if more > 0 else "")
