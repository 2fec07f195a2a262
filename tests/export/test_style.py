"""The colours of the pages are legible in both themes."""

from __future__ import annotations

import re

import pytest

from helpers.export.site import ASSETS
from tests.contrast import contrast

CSS = (ASSETS / "course.css").read_text(encoding="utf-8")
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", CSS)
}
TEXT = [
    name for name in COLOURS if name not in ("back", "raised", "line", "mark-back", "button", "button-text")
]
PAIRS = [
    *((name, back) for name in TEXT for back in ("back", "raised")),
    ("text", "mark-back"),
    ("link", "mark-back"),
    ("button-text", "button"),
]


@pytest.mark.parametrize(("text", "back"), PAIRS)
def test_text_stands_out(text: str, back: str) -> None:
    for one, other in zip(COLOURS[text], COLOURS[back]):
        assert contrast(one, other) >= 4.5


def test_every_colour_comes_from_the_table() -> None:
    assert len(TEXT) == 10
    used = set(re.findall(r"var\(--([\w-]+)\)", CSS)) - {"mono", "sans"}
    assert used <= COLOURS.keys()
    screen = CSS.partition("@page")[0].partition("*, *::before")[2]
    assert re.findall(r"#[0-9a-f]{3,6}\b", screen) == ["#fff"]  # behind pictures, which are drawn on white
