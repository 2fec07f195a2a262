from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.sections.facts import Fact, Older, Show
from helpers.ui import facts as public
from helpers.ui.facts import FactsTable, then_and_now, value_of
from helpers.ui.markup import LEFT


def fact(name: str, **more: Any) -> Fact:
    given: dict[str, Any] = {
        "level": "reference",
        "station": "pot",
        "statement": "Water boils.",
        "source": "https://docs.aws.amazon.com/a.html",
        "checked": date(2026, 11, 21),
        "verdict": "holds",
        "show": Show("cite"),
        "skills": (),
    }
    return Fact(id=name, **{**given, **more})


HOT = fact(
    "tea.water.hot", statement="Water is at `100` degrees.", value=100, unit="degrees", range=(0, 1200)
)
OLD = fact("tea.cup.size", level="core", verdict="outdated", statement="A cup holds 1 MiB.", value=1, unit="MiB",
           older=Older("256 KB.", "changed in 2025"))  # fmt: skip
CORE = fact("tea.cup.count", level="core", station="shelf", statement="Cups are counted.")


def test_a_value_has_its_unit_and_range() -> None:
    assert value_of(HOT) == "100 degrees (0 to 1,200 degrees)"
    assert value_of(fact("a.b.c", range=(1, 10))) == "1 to 10"
    assert value_of(fact("a.b.c", value="us-east-1")) == "us-east-1"
    assert value_of(CORE) == ""


def test_then_and_now_is_one_line() -> None:
    assert then_and_now(OLD) == "Older notes say: 256 KB (changed in 2025)."
    assert then_and_now(HOT) == ""


def test_the_table_says_value_then_and_now_and_source() -> None:
    html = FactsTable([HOT, OLD], "Facts of tea").table.value.replace(LEFT, "")
    assert "<caption>Facts of tea: 2 facts</caption>" in html
    assert "<td>Water is at <code>100</code> degrees.</td><td>100 degrees (0 to 1,200 degrees)</td>" in html
    assert "<em>Older notes say: 256 KB (changed in 2025).</em>" in html
    assert 'href="https://docs.aws.amazon.com/a.html"' in html
    assert "2026-11-21" in html


def test_without_a_kernel_it_is_a_list() -> None:
    still = FactsTable([HOT, OLD], "Facts of tea").still()
    assert still.text == "Facts of tea: 2 facts, checked on 2026-11-21"
    assert (
        "<li>Water is at <code>100</code> degrees. <strong>100 degrees (0 to 1,200 degrees)</strong>"
        in still.html
    )
    assert "<em>Older notes say: 256 KB (changed in 2025).</em>" in still.html
    assert (
        still.html.count('<p><a href="https://docs.aws.amazon.com/a.html">a</a></p>') == 1
    )  # one page, both facts


@pytest.mark.parametrize(
    ("words", "left"), [("BOILS", 0), ("mib", 1), ("256 kb", 1), ("cup 1", 1), ("", 2), ("tea.", 2)]
)
def test_search_finds_all_of_the_words_anywhere(words: str, left: int) -> None:
    shown = FactsTable([HOT, OLD], "Facts of tea")
    shown.search.value = "zzz"
    assert "0 of 2 facts" in shown.table.value
    shown.search.value = words
    assert shown.table.value.count("<tr>") == 1 + left


def test_the_output_does_not_depend_on_the_search() -> None:
    shown = FactsTable([HOT, OLD], "Facts of tea")
    before = shown.still()
    shown.search.value = "MiB"
    assert shown.still() == before


@pytest.fixture
def section(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    monkeypatch.setattr(import_module("helpers.ui.facts"), "load_facts", lambda section: (HOT, OLD, CORE))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ["tea.water.hot", "tea.cup.size"]),
        ({"level": "core"}, ["tea.cup.size", "tea.cup.count"]),
        ({"level": "all"}, ["tea.water.hot", "tea.cup.size", "tea.cup.count"]),
        ({"station": "shelf", "level": "all"}, ["tea.cup.count"]),
        ({"topic": "cup"}, ["tea.cup.size"]),
    ],
)
@pytest.mark.usefixtures("section")
def test_a_table_has_the_facts_asked_for_and_every_then_and_now(
    given: dict[str, str], found: list[str]
) -> None:
    assert [fact.id for fact in public("99_test", **given)._facts] == found


@pytest.mark.usefixtures("section")
def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ValueError, match="no facts for station 'roof'"):
        public("99_test", station="roof")
    with pytest.raises(ValueError, match="choose one of reference, core, all"):
        public("99_test", level="hard")
