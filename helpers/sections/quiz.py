"""Questions: situations with a decision, each option with its own answer and, where a run can show it, its
evidence.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from helpers.sections import data
from helpers.sections.misconceptions import load_misconceptions

WARM_UP = 3
"""How many questions of earlier sections open a notebook."""


@dataclass(frozen=True)
class QuizOption:
    """An answer to choose. `misconception` is the belief behind it; `reply` answers this very option; `run`
    shows why.
    """

    text: str
    reply: str
    right: bool = False
    misconception: str = ""
    run: str = ""


@dataclass(frozen=True)
class Question:
    """A question of a section's `station`.

    `pick` options are right and are to be chosen. `skill` is the exam's, `facts` what must be known, `why`
    the explanation after a right answer. `builds` names the later sections that warm up with it.
    """

    id: str
    station: str
    skill: str
    facts: tuple[str, ...]
    question: str
    options: tuple[QuizOption, ...]
    why: str
    pick: int = 1
    builds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        right = sum(option.right for option in self.options)
        if right != self.pick:
            raise data.SectionError(
                f"The question {self.id!r} asks for {self.pick} options, and {right} are right."
            )

    @property
    def section(self) -> str:
        """The id of the section that asks it: the first part of its own."""
        return self.id.partition(".")[0]


@cache
def load_quiz(section: str) -> tuple[Question, ...]:
    """The questions of a section ("18_sqs"), in the order of its file. Raises SectionError.

    An option that names a misconception and no run takes the run that refutes that misconception.
    """
    runs = {one.id: one.run for one in load_misconceptions(section)}
    return tuple(_question(entry, runs) for entry in data.read(section, "quiz.yaml"))


@cache
def load_questions() -> Mapping[str, Question]:
    """Every question of the course by its id, in the order of the sections. Raises SectionError."""
    return {question.id: question for section in data.section_ids() for question in load_quiz(section)}


def find_question(id: str) -> Question:  # noqa: A002 - a question's name is its id
    """The question of that id. Raises SectionError with the ids that come close."""
    questions = load_questions()
    if id not in questions:
        raise data.unknown("question", id, list(questions))
    return questions[id]


def shuffled(question: Question, seed: int) -> list[QuizOption]:
    """The options in the order that `seed` gives this question; the same on every machine."""
    options = list(question.options)
    random.Random(f"{seed}:{question.id}").shuffle(options)
    return options


def warm_up_questions(section: str) -> tuple[Question, ...]:
    """Up to three questions of earlier sections on which `section` builds, those that name it first.

    Raises SectionError if there is no such section.
    """
    data.folder(section)
    found = (
        question
        for question in load_questions().values()
        if question.section < section and section in question.builds
    )
    return tuple(question for question, _ in zip(found, range(WARM_UP)))


def _question(entry: Mapping[str, Any], runs: Mapping[str, str]) -> Question:
    options = []
    for given in entry.get("options", ()):
        belief = given.get("misconception", "")
        if belief and belief not in runs:
            raise data.SectionError(
                f"The question {entry['id']!r} names the misconception {belief!r}, which is not there."
            )
        options.append(
            data.made(
                "option of", {"id": entry["id"], **given}, _option, run=given.get("run", runs.get(belief, ""))
            )
        )
    question: Question = data.made(
        "question", entry, Question,
        facts=tuple(entry.get("facts", ())), options=tuple(options), builds=tuple(entry.get("builds", ())),
    )  # fmt: skip
    return question


def _option(id: str, **given: Any) -> QuizOption:  # noqa: A002 - the question's, for the error message
    return QuizOption(**given)
