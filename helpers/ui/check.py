"""A live claim about the learner's own account: does it now behave as the task asks?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import ipywidgets as widgets

from helpers.ui import markup
from helpers.ui.shell import Shell, Still

if TYPE_CHECKING:
    from helpers.sections.checks import Check, Result

MARKS: Final = {
    "passed": ("✔", "passed", "good"),
    "failed": ("✘", "not yet", "bad"),
    "not attempted": ("–", "not attempted", "none"),
}
"""Icon, word and CSS class of a check's status."""


class LiveCheck(Shell):
    """The claim with its status; a button judges again. `judge()` looks at the account that is open now."""

    def __init__(self, check: Check, judge: Callable[[], Result]) -> None:
        self._check = check
        self._judge = judge
        self.again = widgets.Button(
            description="Check again",
            icon="refresh",
            tooltip="Look at the account as it is now",
            layout={"align_self": "flex-start"},
        )
        self.again.on_click(self.guard(lambda _: self.judge()))
        self.said = widgets.HTML()
        super().__init__([self.said, self.again])
        self.result = self._first = judge()
        self._say()

    def judge(self) -> None:
        """Judge the account as it is now."""
        self.clear_error()
        self.result = self._judge()
        self._say()
        self.announce(self.said.value)

    def _say(self) -> None:
        self.said.value = self._html(self.result)

    def _html(self, result: Result) -> str:
        icon, word, kind = MARKS[str(result.status)]
        reason = f"<br>{markup.text(result.reason)}" if result.reason else ""
        return f'<p>{markup.text(self._check.text)} <strong class="{kind}">{icon} {word}</strong>{reason}</p>'

    def still(self) -> Still:
        icon, word, _ = MARKS[str(self._first.status)]
        reason = f" {markup.plain(self._first.reason)}" if self._first.reason else ""
        return Still(f"{icon} {word}: {markup.plain(self._check.text)}{reason}", self._html(self._first))


def check(id: str) -> LiveCheck:  # noqa: A002 - a check's name is its id
    """Judge the account that is open in the notebook by the check `id` ("18_sqs.visibility").

    It says passed, not yet (and why), or not attempted; an empty task raises nothing. Raises LookupError for a
    misspelt id.
    """
    from helpers.sections.checks import find_check  # what it loads, only a cell with a check needs

    found = find_check(id)
    return LiveCheck(found, found.judge)
