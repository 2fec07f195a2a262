"""Predict, then run: the question before a change, and the prediction beside the outcome after it.

Live panel and static output take the same texts from the same declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from helpers.experiments.scene import Option, Prediction
from helpers.ui import markup

SURE = ("guess", "fairly sure", "certain")
"""How sure a learner can say to be."""


@dataclass(frozen=True)
class Answer:
    """What the learner predicted: an option or a number, and how sure. Both None: asked to be shown."""

    option: Option | None
    number: float | None
    sure: str

    @property
    def given(self) -> bool:
        """Whether there is a prediction at all."""
        return self.option is not None or self.number is not None


def measured(prediction: Prediction, summary: Mapping[str, Any]) -> float:
    """The number that a prediction of a number is about."""
    assert prediction.number is not None
    value: float = summary[prediction.number]
    return value


def right_number(prediction: Prediction, said: float, summary: Mapping[str, Any]) -> bool:
    """Whether `said` lies within the declared tolerance of the measured number."""
    return abs(said - measured(prediction, summary)) <= prediction.tolerance


def right_options(prediction: Prediction) -> list[Option]:
    """The options that are right."""
    return [option for option in prediction.options or () if option.right]


class PredictionBox(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The question, the options (or a number), how sure, and two buttons: commit, or be shown.

    `committed(answer)` is called once. The box then stays on show, with nothing left to press.
    """

    def __init__(self, prediction: Prediction, change: str, committed: Callable[[Answer], object]) -> None:
        self._prediction = prediction
        self._committed = committed
        ask = widgets.HTML(
            f'<div class="ask"><p><strong>Predict first.</strong> The change: {markup.text(change)}.</p>'
            f"<p>{markup.text(prediction.question)}</p></div>"
        )
        self.choice: widgets.Widget
        if prediction.options is not None:
            self.choice = widgets.RadioButtons(
                options=[
                    (markup.plain(option.text), place) for place, option in enumerate(prediction.options)
                ],
                value=None,
                description="",
                tooltip=markup.plain(prediction.question),
                layout={"width": "100%"},
            ).add_class("options")
        else:
            unit = f" ({prediction.unit})" if prediction.unit else ""
            self.choice = widgets.Text(
                value="",
                description=f"Your number{unit}",
                placeholder="a number",
                continuous_update=True,
                tooltip=markup.plain(prediction.question),
                style={"description_width": "initial"},
                layout={"width": "280px"},
            )
        self.sure = widgets.ToggleButtons(
            options=SURE,
            value=SURE[0],
            description="How sure?",
            tooltips=["It is a guess", "I have a reason", "I would bet on it"],
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.commit = widgets.Button(
            description="Commit prediction",
            button_style="primary",
            tooltip="Apply the change, run, and compare",
            disabled=True,
        )
        self.show_me = widgets.Button(description="Show me", tooltip="Run without a prediction")
        self.fields = (self.choice, self.sure, self.commit, self.show_me)
        self.commit.on_click(self._commit)
        self.show_me.on_click(self._show_me)
        self.choice.observe(self._chosen, names="value")
        buttons = widgets.HBox([self.commit, self.show_me]).add_class("row")
        super().__init__([ask, self.choice, self.sure, buttons])
        self.add_class("asked")
        self.answer: Answer | None = None

    def _number(self) -> float | None:
        try:
            return float(str(self.choice.value).replace(",", "").strip())
        except ValueError:
            return None

    def _chosen(self, _: Any) -> None:
        ready = (
            self.choice.value is not None
            if self._prediction.options is not None
            else self._number() is not None
        )
        self.commit.disabled = not ready or self.answer is not None

    def _commit(self, _: Any) -> None:
        if self.answer is not None or self.commit.disabled:
            return
        if self._prediction.options is not None:
            self._close(Answer(self._prediction.options[self.choice.value], None, self.sure.value))
        else:
            self._close(Answer(None, self._number(), self.sure.value))

    def _show_me(self, _: Any) -> None:
        if self.answer is None:
            self._close(Answer(None, None, SURE[0]))

    def _close(self, answer: Answer) -> None:
        self.answer = answer
        for field in self.fields:
            field.disabled = True
        self.sure.layout.display = "none"
        self.children[-1].layout.display = "none"
        self._committed(answer)


def _bars(prediction: Prediction, said: float, outcome: float) -> str:
    """Prediction and outcome as two bars on one scale, each with its number."""
    longest = max(abs(said), abs(outcome)) or 1.0
    unit = f" {markup.text(prediction.unit)}" if prediction.unit else ""
    rows = []
    for words, value, kind in (("You predicted", said, "yours"), ("The run", outcome, "run")):
        width = round(320 * abs(value) / longest)
        bar = f'<span class="bar {kind}" style="width:{width}px"></span>'
        rows.append([words, f"{bar} <strong>{markup.number(value)}{unit}</strong>"])
    return markup.table(["Whose", prediction.question], rows)


def spoken_reply(prediction: Prediction, answer: Answer, summary: Mapping[str, Any]) -> str:
    """The first words of the reply, as HTML: whether the prediction was right, and why."""
    if not answer.given:
        if prediction.options is None:
            return f"<p>{markup.text(prediction.reply)}</p>"
        rights = right_options(prediction)
        said = " ".join(markup.quoted(option.text) for option in rights)
        return f"<p>The answer: {said} {markup.text(rights[0].reply if rights else '')}</p>"
    if answer.number is not None:
        right, words = right_number(prediction, answer.number, summary), prediction.reply
    else:
        assert answer.option is not None
        right, words = answer.option.right, answer.option.reply
    icon, word, kind = ("✔", "As you predicted.", "good") if right else ("✘", "Not as you predicted.", "bad")
    sure = f"You said: {answer.sure}."
    if answer.sure == "certain" and not right:
        sure += " What surprises us when we were certain is what we remember best."
    return (
        f'<p><strong class="{kind}">{icon} {word}</strong> {markup.text(words)} '
        f'<small class="quiet">{sure}</small></p>'
    )


def reply(prediction: Prediction, answer: Answer, finding: str, summary: Mapping[str, Any]) -> str:
    """HTML that sets the prediction beside the outcome and answers the very option chosen.

    `finding` is the first sentence of the run's text, `summary` its numbers.
    """
    said = spoken_reply(prediction, answer, summary)
    if not answer.given:
        return f'<div class="ask">{said}</div>'
    if answer.number is not None:
        right = right_number(prediction, answer.number, summary)
        body = _bars(prediction, answer.number, measured(prediction, summary))
    else:
        assert answer.option is not None
        right = answer.option.right
        marks = []
        for option in prediction.options or ():
            mark = (
                f'<strong class="good">{markup.MARKS["true"][0]} what happens</strong> '
                if option.right
                else ""
            )
            if option is answer.option:
                mark += '<strong class="mark">◆ your prediction</strong> '
            marks.append([mark, markup.text(option.text)])
        body = markup.table(["What it was", "Option"], marks)
    kind = "good" if right else "bad"
    return f'<div class="answer-{kind}">{said}{body}<p><strong>The run:</strong> {markup.text(finding)}</p></div>'


def question_html(prediction: Prediction, change: str) -> str:
    """The question for a reader without a kernel."""
    asked = f"{markup.text(change)}.<br>{markup.text(prediction.question)}"
    body = f"<p><strong>Predict first.</strong> The change: {asked}</p>"
    if prediction.options is not None:
        body += markup.lettered(markup.text(option.text) for option in prediction.options)
    return body


def answer_lines(prediction: Prediction, summary: Mapping[str, Any]) -> list[str]:
    """The answer, then what there is to say to each other option; plain sentences, the right one first."""
    if prediction.options is None:
        unit = f" {prediction.unit}" if prediction.unit else ""
        return [f"{markup.number(measured(prediction, summary))}{unit}. {prediction.reply}"]
    named = [(markup.letter(place), option) for place, option in enumerate(prediction.options)]
    ordered = [pair for pair in named if pair[1].right] + [pair for pair in named if not pair[1].right]
    return [f"{name} ({'right' if option.right else 'no'}): {option.reply}" for name, option in ordered]
