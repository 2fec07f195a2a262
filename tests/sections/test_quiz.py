"""Questions: well-formed, fair to guessers, and asking what the section teaches."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from helpers.experiments import Run
from helpers.experiments.catalog import experiments_of
from helpers.sections.data import FOLDER, SectionError, section_ids
from helpers.sections.facts import load_facts
from helpers.sections.misconceptions import find_misconception
from helpers.sections.quiz import (
    Question,
    QuizOption,
    find_question,
    load_questions,
    load_quiz,
    shuffled,
    warm_up_questions,
)

SCHEMA = json.loads((FOLDER / "schema" / "quiz.schema.json").read_text(encoding="utf-8"))
QUESTIONS = list(load_questions().values())
BUILT = [section for section in section_ids() if load_facts(section)]
LONGEST_MAY_BE_RIGHT = 0.35
"""Of a section's questions; 0.25 would be chance with four options."""
SEVERAL = 1 / 6
"""The least share of questions that ask for two answers or more."""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("s*/quiz.yaml")), ids=lambda path: path.parent.name)
def test_the_file_follows_the_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(entries)] == []


@pytest.mark.parametrize("section", section_ids())
def test_an_id_begins_with_its_section(section: str) -> None:
    assert {question.section for question in load_quiz(section)} == {section}


@pytest.mark.parametrize("section", BUILT)
def test_each_station_has_two_questions_or_more(section: str) -> None:
    asked = Counter(question.station for question in load_quiz(section))
    assert list(asked) == list(dict.fromkeys(fact.station for fact in load_facts(section)))
    assert min(asked.values()) >= 2


@pytest.mark.parametrize("section", section_ids())
def test_the_longest_option_is_seldom_right(section: str) -> None:
    questions = load_quiz(section)
    right = []
    for question in questions:
        longest = max(len(option.text) for option in question.options)
        if any(option.right for option in question.options if len(option.text) == longest):
            right.append(question.id)
    assert len(right) <= LONGEST_MAY_BE_RIGHT * len(questions), right


@pytest.mark.parametrize("section", section_ids())
def test_the_shortest_option_is_no_hint_either(section: str) -> None:
    single = [question for question in load_quiz(section) if question.pick == 1]
    right = [q.id for q in single if min(q.options, key=lambda option: len(option.text)).right]
    assert len(right) <= 0.5 * len(single), right


@pytest.mark.parametrize("section", section_ids())
def test_one_question_in_six_asks_for_two_answers(section: str) -> None:
    questions = load_quiz(section)
    assert sum(question.pick > 1 for question in questions) >= SEVERAL * len(questions)


def test_the_options_of_a_question_are_alike_in_length() -> None:
    lengths = {question.id: [len(option.text) for option in question.options] for question in QUESTIONS}
    assert {id_: each for id_, each in lengths.items() if max(each) > 1.8 * min(each)} == {}


def test_the_options_of_a_question_differ_and_so_do_their_replies() -> None:
    for question in QUESTIONS:
        assert len({option.text for option in question.options}) == len(question.options), question.id
        assert len({option.reply for option in question.options}) == len(question.options), question.id


def test_the_facts_of_a_question_are_facts_of_its_section() -> None:
    known = {section: {fact.id for fact in load_facts(section)} for section in section_ids()}
    for question in QUESTIONS:
        assert set(question.facts) <= known[question.section], question.id
        assert question.facts or question.section not in BUILT, question.id


def test_the_evidence_of_an_option_is_a_run() -> None:
    for question in QUESTIONS:
        for option in question.options:
            if option.misconception:
                found = find_misconception(question.section, option.misconception)
                assert option.run == found.run, f"{question.id}: {option.text}"
            if option.run:
                assert str(Run.parse(option.run)) == option.run


@pytest.mark.parametrize("section", BUILT)
def test_each_core_fact_is_asked_twice_or_more(section: str) -> None:
    asked = Counter(fact for question in load_quiz(section) for fact in question.facts)
    asked.update(
        fact for experiment in experiments_of(section) for scene in experiment.scenes for fact in scene.facts
    )
    assert {
        fact.id: asked[fact.id] for fact in load_facts(section) if fact.level == "core" and asked[fact.id] < 2
    } == {}


def test_options_are_shuffled_by_seed_and_question() -> None:
    questions = load_quiz("18_sqs")
    orders = {tuple(option.text for option in shuffled(questions[0], seed)) for seed in range(50)}
    assert len(orders) > 20
    assert shuffled(questions[0], 7) == shuffled(questions[0], 7)
    assert sorted(map(str, shuffled(questions[0], 7))) == sorted(map(str, questions[0].options))
    first_is_right = [shuffled(question, 0)[0].right for question in questions if question.pick == 1]
    assert 0 < sum(first_is_right) < len(first_is_right) / 2


def test_the_order_of_a_seed_stays_as_it_is() -> None:
    options = tuple(QuizOption(text, "Because.", right=text == "a") for text in "abcd")
    question = Question("01_one.x", "s", "1.1.1", (), "Which?", options, "Because.")
    assert "".join(option.text for option in shuffled(question, 3)) == "dcba"


def test_a_notebook_opens_with_three_questions_of_what_it_builds_on() -> None:
    warm = warm_up_questions("18_sqs")
    assert [question.id for question in warm] == [
        "00_start.where_a_call_goes",
        "00_start.an_hour_of_work",
        "00_start.who_asks",
    ]
    assert warm_up_questions("00_start") == ()


def test_warming_up_for_an_unknown_section_is_an_error() -> None:
    with pytest.raises(SectionError, match=r"^There is no section '18_sqa'; there is 18_sqs"):
        warm_up_questions("18_sqa")


def test_a_question_is_found_by_its_id() -> None:
    assert find_question("18_sqs.charged_twice") in load_quiz("18_sqs")
    with pytest.raises(
        SectionError, match=r"^There is no question '18_sqs.charged_twise'; there is 18_sqs.charged_twice"
    ):
        find_question("18_sqs.charged_twise")


def test_a_question_needs_as_many_right_options_as_it_asks_for() -> None:
    options = (QuizOption("yes", "Because.", right=True), QuizOption("no", "Because."))
    with pytest.raises(
        SectionError, match=r"^The question '01_one.x' asks for 2 options, and 1 are right\.$"
    ):
        Question("01_one.x", "s", "1.1.1", (), "Which?", options, "Because.", pick=2)
