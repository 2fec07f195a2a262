"""A bell that rings into an SQS queue, with an echo or without: an experiment that no section declares."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
    Flag,
    Float,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    false,
    not_applicable,
    true,
)


@dataclass(frozen=True)
class Rings:
    rings: int
    echoes: int
    lasted_s: float

    @property
    def summary(self) -> dict[str, int | float | str]:
        return {"rings": self.rings, "echoes": self.echoes, "lasted_s": self.lasted_s}


def _short(p: Values, m: Rings) -> Finding:
    if p.rings == 0:
        return not_applicable("Nothing rings.")
    said = f"{m.rings} rings took {m.lasted_s:g} s."
    return true(said) if m.lasted_s <= 60 else false(said)


def _silent(p: Values, m: Rings) -> Finding:
    return false(f"{m.echoes} echoes.") if m.echoes else true("No echo.")


LONGER = Option(
    "longer",
    "It takes longer than a minute.",
    None,
    "Ten gaps of 10 s.",
    right=True,
    true_if=lambda p, m: m.lasted_s > 60,
)
SAME = Option(
    "same", "Just as long.", "gaps_are_free", "A gap passes time.", true_if=lambda p, m: m.lasted_s == 9.1
)


class Bell(Experiment):
    id = "99_bells.bell"
    title = "A bell"
    question = "How long does it ring?"
    parameters = (
        Int("rings", 10, "rings", "How often it rings.", minimum=0, maximum=5000),
        Float("gap_s", 1.0, "gap", "Time between two rings.", unit="s", minimum=0.0, maximum=100.0, step=0.5),
        Flag("echo", False, "echo", "Each ring comes back."),
        Choice(
            "metal", "bronze", "metal", "What it is made of.", choices=("bronze", "white gold & tin", "iron")
        ),
    )
    claims = (
        Claim(
            "short",
            "It is over in a minute.",
            ("bell.a",),
            _short,
            "gaps of 5 s",
            lambda p: p.rings == 10 and p.gap_s <= 5,
        ),
        Claim("silent", "Nothing echoes.", ("bell.b",), _silent, "without an echo", lambda p: not p.echo),
    )
    scenes = (
        Scene(
            "slow", "A slow bell", {}, "How long?", Prediction("How long?", (LONGER, SAME)),
            {"gap_s": 10}, ("gap_s",), "short", ("bell.a",),
        ),
        Scene(
            "count", "More rings", {"seed": 2}, "How many?",
            Prediction("How many?", number="rings", unit="rings", tolerance=1, reply="As many as asked for."),
            {"rings": 20}, ("rings", "gap_s"), "short", ("bell.a",),
        ),
        Scene(
            "all", "Your bell", {"gap_s": 2.5}, "Make it quiet and long.", Prediction("How long?", (
                Option("echo", "It echoes.", None, "Yes.", True, lambda p, m: m.echoes > 0),
                Option("no", "It does not.", "walls_swallow", "It does.", False, lambda p, m: m.echoes == 0),
            )),
            {"echo": True}, (), "silent", ("bell.b",),
            Goal("Longer than 90 s.", lambda p, m: m.lasted_s > 90, {"rings": 50}),
        ),
    )  # fmt: skip

    def run(self, cloud: Any, p: Values) -> None:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="bell")["QueueUrl"]

        def ring() -> None:
            for place in range(p.rings):
                time.sleep(p.gap_s if place else 0)
                sqs.send_message(QueueUrl=url, MessageBody=f"dong {random.random()}")
                if p.echo:
                    sqs.send_message(QueueUrl=url, MessageBody="echo")

        cloud.spawn(ring)
        cloud.run()

    def measure(self, p: Values, trail: Any) -> Rings:
        sent = trail[trail["operation"] == "SendMessage"]
        echoes = sum(one["MessageBody"] == "echo" for one in sent["parameters"])
        end = sent["time_s"] + sent["duration_s"] - trail["duration_s"].iloc[0]
        return Rings(len(sent) - echoes, echoes, round(float(end.max()), 6) if len(sent) else 0.0)

    def draw(self, figure: Any, p: Values, m: Rings) -> str:
        axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
        axes.bar(["rings", "echoes"], [m.rings, m.echoes], color="#0072B2")
        return f"{m.rings} rings in {m.lasted_s:g} s. {m.echoes} echoes."


BELL = Bell()
