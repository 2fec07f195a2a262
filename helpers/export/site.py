"""The site: every page, the glossary, the search, and PDFs where there is a browser to print them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from helpers.export import folder as folders
from helpers.export.body import Body, tidy
from helpers.export.cells import render
from helpers.export.error import ExportError
from helpers.export.glossary import PAGE as GLOSSARY
from helpers.export.glossary import entries, glossary_page
from helpers.export.links import github_anchor, jupyter_anchor, link_to, resolve
from helpers.export.page import COURSE, Frame, Link, fill, page
from helpers.export.pdf import NO_BROWSER, find_browser, print_page
from helpers.export.search import index
from helpers.export.source import Source, chosen, course
from helpers.sections.glossary import Term, load_glossary
from helpers.sections.syllabus import load_syllabus

ASSETS: Final = Path(__file__).parent / "assets"
_IMAGES: Final = (".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp")
Say = Callable[[str], None]


def export(
    names: Sequence[str], out: Path, *, pdf: bool | None = None, say: Say = print, warn: Say = print
) -> int:
    """Write the site of the named notebooks, or of the whole course, to the folder `out`, and PDFs beside it.

    `pdf` True: PDFs must be made; False: none; None: if there is a browser. `say` hears a line for each page, `warn`
    what went wrong. Returns 0, or 1 if the site is there and a PDF is missing: one failed, or there is no browser and
    `pdf` is True. Raises ExportError; a notebook that cannot be read raises it before anything is written.
    """
    sources = chosen(names) if names else course()
    folders.check(out)
    browser = None if pdf is False else find_browser()
    printed = (
        frozenset(f"pdf/{one.name}.pdf" for one in sources if one.is_notebook)
        if browser
        else frozenset[str]()
    )
    terms = load_glossary()
    files = build(sources, terms, printed, say)
    folders.write(out, files, printed)
    say(f"{out / 'index.html'}: {sum(map(len, files.values())) / 1e6:.1f} MB in {len(files)} files")
    if browser is None:
        if pdf is not False:
            warn(NO_BROWSER)
        return int(pdf is True)
    missing = {name for name in sorted(printed) if not _print(name, out, browser, say, warn)}
    if missing:  # then no page may lead to it
        printed -= missing
        folders.write(out, build(sources, terms, printed, lambda _: None), printed)
    return int(bool(missing))


def _print(name: str, out: Path, browser: Path, say: Say, warn: Say) -> bool:
    """Print one page; whether that went well."""
    try:
        data = print_page(browser, out / f"{Path(name).stem}.html")
        folders.add(out, name, data)
    except ExportError as error:
        warn(str(error))
        return False
    say(f"{name}: {len(data) / 1e6:.1f} MB")
    return True


def build(
    sources: Sequence[Source], terms: Sequence[Term], printed: frozenset[str] = frozenset(), say: Say = print
) -> dict[str, bytes]:
    """Every file of the site by its path; `printed` are the PDFs that will stand beside it. Raises ExportError."""
    pages = {source.path.resolve(): source.name for source in sources}
    files: dict[str, bytes] = {
        path.name: path.read_bytes() for path in sorted(ASSETS.iterdir()) if path.is_file()
    }
    bodies: dict[str, Body] = {}
    for source in sources:
        bodies[source.name] = _body(source, pages, files)
        say(f"{source.name}.html: {bodies[source.name].title}")

    glossary = entries(terms, bodies)
    menu = tuple(
        Link(text, f"{name}.html")
        for name, text in ((GLOSSARY, "Glossary"), ("labs", "Labs"), ("differences", "Differences"))
        if name == GLOSSARY or name in bodies
    )
    notebooks = [source.name for source in sources if source.is_notebook]
    for name, body in bodies.items():
        pdf = f"pdf/{name}.pdf"
        before, after = _neighbours(name, notebooks, bodies)
        frame = Frame(menu, f"{name}.html", before, after, pdf if pdf in printed else "")
        files[f"{name}.html"] = page(body, frame).encode()
    frame = Frame(menu, f"{GLOSSARY}.html")
    files[f"{GLOSSARY}.html"] = glossary_page(glossary, frame).encode()
    files["search-index.js"] = index(bodies, glossary).encode()
    files["search.html"] = fill("search.html.j2", Frame(menu, "search.html"), title="Search").encode()
    files["index.html"] = _landing(sources, bodies, printed, menu).encode()
    return files


def _body(source: Source, pages: Mapping[Path, str], files: dict[str, bytes]) -> Body:
    """The inside of a page; its pictures go to `files`."""
    cells = render(source)
    files.update(cells.pictures)

    def image(where: str) -> str | None:
        """A picture beside the source is copied; one from another host, or none at all, is left out."""
        parts = urlsplit(where)
        path = (source.path.parent / unquote(parts.path)).resolve()
        if parts.scheme or parts.netloc or path.suffix.lower() not in _IMAGES:
            return None
        name = f"images/{source.name}/{path.name}"
        try:
            files[name] = path.read_bytes()
        except OSError:
            return None
        return name

    anchor = jupyter_anchor if source.is_notebook else github_anchor
    return tidy(
        cells.html,
        source.name,
        anchor,
        lambda href: resolve(href, source.path, pages),
        image,
        cells.pictures,
    )


def _neighbours(
    name: str, order: Sequence[str], bodies: Mapping[str, Body]
) -> tuple[Link | None, Link | None]:
    if name not in order:
        return None, None
    place = order.index(name)
    around = [order[place - 1] if place else None, order[place + 1] if place + 1 < len(order) else None]
    before, after = (Link(bodies[one].title, link_to(one)) if one else None for one in around)
    return before, after


def _landing(
    sources: Sequence[Source], bodies: Mapping[str, Body], printed: frozenset[str], menu: tuple[Link, ...]
) -> str:
    """The first page: what this is, where to start, the sections."""
    known = {section.id: section for section in load_syllabus()}
    sections, others = [], []
    for source in sources:
        body, name = bodies[source.name], source.name
        if name in known:
            sections.append(
                {
                    "number": known[name].number,
                    "title": body.title,
                    "href": link_to(name),
                    "facts": _facts(name, body, bodies, printed),
                }
            )
        elif name != "00_start" and name.removeprefix("lab_") not in known:
            others.append(Link(body.title, link_to(name)))
    return fill(
        "index.html.j2",
        Frame(menu, "index.html"),
        title=COURSE,
        start=Link("Start here", link_to("00_start")) if "00_start" in bodies else None,
        picture=_picture(bodies),
        sections=sections,
        others=others,
        planned=[one for one in known.values() if not one.built] if "00_start" in bodies else [],
    )


def _facts(name: str, body: Body, bodies: Mapping[str, Body], printed: frozenset[str]) -> list[Link]:
    """What the landing page says and links about a section, in one line."""
    stations = sum(heading.level == 2 and heading.text[:1].isdigit() for heading in body.headings)
    facts = [Link(f"{stations} stations")] if stations else []
    lab, pdf = f"lab_{name}", f"pdf/{name}.pdf"
    if lab in bodies:
        facts.append(Link(bodies[lab].title, link_to(lab)))
    if pdf in printed:
        facts.append(Link("PDF", pdf))
    return facts


def _picture(bodies: Mapping[str, Body]) -> dict[str, Any] | None:
    """The first figure of the course with words, and where it stands."""
    for name, body in bodies.items():
        figure = body.first_figure
        if figure is not None:
            return {"src": figure[0], "alt": figure[1], "href": link_to(name), "text": body.title}
    return None
