"""A lab in a real JupyterLab, with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Notebook
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CARD = ".jp-OutputArea .course:has(button:has-text('Check again'))"


def button(card: Locator, name: str) -> Locator:
    return card.locator("button", has_text=re.compile(rf"^\s*{name}\s*$"))


def test_hints_come_by_keyboard_and_open_the_solution_in_both_themes(
    open_notebook: Callable[[str], Notebook], screenshots: Path
) -> None:
    notebook = open_notebook("lab/lab.ipynb")
    notebook.run_all()
    card = notebook.page.locator(CARD).first
    expect(card).to_contain_text("– not attempted")
    expect(button(card, "Solution")).to_be_disabled()
    button(card, "Hint 1 of 2").focus()
    notebook.page.keyboard.press("Enter")
    expect(card).to_contain_text("Words are what stands between blanks.")
    expect(button(card, "Hint 2 of 2")).to_be_focused()
    notebook.page.keyboard.press("Enter")
    expect(button(card, "Solution")).to_be_enabled()
    notebook.page.keyboard.press("Tab")
    notebook.page.keyboard.press("Enter")
    expect(card.locator("pre")).to_contain_text("words = text.split()")
    for short, theme in {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}.items():
        notebook.theme(theme)
        card.screenshot(path=screenshots / f"lab-hints-{short}.png")
    assert notebook.faults() == notebook.errors == notebook.beyond_this_machine() == []


def test_the_solved_notebook_earns_every_point_and_still_does_when_checked_again(
    open_notebook: Callable[[str], Notebook],
) -> None:
    notebook = open_notebook("lab/solution.ipynb")
    notebook.run_all()
    cards = notebook.page.locator(CARD)
    expect(cards).to_have_count(2)
    for card in cards.all():
        expect(card).to_contain_text("3 of 3 points")
        button(card, "Check again").press("Enter")
        expect(card).to_contain_text("3 of 3 points")
    assert notebook.faults() == notebook.errors == []
