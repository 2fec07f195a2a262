"""The trail of a task as a picture: a lane per actor, time from left to right, the row where it departs on top.

The grammar is that of the course's pictures (`helpers.experiments.pictures`): what went wrong stands out, the rest
recedes, and no meaning rests on colour alone. Here it is SVG inside the page, some kilobytes instead of a PNG, and its
colours are the page's variables (`sheet`), so it follows the light and the dark theme and prints.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from helpers.experiments.words import duration, plural
from helpers.grading.record import TrailRow
from helpers.grading.report import printable

MAX_ROWS: Final = 200
"""Rows of a trail that are drawn."""

MAX_LANES: Final = 12
"""Lanes; the actors beyond share the last one."""

_WIDTH, _LEFT, _RIGHT, _TOP, _LANE = 720, 124, 16, 30, 26
_DENSE = 7.0
"""Marks of one lane and kind that are closer than this (in pixels) run into each other."""

_LETTER, _LINE = 7.2, 16
"""Pixels of a letter of a departure's label, which is bold, and from one line of such labels to the next."""

_STEPS_S = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800,
    21_600, 43_200, 86_400, 172_800, 432_000, 604_800, 1_209_600, 2_592_000,
)  # fmt: skip

_CALLED = re.compile(r"you-\d+")
_READS = ("Receive", "Get", "BatchGet", "Query", "Scan", "List", "Describe", "Head", "TransactGet", "Poll")
_ENDS = ("Delete", "Purge", "Remove", "Terminate", "Cancel")
_SETS = (
    "Create",
    "Set",
    "Change",
    "Tag",
    "Untag",
    "Add",
    "Enable",
    "Disable",
    "Register",
    "Restore",
    "UpdateTable",
    "UpdateFunction",
    "UpdateEvent",
    "UpdateAlias",
    "UpdateTime",
    "UpdateContinuous",
)
KINDS: Final = {
    "read": "| reads",
    "write": "▲ writes",
    "end": "■ deletes",
    "set": "◆ sets up",
    "error": "✕ refused",
}
"""The kinds of a call, each with its shape and its word in the legend."""


def kind(row: TrailRow) -> str:
    """The kind of a call: a key of KINDS. A call that was refused is that, whatever it asked for."""
    if row.error:
        return "error"
    if row.operation.startswith(_READS):
        return "read"
    if row.operation.startswith(_ENDS):
        return "end"
    if row.operation.startswith(_SETS):
        return "set"
    return "write"


@dataclass(frozen=True)
class Departure:
    """A place where the trail departs from what was asked: the `at_s` and `actor` of a check, and a short label."""

    at_s: float
    actor: str
    label: str = "it departs here"

    def names(self, row: TrailRow) -> bool:
        """Whether this is the row: a check rounds its instant to milliseconds."""
        return row.actor == self.actor and abs(row.start_s - self.at_s) < 0.0011


def timeline(trail: Sequence[TrailRow], departures: Iterable[Departure] = (), name: str = "trail") -> str:
    """The picture as HTML: a figure with an SVG, what it shows in words, and a table of the calls around a departure.

    Empty for a trail without rows. `name` is an id that is unique on the page. A departure that is no row of this
    trail is left out. Every text is escaped: names of actors are the student's own.
    """
    if not trail:
        return ""
    marked: dict[int, str] = {}  # the place of a row -> its label
    for departure in departures:
        place = next((place for place, row in enumerate(trail) if departure.names(row)), None)
        if place is not None:
            marked[place] = f"{marked[place]}, {departure.label}" if place in marked else departure.label
    rows, marked, left_out = _window(trail, marked)
    found, words = _departing(rows, marked), _summary(rows, left_out)
    drawing = _Drawing(rows, marked)
    legend = " · ".join(f"{KINDS[one]}" for one in KINDS if one in drawing.kinds)
    said = f"<strong>{html.escape(found)}</strong> " if found else ""
    return (
        f'<figure class="trail"><div class="wide" tabindex="0" role="region" aria-label="Trail of calls">'
        f"{drawing.svg(name, f'{found} {words}'.strip())}</div>"
        f"<figcaption>{said}{html.escape(words)}<br><small>{html.escape(legend)}</small></figcaption>"
        f"{_around(rows, marked)}</figure>"
    )


