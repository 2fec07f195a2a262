"""Scenes: the steps in which an experiment is told, each with a prediction about a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.experiments.values import Values


@dataclass(frozen=True)
class Option:
    """An answer to choose.

    `misconception` is the id of the belief behind it (None for a right one); `reply` is one sentence that
    answers this very option. `right` says whether it is what happens, and `true_if(values, measurements)` of
    the run after the change proves it: a test asks that it is true for the right options and false for the
    others.
    """

    id: str
    text: str
    misconception: str | None
    reply: str
    right: bool = False
    true_if: Callable[[Values, Any], bool] | None = None


@dataclass(frozen=True)
class Prediction:
    """A question about what the scene's change will do: either `options` to choose from, or a `number` to
    name.

    `number` is a key of the summary of the run after the change, so the answer is always what the run shows;
    an answer within `tolerance` of it is right; `unit` is written after it. `reply` answers a number in one
    sentence.
    """

    question: str
    options: tuple[Option, ...] | None = None
    number: str | None = None
    unit: str = ""
    tolerance: float = 0.0
    reply: str = ""


@dataclass(frozen=True)
class Goal:
    """Something to reach by moving the controls.

    `reached(values, measurements)` says whether a run does; `example` holds settings that do, on top of the
    scene's.
    """

    text: str
    reached: Callable[[Values, Any], bool]
    example: Mapping[str, Any]


@dataclass(frozen=True)
class Scene:
    """One step of an experiment.

    `settings` are the values that differ from the defaults (and "seed"), the committed picture shows them;
    `change` is what is set on top of them after the learner predicted. `free` names the one to three
    parameters that the learner may move then; empty, as in the last scene, it frees all. `settles` is the id
    of the claim that the scene is about; `facts` are the ids of the facts it shows.
    """

    id: str
    title: str
    settings: Mapping[str, Any]
    question: str
    prediction: Prediction
    change: Mapping[str, Any]
    free: tuple[str, ...]
    settles: str
    facts: tuple[str, ...] = field(default=())
    goal: Goal | None = None
