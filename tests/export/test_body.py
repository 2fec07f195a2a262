"""The inside of a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from helpers.export.body import Body, Heading, tidy
from helpers.export.links import jupyter_anchor
from helpers.export.site import build
from tests.export import tiny


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Tag:
    files = build(tiny.course(tmp_path_factory.mktemp("course")), (), say=lambda _: None)
    found = BeautifulSoup(files["18_sqs.html"].decode(), "html.parser").main
    assert found is not None
    return found


def plain(html: str) -> Body:
    return tidy(html, "page", jupyter_anchor, lambda href: href, lambda _: None, {})


def test_links_lead_to_pages_or_are_words(main: Tag) -> None:
    paragraph = main.select_one(".text p")
    assert paragraph is not None
    assert paragraph.decode_contents() == (
        'Read <a href="19_sns.html#2.-Fan-out">the next</a>, <a href="#2.-Hidden">station 2</a>, '
        '<span>the guide</span>, <a href="https://aws.amazon.com/sqs/">AWS</a>,\n<span>bad</span>.'
    )


def test_headings_have_anchors_of_their_own_and_leave_out_no_level(main: Tag) -> None:
    headings = [
        (tag.name, tag.get("id"))
        for tag in main.select("h1, h2, h3, h4, h5")
        if tag.find_parent(class_="cell")
    ]
    assert headings == [
        ("h1", "Queues,-in-short"),
        ("h2", "1.-A-queue"),
        ("h3", "Your-turn"),
        ("h2", "2.-Hidden"),
        ("h3", "Your-turn-2"),
        ("h4", "Deep"),
    ]


def test_a_page_without_a_title_gets_one() -> None:
    body = plain("<h2>Only a part</h2><h1>Late</h1>")
    assert body.title == "Only a part"
    assert body.headings == (
        Heading(1, "Only a part", "top-of-page"),
        Heading(2, "Only a part", "Only-a-part"),
        Heading(2, "Late", "Late"),
    )
    assert plain("<p>words</p>").title == "page"


def test_a_figure_has_its_size_and_its_words(main: Tag) -> None:
    figure = main.find("figure")
    assert isinstance(figure, Tag)
    img = figure.find("img")
    assert isinstance(img, Tag)
    assert img.attrs == {"src": "images/18_sqs/code.png", "alt": tiny.WORDS, "width": "3", "height": "2"}
    words = figure.select_one("figcaption details p")
    assert words is not None
    assert words.get_text() == tiny.WORDS
    alone = figure.select_one("figcaption > a")
    assert alone is not None
    assert (alone["href"], alone.get_text()) == ("images/18_sqs/code.png", "Full size")


def test_a_quiz_keeps_its_answer_folded_and_on_paper_it_stands_at_the_end(main: Tag) -> None:
    fold = main.select_one("details.answer")
    assert fold is not None
    assert "open" not in fold.attrs
    assert [str(tag) for tag in fold.find_all("summary")] == [
        '<summary>Answer<span class="paper"> 1: at the end</span></summary>'
    ]
    end = main.select_one("section.paper.answers li")
    assert end is not None
    assert end.get_text() == "The worker."


def test_the_text_is_shown_as_html_and_not_twice(main: Tag) -> None:
    text = main.get_text()
    assert "Who polls?" in text
    assert "quiz" not in text  # the plain text of the same output
    assert [pre.get_text() for pre in main.select(".output pre")] == [
        "polled\n<b>3</b> times\n",
        "ZeroDivisionError: by zero",
    ]


def test_code_is_highlighted_and_has_no_prompt(main: Tag) -> None:
    source = main.select_one(".input")
    assert source is not None
    assert [tag.get_text() for tag in source.select(".k, .c1")] == ["for", "# the worker"]
    assert "In [" not in main.get_text()


def test_nothing_acts_or_paints_by_itself(main: Tag) -> None:
    assert main.find_all(["script", "style", "iframe"]) == []
    assert [tag.name for tag in main.find_all(True) for name in tag.attrs if name.startswith("on")] == []
    assert {tag["style"] for tag in main.find_all(style=True)} == {"text-align:left"}
    assert "Picture: spy" in main.get_text()


def test_a_table_scrolls_in_a_named_box(main: Tag) -> None:
    boxes = [
        (box["role"], box["tabindex"], box["aria-label"])
        for table in main.find_all("table")
        if (box := table.parent)
    ]
    assert boxes == [("region", "0", "Table: Your turn"), ("region", "0", "Table: Limits")]
    heads = [(tag.get_text(), tag["scope"]) for tag in main.find_all("th")]
    assert heads == [("a", "col"), ("b", "col"), ("Limit", "col"), ("1", "row")]


def test_two_tables_under_one_heading_have_two_names() -> None:
    body = plain("<h1>Limits</h1><table></table><table></table>")
    labels = [tag["aria-label"] for tag in BeautifulSoup(body.html, "html.parser").select(".scroll")]
    assert labels == ["Table: Limits", "Table: Limits, 2"]


def test_the_words_under_each_heading(tmp_path: Path) -> None:
    html = (
        "<h1>T</h1><p>one<br>two</p><h2>A</h2><ul><li>three</li><li>four</li></ul>"
        "<details><summary>Answer</summary>secret</details><details><summary>Older</summary>notes</details>"
    )
    assert [(part.heading.text, part.words) for part in plain(html).parts] == [
        ("T", "one two"),
        ("A", "three four Older notes"),
    ]
