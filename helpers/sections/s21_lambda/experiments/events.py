"""Asynchronous events as a trail tells of them: when each was accepted, its attempts, its end, what was kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.experiments import CallRow, plural
from helpers.sections.s21_lambda.experiments.reading import THROTTLED


@dataclass(frozen=True)
class Try:
    """One attempt of an event: seconds since the run began, and how it ended: "done", "failed" or "throttled"."""

    start_s: float
    end_s: float
    fate: str


@dataclass(frozen=True)
class Kept:
    """What a target got of an event: when, and what is said of it there."""

    time_s: float
    said: str


@dataclass(frozen=True)
class Event:
    """One event: when it was accepted, its attempts, when it came to its end, and what was kept of it if given up."""

    accepted_s: float
    tries: tuple[Try, ...]
    end_s: float
    kept: Kept | None

    @property
    def runs(self) -> tuple[Try, ...]:
        """The attempts in which the handler ran."""
        return tuple(one for one in self.tries if one.fate != "throttled")

    @property
    def throttles(self) -> tuple[Try, ...]:
        """The attempts that found no room."""
        return tuple(one for one in self.tries if one.fate == "throttled")

    @property
    def offsets_s(self) -> tuple[float, ...]:
        """How old the event was at each attempt."""
        return tuple(one.start_s - self.accepted_s for one in self.tries)

    @property
    def done(self) -> bool:
        """Whether an attempt succeeded."""
        return any(one.fate == "done" for one in self.tries)


def events_of(rows: Sequence[CallRow], due_s: Callable[[float, Sequence[Try]], float]) -> tuple[Event, ...]:
    """The events of a trail in the order of sending, in seconds since the first one was sent.

    An attempt belongs to the event that is as old as the attempt says. One that is given up and leaves no trace ends
    when `due_s(accepted_s, runs)` says that it must.
    """
    sent = [
        row.start_s
        for row in rows
        if row.operation == "Invoke" and row.parameters.get("InvocationType") == "Event"
    ]
    begin_s = sent[0]
    tries: dict[float, list[Try]] = {round(at, 3): [] for at in sent}
    for row in rows:
        if row.operation == "Invocation" and row.parameters["InvocationType"] == "Event":
            of = round(row.start_s - row.parameters["EventAgeMs"] / 1000, 3)
            tries[of].append(_try(row, begin_s))
    kept = dict(
        _kept(row, begin_s) for row in rows if row.operation == "SendMessage" and row.actor == "lambda"
    )
    events = []
    for number, (at, made) in enumerate(tries.items(), 1):
        runs = [one for one in made if one.fate != "throttled"]
        target = kept.get(number)
        if target is not None:
            end_s = target.time_s
        elif runs and runs[-1].fate == "done":
            end_s = runs[-1].end_s
        else:
            end_s = due_s(at - begin_s, runs)
        events.append(Event(at - begin_s, tuple(made), end_s, target))
    return tuple(events)


def _try(row: CallRow, begin_s: float) -> Try:
    fate = "throttled" if row.error == THROTTLED else "failed" if row.error else "done"
    return Try(row.start_s - begin_s, row.end_s - begin_s, fate)


def _kept(row: CallRow, begin_s: float) -> tuple[int, Kept]:
    """The number of an order, and what is kept of it: a destination's record, or a dead letter, the event alone."""
    letter: Mapping[str, Any] = json.loads(row.parameters["MessageBody"])
    time_s = row.start_s - begin_s
    if "requestContext" not in letter:
        code = row.parameters["MessageAttributes"]["ErrorCode"]["StringValue"]
        return int(letter["order"]), Kept(time_s, f"event kept, ErrorCode {code}")
    context = letter["requestContext"]
    said = f"record: {context['condition']}, {plural(context['approximateInvokeCount'], 'run')}"
    return int(letter["requestPayload"]["order"]), Kept(time_s, said)
