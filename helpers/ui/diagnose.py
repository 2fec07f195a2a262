"""The failure lab: name the cause, point to the row that shows it, change one setting; only then the answer opens."""

from __future__ import annotations

import random
from typing import Any

import ipywidgets as widgets

from helpers.experiments.catalog import find_diagnosis
from helpers.experiments.diagnosis import (
    Cause,
    Diagnosis,
    Judgement,
    judge_cause,
    judge_mend,
    judge_row,
    judge_run,
)
from helpers.experiments.outcome import Outcome
from helpers.ui import markup
from helpers.ui.panel import Panel
from helpers.ui.shell import Shell, Still


def _said(judgement: Judgement) -> str:
    icon, word, kind = ("✔", "Right.", "good") if judgement.right else ("✘", "Not yet.", "bad")
    return (
        f'<div class="answer-{kind}"><strong class="{kind}">{icon} {word}</strong> '
        f"{markup.text(judgement.reply)}</div>"
    )


class FailureLab(Shell):
    """A system that runs badly, and three steps to mend it; see `diagnose`."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self._diagnosis = diagnosis
        self.causes: list[Cause] = list(diagnosis.causes)
        random.Random(diagnosis.id).shuffle(self.causes)
        self.solved = {"cause": False, "row": False, "setting": False}
        self.panel = Panel(diagnosis.broken, judged=False, shown=self.guard(self._ran))
        self._trail = self.panel.outcome.trail
        self.cause = widgets.RadioButtons(
            options=[(markup.plain(cause.text), place) for place, cause in enumerate(self.causes)],
            value=None,
            description="",
            tooltip="The cause of the failure",
            layout={"width": "100%"},
        ).add_class("options")
        self.row = widgets.Text(
            value="",
            placeholder="number of the row",
            description="Row",
            tooltip=markup.plain(diagnosis.pointer),
            continuous_update=True,
            style={"description_width": "initial"},
            layout={"width": "220px"},
        )
        self.check_cause = widgets.Button(
            description="Check cause", tooltip="Is this the cause?", disabled=True
        )
        self.check_row = widgets.Button(
            description="Check row", tooltip="Does this row show it?", disabled=True
        )
        self.show_answer = widgets.Button(
            description="Show the answer", tooltip="Opens after you have changed a setting", disabled=True
        )
        self.cause_said, self.row_said, self.setting_said, self.answer = (widgets.HTML() for _ in range(4))
        self.cause.observe(self.guard(self._cause_chosen), names="value")
        self.row.observe(self.guard(self._row_typed), names="value")
        self.check_cause.on_click(self.guard(self._judge_cause))
        self.check_row.on_click(self.guard(self._judge_row))
        self.show_answer.on_click(self.guard(lambda _: self._open()))
        super().__init__(
            [
                widgets.HTML(f"<h3>Find the fault</h3><p>{markup.text(diagnosis.story)}</p>"),
                self.panel,
                self._step(1, "Which cause explains it?"),
                self.cause,
                widgets.HBox([self.check_cause]).add_class("row"),
                self.cause_said,
                self._step(2, f"{diagnosis.pointer} The rows are numbered in the tabs API calls and Data."),
                widgets.HBox([self.row, self.check_row]).add_class("row"),
                self.row_said,
                self._step(3, "Change one setting in the panel above, so that the system runs well."),
                self.setting_said,
                widgets.HBox([self.show_answer]).add_class("row"),
                self.answer,
            ]
        )

    @staticmethod
    def _step(number: int, words: str) -> widgets.Widget:
        return widgets.HTML(f'<div class="ask"><strong>{number}.</strong> {markup.text(words)}</div>')

    def _cause_chosen(self, change: Any) -> None:
        self.check_cause.disabled = change["new"] is None

    def _row_typed(self, change: Any) -> None:
        self.check_row.disabled = not str(change["new"]).strip().isdecimal()

    def _judge_cause(self, _: Any) -> None:
        judgement = judge_cause(self._diagnosis, self.causes[self.cause.value].id)
        self._say(self.cause_said, judgement)
        self._settle("cause", judgement.right)

    def _judge_row(self, _: Any) -> None:
        judgement = judge_row(self._diagnosis, self._trail, int(self.row.value))
        self._say(self.row_said, judgement)
        self._settle("row", judgement.right)

    def _ran(self, outcome: Outcome) -> None:
        setting = judge_mend(self._diagnosis, outcome.run.values)
        well = judge_run(self._diagnosis, outcome)
        right = setting.right and well.right
        self._say(self.setting_said, Judgement(right, f"{setting.reply} {well.reply}"))
        if outcome.run.values != self._diagnosis.broken.values:
            self.show_answer.disabled = False
        self._settle("setting", right)

    def _say(self, place: widgets.HTML, judgement: Judgement) -> None:
        place.value = _said(judgement)
        self.announce(place.value)

    def _settle(self, step: str, right: bool) -> None:
        self.solved[step] = self.solved[step] or right
        if all(self.solved.values()):
            self._open()

    def _open(self) -> None:
        self.answer.value = f'<div class="answer-good">{self._answer_html()}</div>'

    def _mended(self) -> str:
        mend = self._diagnosis.mend
        parameter = self._diagnosis.broken.experiment.parameter(mend.parameter)
        return f"{parameter.label}: {mend.accepted}, for example {parameter.text(mend.example)}."

    def _answer_html(self) -> str:
        diagnosis = self._diagnosis
        rows = []
        for place, cause in enumerate(self.causes):
            name = markup.letter(place) + (" (the cause)" if cause.right else "")
            rows.append(f"<strong>{name}:</strong> {markup.text(cause.reply)}")
        return (
            f"<p>{markup.text(diagnosis.answer)}</p><p>{markup.text(self._mended())}</p>"
            f"<p>What the other causes would look like:</p>{markup.items(rows)}"
        )

    def still(self) -> Still:
        # Without the picture: the words say what it shows, and a notebook has a size to keep to.
        diagnosis, seen = self._diagnosis, self.panel.still()
        html = (
            f"<p><strong>Find the fault.</strong> {markup.text(diagnosis.story)}</p><p>{markup.text(seen.alt)}</p>"
            f"<p>1. Which cause explains it?</p>"
            f"{markup.lettered(markup.text(cause.text) for cause in self.causes)}"
            f"<p>2. {markup.text(diagnosis.pointer)}</p><p>3. Change one setting, so that the system runs well.</p>"
            f"{markup.details('Answer', self._answer_html())}"
        )
        return Still(f"Find the fault. {markup.plain(diagnosis.story)}", html)


def diagnose(id: str) -> FailureLab:  # noqa: A002 - a lab's name is its id
    """A failure lab ("18_sqs.<name>"): six causes, the row that shows the right one, one setting that mends it.

    The answer opens when all three steps are right, or when asked for after a first try at the setting.
    Raises UnknownDiagnosis for a misspelt id.
    """
    return FailureLab(find_diagnosis(id))
