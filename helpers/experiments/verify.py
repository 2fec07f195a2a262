"""Verify: is an experiment, as declared, fit to be taught? Each problem is one sentence."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from helpers.experiments.claim import Verdict
from helpers.experiments.experiment import Experiment
from helpers.experiments.outcome import Outcome
from helpers.experiments.parameter import ParameterError
from helpers.experiments.run import Run
from helpers.experiments.scene import Prediction, Scene

SCENES = range(3, 6)
"""How many scenes an experiment may have."""

FREE = range(1, 4)
"""How many controls a scene frees, the last apart."""


def verify(experiment: Experiment, misconceptions: Collection[str] | None = None) -> list[str]:
    """The problems of an experiment; empty if there is none. Every scene is run before and after its change.

    It checks that ids are unique; that each scene's settings, change and goal lie within the bounds, that its
    change changes something the learner may then move, and that it settles a claim; that exactly the options
    marked right are true after the change, that the others name a misconception (one of `misconceptions`, if
    given), and that a number to predict stands in the summary; that there are three to five scenes, of which
    the last frees everything and has a goal that is not reached at once but by its example; and that every
    claim whose range includes a scene's values holds there.
    """
    return list(_Verification(experiment, misconceptions).problems())


class _Verification:
    def __init__(self, experiment: Experiment, misconceptions: Collection[str] | None) -> None:
        self._experiment = experiment
        self._misconceptions = misconceptions
        self._outcomes: dict[str, Outcome] = {}

    def problems(self) -> Iterator[str]:
        one = self._experiment
        for kind, names in (
            ("parameter", [parameter.name for parameter in one.parameters]),
            ("claim", [claim.id for claim in one.claims]),
            ("scene", [scene.id for scene in one.scenes]),
        ):
            yield from (f"{one.id}: two {kind}s are called {name}." for name in _twice(names))
        if "seed" in {parameter.name for parameter in one.parameters}:
            yield f"{one.id}: seed is part of every run and cannot be a parameter."
        yield from self._default()
        if len(one.scenes) not in SCENES:
            yield f"{one.id} has {len(one.scenes)} scenes; it should have 3 to 5."
        for scene in one.scenes:
            yield from (f"{one.id}, scene {scene.id}: {problem}" for problem in self._scene(scene))
        for scene in one.scenes[-1:]:
            yield from (f"{one.id}, scene {scene.id}: {problem}" for problem in self._last(scene))

    def _outcome(self, settings: Mapping[str, Any]) -> Outcome:
        run = Run(self._experiment, self._experiment.values()).changed(**settings)
        if str(run) not in self._outcomes:
            self._outcomes[str(run)] = run.outcome()
        return self._outcomes[str(run)]

    def _default(self) -> Iterator[str]:
        outcome = self._outcome({})
        if not outcome.summary:
            yield f"{self._experiment.id}: the summary is empty."
        json.dumps(outcome.to_json())
        text = outcome.text.strip()
        if not text.endswith(".") or not 1 <= text.count(". ") + 1 <= 3:
            yield f"{self._experiment.id}: the picture in words should be 1 to 3 sentences: {text!r}."

    def _scene(self, scene: Scene) -> Iterator[str]:
        one = self._experiment
        names = {parameter.name for parameter in one.parameters}
        last = scene is one.scenes[-1]
        if not last and len(scene.free) not in FREE:
            yield f"it frees {len(scene.free)} controls; it should free 1 to 3."
        yield from (f"it frees {name}, which is no parameter." for name in scene.free if name not in names)
        if scene.free:
            hidden = [name for name in scene.change if name not in scene.free and name != "seed"]
            yield from (f"it changes {name}, which the learner cannot move then." for name in hidden)
        try:
            before = self._outcome(scene.settings)
            after = self._outcome({**scene.settings, **scene.change})
        except ParameterError as error:
            yield str(error)
            return
        if before.run == after.run:
            yield "its change changes nothing."
        if scene.settles not in after.findings:
            yield f"it settles {scene.settles}, which is no claim."
        elif all(
            outcome.findings[scene.settles].verdict is Verdict.NOT_APPLICABLE for outcome in (before, after)
        ):
            yield f"the claim {scene.settles} does not apply before nor after the change."
        for outcome in (before, after):
            yield from self._claims(outcome)
        yield from self._prediction(scene.prediction, after)
        if not scene.facts:
            yield "it names no facts."

    def _claims(self, outcome: Outcome) -> Iterator[str]:
        for claim in self._experiment.claims:
            finding = outcome.findings[claim.id]
            if claim.range(outcome.run.values) and finding.verdict is not Verdict.TRUE:
                yield f"claim {claim.id} is {finding.verdict.value} at {outcome.run}, which lies in its range."

    def _prediction(self, prediction: Prediction, after: Outcome) -> Iterator[str]:
        if (prediction.options is None) == (prediction.number is None):
            yield "its prediction needs either options or a number."
        elif prediction.number is not None:
            if isinstance(after.summary.get(prediction.number, ""), str):
                yield f"its prediction asks for {prediction.number}, which is no number of the summary."
            if prediction.tolerance < 0:
                yield "its prediction has a tolerance below 0."
            if not prediction.reply:
                yield "its prediction has no reply."
        else:
            yield from self._options(prediction, after)

    def _options(self, prediction: Prediction, after: Outcome) -> Iterator[str]:
        options = prediction.options or ()
        yield from (f"two options are called {name}." for name in _twice([option.id for option in options]))
        if sum(option.right for option in options) != 1:
            yield "one option of its prediction should be right."
        for option in options:
            if not option.reply:
                yield f"option {option.id} has no reply."
            if option.true_if is None:
                yield f"option {option.id} has no true_if, so nothing proves whether it is right."
            elif bool(option.true_if(after.run.values, after.measurements)) is not option.right:
                state = "right" if option.right else "wrong"
                yield f"option {option.id} is marked {state}, but {after.run} shows the opposite."
            if not option.right and option.misconception is None:
                yield f"option {option.id} names no misconception."
            if self._misconceptions is not None and option.misconception not in (None, *self._misconceptions):
                yield f"option {option.id} names {option.misconception}, which is no misconception of the section."

    def _last(self, scene: Scene) -> Iterator[str]:
        if scene.free and set(scene.free) != {parameter.name for parameter in self._experiment.parameters}:
            yield "the last scene should free every control."
        goal = scene.goal
        if goal is None:
            yield "the last scene has no goal."
            return
        try:
            start, example = self._outcome(scene.settings), self._outcome({**scene.settings, **goal.example})
        except ParameterError as error:
            yield f"its goal's example: {error}"
            return
        if goal.reached(start.run.values, start.measurements):
            yield "its goal is reached before the learner has moved anything."
        if not goal.reached(example.run.values, example.measurements):
            yield f"its goal's example does not reach it: {example.run}."


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
