"""An asynchronous event, from the moment it is accepted to its end."""

from __future__ import annotations

from helpers.dataplane.awslambda.invocation import Ending, Invocation


class Event:
    """An event that was accepted: what is to be run, how often it ran, and how the last run ended.

    `accepted_us` is in microseconds since the Cloud was opened.
    """

    __slots__ = ("accepted_us", "ending", "invocation", "runs")

    def __init__(self, invocation: Invocation, accepted_us: int) -> None:
        self.invocation = invocation
        self.accepted_us = accepted_us
        self.runs = 0
        self.ending: Ending | None = None
