"""A drawn picture read back as tables, for a reader who does not see it, or who wants the numbers.

matplotlib keeps what it has drawn as artists with their data. This module reads those of each axes: bars over lanes,
curves, marks, limits, shaded areas, and the words that stand beside them. It asks for nothing that a picture does not
hold anyway, so it works for every experiment; a section gains better words by giving its artists labels.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from helpers.experiments import words
from helpers.experiments.pictures import FAINT, LANE, TICK, TIME, TITLE, UNREAD

Point = tuple[float, float]
Row = tuple[str, ...]


@dataclass(frozen=True)
class FigureTable:
    """A table of a picture; its cells are text as people read it. `numeric` names the columns that stand right."""

    caption: str
    head: Row
    rows: tuple[Row, ...]
    numeric: tuple[int, ...] = ()


def tables(figure: Figure) -> list[FigureTable]:
    """What `figure` shows, axes by axes from top to bottom; tables without a row are left out."""
    parts = sorted(figure.axes, key=lambda axes: (-axes.get_position().y1, axes.get_position().x0))
    found = [list(_Part(axes, figure).tables()) for axes in parts]
    several = sum(map(bool, found)) > 1
    named = [
        FigureTable(f"{one.caption}, part {number} of the picture", one.head, one.rows, one.numeric)
        if several
        else one
        for number, part in enumerate(filter(None, found), 1)
        for one in part
    ]
    if named:
        return named
    said = [(text.get_text(),) for text in figure.texts if text.get_text() and text.get_gid() != TITLE]
    return [FigureTable("Words in the picture", ("Words",), tuple(said))] if said else []


class _Part:
    """One axes and its two scales: time, a number with a unit, or lanes with names."""

    def __init__(self, axes: Axes, figure: Figure) -> None:
        self.axes = axes
        named = [text for text in axes.texts if text.get_gid() == LANE]
        if not named and not axes.get_ylabel():  # the lanes go on from the axes beside it
            beside = [other for other in figure.axes if other.get_ylim() == axes.get_ylim()]
            named = [text for other in beside for text in other.texts if text.get_gid() == LANE]
        self.lanes = {float(text.get_position()[1]): text.get_text() for text in named}
        self.word, self.first = _numbering(self.lanes)
        # A scale of numbers has its numbers as names: "5,000" stands at 5000.
        self.numbered = not self.lanes or all(_is_number(name, at) for at, name in self.lanes.items())
        alike = [other for other in figure.axes if other.get_xlim() == axes.get_xlim()]
        self.across = next(filter(None, (other.get_xlabel() for other in [axes, *alike])), "")
        self.ticks = {
            float(text.get_position()[0]): text.get_text() for text in axes.texts if text.get_gid() == TICK
        }

    @property
    def x_name(self) -> str:
        return _capital(self.across) or "Across"

    @property
    def y_name(self) -> str:
        if self.numbered:
            return _capital(self.axes.get_ylabel()) or "Height"
        return _capital(self.word) or "Lane"

    def x(self, value: float) -> str:
        if self.across == TIME:
            return time_text(value)
        return _number(value)

    def y(self, value: float) -> str:
        if self.numbered:
            return _number(value)
        if value in self.lanes and not self.word:
            return self.lanes[value]
        if self.word:
            return _number(round(value + self.first))  # work done again stands a little below its lane
        return self.lanes[min(self.lanes, key=lambda place: abs(place - value))]

    def tables(self) -> Iterator[FigureTable]:
        """The tables that have a row."""
        made = (self._bars(), self._uprights(), self._others(), self._curves(), self._marks(), self._limits())
        for one in (*made, self._areas(), self._words()):
            if one.rows:
                yield one

    # ---- bars and lines

    def _segments(self) -> Iterator[tuple[str, Point, Point]]:
        """What is drawn as straight lines and as bars, in the picture's own scales."""
        for one in self.axes.collections:
            if (
                not isinstance(one, LineCollection)
                or _unread(one)
                or _in_data(one, self.axes) != (True, True)
            ):
                continue
            colours: Any = one.get_colors()
            if to_hex(colours[0]) == FAINT:  # a rail, as a tick's line is
                continue
            for segment in one.get_segments():
                for (x0, y0), (x1, y1) in itertools.pairwise(segment):
                    yield _label(one), (float(x0), float(y0)), (float(x1), float(y1))
        for patch in self.axes.patches:
            if isinstance(patch, Rectangle) and _in_data(patch, self.axes) == (True, True):
                x, middle = float(patch.get_x()), float(patch.get_y() + patch.get_height() / 2)
                yield _label(patch), (x, middle), (x + float(patch.get_width()), middle)

    def _bars(self) -> FigureTable:
        found = [
            (a[1], min(a[0], b[0]), max(a[0], b[0]), what) for what, a, b in self._segments() if a[1] == b[1]
        ]
        rows = [(self.y(y), self.x(x0), self.x(x1), what) for y, x0, x1, what in sorted(found) if x1 > x0]
        head = (self.y_name, f"{self.x_name}, from", "to", "What")
        return _table("Bars", head, rows, (1, 2))

    def _in_one_lane(self, a: Point, b: Point) -> bool:
        """Whether an upright stroke stays within a lane: then it is a mark on it."""
        return not self.numbered and a[0] == b[0] and self.y(a[1]) == self.y(b[1])

    def _uprights(self) -> FigureTable:
        found = [
            (a[0], min(a[1], b[1]), max(a[1], b[1]), what)
            for what, a, b in self._segments()
            if a[0] == b[0] and a[1] != b[1] and not self._in_one_lane(a, b)
        ]
        rows = [(self.x(x), self.y(y0), self.y(y1), what) for x, y0, y1, what in sorted(found)]
        head = (self.x_name, f"{self.y_name}, from", "to", "What")
        return _table("Upright bars", head, rows, (0, 1, 2) if self.numbered else (0,))

    def _others(self) -> FigureTable:
        rows = [
            (self.x(a[0]), self.y(a[1]), self.x(b[0]), self.y(b[1]), what)
            for what, a, b in self._segments()
            if a[0] != b[0] and a[1] != b[1]
        ]
        head = (
            f"{self.x_name}, from",
            f"{self.y_name}, from",
            f"{self.x_name}, to",
            f"{self.y_name}, to",
            "What",
        )
        return _table("Lines", head, rows, (0, 2))

    # ---- curves and points

    def _lines(self, points: bool) -> list[Line2D]:
        return [
            line
            for line in self.axes.lines
            if not _unread(line)
            and _in_data(line, self.axes) == (True, True)
            and (line.get_linestyle() in ("None", "none", "", " ")) is points
        ]

    def _curves(self) -> FigureTable:
        """All curves over one column of places; a step curve keeps its value until the next."""
        lines = self._lines(points=False)
        series = [(self._name(line), line.get_drawstyle() == "steps-post", *_data(line)) for line in lines]
        if not series:
            series = list(self._fills())
        places = sorted({x for _, _, xs, _ in series for x in xs})
        rows = [
            (
                self.x(x),
                *("" if (y := _value(xs, ys, x, held)) is None else self.y(y) for _, held, xs, ys in series),
            )
            for x in places
        ]
        names = [what or f"{self.y_name} {n}" for n, (what, *_) in enumerate(series, 1)]
        if len(names) == 1 and not series[0][0]:
            names = [self.y_name]
        head = (self.x_name, *names)
        return FigureTable("Curves", head, tuple(rows), tuple(range(len(head))))

    def _name(self, line: Line2D) -> str:
        """The label of a curve; or the only words in its colour, which is how a picture without a legend names it."""
        alike = [text for text in self._free_texts() if to_hex(text.get_color()) == to_hex(line.get_color())]
        return _label(line) or (" ".join(alike[0].get_text().split()) if len(alike) == 1 else "")

    def _free_texts(self) -> list[Any]:
        """The words that stand neither under an axis nor before a lane."""
        return [
            text for text in self.axes.texts if text.get_text().strip() and text.get_gid() not in (LANE, TICK)
        ]

    def _fills(self) -> Iterator[tuple[str, bool, list[float], list[float]]]:
        """The upper edges of filled areas, where no curve says it."""
        for one in self.axes.collections:
            if isinstance(one, PolyCollection) and not isinstance(one, PathCollection):
                top: dict[float, float] = {}
                for path in one.get_paths():
                    for x, y in _pairs(path.vertices):
                        top[x] = max(y, top.get(x, y))
                yield _label(one), False, sorted(top), [top[x] for x in sorted(top)]

    def _marks(self) -> FigureTable:
        points = [
            (_label(line), point)
            for line in self._lines(points=True)
            for point in zip(*_data(line), strict=True)
        ]
        for one in self.axes.collections:
            if isinstance(one, PathCollection) and not _unread(one):
                points += [(_label(one), point) for point in _pairs(one.get_offsets())]
        points += [(what, a) for what, a, b in self._segments() if a[1] != b[1] and self._in_one_lane(a, b)]
        rows = [(what or "mark", self.x(x), self.y(y)) for what, (x, y) in points]
        return FigureTable(
            "Marks", ("Mark", self.x_name, self.y_name), tuple(rows), (1, 2) if self.numbered else (1,)
        )

    # ---- limits, areas, words

    def _limits(self) -> FigureTable:
        rows = []
        for one in self.axes.collections:
            along = _in_data(one, self.axes)
            if isinstance(one, LineCollection) and sum(along) == 1 and _label(one):
                (x, y), *_ = one.get_segments()[0]
                rows.append((_label(one), self.x(float(x)) if along[0] else self.y(float(y))))
        return FigureTable("Limits", ("Limit", "At"), tuple(rows), (1,))

    def _areas(self) -> FigureTable:
        rows = []
        for patch in self.axes.patches:
            along = _in_data(patch, self.axes)
            if isinstance(patch, Rectangle) and sum(along) == 1:
                read, low, length = (
                    (self.x, patch.get_x(), patch.get_width())
                    if along[0]
                    else (self.y, patch.get_y(), patch.get_height())
                )
                rows.append((_label(patch) or "shaded", read(float(low)), read(float(low + length))))
        return FigureTable("Shaded areas", ("Area", "From", "To"), tuple(rows), (1, 2))

    def _words(self) -> FigureTable:
        known = {_label(one) for one in self.axes.collections} | set(map(self._name, self.axes.lines))
        rows = []
        for text in self._free_texts():
            said = " ".join(text.get_text().split())
            if said in known:
                continue
            x, y = text.xy if isinstance(text, Annotation) else text.get_position()
            along = (True, True) if isinstance(text, Annotation) else _moves_with_data(text, self.axes)
            rows.append((said, self.x(float(x)) if along[0] else "", self.y(float(y)) if along[1] else ""))
        head = ("Words", self.x_name, self.y_name)
        return FigureTable("Words in the picture", head, tuple(rows), (1, 2) if self.numbered else (1,))


