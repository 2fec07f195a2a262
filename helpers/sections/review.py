"""Review: which questions are due again, 1, 3, 7 and 21 days after they were answered.

What was answered stands in a file on this machine: question ids, whether the answer was right, and dates;
nothing about the person. The folder is `.aws-developer-labs` in the user's home, or what the variable
DEVLAB_HOME names.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path

from helpers.cloud.clock import real_time_ns
from helpers.sections.quiz import Question, load_questions

INTERVALS = (1, 3, 7, 21)
"""Days until a question is asked again, after its first right answer, its second, and so on; the last one
repeats.
"""

AT_MOST = 10
"""How many questions a review asks."""


@dataclass(frozen=True)
class Answer:
    """One answer: the question's id, whether it was right, and the day, as YYYY-MM-DD."""

    question: str
    right: bool
    on: str


@dataclass(frozen=True)
class State:
    """Where a question stands: how many right answers in a row, each when it was due, and the day it is due
    again.
    """

    streak: int
    due: date


def today() -> date:
    """The day on the real clock, also while an open Cloud keeps a time of its own."""
    return date.fromtimestamp(real_time_ns() / 1e9)  # noqa: DTZ012 - the learner's own day


def states(answers: Iterable[Answer]) -> dict[str, State]:
    """Question id -> where it stands after these answers, given in the order of time.

    A wrong answer starts a question afresh: it is due tomorrow. A right one before it is due changes nothing.
    """
    found: dict[str, State] = {}
    for answer in answers:
        day = date.fromisoformat(answer.on)
        before = found.get(answer.question)
        if not answer.right:
            found[answer.question] = State(0, day + timedelta(days=INTERVALS[0]))
        elif before is None or day >= before.due:
            streak = before.streak + 1 if before else 1
            wait = INTERVALS[min(streak, len(INTERVALS)) - 1]
            found[answer.question] = State(streak, day + timedelta(days=wait))
    return found


def pick(
    questions: Mapping[str, Question], answers: Iterable[Answer], day: date, limit: int = AT_MOST
) -> list[Question]:
    """Up to `limit` questions that are due on `day`: the longest overdue first, sections in turn.

    A question is asked again only if it was answered before, and if it is still in the course.
    """
    waiting: dict[str, list[tuple[date, str]]] = defaultdict(list)
    for id_, state in states(answers).items():
        if state.due <= day and id_ in questions:
            waiting[questions[id_].section].append((state.due, id_))
    turns = zip_longest(*(sorted(waiting[section]) for section in sorted(waiting)))
    return [questions[one[1]] for turn in turns for one in turn if one is not None][:limit]


# ---- the file on this machine


def path() -> Path:
    """Where the answers stand."""
    home = os.environ.get("DEVLAB_HOME")
    return (Path(home) if home else Path.home() / ".aws-developer-labs") / "answers.json"


def load(file: Path | None = None) -> list[Answer]:
    """The answers so far; none if there is no file.

    A file that cannot be read is set aside as `answers.damaged.json`, and the answers begin anew.
    """
    file = file or path()
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["answers"]
        answers = [Answer(str(one["question"]), bool(one["right"]), str(one["on"])) for one in entries]
        for answer in answers:
            date.fromisoformat(answer.on)
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError):
        file.replace(file.with_suffix(".damaged.json"))
        return []
    return answers


def save(answers: Sequence[Answer], file: Path | None = None) -> None:
    """Write the answers, all at once: a reader never sees half a file."""
    file = file or path()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"answers": [asdict(answer) for answer in answers]}, indent=1)
    half = file.with_suffix(".part")
    half.write_text(text + "\n", encoding="utf-8")
    half.replace(file)


def record(question: str, right: bool, day: date | None = None, file: Path | None = None) -> None:
    """Keep an answer to a question, given by its id."""
    save([*load(file), Answer(question, right, (day or today()).isoformat())], file)


def due(limit: int = AT_MOST, day: date | None = None, file: Path | None = None) -> list[Question]:
    """The questions that are due, by the answers on this machine."""
    return pick(load_questions(), load(file), day or today(), limit)
