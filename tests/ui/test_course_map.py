from __future__ import annotations

from helpers.sections.syllabus import Section
from helpers.ui.course_map import CourseMap, course_map
from helpers.ui.markup import LEFT

SECTIONS = (Section("01_iam", "IAM & more", False), Section("18_sqs", "Amazon SQS", True))


def test_built_sections_are_linked_and_others_marked() -> None:
    html = CourseMap(SECTIONS).still().html.replace(LEFT, "")
    assert "<caption>2 sections, 1 built</caption>" in html
    assert (
        '<td>18</td><td><a href="18_sqs.ipynb">Amazon SQS</a></td><td><strong>✔ built</strong></td>' in html
    )
    assert "<td>1</td><td>IAM &amp; more</td><td>– to come</td>" in html


def test_the_map_has_every_section() -> None:
    assert len(course_map().still().text.split("\n")) == 30
