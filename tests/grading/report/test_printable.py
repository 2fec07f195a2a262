"""Hostile text becomes text that stays where it is."""

from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.report import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, naïve, 李, 😀", "plain text, naïve, 李, 😀"),
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("10 %\r20 %", "10 %⟨U+000D⟩20 %"),
        ("\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b(B\x1bcend", "red end"),
        ("lone \x1b", "lone ⟨U+001B⟩"),
        ("nul \x00", "nul ⟨U+0000⟩"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("\u2067a\u2069\u200b\ufeff", "⟨U+2067⟩a⟨U+2069⟩⟨U+200B⟩⟨U+FEFF⟩"),
        ("half \ud83d", "half ⟨U+D83D⟩"),
        ("e" + "\u0301" * 500, "e" + "\u0301" * 3),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable.printable(text) == shown


@given(st.text(st.characters()))
def test_nothing_invisible_is_left(text: str) -> None:
    left = {unicodedata.category(one) for one in printable.printable(text)} - {"Cn", "Co", "Zl", "Zp"}
    assert not left & {"Cs"}
    shown = printable.printable(text)
    assert not {one for one in shown if unicodedata.category(one) == "Cc"} - {"\t", "\n"}
    assert not {
        one
        for one in shown
        if unicodedata.bidirectional(one) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}
    }
    shown.encode()


def test_a_line_is_cut_and_says_so() -> None:
    assert printable.cut("x" * 10_400) == "x" * 400 + " … (10,000 more characters)"
    assert printable.cut("x" * 400) == "x" * 400
    assert printable.line("a <b>\n\n  'c'") == "a &lt;b&gt; &#x27;c&#x27;"


def test_a_block_is_cut_and_says_so() -> None:
    assert printable.block("a\n\n\tb\n\n\n", 5) == (["a", "", "    b"], "")
    assert printable.block("1\n2\n3\n4\n", 3) == (["1", "2", "3"], "1 more line is not shown.")
    assert printable.block("1\n" * 5_000, 3) == (["1", "1", "1"], "4,997 more lines are not shown.")
    assert printable.block("<x>" * 2, 3, 4) == (["&lt;x&gt;&lt; … (2 more characters)"], "")


@given(st.text(st.characters()), st.integers(1, 30))
def test_a_line_of_html_is_one_line_without_markup(text: str, width: int) -> None:
    line = printable.line(text, width)
    assert not set(line) & set("<>\"'\n\r")
    assert len(html.unescape(line)) <= 9 * width + 40
