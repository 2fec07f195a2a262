"""The catalogue: found in the sections' folders, loaded when asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from bell import BELL, Bell

from helpers.experiments import (
    Experiment,
    Run,
    UnknownDiagnosis,
    UnknownExperiment,
    diagnoses,
    find,
    find_diagnosis,
)

catalog = import_module("helpers.experiments.catalog")  # the package has a function of that name
COURSE = list(catalog.catalog().values())


def test_every_section_with_experiments_has_a_folder() -> None:
    assert {one.section for one in COURSE} <= set(catalog.sections())
    assert all(
        (Path(catalog.__file__).parents[1] / "sections" / f"s{one}").is_dir() for one in catalog.sections()
    )


def test_ids_are_keys_and_unique() -> None:
    assert catalog.catalog() == {one.id: one for one in COURSE}
    assert len(catalog.catalog()) == sum(len(catalog.experiments_of(one)) for one in catalog.sections())


@pytest.mark.parametrize("experiment", COURSE, ids=lambda one: one.id)
def test_experiment_is_found_by_its_id(experiment: Experiment) -> None:
    assert find(experiment.id) is experiment
    assert Run.parse(experiment.id) == Run(experiment, experiment.values())


def test_misspelt_name_gives_those_that_come_close(bell: Bell) -> None:
    for text, said in (
        ("99_bells.bel", "There is no experiment '99_bells.bel'; did you mean 99_bells.bell?"),
        ("99_bell.bell", "There is no experiment '99_bell.bell'; did you mean 99_bells.bell?"),
        ("", "There is no experiment ''; there is 99_bells.bell."),
        ("os.path", "There is no experiment 'os.path'; there is 99_bells.bell."),
    ):
        with pytest.raises(UnknownExperiment) as caught:
            find(text)
        assert str(caught.value) == said


def test_only_the_section_asked_for_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def experiments_of(section: str) -> tuple[Experiment, ...]:
        loaded.append(section)
        return (BELL,)

    monkeypatch.setattr(catalog, "sections", lambda: ("01_first", "99_bells"))
    monkeypatch.setattr(catalog, "experiments_of", experiments_of)
    assert find("99_bells.bell") is BELL
    assert loaded == ["99_bells"]


def test_importing_the_package_loads_no_section() -> None:
    code = "import sys, helpers.experiments; print([one for one in sys.modules if one.startswith('helpers.sections')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_failure_labs_are_found_by_their_id(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in diagnoses().values():
        assert find_diagnosis(one.id) is one
    lab = SimpleNamespace(id="99_bells.mute")
    monkeypatch.setattr(catalog, "sections", lambda: ("99_bells",))
    monkeypatch.setattr(catalog, "diagnoses_of", lambda section: (lab,))
    assert find_diagnosis("99_bells.mute") is lab
    with pytest.raises(UnknownDiagnosis) as caught:
        find_diagnosis("99_bells.mut")
    assert str(caught.value) == "There is no failure lab '99_bells.mut'; did you mean 99_bells.mute?"
