"""CodeDeploy's predefined deployment configurations for Lambda: when which share of an alias's traffic has moved.

Page: https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html
"""

from __future__ import annotations

from typing import NamedTuple

PAGE = "https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html"


class Shift(NamedTuple):
    """`steps` of (seconds after the start, share of the traffic on the new version), the last one with all of it."""

    steps: tuple[tuple[int, float], ...]

    @property
    def whole_s(self) -> int:
        """When all traffic is on the new version, in seconds after the start."""
        return self.steps[-1][0]


def _canary(minutes: int) -> Shift:
    return Shift(((0, 0.1), (60 * minutes, 1.0)))


def _linear(minutes: int) -> Shift:
    return Shift(tuple((60 * minutes * step, (step + 1) / 10) for step in range(10)))


SHIFTS = {
    "LambdaAllAtOnce": Shift(((0, 1.0),)),
    "LambdaCanary10Percent5Minutes": _canary(5),
    "LambdaCanary10Percent10Minutes": _canary(10),
    "LambdaCanary10Percent15Minutes": _canary(15),
    "LambdaCanary10Percent30Minutes": _canary(30),
    "LambdaLinear10PercentEvery1Minute": _linear(1),
    "LambdaLinear10PercentEvery2Minutes": _linear(2),
    "LambdaLinear10PercentEvery3Minutes": _linear(3),
    "LambdaLinear10PercentEvery10Minutes": _linear(10),
}
"""By name, without the prefix CodeDeployDefault."""
