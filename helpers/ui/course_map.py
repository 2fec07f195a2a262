"""The map of the course: all sections, and which of them are there."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets as widgets

from helpers.sections.syllabus import Section, load_syllabus
from helpers.ui import markup
from helpers.ui.shell import Shell, Still


def map_html(sections: Sequence[Section]) -> str:
    """The sections as a table; a built one links to its notebook, one to come is marked so."""
    rows = []
    for section in sections:
        title = markup.text(section.title)
        if section.built:
            title = f'<a href="{section.id}.ipynb">{title}</a>'
        rows.append(
            [str(section.number), title, "<strong>✔ built</strong>" if section.built else "– to come"]
        )
    built = sum(section.built for section in sections)
    return markup.table(["No.", "Section", "State"], rows, f"{len(sections)} sections, {built} built")


class CourseMap(Shell):
    """All sections of the course; see `course_map`."""

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = tuple(sections)
        super().__init__([widgets.HTML(map_html(self._sections))])

    def still(self) -> Still:
        lines = [
            f"{one.number}. {one.title}: {'built' if one.built else 'to come'}" for one in self._sections
        ]
        return Still("\n".join(lines), map_html(self._sections))


def course_map() -> CourseMap:
    """The table of all sections, with a link to each notebook that is there."""
    return CourseMap(load_syllabus())
