"""The states of a submission in plain words, and what the student does next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from helpers.grading.record import State
from helpers.labs import Status


@dataclass(frozen=True)
class Words:
    """A state in words: its icon and colour (`good`, `bad`, `none`, `mark`), a heading and advice for the student, and
    what the state means, which the instructor reads too.
    """

    icon: str
    kind: str
    heading: str
    meaning: str
    advice: str


STATES: Final[Mapping[State, Words]] = {
    State.GRADED: Words(
        "●",
        "mark",
        "Marked",
        "Every task was examined.",
        "Where a check did not pass, read its reason, and look at “Try next” below it.",
    ),
    State.PARTIAL: Words(
        "▲",
        "bad",
        "Marked in part",
        "Some tasks are missing from the notebook. The others were examined and count.",
        "Take a fresh copy of the lab, paste your code into its solution cells, and delete no cell.",
    ),
    State.NEEDS_MANUAL: Words(
        "…",
        "none",
        "Waiting for a person",
        "Everything that a program can examine was examined. An answer in words is still to be read.",
        "Nothing: the total grows when your answer has been read.",
    ),
    State.CRASHED: Words(
        "▲",
        "bad",
        "Marked, and your code raised an error",
        "A cell or a function ended with an error. Every other task was examined and counts.",
        "Look for the marked line in your code. Run the lab from the top (Kernel, Restart and Run All) before "
        "you hand it in.",
    ),
    State.TIMEOUT: Words(
        "▲",
        "bad",
        "Stopped: your code did not come to an end",
        "Code of a task ran beyond its time limit and was stopped there. Every other task was examined and counts.",
        "Look for a loop that never ends, or that asks again at once when nothing came. A loop needs a way out, and "
        "a wait between two tries.",
    ),
    State.DIED: Words(
        "▲",
        "bad",
        "Your program ended before the checks did",
        "The code ended its own process, or used more memory than it may. What did not need it was examined.",
        "Remove calls such as `exit()` and `os._exit()`, and keep no list that grows without end.",
    ),
    State.TAMPERED: Words(
        "✘",
        "bad",
        "Nothing is credited",
        "The code wrote where only the grader's own answers travel. No solution of a task needs that.",
        "If you do not know how this came about, take a fresh copy of the lab, paste your solutions only, and speak "
        "with your instructor.",
    ),
    State.UNREADABLE: Words(
        "✘",
        "bad",
        "Your file could not be read",
        "The file is not a notebook of this lab, so nothing could be examined.",
        "Open your notebook in JupyterLab, save it, choose File, Download, and hand in that file (it ends in "
        "`.ipynb`).",
    ),
}
"""Each state of `helpers.grading.record.State`."""


VERDICTS: Final[Mapping[str, tuple[str, str, str]]] = {
    Status.PASSED: ("✔", "passed", "good"),
    Status.FAILED: ("✘", "failed", "bad"),
    Status.CRASHED: ("▲", "crashed", "bad"),
    Status.NOT_ATTEMPTED: ("–", "not attempted", "none"),
}
"""Icon, word and colour of a check's status. Neither of them says anything that another does not."""
