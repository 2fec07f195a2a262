"""The site as a whole: its files, that its links lead somewhere, that it loads nothing, and the same bytes twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from helpers.export import ExportError, export
from helpers.export.pdf import NO_BROWSER
from helpers.export.search import LIMIT
from helpers.export.site import build
from helpers.export.source import course
from helpers.sections.glossary import load_glossary
from tests.export import tiny


def silent(_sentence: str) -> None:
    pass


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return build(tiny.course(tmp_path_factory.mktemp("course")), tiny.TERMS, say=silent)


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """The real course."""
    return build(course(), load_glossary(), say=silent)


def soup(files: Mapping[str, bytes], page: str) -> BeautifulSoup:
    return parsed(files[page])


@cache
def parsed(page: bytes) -> BeautifulSoup:
    return BeautifulSoup(page.decode(), "html.parser")


def faults(files: Mapping[str, bytes]) -> list[str]:
    """What a page loads from elsewhere, and links and pictures that lead nowhere."""
    pages = {name: soup(files, name) for name in files if name.endswith(".html")}
    anchors = {name: [tag["id"] for tag in page.find_all(id=True)] for name, page in pages.items()}
    found = [f"{name}: an id twice" for name, ids in anchors.items() if len(ids) != len(set(ids))]
    for name, page in pages.items():
        for tag in page.find_all(["script", "img", "link", "iframe", "source", "object", "embed"]):
            where = tag.get("src") or tag.get("href") or tag.get("data") or ""
            if where not in files and where != "data:,":
                found.append(f"{name}: {tag.name} {where!r}")
        for tag in page.find_all("a"):
            href = str(tag.get("href"))
            if re.match(r"(https?|mailto):", href):
                continue
            target, _, anchor = href.partition("#")
            target = unquote(target) or name
            if target not in files or (anchor and unquote(anchor) not in anchors[target]):
                found.append(f"{name}: a {href!r}")
    for name, data in files.items():
        if name.endswith((".css", ".js")) and name != "search-index.js":
            found += [f"{name}: {url}" for url in re.findall(rb"url\(|@import|fetch\(|https?://\S+", data)
                      if b"//pygments.org" not in url]  # fmt: skip
    return found


def test_the_files_of_a_site(files: dict[str, bytes]) -> None:
    assert sorted(files) == [
        "18_sqs.html",
        "19_sns.html",
        "course.css",
        "course.js",
        "glossary.html",
        "images/18_sqs/code.png",
        "index.html",
        "search-index.js",
        "search.html",
        "search.js",
    ]
    assert files["images/18_sqs/code.png"] == tiny.png()


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(files: dict[str, bytes]) -> None:
    assert faults(files) == []


def test_a_link_that_leads_nowhere_is_found(files: dict[str, bytes]) -> None:
    page = files["19_sns.html"].replace(
        b"</main>", b'<a href="18_sqs.html#no"></a><img src="//x.y/z.png"></main>'
    )
    assert faults({**files, "19_sns.html": page}) == [
        "19_sns.html: img '//x.y/z.png'",
        "19_sns.html: a '18_sqs.html#no'",
    ]


def test_each_page_has_its_landmarks_and_one_title(files: dict[str, bytes]) -> None:
    for name in files:
        if name.endswith(".html"):
            page = soup(files, name)
            assert page.html is not None
            assert page.html["lang"] == "en"
            assert len(page.find_all("h1")) == 1, name
            assert [len(page.find_all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
            skip = page.body.find("a") if page.body else None
            assert skip is not None
            assert skip["href"] == "#main"
            labels = [nav["aria-label"] for nav in page.find_all("nav")]
            assert len(labels) == len(set(labels))


def test_pages_follow_each_other(files: dict[str, bytes]) -> None:
    def turns(page: str) -> list[tuple[str, str]]:
        return [(str(a["rel"]), str(a["href"])) for a in soup(files, page).select("nav.turn a")]

    assert turns("18_sqs.html") == [("['next']", "19_sns.html")]
    assert turns("19_sns.html") == [("['prev']", "18_sqs.html")]


def test_the_contents_of_a_page(files: dict[str, bytes]) -> None:
    entries = [(a["href"], a.get_text()) for a in soup(files, "18_sqs.html").select("nav.contents a")]
    assert entries == [
        ("#1.-A-queue", "1. A queue"),
        ("#Your-turn", "Your turn"),
        ("#2.-Hidden", "2. Hidden"),
        ("#Your-turn-2", "Your turn"),
    ]


def test_the_landing_page(files: dict[str, bytes]) -> None:
    page = soup(files, "index.html")
    sections = [" ".join(item.get_text(" ").split()) for item in page.select(".sections li")]
    assert sections == ["18 Queues, in short 2 stations", "19 Topics 2 stations"]
    picture = page.select_one("figure img")
    assert picture is not None
    assert (picture["src"], picture["alt"]) == ("images/18_sqs/code.png", tiny.WORDS)


def test_the_glossary_page(files: dict[str, bytes]) -> None:
    page = soup(files, "glossary.html")
    assert [heading.get_text() for heading in page.find_all("h2")] == ["D", "I", "V"]
    last = page.find_all("dd")[-1]
    assert last.decode_contents() == (
        'How long a received <code>message</code> stays &lt; hidden. <span class="quiet">Also: hidden time.</span> '
        '<a aria-label="visibility timeout: taught in Section 18: Queues, in short" '
        'href="18_sqs.html#Queues,-in-short">Section 18: Queues, in short</a>'
    )


def test_a_pdf_is_linked_from_its_page_and_the_landing_page(tmp_path: Path) -> None:
    files = build(tiny.course(tmp_path), (), frozenset({"pdf/19_sns.pdf"}), say=silent)
    linked = {name for name in files if name.endswith(".html") and b'href="pdf/' in files[name]}
    assert linked == {"19_sns.html", "index.html"}


def test_the_same_notebooks_give_the_same_bytes(files: dict[str, bytes], tmp_path: Path) -> None:
    assert build(tiny.course(tmp_path), tiny.TERMS, say=silent) == files


def test_export_says_each_page_and_writes_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    sources = tiny.course(tmp_path)
    out = tmp_path / "site"
    monkeypatch.setattr("helpers.export.site.course", lambda: sources)
    assert export([], out, pdf=False, say=said.append, warn=said.append) == 0
    assert said[:2] == ["18_sqs.html: Queues, in short", "19_sns.html: Topics"]
    assert re.fullmatch(rf"{re.escape(str(out / 'index.html'))}: \d\.\d MB in 10 files", said[2])
    assert len(said) == 3
    assert (out / "18_sqs.html").is_file()


@pytest.mark.parametrize(
    ("pdf", "code", "warned"), [(None, 0, [NO_BROWSER]), (True, 1, [NO_BROWSER]), (False, 0, [])]
)
def test_without_a_browser_the_site_is_written_and_the_pdfs_are_not(
    pdf: bool | None, code: int, warned: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tiny.course(tmp_path)[1]
    monkeypatch.setattr("helpers.export.site.find_browser", lambda: None)
    heard: list[str] = []
    out = tmp_path / "site"
    assert export([str(source.path)], out, pdf=pdf, say=silent, warn=heard.append) == code
    assert heard == warned
    assert (out / "19_sns.html").is_file()
    assert not (out / "pdf").exists()


def test_a_page_that_does_not_print_is_said_and_linked_from_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers.export.pdf import PdfError

    def print_page(_browser: Path, page: Path) -> bytes:
        if page.name == "19_sns.html":
            raise PdfError("19_sns.html could not be printed: no paper")
        return b"%PDF-"

    monkeypatch.setattr("helpers.export.site.find_browser", lambda: Path("chromium"))
    monkeypatch.setattr("helpers.export.site.print_page", print_page)
    heard: list[str] = []
    out = tmp_path / "site"
    names = [str(source.path) for source in tiny.course(tmp_path)]
    assert export(names, out, say=silent, warn=heard.append) == 1
    assert heard == ["19_sns.html could not be printed: no paper"]
    assert [path.name for path in (out / "pdf").iterdir()] == ["18_sqs.pdf"]
    assert b'href="pdf/' in (out / "18_sqs.html").read_bytes()
    assert b'href="pdf/' not in (out / "19_sns.html").read_bytes()


def test_nothing_is_written_if_a_notebook_cannot_be_read(tmp_path: Path) -> None:
    sources = tiny.course(tmp_path)
    sources[1].path.write_text("{}")
    out = tmp_path / "site"
    with pytest.raises(
        ExportError, match=r"19_sns\.ipynb: this file is not a Jupyter notebook that can be read\."
    ):
        export([str(one.path) for one in sources], out, say=silent, warn=silent)
    assert not out.exists()


@pytest.mark.slow
def test_the_whole_course(whole: dict[str, bytes]) -> None:
    assert faults(whole) == []
    sources = course()
    assert {f"{source.name}.html" for source in sources} < whole.keys()
    assert len(whole["search-index.js"]) <= LIMIT
    for source in sources:
        page = soup(whole, f"{source.name}.html")
        title = page.find("h1")
        assert title is not None
        assert title.get_text(strip=True)
        # Anything that the notebooks link to is on the site; only the repository's own guides are not.
        lost = [tag.get_text() for tag in page.select("main span") if not tag.attrs and tag.get_text()]
        assert lost == [] or source.name == "labs", source.name
        assert [img["src"] for img in page.find_all("img") if not img["alt"]] == []


@pytest.mark.slow
def test_each_term_of_a_built_section_leads_to_where_it_is_taught(whole: dict[str, bytes]) -> None:
    page = soup(whole, "glossary.html")
    linked = {str(dt["id"]) for dt in page.find_all("dt") if (dd := dt.find_next("dd")) and dd.find("a")}
    assert len(linked) == sum(f"{term.section}.html" in whole for term in load_glossary())
