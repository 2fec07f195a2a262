"""A notebook's cells as HTML, by nbconvert with a template of ours, and the pictures in them as files."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from traitlets.config import Config

from helpers.export.error import ExportError
from helpers.export.source import Source

TEMPLATES: Final = Path(__file__).parent / "templates"

_SUFFIX: Final = {"image/png": ".png", "image/jpeg": ".jpg", "image/svg+xml": ".svg"}
_SHOWN: Final = ["text/html", "text/markdown", *_SUFFIX, "text/plain"]
"""What is shown of an output: the first of these that it has. No widget view, no script, no mathematics."""

NO_WORDS: Final = "A picture without a description"


@dataclass(frozen=True)
class Cells:
    """The cells of one notebook as HTML, and the pictures that it names, by their path in the site."""

    html: str
    pictures: dict[str, bytes]


def render(source: Source) -> Cells:
    """The cells of a notebook. Raises ExportError if it is none, or if a picture in it is damaged."""
    notebook = source.notebook()
    pictures: dict[str, bytes] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for kind in _SUFFIX:
                if kind in output.get("data", {}):
                    _take_out(output, kind, f"images/{source.name}/{cell.id}", pictures, source)
    html, _ = _exporter().from_notebook_node(notebook)
    return Cells(str(html), pictures)


def _take_out(
    output: NotebookNode, kind: str, place: str, pictures: dict[str, bytes], source: Source
) -> None:
    """Move a picture from the output to `pictures`; the output keeps its path and its words."""
    data = output.data[kind]
    if kind == "image/svg+xml":
        picture = data.encode("utf-8")
    else:
        try:
            picture = base64.b64decode(data.replace("\n", ""), validate=True)
        except (ValueError, binascii.Error) as error:
            raise ExportError(f"{source.path}: the picture {Path(place).name} is damaged.") from error
    number = 1
    name = f"{place}{_SUFFIX[kind]}"
    while name in pictures:
        number += 1
        name = f"{place}-{number}{_SUFFIX[kind]}"
    pictures[name] = picture
    output.metadata.setdefault("filenames", {})[kind] = name
    words = output.metadata.setdefault(kind, {})
    words.setdefault("alt", NO_WORDS)


class _Exporter(HTMLExporter):
    """nbconvert's exporter without its own pass over the finished HTML: `body.tidy` makes one, which finds the same."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: Any = None, **kw: Any
    ) -> tuple[Any, dict[str, Any]]:
        highlight = Highlight2HTML(pygments_lexer="python", parent=self)  # type: ignore[no-untyped-call]  # untyped there
        self.register_filter("highlight_code", highlight)  # type: ignore[no-untyped-call]  # as above
        html, resources = TemplateExporter.from_notebook_node(self, nb, resources, **kw)
        return html, resources


@cache
def _exporter() -> _Exporter:
    config = Config()
    config.NbConvertBase.display_data_priority = _SHOWN
    return _Exporter(  # type: ignore[no-untyped-call]  # untyped there
        config=config, template_name="devlab", extra_template_basedirs=[str(TEMPLATES)]
    )
