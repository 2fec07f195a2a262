"""The colours of the pages are legible in both themes."""

from __future__ import annotations

import re

import pytest

from helpers.export.site import ASSETS

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


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


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
