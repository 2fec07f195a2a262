"""An experiment with one waiter who asks AWS who he is for each cup; nothing in it belongs to a section."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from helpers.experiments.claim import Claim, Finding, Verdict
from helpers.experiments.experiment import Experiment
from helpers.experiments.parameter import Choice, Flag, Float, Int
from helpers.experiments.scene import Goal, Option, Prediction, Scene


@dataclass(frozen=True)
class Tea:
    cups: int
    lasted_s: float

    @property
    def summary(self) -> dict[str, int | float | str]:
        return {"cups": self.cups, "lasted_s": self.lasted_s}


def _enough(values: Any, measured: Tea) -> Finding:
    if values.guests == 0:
        return Finding(Verdict.NOT_APPLICABLE, "There are no guests.")
    if measured.cups >= values.guests:
        return Finding(Verdict.TRUE, f"{measured.cups} cups are enough for {values.guests} guests.")
    return Finding(Verdict.FALSE, f"{measured.cups} cups are too few for {values.guests} guests.")


MANY = Option(
    "many", "Everybody gets <two> cups.", "plenty", "Nobody pours twice: `cups` says how many there are."
)
FEW = Option("few", "Somebody gets none.", None, "There are fewer cups than guests.", right=True)


class TeaShop(Experiment):
    id = "99_test.tea"
    title = "Tea"
    question = "Is there enough tea?"
    parameters = (
        Int("cups", 4, "Cups", "How many cups are poured.", minimum=0, maximum=5000),
        Int(
            "guests",
            4,
            "Guests",
            "How many people came.",
            minimum=0,
            maximum=20,
            source="https://docs.aws.amazon.com/",
        ),
        Float(
            "pour_s", 0.5, "Pouring", "How long one cup takes.", unit="s", minimum=0.1, maximum=2.0, step=0.1
        ),
        Flag("spill", False, "Spill", "Drop the pot.", assumption=True),
        Choice("kind", "green", "Kind", "Which tea.", choices=("black", "green")),
    )
    claims = (
        Claim(
            "enough",
            "Every guest gets a cup.",
            ("tea.a",),
            _enough,
            "cups >= guests",
            lambda v: v.cups >= v.guests,
        ),
        Claim(
            "hot",
            "The tea is hot.",
            (),
            lambda v, m: Finding(Verdict.TRUE, "It is."),
            "always",
            lambda v: True,
        ),
    )
    scenes = (
        Scene(
            id="fewer",
            title="fewer cups",
            settings={"guests": 5, "cups": 5},
            question="What if cups are missing?",
            prediction=Prediction("Who gets tea?", (MANY, FEW)),
            change={"cups": 3},
            free=("cups",),
            settles="enough",
            facts=("tea.a",),
        ),
        Scene(
            id="count",
            title="how long",
            settings={},
            question="How long does it take?",
            prediction=Prediction("How long?", None, "lasted_s", "s", 1.0, "Pouring takes a second a cup."),
            change={"pour_s": 1.0, "seed": 2},
            free=("pour_s", "cups"),
            settles="hot",
            facts=(),
        ),
        Scene(
            id="party",
            title="a party",
            settings={"guests": 6},
            question="Serve them all.",
            prediction=Prediction("Who gets tea?", (MANY, FEW)),
            change={"kind": "black"},
            free=(),
            settles="enough",
            facts=(),
            goal=Goal("Every guest has a cup.", lambda v, m: m.cups >= v.guests, {"cups": 6}),
        ),
    )

    def run(self, cloud: Any, p: Any) -> None:
        def waiter() -> None:
            sts = cloud.client("sts")
            if p.spill:
                raise RuntimeError("The pot is broken.\nIt was old.")
            for _ in range(p.cups):
                time.sleep(p.pour_s)
                sts.get_caller_identity()

        cloud.api_latency_s = 0
        cloud.spawn(waiter)
        cloud.run()

    def measure(self, p: Any, trail: Any) -> Tea:
        return Tea(len(trail), float(trail["time_s"].max()) if len(trail) else 0.0)

    def draw(self, figure: Any, p: Any, m: Tea) -> str:
        axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
        axes.hlines([0], [0], [m.cups])
        axes.set_xlim(0, 20)
        return f"{m.cups} cups were poured in {m.lasted_s:g} s. {p.guests} guests came."


SHOP = TeaShop()
