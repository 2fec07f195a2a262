"""The stations of a section's notebook, by the titles that a learner sees there."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
"""The course's notebooks, beside the package in a clone of the repository."""


@cache
def stations(section: str) -> dict[str, str]:
    """The titles of the stations of the section's notebook, by their ids; none if there is no such notebook.

    A station is a Markdown cell with a heading of the second level and a number: "## 2. The visibility timeout".
    """
    try:
        notebook = json.loads((NOTEBOOKS / f"{section}.ipynb").read_text(encoding="utf-8"))
    except OSError:
        return {}
    found = {}
    for cell in notebook["cells"]:
        heading = (
            re.match(r"## (\d+\. .+)", "".join(cell["source"])) if cell["cell_type"] == "markdown" else None
        )
        if heading:
            found[cell["id"]] = heading[1].strip()
    return found
