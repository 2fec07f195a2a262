"""An experiment that takes as long as it is told: real API calls on a real queue, and nothing of a section."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from helpers.experiments.claim import Claim, Finding, Verdict
from helpers.experiments.experiment import Experiment
from helpers.experiments.parameter import Int


@dataclass(frozen=True)
class Sent:
    messages: int

    @property
    def summary(self) -> dict[str, int | float | str]:
        return {"messages": self.messages}


class Slow(Experiment):
    id = "99_test.slow"
    title = "A long run"
    question = "How long does it take?"
    parameters = (Int("messages", 5, "Messages", "How many are sent.", minimum=1, maximum=10_000_000),)
    claims = (
        Claim(
            "all",
            "Every message is sent.",
            (),
            lambda v, m: Finding(
                Verdict.TRUE if m.messages == v.messages else Verdict.FALSE, f"{m.messages} were sent."
            ),
            "always",
            lambda v: True,
        ),
    )
    scenes = ()

    def run(self, cloud: Any, p: Any) -> None:
        def producer() -> None:
            sqs = cloud.client("sqs")
            url = sqs.create_queue(QueueName="slow")["QueueUrl"]
            for number in range(p.messages):
                sqs.send_message(QueueUrl=url, MessageBody=f"{number}")
                time.sleep(1)

        cloud.spawn(producer)
        cloud.run(until=p.messages * 2.0 + 10)

    def measure(self, p: Any, trail: Any) -> Sent:
        return Sent(int((trail["operation"] == "SendMessage").sum()))

    def draw(self, figure: Any, p: Any, m: Sent) -> str:
        axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
        axes.hlines([0], [0], [m.messages])
        return f"{m.messages} messages were sent."


SLOW = Slow()
