from __future__ import annotations

from pathlib import Path

import pytest

from helpers.export.links import github_anchor, jupyter_anchor, link_to, resolve

PAGES = {Path("/c/notebooks/18_sqs.ipynb"): "18_sqs", Path("/c/labs/18_sqs/lab.ipynb"): "lab_18_sqs"}


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("../../notebooks/18_sqs.ipynb#2.-The-visibility-timeout", "18_sqs.html#2.-The-visibility-timeout"),
        ("../../notebooks/18_sqs.ipynb", "18_sqs.html"),
        ("lab.ipynb#5.-Friday's-%C3%BCbung", "lab_18_sqs.html#5.-Friday's-%C3%BCbung"),
        ("#1.-The-queues", "#1.-The-queues"),
        ("#", "#"),
        ("https://docs.aws.amazon.com/x?y#z", "https://docs.aws.amazon.com/x?y#z"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ("../README.md", None),
        ("/etc/passwd", None),
        ("//example.com/x", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
    ],
)
def test_where_a_link_of_a_lab_leads(href: str, target: str | None) -> None:
    assert resolve(href, Path("/c/labs/18_sqs/lab.ipynb"), PAGES) == target


def test_anchors_are_those_of_jupyter_and_of_github() -> None:
    assert jupyter_anchor("2. What's `late`, and why") == "2.-What's-`late`,-and-why"
    assert github_anchor("2. What's `late`, and why_not") == "2-whats-late-and-why_not"


def test_an_address_is_quoted() -> None:
    assert link_to("über uns", 'a "b"') == "%C3%BCber%20uns.html#a%20%22b%22"
