"""A plan for 50 minutes with a class, on one page, made from what a section already has.

Scenes give the questions, beliefs the arguments, the quiz the way out: the plan changes with them and needs no care.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helpers.experiments.catalog import experiments_of, sections
from helpers.experiments.experiment import Experiment
from helpers.experiments.run import Run
from helpers.experiments.scene import Scene
from helpers.labs.lab import LABS
from helpers.sections.data import SectionError, load
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.quiz import Question, load_quiz, shuffled
from helpers.sections.syllabus import find_section

WIDTH = 100
"""Characters of a line: as many as A4 has in a type of 9 points."""

LINES = 60
"""Lines of an A4 page."""

_ROOM = ((3, 2, True), (3, 2, False), (3, 1, False), (2, 2, False), (2, 1, False), (1, 1, False))
"""What a plan may hold, the fullest first: scenes, beliefs, and whether the tasks of the lab are named."""

_INDENT = " " * 16


def plan(section: str) -> str:
    """The plan of a section ("18_sqs") in plain text: at most `LINES` lines, of `WIDTH` characters.

    Each scene has its question, what the class may answer (the right one marked *), the runs to type, and what to look
    for. Then come the beliefs that the section meets most often, the goal to work on in pairs, and a question to leave
    with. What would not fit on the page is left out, the least first. Raises SectionError if there is no such section,
    or none to teach from yet.
    """
    title = find_section(section).title
    if section not in sections() or not experiments_of(section):
        raise SectionError(f"The section {section} has no experiments to teach from yet.")
    texts = [
        _text(section, title, scenes=scenes, beliefs=beliefs, tasks=tasks) for scenes, beliefs, tasks in _ROOM
    ]
    return next((text for text in texts if text.count("\n") <= LINES), texts[-1])


def _text(section: str, title: str, *, scenes: int, beliefs: int, tasks: bool) -> str:
    experiment = experiments_of(section)[0]
    shown = [scene for scene in experiment.scenes if scene.goal is None][:scenes]
    goal = next((scene for scene in experiment.scenes if scene.goal is not None), None)
    minutes = 30 // len(shown)
    lines = [
        *_wrapped("", f"{section}: {title}. 50 minutes with a class.", indent=""),
        "Nobody sees a run before everybody has answered. Let two who disagree explain, then run it.",
        "",
        *_entry("0-4", "Open", experiment.question),
        *_typed("Show", _before(experiment, shown[0])),
    ]
    for place, scene in enumerate(shown):
        lines += ["", *_scene(experiment, scene, f"{4 + minutes * place}-{4 + minutes * (place + 1)}")]
    lines += ["", *_beliefs(section, beliefs)]
    if goal is not None and goal.goal is not None:
        lines += ["", *_entry("40-46", "In pairs", f"{goal.goal.text} Several ways are right.")]
        lines += _entry("", "Type", f'In the notebook: panel("{experiment.id}", scene="{goal.id}")')
    lines += ["", *_exit(_question(section, shown)), *_homework(section, tasks=tasks)]
    return "\n".join(lines) + "\n"


# ---- a scene


def _scene(experiment: Experiment, scene: Scene, minutes: str) -> Iterator[str]:
    before = _before(experiment, scene)
    prediction = scene.prediction
    yield from _entry(minutes, "Ask", f"{scene.question} {prediction.question}")
    if prediction.options is None:
        yield from _entry("", "", f"A number ({prediction.unit})." if prediction.unit else "A number.")
        look = prediction.reply
    else:
        yield from _options([(option.text, option.right) for option in prediction.options])
        look = next((option.reply for option in prediction.options if option.right), "")
    if before != _before(experiment, experiment.scenes[0]):  # the class has just seen that one
        yield from _typed("Before", before)
    yield from _typed("Then", before.changed(**scene.change))
    yield from _entry("", "Look", look)


def _before(experiment: Experiment, scene: Scene) -> Run:
    """The run that a scene begins with, which the class sees before it predicts."""
    return Run(experiment, experiment.values()).changed(**scene.settings)


# ---- beliefs and the way out


def _beliefs(section: str, count: int) -> Iterator[str]:
    known = load_misconceptions(section)
    cited = Counter(_cited(section))
    often = sorted(known, key=lambda belief: -cited[belief.id])[:count]  # ties stay as in the file
    for place, belief in enumerate(often):
        said = f"\u201c{belief.belief}\u201d {belief.truth}"
        yield from _entry("" if place else "34-40", "Belief", said)
        if belief.run:
            yield from _typed("Show", Run.parse(belief.run))


def _cited(section: str) -> Iterator[str]:
    """Every place of the section where somebody may hold a belief: scenes, questions, the checks of its lab."""
    for experiment in experiments_of(section):
        for scene in experiment.scenes:
            for option in scene.prediction.options or ():
                yield option.misconception or ""
    for question in load_quiz(section):
        for answer in question.options:
            yield answer.misconception
    for task in _lab(section).get("tasks", ()):
        for check in task.get("checks", ()):
            yield check.get("misconception", "")


def _lab(section: str) -> Mapping[str, Any]:
    """The words of the section's lab; nothing if it has none."""
    path = LABS / section / "lab.yaml"
    words = load(path) if path.is_file() else {}
    return words if isinstance(words, dict) else {}


def _question(section: str, scenes: Sequence[Scene]) -> Question:
    """The first question with one right answer that asks for most of what the scenes showed."""
    facts = {fact for scene in scenes for fact in scene.facts}
    questions = [question for question in load_quiz(section) if question.pick == 1]
    return max(questions, key=lambda question: len(facts & set(question.facts)))


def _exit(question: Question) -> Iterator[str]:
    yield from _entry("46-50", "Exit", question.question)
    yield from _options([(option.text, option.right) for option in shuffled(question, 0)])


def _homework(section: str, *, tasks: bool) -> Iterator[str]:
    lab = _lab(section)
    if lab:
        titles = [str(task["title"]).rstrip(".") for task in lab["tasks"] if not task.get("manual")]
        named = f": {'; '.join(titles)}" if tasks else ""
        yield from _entry("", "Lab", f"labs/{section}/lab.ipynb, {lab['minutes']} minutes{named}.")


# ---- lines


def _entry(minutes: str, word: str, text: str) -> list[str]:
    return _wrapped(f"{minutes:>5}  {word:<9}", text)


def _typed(word: str, run: Run) -> Iterator[str]:
    """A command stands on one line, so that it can be copied; a long one begins further left."""
    command = f'devlab run "{run}"'
    if len(_INDENT) + len(command) <= WIDTH:
        yield from _entry("", word, command)
    else:
        yield _entry("", word, "-")[0].rstrip(" -")
        yield command.rjust(WIDTH)


def _options(options: Sequence[tuple[str, bool]]) -> Iterator[str]:
    for letter, (text, right) in zip("abcdefgh", options):
        yield from _wrapped(
            _INDENT + ("* " if right else "  ") + f"{letter}) ", text, indent=_INDENT + "     "
        )


def _wrapped(first: str, text: str, indent: str = _INDENT) -> list[str]:
    return textwrap.wrap(
        text.replace("`", ""),
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
