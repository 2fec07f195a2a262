"""The exported site in Chromium, opened from files: nothing leaves them, and everybody can use them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe import violations  # beside this file
from playwright.sync_api import Browser, Page

from helpers.export.pdf import print_page
from helpers.export.site import build
from helpers.export.source import chosen
from helpers.sections.glossary import load_glossary

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = ("index", "00_start", "18_sqs", "19_sns", "glossary", "search")
Visit = Callable[[str], Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    sources = chosen(["00_start", "18_sqs", "19_sns"])
    for name, data in build(sources, load_glossary(), say=lambda _: None).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def visit(site: Path, browser: Browser) -> Iterator[Visit]:
    """Open a page with the network off; at the end, no page has asked for anything but files of the site."""
    asked: list[str] = []
    errors: list[str] = []

    def open_one(page: str) -> Page:
        context = browser.new_context(
            color_scheme="light", viewport={"width": 1280, "height": 900}, offline=True
        )
        opened = context.new_page()
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("pageerror", lambda error: errors.append(str(error)))
        name, _, rest = page.partition("?")
        opened.goto((site / f"{name}.html").as_uri() + (f"?{rest}" if rest else ""))
        return opened

    yield open_one
    inside = (f"{site.as_uri()}/", "data:,")
    assert asked
    assert [url for url in asked if not url.startswith(inside)] == []
    assert errors == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_bars_a_reader(name: str, visit: Visit, screenshots: Path) -> None:
    page = visit("search?q=visibility" if name == "search" else name)
    page.screenshot(path=screenshots / f"export-{name}-light.png")
    # axe-core takes 20 s for a whole section. Its cells and its code are alike, so a hundred of them are looked at.
    page.evaluate("""() => {
        for (const cell of [...document.querySelectorAll(".cell")].slice(100)) cell.remove();
        for (const code of [...document.querySelectorAll(".highlight pre")].slice(10)) code.textContent = "";
    }""")
    assert violations(page) == []
    page.get_by_role("button", name="Dark theme").click()
    page.screenshot(path=screenshots / f"export-{name}-dark.png")
    assert violations(page, rules=["color-contrast"]) == []
    page.context.close()


def test_axe_would_find_pale_text(visit: Visit) -> None:
    page = visit("search")
    page.get_by_role("button", name="Dark theme").click()
    page.add_style_tag(content="h1 { color: #444; }")
    assert [line.partition(" ")[0] for line in violations(page, rules=["color-contrast"])] == [
        "color-contrast"
    ]
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_on_a_phone_or_at_twice_the_size(
    name: str, visit: Visit, screenshots: Path
) -> None:
    page = visit(name)
    for width in (360, 640):  # a phone; a window of 1280 at 200 %
        page.set_viewport_size({"width": width, "height": 740})
        page.screenshot(path=screenshots / f"export-{name}-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)
    page.context.close()


def test_the_keyboard_reaches_the_text_a_section_and_a_result(visit: Visit) -> None:
    page = visit("index")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the text"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "Start here"

    page.get_by_role("searchbox").focus()
    page.keyboard.type("visibility timeo")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    assert re.fullmatch(r"\d+ places found.*", page.get_by_role("status").inner_text())
    assert page.locator("#results a").first.inner_text() == "2. The visibility timeout"
    box = page.get_by_label("Words, or beginnings of words")
    box.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("dead letters")
    page.keyboard.press("Enter")
    assert focused(page) == "3. Dead letters"
    page.keyboard.press("Enter")
    page.wait_for_url("**/18_sqs.html#*")
    assert page.locator(":target").inner_text() == "3. Dead letters"
    page.context.close()


def test_a_search_says_what_it_found(visit: Visit) -> None:
    page = visit("search")
    status, box = page.get_by_role("status"), page.get_by_label("Words, or beginnings of words")
    for words, found in (
        ("zzzz", "Nothing found for “zzzz”."),
        ("<b>", "Nothing found"),
        ("", ""),
        ("quasi", "Nothing"),
    ):
        box.fill(words)
        page.wait_for_function(
            "start => document.getElementById('found').textContent.startsWith(start)",
            arg=found,
            timeout=5_000,
        )
    assert page.locator("#results li").count() == 0
    box.fill("receivemessage")
    page.locator("#results li").first.wait_for()
    assert "found" in status.inner_text()
    assert page.locator("#results mark").first.inner_text().lower() == "receivemessage"
    page.context.close()


def test_the_theme_is_a_choice_that_lasts(visit: Visit) -> None:
    page = visit("index")

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = background()
    page.get_by_role("button", name="Dark theme").click()
    dark = background()
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 23, 26)")
    page.reload()
    assert background() == dark
    page.get_by_role("button", name="Light theme").click()
    assert background() == light
    page.emulate_media(media="print", color_scheme="dark")
    assert background() == light
    page.context.close()


def test_answers_fold_by_keyboard_and_on_paper_they_stand_at_the_end(visit: Visit) -> None:
    page = visit("18_sqs")
    fold = page.locator("details.answer").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.evaluate("fold => fold.open")
    words = page.locator("figcaption details").first

    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not fold.evaluate("fold => fold.open")
    assert fold.locator("summary").inner_text() == "Answer 1: at the end"
    assert words.evaluate("fold => fold.open")
    assert page.get_by_role("heading", name="Answers", exact=True).is_visible()
    assert not page.locator("header.top").is_visible()
    assert page.locator("main a:not([href^='#']):not([href^='http'])[href]").count() == 0

    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert fold.evaluate("fold => fold.open")
    assert not words.evaluate("fold => fold.open")
    assert not page.get_by_role("heading", name="Answers", exact=True).is_visible()
    page.context.close()


def test_a_page_prints_to_the_same_pdf_each_time(site: Path, chromium: Path) -> None:
    one, other = (print_page(chromium, site / "00_start.html") for _ in range(2))
    assert one == other
    assert one.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", one)) >= 4
    assert b"/StructTreeRoot" in one  # tagged: a screen reader finds headings and alt texts
    assert b"/Outlines" in one
    assert b"file:" not in one  # no path of this machine
    assert b"https://docs.getmoto.org/" in one


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent.trim()"))
