"""Sweep: one quantity of the summary over one parameter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from helpers.experiments.canvas import render
from helpers.experiments.claim import Verdict
from helpers.experiments.parameter import Parameter, ParameterError, unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.experiments.run import Progress, Run, Stop


UNITS = ("s", "ms", "min", "h", "d", "usd", "bytes")
"""What a name may end in after an underscore: the unit of its value."""


def in_words(name: str) -> str:
    """A summary's name for people: "makespan_s" is "makespan (s)"."""
    words, _, unit = name.rpartition("_")
    if words and unit in UNITS and not words.endswith("_per"):
        return f"{words.replace('_', ' ')} ({unit})"
    return name.replace("_", " ")


def shown(value: float | str) -> str:
    """A summary's value for people: 1,234 and 0.25."""
    if isinstance(value, str):
        return value
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


@dataclass(frozen=True)
class Sweep:
    """What `sweep` returns.

    `frame` has a row per value: the parameter, every quantity of the summary, and the verdict on each claim
    (`claim:<id>`). `quantity` is the one that is drawn; `text` says what it does, in one or two sentences.
    """

    run: Run
    parameter: Parameter
    quantity: str
    frame: pd.DataFrame

    @cached_property
    def png(self) -> bytes:
        """The picture: the quantity over the parameter; where a claim does not hold the point is a cross."""
        return render(self._draw)[0]

    @cached_property
    def text(self) -> str:
        """The finding in words; the picture's alternative text."""
        one, what = self.parameter, in_words(self.quantity)
        values, at = list(self.frame[self.quantity]), list(self.frame[self.parameter.name])
        low, high = min(values), max(values)
        if low == high:
            said = f"{what} stays {shown(low)} for every {one.label} from {one.text(at[0])} to {one.text(at[-1])}"
        else:
            said = (
                f"{what} is {shown(values[0])} at {one.label} {one.text(at[0])} "
                f"and {shown(values[-1])} at {one.text(at[-1])}; "
                f"lowest {shown(low)} (at {one.text(at[values.index(low)])}), "
                f"highest {shown(high)} (at {one.text(at[values.index(high)])})"
            )
        text = said[0].upper() + said[1:] + "."
        broken = [one.text(value) for value, breaks in zip(at, self._breaks(), strict=True) if breaks]
        if len(broken) > 3:
            broken = [f"{len(broken)} of the {len(at)} values, the first {broken[0]}, the last {broken[-1]}"]
        return f"{text} A claim does not hold at {', '.join(broken)}." if broken else text

    def _breaks(self) -> list[bool]:
        claims = [name for name in self.frame.columns if name.startswith("claim:")]
        return [bool((row == Verdict.FALSE.value).any()) for _, row in self.frame[claims].iterrows()]

    def _draw(self, figure: Figure) -> str:
        from helpers.experiments.pictures import FAINT, PALETTE, QUIET, headline

        axes = figure.add_axes((0.09, 0.13, 0.87, 0.7))
        one, values = self.parameter, [float(value) for value in self.frame[self.quantity]]
        at = list(self.frame[one.name])
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in at)
        places = [float(value) for value in at] if numeric else [float(place) for place in range(len(at))]
        axes.plot(places, values, color=QUIET, linewidth=1.5, zorder=1)
        for broken, colour, mark, words in (
            (False, PALETTE["blue"], "o", "no claim broken"),
            (True, PALETTE["vermillion"], "X", "a claim does not hold"),
        ):
            chosen = [place for place, breaks in enumerate(self._breaks()) if breaks is broken]
            if chosen:
                axes.scatter(
                    [places[place] for place in chosen],
                    [values[place] for place in chosen],
                    color=colour,
                    marker=mark,
                    s=55,
                    label=words,
                    zorder=2,
                )
        if not numeric:
            axes.set_xticks(places, [one.text(value) for value in at])
        if min(values) >= 0:
            axes.set_ylim(0, max(values) * 1.08 or 1)
        axes.set_xlabel(f"{one.label} ({one.unit})" if one.unit else one.label)
        axes.set_ylabel(in_words(self.quantity))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=FAINT)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
        title = f"{in_words(self.quantity)} over {one.label}"
        headline(figure, title[0].upper() + title[1:], str(self.run))
        return self.text


def sweep(
    run: Run,
    parameter: str,
    values: Iterable[Any] | None = None,
    quantity: str | None = None,
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Sweep:
    """Run once for each of `values` of `parameter`, all else as in `run`.

    `values` are nine over the whole range if None; `quantity` is the key of the summary to draw, the first
    number that moves if None. Raises ParameterError for a parameter, a value or a quantity that is not
    possible, Stopped when stopped.
    """
    import pandas as pd

    known = {one.name: one for one in run.experiment.parameters}
    if parameter not in known:
        raise ParameterError(unknown(f"{run.experiment.id} has no parameter", parameter, known))
    one = known[parameter]
    wanted = [one.check(value) for value in (one.spread() if values is None else values)]
    if not wanted:
        raise ParameterError(f"A sweep over {parameter} needs at least one value.")
    rows: list[dict[str, Any]] = []
    numbers: list[str] = []
    for value in wanted:
        outcome = run.changed(**{parameter: value}).outcome(progress, stop)
        verdicts = {f"claim:{id_}": finding.verdict.value for id_, finding in outcome.findings.items()}
        rows.append({parameter: value, **outcome.summary, **verdicts})
        numbers = [name for name, number in outcome.summary.items() if not isinstance(number, str)]
        if quantity is not None and quantity not in numbers:
            raise ParameterError(
                unknown(f"The summary of {run.experiment.id} has no number", quantity, numbers)
            )
    if quantity is None:
        moved = [name for name in numbers if len({row[name] for row in rows}) > 1]
        quantity = (moved or numbers)[0]
    return Sweep(run, one, quantity, pd.DataFrame(rows))
