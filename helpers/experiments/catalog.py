"""The catalogue: every experiment and diagnosis of the course, found in the sections' folders when first
asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from helpers.cloud import OneSentence
from helpers.experiments.experiment import Experiment
from helpers.experiments.parameter import unknown

if TYPE_CHECKING:
    from helpers.experiments.diagnosis import Diagnosis

_SECTION = re.compile(r"s(\d\d_\w+)")


class UnknownExperiment(OneSentence, LookupError):
    """No section has an experiment of that id; the message is one sentence with the ids that come close."""


class UnknownDiagnosis(OneSentence, LookupError):
    """No section has a failure lab of that id; the message is one sentence with the ids that come close."""


def catalog() -> dict[str, Experiment]:
    """Id -> experiment, by section, in the order in which the section's notebook uses them."""
    return {one.id: one for section in sections() for one in experiments_of(section)}


def find(id: str) -> Experiment:  # noqa: A002 - an experiment's name is its id
    """The experiment of that id; only its section is loaded. Raises UnknownExperiment."""
    section = id.partition(".")[0]
    for one in experiments_of(section) if section in sections() else ():
        if one.id == id:
            return one
    raise UnknownExperiment(unknown("There is no experiment", id, catalog()))


def diagnoses() -> dict[str, Diagnosis]:
    """Id -> failure lab, by section."""
    return {one.id: one for section in sections() for one in diagnoses_of(section)}


def find_diagnosis(id: str) -> Diagnosis:  # noqa: A002 - a diagnosis's name is its id
    """The failure lab of that id; only its section is loaded. Raises UnknownDiagnosis."""
    section = id.partition(".")[0]
    for one in diagnoses_of(section) if section in sections() else ():
        if one.id == id:
            return one
    raise UnknownDiagnosis(unknown("There is no failure lab", id, diagnoses()))


@cache
def sections() -> tuple[str, ...]:
    """The ids of the sections that have a folder: "18_sqs"."""
    package = _module("helpers.sections")
    if package is None:
        return ()
    matches = (_SECTION.fullmatch(info.name) for info in pkgutil.iter_modules(package.__path__) if info.ispkg)
    return tuple(sorted(match[1] for match in matches if match))


@cache
def experiments_of(section: str) -> tuple[Experiment, ...]:
    """What `EXPERIMENTS` in the section's experiments.py (or package) names; nothing if there is none."""
    module = _module(f"helpers.sections.s{section}.experiments")
    return () if module is None else tuple(module.EXPERIMENTS)


@cache
def diagnoses_of(section: str) -> tuple[Diagnosis, ...]:
    """What `DIAGNOSES` in the section's diagnoses.py names; nothing if there is none."""
    module = _module(f"helpers.sections.s{section}.diagnoses")
    return () if module is None else tuple(module.DIAGNOSES)


def _module(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None