# ---- numbers


def time_text(seconds: float) -> str:
    """Virtual time in a table: to the thousandth below two minutes, then as people say it."""
    if abs(seconds) < 120:
        return f"{_number(round(seconds, 3))} s"
    sign = "-" if seconds < 0 else ""
    return sign + words.duration(abs(seconds))


def _number(value: float) -> str:
    return words.number(round(float(value), 6) + 0.0)


def _is_number(name: str, at: float) -> bool:
    found = re.match(r"-?[\d,.]+", name)
    if found is None:
        return False
    try:
        return abs(float(found[0].replace(",", "")) - at) <= 0.05 * max(1.0, abs(at))
    except ValueError:
        return False


def _numbering(lanes: dict[float, str]) -> tuple[str, float]:
    """The word and the first number of lanes that are named "message 1", "5", "9"; it holds for those between, too.

    No word if the lanes have names of another kind.
    """
    if not lanes:
        return "", 0
    (place, top), *rest = sorted(lanes.items())
    found = re.fullmatch(r"(\D+) (\d+)", top)
    if found is None or not rest:
        return "", 0
    first = int(found[2]) - place
    if all(name.isdecimal() and int(name) - at == first for at, name in rest):
        return found[1], first
    return "", 0


# ---- artists


def _label(artist: Any) -> str:
    """The artist's own label; matplotlib's made-up ones begin with an underscore."""
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _unread(artist: Any) -> bool:
    return bool(artist.get_label() == UNREAD)


