from __future__ import annotations

import re

import pytest

from helpers.ui.style import CSS, DARK, LIGHT
from tests.contrast import contrast


def test_the_formula_is_wcags() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


# JupyterLab's backgrounds: of the notebook, of a tab, and of a button.
@pytest.mark.parametrize("name", sorted(LIGHT))
@pytest.mark.parametrize("background", ["#ffffff", "#f5f5f5", "#eeeeee"])
def test_colours_of_meaning_are_legible_in_the_light_theme(name: str, background: str) -> None:
    assert contrast(LIGHT[name], background) >= 4.5


@pytest.mark.parametrize("name", sorted(DARK))
@pytest.mark.parametrize("background", ["#111111", "#212121", "#424242"])
def test_colours_of_meaning_are_legible_in_the_dark_theme(name: str, background: str) -> None:
    assert contrast(DARK[name], background) >= 4.5


def test_both_themes_name_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()


def test_the_primary_button_is_legible() -> None:
    colour, background = re.findall(r"mod-primary\{color:(#\w+);background:(#\w+)", CSS)[0]
    assert contrast("#ffffff" if colour == "#fff" else colour, background) >= 4.5


def test_every_rule_stays_inside_the_courses_widgets() -> None:
    for selector in re.findall(r"([^{}]+)\{[^{}]*\}", CSS):
        for part in selector.split(","):
            assert ".course" in part
