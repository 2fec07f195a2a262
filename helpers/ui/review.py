"""Questions again, later: the warm-up of a notebook, and what is due for review.

What was answered stands in a file on this machine (`helpers.sections.review`): question ids, answers and dates, nothing
about the person. A committed output never depends on it.
"""

from __future__ import annotations

from helpers.sections import review as progress
from helpers.sections.quiz import Question, warm_up_questions
from helpers.ui import markup
from helpers.ui.quiz import Quiz
from helpers.ui.shell import Still

WORDS = (
    "Review: up to ten questions that are due, mixed over the sections you have finished, 1, 3, 7 and 21 days after "
    "you answered them. Run this cell to get yours."
)


def record(question: Question, right: bool) -> None:
    """Keep the first answer to a question, so that `review` knows when to ask again."""
    progress.record(question.id, right)


class Review(Quiz):
    """The questions that are due today. Its still is the same on every machine and day."""

    def __init__(self, questions: list[Question]) -> None:
        super().__init__(questions, "Review", 0, record)
        if not questions:
            self.score.value = f"<p>{markup.text('Nothing is due today.')}</p>"

    def still(self) -> Still:
        return Still(WORDS, f"<p>{markup.text(WORDS)}</p>")


def warm_up(section: str, seed: int = 0) -> Quiz:
    """Three questions from earlier sections, chosen for what `section` ("18_sqs") builds on.

    `seed` shuffles their options.

    Raises SectionError if there is no such section.
    """
    return Quiz(warm_up_questions(section), "Warm up: from earlier sections", seed, record)


def review() -> Review:
    """Up to ten questions that are due, mixed over the sections with answers on this machine."""
    return Review(progress.due())