def _window(
    trail: Sequence[TrailRow], marked: dict[int, str]
) -> tuple[Sequence[TrailRow], dict[int, str], int]:
    """At most MAX_ROWS rows: the first, or those around the first departure. Days after the last one are left out."""
    rows = _until(trail, marked)
    centre = min(marked, default=0)
    first = max(0, min(centre - MAX_ROWS // 2, len(rows) - MAX_ROWS))
    kept = {place - first: label for place, label in marked.items() if 0 <= place - first < MAX_ROWS}
    shown = rows[first : first + MAX_ROWS]
    return shown, kept, len(trail) - len(shown)


def _until(trail: Sequence[TrailRow], marked: dict[int, str]) -> Sequence[TrailRow]:
    """The trail, up to where what follows would press the departures into one place at the left."""
    if not marked:
        return trail
    began_s = trail[0].start_s
    length_s = 2 * (trail[max(marked)].start_s - began_s) + 1
    if trail[-1].start_s - began_s <= 5 * length_s:
        return trail
    end = next(place for place, row in enumerate(trail) if row.start_s > began_s + length_s)
    return trail[: max(end, max(marked) + 1)]


def _call(row: TrailRow) -> str:
    said = f"{row.service} {row.operation}"
    return printable.cut(f"{said}, refused with {row.error}" if row.error else said, 90)


def _actor(row: TrailRow) -> str:
    return printable.cut(_lane(row), 40)


def _lane(row: TrailRow) -> str:
    """The actor, or "you" for each of the student's functions that a check called in turn: you, you-2, you-3."""
    return "you" if _CALLED.fullmatch(row.actor) else row.actor


def instant(seconds: float) -> str:
    """An instant of virtual time, to a tenth of a second below an hour: 31.2 s, 2 min 5.5 s."""
    if 120 <= seconds < 3600 and round(seconds, 1) % 1:
        minutes, rest = divmod(round(seconds, 1), 60)
        return f"{minutes:.0f} min {rest:.1f} s"
    if seconds < 120:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    return duration(seconds)


def _departing(rows: Sequence[TrailRow], marked: dict[int, str]) -> str:
    """The departures in words, a sentence each."""
    sentences = [
        f"{label[:1].upper()}{label[1:]}: at {instant(rows[place].start_s)} {_actor(rows[place])} called "
        f"{_call(rows[place])}."
        for place, label in sorted(marked.items())
    ]
    return " ".join(sentences)


def _summary(rows: Sequence[TrailRow], left_out: int) -> str:
    """All calls in words."""
    actors = len({_lane(row) for row in rows})
    span = max(row.end_s for row in rows) - rows[0].start_s
    commonest = Counter(row.operation for row in rows).most_common(4)
    counted = ", ".join(f"{number} {printable.cut(operation, 60)}" for operation, number in commonest)
    refused = sum(row.error is not None for row in rows)
    said = f"{plural(len(rows), 'call')} by {plural(actors, 'actor')} in {duration(span)}: {counted}"
    if len(commonest) < len({row.operation for row in rows}):
        said += " and others"
    said += f"; {refused} refused." if refused else "."
    if left_out:
        said += f" {plural(left_out, 'call')} of the trail {'is' if left_out == 1 else 'are'} not shown."
    return said


def _around(rows: Sequence[TrailRow], marked: dict[int, str], near: int = 4) -> str:
    """The calls around the departures as a folded table: what the picture shows, to be read."""
    if not marked:
        return ""
    places = sorted(
        {near_by for place in list(marked)[:3] for near_by in range(place - near, place + near + 1)}
    )
    lines = []
    for place in places:
        if not 0 <= place < len(rows):
            continue
        row, label = rows[place], marked.get(place, "")
        call = html.escape(_call(row))
        said = f"<strong>▶ {call}</strong> ({html.escape(label)})" if label else call
        lines.append(
            f"<tr{' class=here' if label else ''}><td class=number>{instant(row.start_s)}<td>"
            f"{html.escape(_actor(row))}<td>{said}"
        )
    return (
        "<details><summary>The calls around it</summary><table><caption>Calls in the order of the trail</caption>"
        f'<thead><tr><th scope="col">Time<th scope="col">Actor<th scope="col">Call</thead>{"".join(lines)}'
        "</table></details>"
    )


class _Drawing:
    """The marks of a trail, laid out."""

    def __init__(self, rows: Sequence[TrailRow], marked: dict[int, str]) -> None:
        self.rows, self.marked = rows, marked
        self.kinds = {kind(row) for row in rows}
        self.start = rows[0].start_s
        self.length = max(max(row.end_s for row in rows) - self.start, 0.01)
        actors = list(dict.fromkeys(map(_lane, rows)))
        if len(actors) > MAX_LANES:
            shown = list(dict.fromkeys([*(_lane(rows[place]) for place in marked), *actors]))[: MAX_LANES - 1]
            self.lanes = [actor for actor in actors if actor in shown]
            self.rest = len(actors) - len(self.lanes)
        else:
            self.lanes, self.rest = actors, 0
        self.place_of = {actor: place for place, actor in enumerate(self.lanes)}
        self.labels = self._labelled()
        self.top = _TOP + _LINE * max((line for _, _, _, line in self.labels), default=0)
        self.bottom = self.top + _LANE * (len(self.lanes) + bool(self.rest))

    def x(self, seconds: float) -> float:
        return _LEFT + (seconds - self.start) / self.length * (_WIDTH - _LEFT - _RIGHT)

    def y(self, row: TrailRow) -> float:
        return self.top + _LANE * (self.place_of.get(_lane(row), len(self.lanes)) + 0.5)

    def _labelled(self) -> list[tuple[int, str, str, int]]:
        """The departures: place, label, where its anchor is, and its line, so that no two labels overlap."""
        found, ends = [], list[float]()
        for place, label in sorted(self.marked.items()):
            x = self.x(self.rows[place].start_s)
            said = f"▼ {label}, {instant(self.rows[place].start_s)}"
            anchor = "end" if x > _WIDTH * 0.7 else "start" if x < _LEFT + 60 else "middle"
            width = len(said) * _LETTER
            left = x - {"start": 0, "middle": width / 2, "end": width}[anchor]
            line = next((line for line, end in enumerate(ends) if end < left), len(ends))
            ends[line : line + 1] = [left + width]
            found.append((place, said, anchor, line))
        return found

    def svg(self, name: str, words: str) -> str:
        """The drawing. What recedes comes first, the departures last."""
        return (
            f'<svg viewBox="0 0 {_WIDTH} {self.bottom + 24}" role="img" aria-labelledby="{name}-t {name}-d">'
            f'<title id="{name}-t">Trail of calls</title><desc id="{name}-d">{html.escape(words)}</desc>'
            f"{self._axis()}{self._names()}{self._marks()}{self._departures()}</svg>"
        )

    def _axis(self) -> str:
        """Faint lines up at instants that people count in, and their names below."""
        step = next((step for step in _STEPS_S if self.length / step <= 7), _STEPS_S[-1])
        first = -(-self.start // step)
        lines, labels = [], []
        for number in range(8):
            at = (first + number) * step
            if at > self.start + self.length:
                break
            x = self.x(at)
            lines.append(f"M{x:.0f} {self.top}V{self.bottom}")
            inside = min(x, _WIDTH - 24)  # a name at the right edge would be cut
            labels.append(
                f'<text x="{inside:.0f}" y="{self.bottom + 16}" class="tick">{instant(at) if at else "0"}</text>'
            )
        return f'<path d="{"".join(lines)}" class="grid"/>{"".join(labels)}'

    def _names(self) -> str:
        """A line and a name for each lane."""
        names = [
            printable.cut(actor, 16) if len(actor) <= 16 else printable.cut(actor[:15], 15) + "…"
            for actor in self.lanes
        ]
        if self.rest:
            names.append(f"{self.rest} others")
        lines, labels = [], []
        for place, actor in enumerate(names):
            y = self.top + _LANE * (place + 0.5)
            lines.append(f"M{_LEFT} {y:.0f}H{_WIDTH - _RIGHT}")
            labels.append(f'<text x="{_LEFT - 10}" y="{y + 4:.0f}" class="lane">{html.escape(actor)}</text>')
        return f'<path d="{"".join(lines)}" class="grid"/>{"".join(labels)}'

    def _marks(self) -> str:
        """The calls, one path a kind; a dense run of them is a band with its number."""
        bars: list[str] = []
        shapes: dict[str, list[str]] = {}
        numbers: list[str] = []
        runs: dict[tuple[float, str], list[float]] = {}
        for place, row in enumerate(self.rows):
            if place in self.marked:
                continue
            x, y = self.x(row.start_s), self.y(row)
            until = self.x(row.end_s)
            if until - x > 4:
                bars.append(f"M{x:.1f} {y:.0f}H{until:.1f}")
            runs.setdefault((y, kind(row)), []).append(x)
        for (y, one), places in runs.items():
            for run in _dense(sorted(places)):
                if len(run) > 3:
                    bars.append(f"M{run[0]:.1f} {y:.0f}H{run[-1]:.1f}")
                    numbers.append(
                        f'<text x="{(run[0] + run[-1]) / 2:.0f}" y="{y - 8:.0f}" class="count">×{len(run)}</text>'
                    )
                ends = [run[0], run[-1]] if len(run) > 3 else run
                shapes.setdefault(one, []).extend(_shape(one, x, y) for x in ends)
        drawn = "".join(f'<path d="{"".join(shapes[one])}" class="{one}"/>' for one in KINDS if one in shapes)
        return f'<g class="calls"><path d="{"".join(bars)}" class="busy"/>{drawn}{"".join(numbers)}</g>'

    def _departures(self) -> str:
        drawn = []
        for place, said, anchor, line in self.labels:
            row = self.rows[place]
            x, y = self.x(row.start_s), self.y(row)
            until = self.x(row.end_s)
            bar = f'<path d="M{x:.1f} {y:.0f}H{until:.1f}" class="busy"/>' if until - x > 4 else ""
            one = kind(row)
            drawn.append(
                f'<g class="here"><path d="M{x:.1f} {20 + _LINE * line}V{self.bottom}" class="line"/>{bar}'
                f'<circle cx="{x:.1f}" cy="{y:.0f}" r="9"/><path d="{_shape(one, x, y)}" class="{one}"/>'
                f'<text x="{x:.0f}" y="{14 + _LINE * line}" text-anchor="{anchor}">{html.escape(said)}</text></g>'
            )
        return "".join(drawn)


def _dense(places: Sequence[float]) -> list[list[float]]:
    """The places, in order, as runs whose neighbours are less than _DENSE apart."""
    runs: list[list[float]] = []
    for x in places:
        if runs and x - runs[-1][-1] < _DENSE:
            runs[-1].append(x)
        else:
            runs.append([x])
    return runs


def _shape(one: str, x: float, y: float) -> str:
    """A mark around (x, y) as a piece of an SVG path."""
    match one:
        case "read":
            return f"M{x:.1f} {y - 6:.0f}v12"
        case "write":
            return f"M{x:.1f} {y - 6:.0f}l5 10h-10z"
        case "end":
            return f"M{x - 4:.1f} {y - 4:.0f}h8v8h-8z"
        case "set":
            return f"M{x:.1f} {y - 6:.0f}l6 6-6 6-6-6z"
        case _:
            return f"M{x - 5:.1f} {y - 5:.0f}l10 10m0-10l-10 10"
