"""What a screen reader hears of a box: one polite live region, and the names of the controls in the box.

A live region is read out only if it stood on the page before its words changed, so each box has one from the start.
ipywidgets gives a slider's handle, a radio group and a picture no accessible name; the region's script adds what is
missing to the elements beside it. Without a kernel there is no script and nothing to name.
"""

from __future__ import annotations

from pathlib import Path

import anywidget


class Announcer(anywidget.AnyWidget):
    """The live region of a box of class "course"; invisible. `said` is what it said last."""

    # As text: given a path, anywidget would watch the file.
    _esm = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

    def __init__(self) -> None:
        super().__init__()
        self.said = ""
        self.add_class("announcer")

    def say(self, words: str) -> None:
        """Have `words` (plain text) read out once, when the learner's screen reader is free. Said again, they are
        heard again.
        """
        self.said = words
        self.send({"say": words})
