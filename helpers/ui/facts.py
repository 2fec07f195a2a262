"""The facts of a section as a table: what is true today, what older notes say, and where AWS says so.

In JupyterLab a text field narrows the table; without a kernel the whole table stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ipywidgets as widgets

from helpers.sections.facts import Fact, load_facts
from helpers.ui import markup
from helpers.ui.shell import Shell, Still

LEVELS = ("reference", "core", "all")


def value_of(fact: Fact) -> str:
    """The fact's value and range with its unit as people read them; empty if it has neither."""
    unit = f" {fact.unit}" if fact.unit else ""
    said = "" if fact.value is None else f"{markup.number(fact.value)}{unit}"
    if fact.range is None:
        return said
    # A bound in words ("14 days") has its unit already, and "at most" is said of the value alone.
    tail = "" if isinstance(fact.range[1], str) else unit.removesuffix(" at most")
    limits = f"{markup.number(fact.range[0])} to {markup.number(fact.range[1])}{tail}"
    return f"{said} ({limits})" if said else limits


def then_and_now(fact: Fact) -> str:
    """What older notes say and why it is not so, in one line; empty if they agree."""
    if fact.older is None:
        return ""
    return f"Older notes say: {fact.older.claim.rstrip('.')} ({fact.older.note})."


def facts_table(facts: Iterable[Fact], caption: str = "") -> str:
    """The table as HTML: fact, value, older notes, source with the day it was checked."""
    rows = []
    for fact in facts:
        older = then_and_now(fact)
        said = markup.text(fact.statement) + (
            f"<br><small><em>{markup.text(older)}</em></small>" if older else ""
        )
        source = markup.link(fact.source, "AWS")
        rows.append([said, markup.text(value_of(fact)), f"{source} <small>{fact.checked:%Y-%m-%d}</small>"])
    return markup.table(["Today", "Value", "Source, checked"], rows, caption)


def _line(fact: Fact) -> str:
    """A fact as one line of HTML: what holds, its value, what older notes say."""
    value, older = value_of(fact), then_and_now(fact)
    parts = [markup.text(fact.statement)]
    if value:
        parts.append(f"<strong>{markup.text(value)}</strong>")
    if older:
        parts.append(f"<em>{markup.text(older)}</em>")
    return " ".join(parts)


def _page(source: str) -> str:
    """A page's address as a link that says which page it is: "sqs-dead-letter-queues"."""
    name = source.rpartition("/")[2].partition("#")[0].removesuffix(".html") or source
    return f'<a href="{source}">{markup.raw(name)}</a>'


def _words(fact: Fact) -> str:
    return " ".join((fact.id, fact.statement, value_of(fact), then_and_now(fact))).lower()


class FactsTable(Shell):
    """A searchable table of `facts`; see `facts`."""

    def __init__(self, facts: Sequence[Fact], title: str) -> None:
        self._facts = tuple(facts)
        self._title = title
        self.search = widgets.Text(
            description="Search",
            placeholder="a word or a number",
            continuous_update=True,
            tooltip="Show only the facts that contain these words",
            style={"description_width": "initial"},
            layout={"width": "340px"},
        )
        self.search.observe(self.guard(self._searched), names="value")
        self.table = widgets.HTML(self._html(self._facts)).add_class("facts")
        super().__init__([self.search, self.table])

    def _html(self, facts: Sequence[Fact]) -> str:
        count = len(self._facts)
        said = f"{self._title}: " + (
            f"{count} facts" if len(facts) == count else f"{len(facts)} of {count} facts"
        )
        return f'<div class="scroll">{facts_table(facts, said)}</div>'

    def _searched(self, change: Any) -> None:
        wanted = str(change["new"]).lower().split()
        self.table.value = self._html(
            [fact for fact in self._facts if all(word in _words(fact) for word in wanted)]
        )

    def still(self) -> Still:
        # A list by page, where the widget has a table: half the size, and it reads well on a narrow page.
        days = sorted({f"{fact.checked:%Y-%m-%d}" for fact in self._facts})
        title = f"{self._title}: {len(self._facts)} facts, checked on {' and '.join(days)}"
        pages: dict[str, list[Fact]] = {}
        for fact in self._facts:
            pages.setdefault(fact.source, []).append(fact)
        lists = "".join(
            f"<p>{_page(source)}</p>{markup.items(map(_line, said))}" for source, said in pages.items()
        )
        return Still(title, f"<p><strong>{markup.text(title)}</strong></p>{lists}")


def facts(
    section: str, station: str | None = None, topic: str | None = None, level: str = "reference"
) -> FactsTable:
    """The facts of `section` ("18_sqs") as a searchable table.

    `station` keeps those of one station, `topic` those whose id names it ("visibility" in `sqs.visibility.default`).
    `level` is "reference" (names, sizes, prices, dates), "core" (what the station's prose and runs teach) or "all".
    A core fact that older notes have wrong stands in every table: its "then and now" must be findable.
    Raises ValueError for a level that does not exist, or if nothing is left to show.
    """
    if level not in LEVELS:
        raise ValueError(f"There is no level {level!r}; choose one of {', '.join(LEVELS)}.")
    chosen = [
        fact
        for fact in load_facts(section)
        if (station is None or fact.station == station)
        and (topic is None or fact.id.split(".")[1] == topic)
        and (level in ("all", fact.level) or fact.older is not None)
    ]
    if not chosen:
        raise ValueError(f"{section} has no facts for station {station!r} and topic {topic!r}.")
    where = " ".join(part for part in (section, station, topic) if part)
    return FactsTable(chosen, f"Facts of {where}")