def _in_data(artist: Any, axes: Axes) -> tuple[bool, bool]:
    """Whether the artist's x and its y are in the scales of `axes`, rather than in shares of it."""
    across, up = artist.get_transform().contains_branch_seperately(axes.transData)
    return bool(across), bool(up)


def _moves_with_data(text: Any, axes: Axes) -> tuple[bool, bool]:
    """The same of words, which stand some points beside their place: a step of one has to be as long."""
    theirs, ours = text.get_transform(), axes.transData
    (x0, y0), (x1, y1) = theirs.transform([(0, 0), (1, 1)])
    (a0, b0), (a1, b1) = ours.transform([(0, 0), (1, 1)])
    return bool(abs((x1 - x0) - (a1 - a0)) < 1e-6), bool(abs((y1 - y0) - (b1 - b0)) < 1e-6)


def _data(line: Any) -> tuple[list[float], list[float]]:
    return [float(x) for x in line.get_xdata()], [float(y) for y in line.get_ydata()]


def _pairs(values: Any) -> list[Point]:
    return [(float(x), float(y)) for x, y in values]


def _value(xs: Sequence[float], ys: Sequence[float], x: float, held: bool) -> float | None:
    place = bisect_right(xs, x) - 1
    if place < 0 or (not held and xs[place] != x):
        return None
    return ys[place]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _table(caption: str, head: Row, rows: Iterable[Row], numeric: tuple[int, ...]) -> FigureTable:
    """A table whose last column goes if it is empty."""
    rows = list(rows)
    if not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    return FigureTable(caption, head, tuple(rows), numeric)
