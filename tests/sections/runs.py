"""What the tests of experiments share: runs by name, and values within the bounds of parameters."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from helpers.experiments import Experiment, Outcome, Run, Verdict, find
from helpers.experiments.parameter import Choice, Flag, Float, Int


def outcome(id: str, seed: int = 0, **values: Any) -> Outcome:  # noqa: A002 - an experiment's name is its id
    """The outcome of the experiment with these values, the defaults of the others."""
    experiment = find(id)
    return Run(experiment, experiment.values(**values), seed).outcome()


def settings_of(
    experiment: Experiment, **narrowed: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Values over the whole range of each parameter, or those of `narrowed` where given."""
    strategies: dict[str, st.SearchStrategy[Any]] = {}
    for one in experiment.parameters:
        if one.name in narrowed:
            strategies[one.name] = narrowed[one.name]
        elif isinstance(one, Int):
            strategies[one.name] = st.integers(one.minimum, one.maximum)
        elif isinstance(one, Float):
            strategies[one.name] = st.floats(one.minimum, one.maximum).map(lambda value: round(value, 2))
        elif isinstance(one, Flag):
            strategies[one.name] = st.booleans()
        elif isinstance(one, Choice):
            strategies[one.name] = st.sampled_from(one.choices)
    return st.fixed_dictionaries(strategies)


def counterexamples(result: Outcome) -> list[str]:
    """Claims that are false, or say nothing, although the values lie in their stated range."""
    return [
        f"{claim.id} is {result.findings[claim.id].verdict} at {result.run}: {result.findings[claim.id].explanation}"
        for claim in result.run.experiment.claims
        if claim.range(result.run.values) and result.findings[claim.id].verdict is not Verdict.TRUE
    ]
