"""Questions with one or several right answers: shuffled by seed, an answer to every option, evidence one click away.

A wrong option offers the run that refutes it, in a panel below the question. Without a kernel the question and its
options stand as text, the answer folded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from helpers.sections.quiz import Question, load_quiz, shuffled
from helpers.ui import markup
from helpers.ui.shell import Shell, Still

NUMBERS = {1: "one answer", 2: "two answers", 3: "three answers"}


def _asked(question: Question) -> str:
    return f"{markup.text(question.question)} <small>(choose {NUMBERS.get(question.pick, question.pick)})</small>"


class QuestionCard(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """One question. `answered(question, right)` is called once per press of "Check answer"."""

    def __init__(
        self,
        question: Question,
        place: int,
        seed: int,
        guard: Callable[[Callable[..., Any]], Callable[..., Any]],
        answered: Callable[[Question, bool], object],
    ) -> None:
        self.question = question
        self.options = shuffled(question, seed)
        self._guard = guard
        self._answered = answered
        head = widgets.HTML(f'<div class="ask"><p><strong>{place}.</strong> {_asked(question)}</p></div>')
        labels = [f"{markup.letter(n)}. {markup.plain(option.text)}" for n, option in enumerate(self.options)]
        self.fields: list[widgets.Widget]
        if question.pick == 1:
            radio = widgets.RadioButtons(
                options=[(label, n) for n, label in enumerate(labels)],
                value=None,
                description="",
                tooltip=markup.plain(question.question),
                layout={"width": "100%"},
            )
            self.fields = [radio.add_class("options")]
        else:
            self.fields = [
                widgets.Checkbox(
                    value=False, description=label, indent=False, layout={"width": "100%"}
                ).add_class("options")
                for label in labels
            ]
        for field in self.fields:
            field.observe(guard(self._chosen), names="value")
        self.button = widgets.Button(
            description="Check answer",
            button_style="primary",
            tooltip="See what each choice leads to",
            disabled=True,
            layout={"align_self": "flex-start"},
        )
        self.button.on_click(guard(self._check))
        self.feedback = widgets.HTML()
        self.evidence = widgets.HBox([])
        self.slot = widgets.VBox([])
        super().__init__([head, *self.fields, self.button, self.feedback, self.evidence, self.slot])
        self.add_class("asked")

    def chosen(self) -> list[int]:
        """Places of the chosen options, in the order shown."""
        if self.question.pick == 1:
            return [] if self.fields[0].value is None else [self.fields[0].value]
        return [place for place, field in enumerate(self.fields) if field.value]

    def choose(self, *places: int) -> None:
        """Choose options by place, as a learner would. For code and tests."""
        if self.question.pick == 1:
            (self.fields[0].value,) = places
        else:
            for place, field in enumerate(self.fields):
                field.value = place in places

    def _chosen(self, _: Any) -> None:
        self.button.disabled = len(self.chosen()) != self.question.pick

    def _check(self, _: Any) -> None:
        chosen = [self.options[place] for place in self.chosen()]
        right = all(option.right for option in chosen) and len(chosen) == self.question.pick
        found = sum(option.right for option in chosen)
        rows = []
        for option in chosen:
            icon, word, kind = ("✔", "Right", "good") if option.right else ("✘", "Not right", "bad")
            words = f"{markup.quoted(option.text)} {markup.text(option.reply)}"
            rows.append(f'<strong class="{kind}">{icon} {word}:</strong> {words}')
        said = "" if self.question.pick == 1 else f"<p>{found} of {self.question.pick} right.</p>"
        why = f"<p>{markup.text(self.question.why)}</p>" if right and self.question.why else ""
        kind = "good" if right else "bad"
        self.feedback.value = (
            f'<div class="answer-{kind}">{said}{markup.items(rows, kind="claims")}{why}</div>'
        )
        buttons = []
        for option in chosen:
            if option.run and not option.right:
                button = widgets.Button(
                    description=f"See it: {option.run}",
                    icon="play",
                    tooltip="Open the run that shows why not",
                )
                button.on_click(self._guard(lambda _, run=option.run: self.show_run(run)))
                buttons.append(button)
        self.evidence.children = buttons
        self.slot.children = ()
        self._answered(self.question, right)

    def show_run(self, run: str) -> None:
        """Open the panel of a run string below the question."""
        from helpers.ui.panel import panel  # only when asked for: a quiz alone needs no experiment

        self.slot.children = (panel(run),)


class Quiz(Shell):
    """A list of questions; see `quiz`."""

    def __init__(
        self,
        questions: Sequence[Question],
        title: str,
        seed: int,
        answered: Callable[[Question, bool], object] = lambda question, right: None,
    ) -> None:
        self._title = title
        self._seed = seed
        self._record = answered
        self._right: dict[str, bool] = {}
        self.score = widgets.HTML()
        self.cards = [
            QuestionCard(question, place, seed, self.guard, self._answered)
            for place, question in enumerate(questions, 1)
        ]
        super().__init__([widgets.HTML(f"<h4>{markup.text(title)}</h4>"), *self.cards, self.score])

    def _answered(self, question: Question, right: bool) -> None:
        first = question.id not in self._right
        if first:  # the first answer counts: the second comes after the feedback
            self._right[question.id] = right
            self._record(question, right)
        good = sum(self._right.values())
        self.score.value = (
            f"<p><strong>{good} of {len(self.cards)}</strong> right at the first try "
            f"({len(self._right)} answered).</p>"
        )
        (card,) = (card for card in self.cards if card.question is question)
        self.announce(f"{card.feedback.value} {self.score.value}")

    def still(self) -> Still:
        html = [f"<p><strong>{markup.text(self._title)}</strong></p>"]
        for place, card in enumerate(self.cards, 1):
            options = list(enumerate(card.options))
            html.append(f"<p>{place}. {_asked(card.question)}</p>")
            html.append(markup.lettered(markup.text(option.text) for option in card.options))
            rights = ", ".join(markup.letter(n) for n, option in options if option.right)
            why = f" {card.question.why}" if card.question.why else ""
            html.append(markup.details("Answer", f"<p>{rights}.{markup.text(why)}</p>"))
        return Still(f"{self._title}: {len(self.cards)} questions", "".join(html))


def quiz(section: str, station: str | None = None, seed: int = 0) -> Quiz:
    """The questions of `section` ("18_sqs"), or of one of its stations, in the order of the section's file.

    `seed` shuffles each question's options. The first answer to a question is kept for `review()`, on this machine.
    Raises ValueError if the station has no questions.
    """
    from helpers.ui.review import record

    chosen = [one for one in load_quiz(section) if station is None or one.station == station]
    if not chosen:
        raise ValueError(f"{section} has no questions for station {station!r}.")
    where = f"{section}, {station}" if station else section
    return Quiz(chosen, f"From memory: {where}", seed, record)
