"""The outer box that every widget of the course shares: style, errors in one sentence, an output that survives export.

One cell, three readers. In JupyterLab the output is the live widget. Where no kernel runs (GitHub, nbviewer, an HTML
or PDF export) the same output shows its *still*: a picture with alt text, and the text. The two stand in two outputs
of the cell, because every reader without a kernel picks one form of an output: HTML would hide the picture, and the
picture the text. Widget state is never saved.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import ipywidgets as widgets
from IPython.display import publish_display_data

from helpers.ui import markup
from helpers.ui.announcer import Announcer
from helpers.ui.style import CLASS, CSS

VIEW = "application/vnd.jupyter.widget-view+json"

Result = TypeVar("Result")
Bundle = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class Still:
    """What a widget shows where no kernel runs.

    `html` is what people see, with tags that survive GitHub's filter; `text` says what it is, for who sees no HTML;
    `png` is the picture if there is one, and `alt` the picture in words.
    """

    text: str
    html: str
    png: bytes | None = None
    alt: str = ""


def view_of(widget: widgets.Widget) -> dict[str, Any]:
    """The reference by which a front end finds the live widget."""
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


class Shell(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A box with the course's style, a live region, a place for errors, and a still. Subclasses define `still()`."""

    def __init__(self, children: Sequence[widgets.Widget] = (), **layout: Any) -> None:
        self._fault = widgets.HTML()
        self._fault.layout.display = "none"
        self._style_sheet = widgets.HTML(f"<style>{CSS}</style>", layout={"height": "0", "margin": "0"})
        self.announcer = Announcer()
        super().__init__([self._style_sheet, self.announcer, *children, self._fault], **layout)
        self.add_class(CLASS)

    def still(self) -> Still:
        """The widget as text, HTML and (where it has one) a picture; the same bytes on every machine and day."""
        raise NotImplementedError

    # ---- what a screen reader hears

    def announce(self, words: str) -> None:
        """Have `words` read out once; HTML's tags and entities go. The only live region of a box says them."""
        self.announcer.say(markup.spoken(words))

    # ---- errors

    def guard(self, function: Callable[..., Result]) -> Callable[..., Result | None]:
        """`function`, with any exception shown in this box: Jupyter hides those of a callback."""

        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Result | None:
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001  # shown, whatever it is
                self.show_error(error)
                return None

        return guarded

    def show_error(self, error: BaseException) -> None:
        """Show `error` in one sentence, its traceback folded below."""
        sentence = str(error).strip().split("\n")[0] or type(error).__name__
        lines = "".join(traceback.format_exception(error))
        self._fault.value = (
            f'<div class="fault"><strong class="bad">✘ Error:</strong> {markup.text(sentence)}'
            f"{markup.details(f'{type(error).__name__}: where it happened', f'<pre>{markup.raw(lines)}</pre>')}"
            "</div>"
        )
        self._fault.layout.display = None
        self.announce(f"Error: {sentence}")

    def clear_error(self) -> None:
        """Take an earlier error away."""
        if self._fault.value:
            self._fault.value = ""
            self._fault.layout.display = "none"

    @property
    def error_text(self) -> str:
        """The HTML of the error on show, or an empty string."""
        return str(self._fault.value)

    # ---- outputs

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Bundle:
        """Everything in one bundle: live view, picture with alt text, text and HTML."""
        still = self.still()
        data: dict[str, Any] = {"text/plain": still.text, "text/html": still.html, VIEW: view_of(self)}
        metadata: dict[str, Any] = {}
        if still.png is not None:
            data["image/png"] = still.png
            metadata["image/png"] = {"alt": still.alt}
        return data, metadata

    def _ipython_display_(self, **_: Any) -> None:
        """Publish the cell's output. With a picture it comes as two outputs, see the module's docstring."""
        data, metadata = self._repr_mimebundle_()
        if "image/png" not in data:
            publish_display_data(data, metadata)
            return
        words = data.pop("text/html")
        whole = data["text/plain"]
        data["text/plain"] = metadata["image/png"]["alt"]
        publish_display_data(_encoded(data), metadata)
        publish_display_data({"text/plain": whole, "text/html": words, VIEW: view_of(self.twin())})

    def twin(self) -> widgets.Widget:
        """The live widget that stands in the output of the text. Nothing to see, unless a subclass says more."""
        return widgets.HTML(layout={"height": "0", "margin": "0"})


def _encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Bytes as base64 text, as messages to a front end carry them."""
    import base64

    return {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for key, value in data.items()
    }
