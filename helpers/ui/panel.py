"""The experiment panel, made from a declared Experiment: predict, run, see which claims hold, change, run again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

from helpers.cloud import Stopped
from helpers.experiments.claim import Finding
from helpers.experiments.experiment import Experiment
from helpers.experiments.outcome import Outcome
from helpers.experiments.run import Run
from helpers.experiments.scene import Scene
from helpers.ui import markup
from helpers.ui.claims import claims_html
from helpers.ui.controls import Controls
from helpers.ui.pace import Pace
from helpers.ui.prediction import (
    Answer,
    PredictionBox,
    answer_lines,
    question_html,
    reply,
    spoken_reply,
)
from helpers.ui.shell import Shell, Still
from helpers.ui.tabs import Tabs
from helpers.ui.worker import Job, hear_beside_cells, hear_interrupts, worker


@dataclass(frozen=True)
class _Seen:
    """What is kept of an outcome for the still: its words, numbers and verdicts, not its trail."""

    text: str
    summary: Mapping[str, Any]
    findings: Mapping[str, Finding]


def first_sentence(text: str) -> str:
    """The finding: the first sentence of a run's text."""
    head, dot, _ = text.partition(". ")
    return head + "." if dot else text


class Panel(Shell):
    """A live experiment; see `panel`.

    `judged` says whether claims are shown; `shown(outcome)` is called after each run of the learner's, in the worker's
    thread.
    """

    def __init__(
        self,
        run: Run,
        scene: Scene | None = None,
        *,
        judged: bool = True,
        shown: Callable[[Outcome], object] | None = None,
    ) -> None:
        self._shown = shown
        self._judged = judged
        self.next_panel: Panel | None = None
        self._experiment: Experiment = run.experiment
        self._scene = scene
        self._start = run
        self._run = run
        self._job: Job | None = None
        self._outcome: Outcome | None = None
        parameters = self._experiment.parameters
        free = tuple(scene.free) if scene is not None and scene.free else tuple(p.name for p in parameters)
        by_name = {parameter.name: parameter for parameter in parameters}
        self._heading = widgets.HTML(self._heading_html())
        self._pace = Pace(self._changed)  # runs at once, or when steps come to rest
        self.controls = Controls(
            [by_name[name] for name in free], run.values, run.seed, self._pace.change, self.announce
        )
        self.run_button = widgets.Button(description="Run", icon="play", tooltip="Run with the values shown")
        self.stop_button = widgets.Button(
            description="Stop", icon="stop", tooltip="Stop this run", disabled=True
        )
        self.reset_button = widgets.Button(
            description="Reset", icon="undo", tooltip="Back to the values at the start"
        )
        self.run_button.on_click(self.guard(lambda _: self._run_now()))
        self.stop_button.on_click(self.guard(lambda _: self.stop()))
        self.reset_button.on_click(self.guard(lambda _: self.reset()))
        buttons = [self.run_button, self.stop_button, self.reset_button, self.controls.seed]
        self._buttons = widgets.HBox(buttons).add_class("row")
        self.prediction: PredictionBox | None = None
        if scene is not None and scene.prediction is not None:
            self.prediction = PredictionBox(
                scene.prediction, self._change_text(), self.guard(self._predicted)
            )
            self._set_free(False)
        self._answer: Answer | None = None
        self._reply = widgets.HTML()
        self._goal = widgets.HTML()
        self._status = widgets.HTML()
        self.tabs = Tabs(self.guard)
        self._claims = widgets.HTML()
        self._twin = widgets.HTML()
        super().__init__(
            [
                self._heading,
                *([self.prediction] if self.prediction is not None else []),
                self._reply,
                self._goal,
                self.controls.box,
                self._buttons,
                self._status,
                self.tabs,
                self._claims,
                self._twin,
            ]
        )
        hear_interrupts()
        asked = self.prediction.fields if self.prediction is not None else ()
        hear_beside_cells([*self.controls.everything, *buttons, *asked, self.tabs, self.tabs.style_of_calls])
        self._after: _Seen | None = None
        self._first()
        self.next_button = self._scene_after()
        if self.next_button is not None:
            self._add(self.next_button)

    def _add(self, widget: widgets.Widget) -> None:
        """Put `widget` at the end of this box."""
        shown: tuple[widgets.Widget, ...] = tuple(self.children)  # type: ignore[has-type]  # a trait of ipywidgets
        self.children = (*shown, widget)

    def _scene_after(self) -> widgets.Button | None:
        """The button that opens the experiment's next scene below this one, if there is a next."""
        scenes = list(self._experiment.scenes)
        place = scenes.index(self._scene) + 1 if self._scene in scenes else len(scenes)
        if place == len(scenes):
            return None
        coming = scenes[place]
        button = widgets.Button(
            description=f"Next scene: {coming.title}",
            icon="arrow-down",
            tooltip="Open the next question on this experiment below",
            layout={"width": "auto"},
        )

        def open_below(_: widgets.Button) -> None:
            button.disabled = True
            self.next_panel = panel(self._experiment.id, coming.id)
            self._add(self.next_panel)

        button.on_click(self.guard(open_below))
        return button

    # ---- what the learner does

    def set(self, **values: Any) -> None:
        """Move controls by parameter name (and `seed`), as a learner would, and run. For code and tests."""
        self._pace.cancel()
        self._ask(self._run.changed(**values))
        self.controls.show(self._run.values, self._run.seed)

    def stop(self) -> None:
        """Ask the run that goes on to end; the last good picture stays."""
        self._pace.cancel()
        worker().stop(self)

    def reset(self) -> None:
        """Back to the values at the start, and run."""
        self._pace.cancel()
        self.controls.show(self._start.values, self._start.seed)
        self._ask(self._start)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no change rests and no run of this panel is queued or going on.

        False if one of the two took longer than `timeout` (real seconds).
        """
        return self._pace.wait(timeout) and worker().wait(self, timeout)

    @property
    def run(self) -> Run:
        """The run last asked for."""
        return self._run

    @property
    def outcome(self) -> Outcome:
        """The outcome on show."""
        assert self._outcome is not None
        return self._outcome

    @property
    def picture(self) -> bytes:
        """The PNG on show."""
        return bytes(self.tabs.picture.value)

    @property
    def claims_html(self) -> str:
        """The claims on show."""
        return str(self._claims.value)

    @property
    def status(self) -> str:
        """The line that says what goes on, as HTML."""
        return str(self._status.value)

    @property
    def reply_html(self) -> str:
        """What the panel said to the prediction; empty before."""
        return str(self._reply.value)

    @property
    def goal_html(self) -> str:
        """The goal and whether it is reached; empty without one."""
        return str(self._goal.value)

    def _predicted(self, answer: Answer) -> None:
        assert self._scene is not None
        self._answer = answer
        changed = self._changed_run()
        self.controls.show(changed.values, changed.seed)
        self._ask(changed)

    def _run_now(self) -> None:
        self._pace.cancel()
        self._changed()

    def _changed(self) -> None:
        self.guard(
            lambda: self._ask(self._run.changed(**self.controls.read(), seed=self.controls.seed.value))
        )()

    def _set_free(self, on: bool) -> None:
        self.controls.enable(on)
        self.run_button.disabled = not on
        self.reset_button.disabled = not on

    # ---- runs

    def _ask(self, run: Run) -> None:
        """Give `run` to the worker. It replaces a run of this panel that is still queued or going on."""
        self._run = run
        self.stop_button.disabled = False
        self._job = Job(self, functools.partial(self._task, run), self._tick)
        worker().submit(self._job)

    def _first(self) -> None:
        """The first run, waited for, so that the cell's output has its picture."""

        def task(job: Job) -> None:
            outcome = self._start.outcome(progress=job.progress, stop=job.stop)
            self._show(outcome)
            if self.prediction is not None:
                after = self._changed_run().outcome(progress=job.progress, stop=job.stop)
                self._after = _Seen(after.text, after.summary, after.findings)

        job = worker().submit(Job(self, task, urgent=True))
        try:
            while not job.done.wait(0.2):
                pass
        except BaseException:
            job.stop.set()
            raise
        if job.error is not None:
            raise job.error
        assert self._outcome is not None
        self.stop_button.disabled = True
        self._seen = _Seen(self._outcome.text, self._outcome.summary, self._outcome.findings)
        self._first_png = self.picture

    def _task(self, run: Run, job: Job) -> None:
        try:
            outcome = run.outcome(progress=job.progress, stop=job.stop)
            if job is self._job:
                self.clear_error()
                self._show(outcome)
                if self._shown is not None:
                    self._shown(outcome)
        except Stopped:
            if job is self._job:
                stopped = (
                    f"Stopped at {markup.duration(job.reached_s)} of virtual time. "
                    "The picture is of the last complete run."
                )
                self._say(stopped)
                self.announce(stopped)
        except Exception as error:  # noqa: BLE001  # shown, whatever it is
            if job is self._job:
                self._say("The picture is of the last complete run.")
                self.show_error(error)
        finally:
            if job is self._job:
                self.stop_button.disabled = True
                if self._answer is not None:  # the run that should have answered it did not end
                    self._answer = None
                    self._set_free(True)

    def _tick(self, job: Job) -> None:
        """Progress of a run that takes longer than a moment."""
        if job is not self._job and self._job is not None:
            return
        self.stop_button.disabled = False
        if job.done.is_set():
            return
        if not job.started:
            self._say("Waiting for another run to end.")
        elif job.reached_s:
            self._say(f"Running: {markup.duration(job.reached_s)} of virtual time so far.")
        else:
            self._say("Running, or waiting for a cell that runs in its Cloud.")

    def _show(self, outcome: Outcome) -> None:
        png, text = outcome.png(), outcome.text
        before, self._outcome = self._outcome, outcome
        self.tabs.show(outcome, png, text)
        settles = self._scene.settles if self._scene is not None else None
        if self._judged:
            self._claims.value = claims_html(self._experiment.claims, outcome.findings, settles)
        self._twin.value = markup.details("The picture in words", f"<p>{markup.text(text)}</p>")
        replied = self._answered(outcome) if self._answer is not None else ""
        self._show_goal(outcome)
        self._say(
            f"<code>{markup.raw(str(outcome.run))}</code>: {markup.number(outcome.calls)} API calls, "
            f"{markup.duration(outcome.virtual_s)} of virtual time in {outcome.wall_s:.2f} s."
        )
        if before is not None:
            self.announce(f"{replied} {self._news(before, outcome)}")

    def _news(self, before: Outcome, outcome: Outcome) -> str:
        """What a screen reader hears of a run, as HTML: the finding, and the claims whose verdict changed."""
        parts = [markup.text(first_sentence(outcome.text))]
        if self._judged:
            for claim in self._experiment.claims:
                verdict = outcome.findings[claim.id].verdict
                if verdict != before.findings[claim.id].verdict:
                    _, word, _ = markup.MARKS[verdict.value]
                    parts.append(f"Now {word}: {markup.text(claim.text)}")
        return " ".join(parts)

    def _answered(self, outcome: Outcome) -> str:
        """The first outcome after the prediction: answer it and free the controls. The answer in short, as HTML."""
        assert self._scene is not None
        assert self._answer is not None
        answer, self._answer = self._answer, None
        self._reply.value = reply(
            self._scene.prediction, answer, first_sentence(outcome.text), outcome.summary
        )
        self._set_free(True)
        return spoken_reply(self._scene.prediction, answer, outcome.summary)

    def _show_goal(self, outcome: Outcome) -> None:
        goal = self._scene.goal if self._scene is not None else None
        if goal is None:
            return
        if goal.reached(outcome.run.values, outcome.measurements):
            mark = '<strong class="good">✔ reached</strong>'
        else:
            mark = '<strong class="none">– not yet</strong>'
        self._goal.value = f"<p><strong>Goal:</strong> {markup.text(goal.text)} {mark}</p>"

    def _say(self, words: str) -> None:
        self._status.value = f'<small class="quiet">{words}</small>'

    # ---- words

    def _changed_run(self) -> Run:
        assert self._scene is not None
        return self._start.changed(**self._scene.change)

    def _heading_html(self) -> str:
        if self._scene is None:
            return f"<h3>{markup.text(self._experiment.title)}</h3><p>{markup.text(self._experiment.question)}</p>"
        return (
            f"<h3>{markup.text(self._experiment.title)}: {markup.text(self._scene.title)}</h3>"
            f"<p>{markup.text(self._scene.question)}</p>"
        )

    def _settings_text(self, run: Run) -> str:
        parts = [f"{p.label} {p.text(run.values[p.name])}" for p in self._experiment.parameters]
        return " · ".join([*parts, f"seed {run.seed}"])

    def _change_text(self) -> str:
        """What the scene changes, as in "Visibility timeout: 30 s → 10 s"."""
        assert self._scene is not None
        after = self._changed_run()
        parts = []
        for parameter in self._experiment.parameters:
            old, new = self._start.values[parameter.name], after.values[parameter.name]
            if old != new:
                parts.append(f"{parameter.label}: {parameter.text(old)} → {parameter.text(new)}")
        if after.seed != self._start.seed:
            parts.append(f"seed: {self._start.seed} → {after.seed}")
        return "; ".join(parts)

    # ---- the still

    def still(self) -> Still:
        """Picture, finding, settings, claims, and the question with its answer folded; all of the first run."""
        claims = self._experiment.claims
        settings = f"Settings: {self._settings_text(self._start)}."
        scene = self._scene
        html = (
            f"<p><strong>{markup.text(first_sentence(self._seen.text))}</strong></p><p>{markup.text(settings)}</p>"
            f"{claims_html(claims, self._seen.findings, scene.settles if scene is not None else None)}"
        )
        if scene is not None and self.prediction is not None and self._after is not None:
            answers = answer_lines(scene.prediction, self._after.summary)
            html += question_html(scene.prediction, self._change_text())
            said = f"<p>{markup.text(self._after.text)}</p>{markup.items(map(markup.text, answers))}"
            html += markup.details("Answer", said)
        if scene is not None and scene.goal is not None:
            html += f"<p><strong>Goal:</strong> {markup.text(scene.goal.text)}</p>"
            if scene.goal.example:
                example = markup.text(self._example_text(scene.goal.example))
                html += markup.details("One way to reach it", f"<p>{example}</p>")
        return Still(settings, html, self._first_png, self._seen.text)

    def _example_text(self, example: Mapping[str, Any]) -> str:
        by_name = {p.name: p for p in self._experiment.parameters}
        return ", ".join(
            f"{by_name[name].label} {by_name[name].text(value)}" if name in by_name else f"{name} {value}"
            for name, value in example.items()
        )


def panel(run: str, scene: str | None = None) -> Panel:
    """The live panel of an experiment.

    `run` is an experiment's id (`"18_sqs.visibility"`) or a run string that sets values
    (`"18_sqs.visibility?visibility_timeout_s=10&seed=3"`). `scene` names one of the experiment's scenes: it sets the
    values (those in `run` win), asks its question first and frees its controls only. Without it every control is free.

    In JupyterLab the result is a widget; without a kernel a picture with alt text, and the same result in words.
    Raises UnknownExperiment for a misspelt id, ParameterError for a value out of bounds, LookupError for an
    unknown scene.
    """
    asked = Run.parse(run)
    if scene is None:
        return Panel(asked)
    told = asked.experiment.scene(scene)
    defaults = asked.experiment.values()
    chosen = {name: value for name, value in asked.values.items() if value != defaults[name]}
    if asked.seed:
        chosen["seed"] = asked.seed
    return Panel(Run(asked.experiment, defaults).changed(**{**told.settings, **chosen}), told)
