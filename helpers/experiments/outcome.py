"""Outcome: what a run left behind: trail, measurements, findings, numbers, picture and cost."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

from helpers.experiments import prices
from helpers.experiments.canvas import read, render
from helpers.experiments.claim import Finding

if TYPE_CHECKING:
    import pandas as pd

    from helpers.experiments.figure_table import FigureTable
    from helpers.experiments.run import Run


class Outcome:
    """What `Run.outcome` returns.

    `run`; `trail` (a DataFrame, a row per attempt of a call); `measurements` (the experiment's own
    dataclass); `findings` (claim id to Finding); `summary` (names to numbers and texts); `calls` (API calls,
    retries not counted again); `virtual_s` and `wall_s` (seconds of virtual and of real time).
    """

    def __init__(self, run: Run, trail: pd.DataFrame, virtual_s: float, wall_s: float) -> None:
        experiment, values = run.experiment, run.values
        self.run = run
        self.trail = trail
        self.virtual_s = virtual_s
        self.wall_s = wall_s
        self.measurements: Any = experiment.measure(values, trail)
        self.summary: dict[str, int | float | str] = {
            name: _plain(experiment.id, name, value) for name, value in self.measurements.summary.items()
        }
        self.findings: dict[str, Finding] = {
            claim.id: claim.judge(values, self.measurements) for claim in experiment.claims
        }
        self.calls = int(trail["call"].nunique())
        self._drawn: dict[str, tuple[bytes, str]] = {}

    def png(self, theme: str = "light") -> bytes:
        """The picture: 900 x 560 pixels, drawn once. Raises ValueError for an unknown theme."""
        return self._picture(theme)[0]

    @property
    def text(self) -> str:
        """The picture in words, the finding first."""
        return self._picture("light")[1]

    def tables(self) -> list[FigureTable]:
        """The picture as tables: what is drawn, in numbers and words. Drawn anew for it; see `figure_table`."""
        from helpers.experiments.figure_table import tables  # only a reader of tables pays for it

        experiment = self.run.experiment
        return read(lambda figure: experiment.draw(figure, self.run.values, self.measurements), tables)

    @cached_property
    def cost(self) -> pd.DataFrame:
        """Requests by operation at AWS's list price; see `prices.cost`."""
        return prices.cost(self.trail)

    def to_json(self) -> dict[str, Any]:
        """What `devlab run --json` writes, as a dict of plain values.

        `claims` is a list of id, text, verdict and explanation, in declared order.
        """
        return {
            "experiment": self.run.experiment.id,
            "parameters": dict(self.run.values),
            "seed": self.run.seed,
            "claims": [
                {
                    "id": claim.id,
                    "text": claim.text,
                    "verdict": self.findings[claim.id].verdict.value,
                    "explanation": self.findings[claim.id].explanation,
                }
                for claim in self.run.experiment.claims
            ],
            "summary": self.summary,
            "calls": self.calls,
            "virtual_s": self.virtual_s,
            "wall_s": self.wall_s,
        }

    def _picture(self, theme: str) -> tuple[bytes, str]:
        if theme not in self._drawn:
            experiment = self.run.experiment
            self._drawn[theme] = render(
                lambda figure: experiment.draw(figure, self.run.values, self.measurements), theme
            )
        return self._drawn[theme]

    def __repr__(self) -> str:
        return f"<Outcome of {self.run}: {self.calls} calls, {self.virtual_s:g} s>"


def _plain(owner: str, name: str, value: Any) -> int | float | str:
    """`value` as JSON can write it; a number of numpy becomes Python's."""
    plain = value.item() if hasattr(value, "item") else value
    if not isinstance(plain, int | float | str) or (isinstance(plain, float) and not math.isfinite(plain)):
        raise TypeError(f"{owner}: {name} is {value!r} in the summary, which takes finite numbers and texts.")
    return plain
