from __future__ import annotations

import pytest

from helpers.experiments.claim import Verdict
from helpers.ui import markup


def test_text_is_escaped_and_code_is_set() -> None:
    assert markup.text('a < b & "c" `x > y`') == "a &lt; b &amp; &quot;c&quot; <code>x &gt; y</code>"


def test_plain_drops_the_backticks_only() -> None:
    assert markup.plain("use `DeleteMessage` < now") == "use DeleteMessage < now"


def test_raw_keeps_backticks() -> None:
    assert markup.raw("`a` <b>") == "`a` &lt;b&gt;"


@pytest.mark.parametrize(
    ("value", "said"),
    [(1234567, "1,234,567"), (True, "yes"), (3.0, "3"), (0.125, "0.125"), (1234.56, "1,234.6"), ("x", "x")],
)
def test_numbers_read_as_people_write_them(value: object, said: str) -> None:
    assert markup.number(value) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (2.5, "2.5 s"), (90, "90 s"), (120, "2 min"), (754, "12 min 34 s"), (3600, "1 h"), (7500, "2 h 5 min"),
     (86400, "1 d"), (100_000, "1 d 3 h")],
)  # fmt: skip
def test_virtual_time_reads_as_people_read_time(seconds: float, said: str) -> None:
    assert markup.duration(seconds) == said


def test_a_table_has_headers_with_a_scope() -> None:
    html = markup.table(["A", "B & C"], [["1", "<b>2</b>"]], "what & why", numeric=[0], tight=[1])
    assert html == (
        '<table><caption style="text-align:left">what &amp; why</caption>'
        '<thead><tr><th scope="col" class="number" align="right">A</th>'
        '<th scope="col" class="tight" style="text-align:left">B &amp; C</th></tr></thead>\n'
        '<tbody><tr><td class="number" align="right">1</td>'
        '<td class="tight" style="text-align:left"><b>2</b></td></tr></tbody></table>'
    )


def test_links_are_web_addresses_only() -> None:
    assert 'href="https://a.example/?x=1&amp;y=2"' in markup.link("https://a.example/?x=1&y=2", "a")
    assert markup.link("javascript:alert(1)", "a<") == "a&lt;"


def test_every_verdict_has_an_icon_a_word_and_a_colour_of_its_own() -> None:
    marks = [markup.MARKS[verdict.value] for verdict in Verdict]
    for column in zip(*marks, strict=True):
        assert len(set(column)) == len(Verdict)


def test_options_carry_their_letters_in_the_text() -> None:
    assert markup.lettered(["one", "<b>two</b>"]) == "<p>A. one<br>B. <b>two</b></p>"


def test_a_quoted_option_ends_a_sentence() -> None:
    assert markup.quoted("a `b`") == "“a <code>b</code>”."
    assert markup.quoted("Is it?") == "“Is it?”"
