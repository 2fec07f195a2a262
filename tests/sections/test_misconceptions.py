"""Misconceptions: well-formed, cited, and each refuted by the run that it names."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from helpers.experiments import Outcome, Run
from helpers.experiments.catalog import diagnoses_of, experiments_of
from helpers.labs import lab_ids, load_lab
from helpers.sections.data import FOLDER, SectionError, section_ids
from helpers.sections.facts import load_facts
from helpers.sections.misconceptions import Misconception, Refutation, find_misconception, load_misconceptions
from helpers.sections.quiz import load_quiz

SCHEMA = json.loads((FOLDER / "schema" / "misconceptions.schema.json").read_text(encoding="utf-8"))
WITH_EXPERIMENTS = [section for section in section_ids() if load_facts(section)]
ALL = [(section, one) for section in section_ids() for one in load_misconceptions(section)]
SHOWN = [(section, one) for section, one in ALL if one.run]


@cache
def outcome(run: str) -> Outcome:
    return Run.parse(run).outcome()


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("s*/misconceptions.yaml")), ids=lambda path: path.parent.name
)
def test_the_file_follows_the_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(entries)] == []


@pytest.mark.slow
@pytest.mark.parametrize("one", [pytest.param(one, id=f"{section}.{one.id}") for section, one in SHOWN])
def test_its_run_refutes_it(one: Misconception) -> None:
    assert one.refuted_by is not None
    seen = outcome(one.run)
    assert one.refuted_by.shown(
        seen.summary, {id_: finding.verdict.value for id_, finding in seen.findings.items()}
    ), seen.summary


def test_each_run_is_written_in_the_one_way() -> None:
    for section, one in SHOWN:
        run = Run.parse(one.run)
        assert str(run) == one.run
        assert run.experiment.id.startswith(f"{section}."), one.id


def test_the_facts_of_each_are_facts() -> None:
    known = {section: {fact.id for fact in load_facts(section)} for section in section_ids()}
    assert [one.id for section, one in ALL if not set(one.facts) <= known[section]] == []


@pytest.mark.parametrize("section", WITH_EXPERIMENTS)
def test_each_one_of_a_section_with_experiments_names_a_run(section: str) -> None:
    assert [one.id for one in load_misconceptions(section) if not one.run] == []


def cited(section: str) -> set[str]:
    """The misconceptions that a question, a scene's prediction, a failure lab or the section's lab names."""
    ids = {option.misconception for question in load_quiz(section) for option in question.options}
    for experiment in experiments_of(section):
        for scene in experiment.scenes:
            ids |= {option.misconception or "" for option in scene.prediction.options or ()}
    for diagnosis in diagnoses_of(section):
        ids |= {cause.misconception or "" for cause in diagnosis.causes}
    if section in lab_ids():
        ids |= {check.misconception for task in load_lab(section).tasks for check in task.checks}
    return ids - {""}


@pytest.mark.parametrize("section", section_ids())
def test_each_is_cited_and_each_citation_is_one(section: str) -> None:
    assert cited(section) == {one.id for one in load_misconceptions(section)}


def test_an_unknown_one_is_named_with_those_that_come_close() -> None:
    with pytest.raises(
        SectionError, match=r"^There is no misconception 'visibility_is_lock'; there is visibility_is_a_lock"
    ):
        find_misconception("18_sqs", "visibility_is_lock")


@pytest.mark.parametrize(
    ("op", "value", "shown"),
    [
        ("==", 3, True), ("==", 4, False), ("!=", 4, True), ("<", 4, True), ("<", 3, False), ("<=", 3, True),
        (">", 2, True), (">", 3, False), (">=", 3, True), ("<", "other", True), (">", "other", False),
    ],
)  # fmt: skip
def test_a_number_refutes(op: str, value: int | str, shown: bool) -> None:
    assert Refutation(summary="seen", op=op, value=value).shown({"seen": 3, "other": 5}, {}) is shown


def test_a_claim_refutes() -> None:
    refutation = Refutation(claim="once", verdict="false")
    assert refutation.shown({}, {"once": "false"})
    assert not refutation.shown({}, {"once": "not applicable"})


@pytest.mark.parametrize(
    "refutation", [Refutation(summary="sen", op=">", value=0), Refutation(claim="onec", verdict="true")]
)
def test_what_a_run_does_not_measure_is_named(refutation: Refutation) -> None:
    with pytest.raises(SectionError, match=r"; there is (seen|once)\.$"):
        refutation.shown({"seen": 1}, {"once": "true"})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"summary": "seen"},
        {"summary": "seen", "op": "~", "value": 1},
        {"claim": "once"},
        {"claim": "once", "verdict": "true", "summary": "seen", "op": ">", "value": 0},
    ],
)
def test_a_refutation_is_a_number_or_a_claim(given: dict[str, object]) -> None:
    with pytest.raises(SectionError, match="needs summary, op"):
        Refutation(**given)  # type: ignore[arg-type]  # wrong on purpose
