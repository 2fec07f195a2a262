"""summary.html: how the class did, for the instructor. It names nobody: a submission is the start of its SHA-256.

So it can be shown to the class or to a colleague. Who is who stands in results.csv.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean, median
from typing import Final

from helpers.experiments.words import duration, plural
from helpers.grading.record import Batch, CheckRecord, Record, State
from helpers.grading.report import printable
from helpers.grading.report.advice import advice, misconception
from helpers.grading.report.sheet import sheet
from helpers.grading.report.similarity import PUBLISHED, Pair
from helpers.grading.report.states import STATES, VERDICTS
from helpers.grading.report.table import number
from helpers.labs import Lab, Status
from helpers.ui.markup import text

UNMARKED: Final = (State.UNREADABLE, State.TAMPERED)
"""States whose total says nothing about what the student can do: they are not in the distribution."""

DIGITS: Final = 12
"""Digits of a SHA-256 that stand for a submission."""

_QUOTED = re.compile(r"`[^`]*`?|“[^”]*”?|\"[^\"]*\"?|'[^']*'|\([^)]*\)?")
_LONG_NUMBER = re.compile(r"\d{5,}")  # a student's number at the university
_RAISED = re.compile(
    r"^(\w{1,60}) in \S+, line \d+\b.*|^(\w{1,60}(?:Error|Exception|OutOfTime)): .*", re.DOTALL
)


def page(batch: Batch, lab: Lab, pairs: Sequence[Pair] = ()) -> str:
    """The whole page as one HTML file. `pairs` are the submissions that are alike (`similarity.similar`)."""
    records = batch.records
    return sheet(
        f"Summary: {lab.title}",
        f"<main><header><h1>Summary: {text(lab.title)}</h1><p>{plural(len(records), 'submission')}, "
        f"{number(batch.maximum)} points. Nobody is named here: a submission is the first {DIGITS} digits of its "
        f"SHA-256, as in <code>results.csv</code>.</p></header>{_totals(records, batch.maximum)}{_states(records)}"
        f"{_checks(records)}{_beliefs(records)}{_slowest(records)}{_alike(records, pairs)}{_unmatched(batch)}</main>",
    )


def _table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Iterable[int] = ()
) -> str:
    """A table; `caption` and `head` are text, the cells HTML."""
    right = set(numeric)

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if place in right else ''}>{cell}" for place, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}" for row in rows)
    titles = cells('th scope="col"', [text(one) for one in head])
    return f"<div class=wide><table><caption>{text(caption)}</caption><thead><tr>{titles}</thead>{body}</table></div>"


def _totals(records: Sequence[Record], maximum: float) -> str:
    totals = [record.total for record in records if record.state not in UNMARKED]
    left_out = len(records) - len(totals)
    if not totals:
        return "<h2>Totals</h2><p>No submission has a total.</p>"
    said = (
        f"{plural(len(totals), 'total')}: the median is {number(median(totals))}, "
        f"the mean {number(round(mean(totals), 1))}, the lowest {number(min(totals))}, "
        f"the highest {number(max(totals))} of {number(maximum)} points."
    )
    if left_out:
        said += f" {plural(left_out, 'submission')} without a mark {'is' if left_out == 1 else 'are'} not counted."
    classes = _classes(totals, maximum)
    rows = [[name, str(count)] for name, count in classes]
    table = _table("Submissions by points", ["Points", "Submissions"], rows, [1])
    return (
        f"<h2>Totals</h2><p>{said}</p><figure><div class=wide>{_histogram(classes, maximum, said)}</div></figure>"
        f"<details><summary>The same as a table</summary>{table}"
        "</details>"
    )


def _classes(totals: Sequence[float], maximum: float) -> list[tuple[str, int]]:
    """Ten classes of equal width from 0 to the maximum: their names and how many totals each holds.

    The upper end belongs to the next class, but for the last one.
    """
    width = (maximum or 1) / 10
    # A hundredth of a millionth up: 0.3 / 0.1 is a little less than 3.
    places = Counter(max(0, min(9, int(total / width + 1e-8))) for total in totals)
    return [
        (f"{number(round(width * place, 2))} to {number(round(width * (place + 1), 2))}", places[place])
        for place in range(10)
    ]


def _histogram(classes: Sequence[tuple[str, int]], maximum: float, said: str) -> str:
    """Bars with their counts on top; below, the points at which each class begins and ends."""
    most = max(count for _, count in classes) or 1
    bars, words = [], []
    for place, (_, count) in enumerate(classes):
        x, height = 14 + place * 70, 150 * count / most
        if count:
            bars.append(f"M{x} {180 - height:.1f}h60V180h-60z")
        words.append(f'<text x="{x + 30}" y="{174 - height:.0f}" class="tick">{count}</text>')
    words += [
        f'<text x="{9 + place * 70}" y="198" class="tick">{number(round(maximum * place / 10, 2))}</text>'
        for place in range(11)
    ]
    return (
        '<svg viewBox="0 0 720 206" role="img" aria-labelledby="totals-t totals-d">'
        f'<title id="totals-t">Distribution of totals</title><desc id="totals-d">{html.escape(said)}</desc>'
        f'<path d="M8 180H712" class="grid"/><path d="{"".join(bars)}" class="fill-mark"/>{"".join(words)}</svg>'
    )


def _states(records: Sequence[Record]) -> str:
    rows = []
    for state, words in STATES.items():
        having = [record for record in records if record.state == state]
        if not having:
            continue
        reasons = Counter(anonymous(record) for record in having)
        said = "".join(
            f"<li>{count} × {text(reason)}" for reason, count in sorted(reasons.items(), key=_often) if reason
        )
        name = f'<strong class="{words.kind} points">{words.icon} {state.value}</strong>'
        rows.append([name, str(len(having)), f"{words.meaning}{f'<ul>{said}</ul>' if said else ''}"])
    late = sum(record.late for record in records)
    more = f"<p>{plural(late, 'submission')} came late.</p>" if late else ""
    table = _table("How marking ended", ["State", "Number", "What it means, and why"], rows, [1])
    return f"<h2>States</h2>{table}{more}"


def _often(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def anonymous(record: Record) -> str:
    """The reason of a record without what only one submission can have said: quotations, names, long numbers.

    Equal troubles get equal words, so they can be counted; and no student is named.
    """
    said = record.reason
    for note in record.notes:  # what a person wrote about an override stands there, too
        said = said.replace(note, "")
    reason = " ".join(printable.cut(said, 600).split())
    stem = record.file.rpartition("/")[2]
    for name in sorted(
        {record.file, stem, stem.rpartition(".")[0], record.student} - {""}, key=len, reverse=True
    ):
        reason = re.sub(re.escape(name), "…", reason, flags=re.IGNORECASE)
    raised = _RAISED.match(reason)
    if raised:
        return f"{raised[1] or raised[2]} in the student's code"
    titles = {f"“{task.title}”" for task in record.tasks}
    reason = _QUOTED.sub(lambda quoted: quoted[0] if quoted[0] in titles else "…", reason)
    reason = re.sub(r" (?=[.,;])", "", re.sub(r"(?:… ?)+", "… ", reason)).strip()
    return _LONG_NUMBER.sub("…", reason)


@dataclass
class _Tally:
    """How often a check ended in each status."""

    task: str
    check: CheckRecord
    counts: Counter[str]


def _checks(records: Sequence[Record]) -> str:
    tallies: dict[tuple[str, str], _Tally] = {}
    for record in records:
        for task in record.tasks:
            for check in task.checks:
                tally = tallies.setdefault((task.id, check.id), _Tally(task.title, check, Counter()))
                tally.counts[check.status] += 1
    if not tallies:
        return ""
    said = [word for _, word, _ in VERDICTS.values()]
    head = ["Task", "Check", "Share", *(word.capitalize() for word in said)]
    body, numbers = [], range(3, 3 + len(said))
    for task, group in groupby(tallies.values(), key=lambda tally: tally.task):
        rows = [_tally(tally) for tally in group]
        rows[0].insert(0, f'<th scope="rowgroup" rowspan="{len(rows)}">{text(task)}')
        body.append(f"<tbody>{''.join(f'<tr>{chr(10).join(row)}' for row in rows)}")
    titles = "".join(
        f"<th scope=col{' class=number' if place in numbers else ''}>{text(one)}"
        for place, one in enumerate(head)
    )
    return (
        f"<h2>Checks</h2><div class=wide><table><caption>How each check ended</caption><thead><tr>{titles}</thead>"
        f"{''.join(body)}</table></div>"
        "<p><small>The share is of all submissions in which the check was made.</small></p>"
    )


def _tally(tally: _Tally) -> list[str]:
    """The cells of a check, after that of its task."""
    share = tally.counts[Status.PASSED] / sum(tally.counts.values())
    bar = (
        '<svg viewBox="0 0 64 12" class="share" aria-hidden="true"><path d="M.5.5h63v11H.5z" class="grid"/>'
        f'<path d="M2 2h{60 * share:.0f}v8H2z" class="fill-good"/></svg> {share:.0%}'
    )
    counts = [f"<td class=number>{tally.counts[status]}" for status in VERDICTS]
    return [
        f"<td class=most>{text(tally.check.text)} ({number(tally.check.points)})",
        f"<td class=points>{bar}",
        *counts,
    ]


def _beliefs(records: Sequence[Record]) -> str:
    """The misconceptions that failed checks point to, by the number of submissions."""
    counts: Counter[str] = Counter()
    checks: dict[str, tuple[str, CheckRecord]] = {}
    for record in records:
        failed = [
            check
            for task in record.tasks
            for check in task.checks
            if check.misconception and check.status == Status.FAILED
        ]
        counts.update({check.misconception for check in failed})
        for check in failed:
            checks.setdefault(check.misconception, (record.lab, check))
    rows = []
    for name, count in sorted(counts.items(), key=_often)[:10]:
        lab, check = checks[name]
        known = misconception(lab, name)
        if known is None:
            continue
        run = known.run or check.run
        station = advice(lab, check).station
        shown = f"<br>Watch it: <code>panel({html.escape(json.dumps(run))})</code>" if run else ""
        where = f"<br><small>Station {text(station)}</small>" if station else ""
        rows.append([str(count), f"“{text(known.belief)}”<br>{text(known.truth)}{shown}{where}"])
    if not rows:
        return ""
    head = ["Submissions", "What they may believe, what is so, and the run that refutes it"]
    return (
        f"<h2>Beliefs behind the failures</h2>{_table('The most frequent misconceptions', head, rows, [0])}"
    )


def _slowest(records: Sequence[Record]) -> str:
    if not records:
        return ""
    slow = sorted(records, key=lambda record: (-record.seconds, record.sha256))[:10]
    rows = [
        [f"<code>{html.escape(record.sha256[:DIGITS])}</code>", f"{record.seconds:.2f} s", record.state.value]
        for record in slow
    ]
    total = sum(record.seconds for record in records)
    return (
        f"<h2>Slowest submissions</h2><p>All of them took {duration(total)} of processor time.</p>"
        f"{_table('Processor time', ['Submission', 'Time', 'State'], rows, [1])}"
    )


def _alike(records: Sequence[Record], pairs: Sequence[Pair]) -> str:
    """The submissions that are alike, the most alike first; evidence for a person, in similar.csv."""
    if not pairs:
        return ""
    known = {record.student: f"<code>{html.escape(record.sha256[:DIGITS])}</code>" for record in records}
    rows = [
        [known.get(pair.one, PUBLISHED), known.get(pair.other, PUBLISHED), text(pair.task)]
        + [f"{share:.0%}" for share in (pair.same, pair.renamed)]
        for pair in pairs[:10]
    ]
    head = ["One", "Other", "Task", "As written", "Names replaced"]
    return (
        f"<h2>Submissions that are alike</h2><p>{plural(len(pairs), 'pair')}; <code>similar.csv</code> says what they "
        "share. This is evidence for a person to look at, and it changes no mark.</p>"
        f"{_table('The most alike', head, rows, [3, 4])}"
    )


def _unmatched(batch: Batch) -> str:
    """How many things matched nothing; what they are called names people, so that stands elsewhere."""
    number_of = len(batch.unmatched)
    if not number_of:
        return "<h2>Unmatched</h2><p>Everything that was handed in belongs to a student and to the lab.</p>"
    return (
        f"<h2>Unmatched</h2><p>{plural(number_of, 'thing')} matched no student or no lab. "
        "<code>results.json</code> says which, under <code>unmatched</code>: the names would name people here.</p>"
    )
