"""Diagnosis: a failure lab. A system that runs badly, six plausible causes, the row that shows which, one
setting that mends it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.experiments.parameter import ParameterError
from helpers.experiments.run import Run
from helpers.experiments.values import Values

if TYPE_CHECKING:
    import pandas as pd

    from helpers.experiments.outcome import Outcome

CAUSES = 6
"""How many causes a failure lab offers; one is right."""


@dataclass(frozen=True)
class Cause:
    """A cause to choose. `reply` names the evidence that shows it or rules it out; `misconception` is the
    belief behind a wrong one.
    """

    id: str
    text: str
    reply: str
    misconception: str | None = None
    right: bool = False


@dataclass(frozen=True)
class Mend:
    """The one setting that mends the system.

    `accepts(value)` says which values do, `accepted` says so in words ("more than 40 s"), `example` is one of
    them.
    """

    parameter: str
    accepts: Callable[[Any], bool]
    accepted: str
    example: Any


@dataclass(frozen=True)
class Diagnosis:
    """A failure lab of a section.

    `id` ("18_sqs.<name>"); `story` is what the learner is told; `run` is the run string of the broken system;
    `causes` are six; `evidence(trail)` gives the index of the rows that show the right cause, and `pointer`
    asks the learner for such a row; `mend`; `well(values, measurements)` tells whether the system runs well;
    `answer` explains it all and opens at the end.
    """

    id: str
    story: str
    run: str
    causes: tuple[Cause, ...]
    pointer: str
    evidence: Callable[[pd.DataFrame], Collection[int]]
    mend: Mend
    well: Callable[[Values, Any], bool]
    answer: str

    @property
    def broken(self) -> Run:
        """The run of the broken system."""
        return Run.parse(self.run)

    @property
    def right(self) -> Cause:
        """The right cause."""
        return next(cause for cause in self.causes if cause.right)

    def cause(self, id: str) -> Cause:  # noqa: A002 - a cause's name is its id
        """The cause called `id`. Raises KeyError."""
        return {cause.id: cause for cause in self.causes}[id]


@dataclass(frozen=True)
class Judgement:
    """Whether a step of the diagnosis is right, and one sentence for the learner."""

    right: bool
    reply: str


def judge_cause(diagnosis: Diagnosis, cause: str) -> Judgement:
    """Is `cause` (its id) the right one? Raises KeyError for an id that is not offered."""
    chosen = diagnosis.cause(cause)
    return Judgement(chosen.right, chosen.reply)


def judge_row(diagnosis: Diagnosis, trail: pd.DataFrame, row: int) -> Judgement:
    """Does row `row` (its index in the broken run's trail) show the cause?"""
    if row not in trail.index:
        return Judgement(
            False, f"The trail has no row {row}; its rows are {trail.index[0]} to {trail.index[-1]}."
        )
    shows = trail.loc[row]
    named = f"Row {row} ({shows['operation']} by {shows['actor']} at {shows['time_s']:g} s)"
    if row in diagnosis.evidence(trail):
        return Judgement(True, f"{named} shows it.")
    return Judgement(False, f"{named} would look the same in a healthy system.")


def judge_mend(diagnosis: Diagnosis, values: Mapping[str, Any]) -> Judgement:
    """Do `values` change the one setting that mends the system, and nothing else? The run itself is judged by
    `judge_run`.
    """
    broken = diagnosis.broken
    known = {one.name: one for one in broken.experiment.parameters}
    changed = [name for name in known if values[name] != broken.values[name]]
    if not changed:
        return Judgement(False, "Nothing is changed yet.")
    if len(changed) > 1:
        labels = ", ".join(known[name].label for name in changed)
        return Judgement(
            False,
            f"{len(changed)} settings are changed ({labels}): change one, so that you know what helped.",
        )
    one = known[changed[0]]
    said = f"{one.label} {one.text(values[one.name])}"
    if one.name != diagnosis.mend.parameter:
        return Judgement(False, f"{said}: that is not the setting which causes this.")
    if not diagnosis.mend.accepts(values[one.name]):
        return Judgement(False, f"{said}: the right setting, but this value does not mend it.")
    return Judgement(
        True, f"{said}: the right setting and a value that mends it ({diagnosis.mend.accepted})."
    )


def judge_run(diagnosis: Diagnosis, outcome: Outcome) -> Judgement:
    """Does the system run well in `outcome`?"""
    if diagnosis.well(outcome.run.values, outcome.measurements):
        return Judgement(True, "The system runs well again.")
    return Judgement(False, "The system still does not run well.")


def verify_diagnosis(diagnosis: Diagnosis, misconceptions: Collection[str] | None = None) -> list[str]:
    """The problems of a failure lab; empty if there is none.

    It runs the broken system, the mended one and values over the whole range of the setting, and checks that
    the system runs well exactly at the accepted values, that some rows of the trail are evidence and some are
    not, and that six causes are offered of which one is right and the others name a misconception (one of
    `misconceptions`, if given).
    """
    return [f"{diagnosis.id}: {problem}" for problem in _problems(diagnosis, misconceptions)]


def _problems(diagnosis: Diagnosis, misconceptions: Collection[str] | None) -> Iterator[str]:
    yield from _of_causes(diagnosis.causes, misconceptions)
    try:
        broken = diagnosis.broken
        parameter = broken.experiment.parameter(diagnosis.mend.parameter)
        example = parameter.check(diagnosis.mend.example)
    except (LookupError, ParameterError) as error:
        yield str(error)
        return
    if not diagnosis.mend.accepts(example):
        yield "it does not accept the example of its own mend."
    outcome = broken.outcome()
    if judge_run(diagnosis, outcome).right:
        yield "the broken system runs well."
    rows = len(diagnosis.evidence(outcome.trail))
    if not 0 < rows < len(outcome.trail):
        yield f"{rows} of the {len(outcome.trail)} rows of its trail are evidence."
    for value in dict.fromkeys((example, *parameter.spread())):
        after = broken.changed(**{parameter.name: value}).outcome()
        if judge_run(diagnosis, after).right is not bool(diagnosis.mend.accepts(value)):
            state = "accepts" if diagnosis.mend.accepts(value) else "does not accept"
            yield f"it {state} {parameter.text(value)}, but the run with it shows the opposite."


def _of_causes(causes: Collection[Cause], misconceptions: Collection[str] | None) -> Iterator[str]:
    if len(causes) != CAUSES or len({cause.id for cause in causes}) != CAUSES:
        yield f"it should offer {CAUSES} causes with ids of their own, not {len(causes)}."
    if sum(cause.right for cause in causes) != 1:
        yield "one cause should be right."
    for cause in causes:
        if not cause.reply:
            yield f"cause {cause.id} has no reply."
        if not cause.right and cause.misconception is None:
            yield f"cause {cause.id} names no misconception."
        if misconceptions is not None and cause.misconception not in (None, *misconceptions):
            yield f"cause {cause.id} names {cause.misconception}, which is no misconception of the section."
