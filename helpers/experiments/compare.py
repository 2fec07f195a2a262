"""Comparison: two settings of an experiment side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from helpers.experiments.canvas import render
from helpers.experiments.parameter import ParameterError
from helpers.experiments.sweep import in_words, shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.experiments.outcome import Outcome
    from helpers.experiments.run import Progress, Run, Stop

_ROWS_DRAWN = 10


@dataclass(frozen=True)
class Comparison:
    """What `compare` returns: the outcomes `a` and `b`, what differs, and both summaries in one table."""

    a: Outcome
    b: Outcome

    @cached_property
    def differing(self) -> dict[str, tuple[Any, Any]]:
        """Parameter (and "seed") -> its two values, for those that differ."""
        one, other = self.a.run, self.b.run
        differ = {
            name: (one.values[name], other.values[name])
            for name in one.values
            if one.values[name] != other.values[name]
        }
        if one.seed != other.seed:
            differ["seed"] = (one.seed, other.seed)
        return differ

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row per quantity of the summary and per claim: `quantity`, `a`, `b`."""
        import pandas as pd

        rows = [
            (name, self.a.summary.get(name), self.b.summary.get(name))
            for name in {**self.a.summary, **self.b.summary}
        ]
        for claim in self.a.run.experiment.claims:
            verdicts = [outcome.findings[claim.id].verdict.value for outcome in (self.a, self.b)]
            rows.append((f"claim:{claim.id}", verdicts[0], verdicts[1]))
        return pd.DataFrame(rows, columns=["quantity", "a", "b"], dtype=object)

    @cached_property
    def text(self) -> str:
        """What differs and what comes of it, in words; the picture's alternative text."""
        changes = [
            f"{in_words(row.quantity)} {_said(row.a)} → {_said(row.b)}"
            for row in self.frame.itertuples()
            if row.a != row.b and not row.quantity.startswith("claim:")
        ]
        names = self._names()
        first = f"{', '.join(names)}." if names else "The two settings are the same."
        second = f"{'; '.join(changes)}." if changes else "Every number of the summary is the same."
        turned = [
            f"“{claim.text}” is {self.a.findings[claim.id].verdict.value} in the first and "
            f"{self.b.findings[claim.id].verdict.value} in the second."
            for claim in self.a.run.experiment.claims
            if self.a.findings[claim.id].verdict != self.b.findings[claim.id].verdict
        ]
        return " ".join(part[0].upper() + part[1:] for part in (first, second, *turned))

    @cached_property
    def png(self) -> bytes:
        """The picture: two bars for each number of the summary, each pair on a scale of its own."""
        return render(self._draw)[0]

    def _names(self) -> list[str]:
        """Say "visibility timeout 30 s → 10 s" for each parameter that differs."""
        known = {one.name: one for one in self.a.run.experiment.parameters}
        said = []
        for name, (old, new) in self.differing.items():
            one = known.get(name)
            words = (
                (one.label, one.text(old), one.text(new)) if one is not None else (name, str(old), str(new))
            )
            said.append(f"{words[0]} {words[1]} → {words[2]}")
        return said

    def _draw(self, figure: Figure) -> str:
        numbers = [
            row
            for row in self.frame.itertuples()
            if isinstance(row.a, int | float) and isinstance(row.b, int | float)
        ]
        # Those that differ first: they are what the reader looks for.
        drawn = sorted(numbers, key=lambda row: row.a == row.b)[:_ROWS_DRAWN]
        from helpers.experiments.pictures import PALETTE, QUIET, headline

        axes = figure.add_axes((0.3, 0.05, 0.58, 0.74))
        for place, row in enumerate(drawn):
            scale = max(abs(row.a), abs(row.b)) or 1
            for shift, value, colour in ((-0.17, row.a, PALETTE["blue"]), (0.17, row.b, PALETTE["orange"])):
                axes.barh(place + shift, value / scale, height=0.3, color=colour)
                axes.text(max(value / scale, 0) + 0.01, place + shift, shown(value), va="center", fontsize=9)
        axes.set_yticks(range(len(drawn)), [in_words(row.quantity) for row in drawn])
        axes.set_ylim(max(len(drawn), 3) - 0.5, -0.5)
        axes.set_xlim(-1 if any(min(row.a, row.b) < 0 for row in drawn) else 0, 1.08)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        title = "; ".join(self._names()) or "The same settings twice"
        headline(figure, title[0].upper() + title[1:], "")
        for y, colour, words, outcome in (
            (0.895, PALETTE["blue"], "first", self.a),
            (0.855, PALETTE["orange"], "second", self.b),
        ):
            figure.text(0.025, y, "■", color=colour, size=10, va="center")
            figure.text(0.045, y, f"{words}: {outcome.run}", size=9, color=QUIET, va="center")
        return self.text


def compare(a: Run, b: Run, *, progress: Progress | None = None, stop: Stop | None = None) -> Comparison:
    """Carry out two runs of one experiment and set them side by side.

    Raises ParameterError if they are runs of two experiments, Stopped when stopped.
    """
    if a.experiment is not b.experiment:
        raise ParameterError(
            f"A comparison needs two runs of one experiment, not {a.experiment.id} and {b.experiment.id}."
        )
    return Comparison(a.outcome(progress, stop), b.outcome(progress, stop))


def _said(value: Any) -> str:
    return "none" if value is None else shown(value)
