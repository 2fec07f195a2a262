"""The course in a real JupyterLab in a real browser, with the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import LOCAL, TOLERATED, Notebook, PanelOnPage

from helpers.notebooks import NOTEBOOKS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Open = Callable[[str], Notebook]
COURSE = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
WITH_SCENES = [name for name in COURSE if "scene=" in (NOTEBOOKS / name).read_text(encoding="utf-8")]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def picture_is_shown(panel: PanelOnPage) -> bool:
    """Whether the browser could decode the picture."""
    image = panel.box.locator("img").first
    return bool(image.evaluate("image => image.complete && image.naturalWidth > 0"))


def clean(notebook: Notebook) -> None:
    """Nothing failed, nothing complained, and nothing was asked of another machine."""
    assert notebook.faults() == []
    assert notebook.errors == []
    assert notebook.beyond_this_machine() == []
    assert len(notebook.requests) > 20, "the request log is kept"


def look(notebook: Notebook, shots: Path) -> None:
    """The first scene of the notebook that frees a slider: *Show me*, then the slider by keyboard."""
    panel = next(
        one
        for one in notebook.panels()
        if one.button("Show me").count() and one.box.locator(".noUi-target").count()
    )
    picture, claims = panel.picture, panel.claims
    assert (
        panel.box.locator(".noUi-target[disabled]").count() == panel.box.locator(".noUi-target").count() > 0
    )
    panel.button("Show me").click()
    panel.until("picture", picture)
    panel.until("claims", claims)
    assert picture_is_shown(panel)
    shown = panel.picture
    panel.press_first("PageUp")
    panel.until("picture", shown)
    for short, theme in THEMES.items():
        notebook.theme(theme)
        notebook.shoot(shots.with_name(f"{shots.name}-scene-{short}.png"), panel)


@pytest.mark.parametrize("name", COURSE)
def test_a_notebook_runs_from_top_to_bottom_in_both_themes_and_its_first_scene_answers(
    name: str, open_notebook: Open, screenshots: Path
) -> None:
    notebook = open_notebook(name)
    notebook.run_all()
    assert [prompt for prompt in notebook.prompts() if not re.fullmatch(r"\[\d+\]:", prompt)] == []
    assert all(picture_is_shown(panel) for panel in notebook.panels())
    for short, theme in THEMES.items():
        notebook.theme(theme)
        notebook.shoot(screenshots / f"{Path(name).stem}-{short}.png")
    if name in WITH_SCENES:
        look(notebook, screenshots / Path(name).stem)
    clean(notebook)


@pytest.mark.parametrize("theme", THEMES)
def test_a_slider_moved_by_keyboard_changes_picture_and_claim(
    theme: str, open_notebook: Open, screenshots: Path
) -> None:
    notebook = open_notebook("scratch.ipynb")
    notebook.theme(THEMES[theme])
    notebook.run_all()
    panel = notebook.panel(1)
    notebook.shoot(screenshots / f"panel-before-{theme}.png", panel)
    picture, claims = panel.picture, panel.claims
    assert "✘" not in claims
    panel.press("visibility timeout", *["PageDown"] * 4)
    panel.says("18_sqs.visibility?visibility_timeout_s=10:")
    assert panel.picture != picture
    assert picture_is_shown(panel)
    assert re.search("✘ [a-z ]+: No message is processed twice", panel.claims), panel.claims
    notebook.shoot(screenshots / f"panel-after-{theme}.png", panel)
    panel.button("Reset").click()
    panel.says("18_sqs.visibility:")
    assert panel.claims == claims
    clean(notebook)


def test_after_a_look_at_the_answer_the_slider_is_free(open_notebook: Open, screenshots: Path) -> None:
    notebook = open_notebook("scratch.ipynb")
    notebook.run_all()
    look(notebook, screenshots / "scratch")
    clean(notebook)


def test_a_prediction_is_answered(open_notebook: Open, screenshots: Path) -> None:
    notebook = open_notebook("scratch.ipynb")
    notebook.run_all()
    panel = notebook.panel(2)
    notebook.shoot(screenshots / "prediction-asked.png", panel)
    panel.box.get_by_text("Nothing: it belongs to its worker until deleted").click()
    panel.box.locator("button", has_text="certain").click()
    panel.button("Commit prediction").click()
    panel.says("A receive lends the message for the length of the timeout")
    panel.says("18_sqs.visibility?visibility_timeout_s=10:")
    notebook.shoot(screenshots / "prediction-answered.png", panel)
    clean(notebook)


@pytest.mark.parametrize("theme", THEMES)
def test_a_quiz_answers_the_option_chosen(theme: str, open_notebook: Open, screenshots: Path) -> None:
    notebook = open_notebook("scratch.ipynb")
    notebook.theme(THEMES[theme])
    notebook.run_all()
    quiz = notebook.page.locator(".jp-OutputArea .course:has(input[type=radio], input[type=checkbox])").last
    before = quiz.inner_text()
    quiz.locator("input").first.click()
    quiz.locator("button:not([disabled])").first.click()
    notebook.page.wait_for_function(
        "([box, words]) => box.innerText !== words", arg=[quiz.element_handle(), before]
    )
    assert "✔" in quiz.inner_text() or "✘" in quiz.inner_text()
    quiz.screenshot(path=screenshots / f"quiz-{theme}.png")
    clean(notebook)


def test_stop_ends_a_long_run_and_the_last_picture_stays(open_notebook: Open, screenshots: Path) -> None:
    notebook = open_notebook("scratch.ipynb")
    notebook.run_all()
    panel = notebook.panel(0)
    picture = panel.picture
    panel.press("Messages", "End")
    panel.says("of virtual time so far")
    notebook.shoot(screenshots / "long-run.png", panel)
    panel.button("Stop").click()
    panel.says("Stopped at", timeout_s=2)
    assert panel.picture == picture
    panel.press("Messages", "Home")
    panel.until("picture", picture)
    panel.says("1 were sent")  # the claims follow the picture
    clean(notebook)


def test_the_tabs_show_calls_data_cost_and_telemetry(open_notebook: Open, screenshots: Path) -> None:
    notebook = open_notebook("scratch.ipynb")
    notebook.run_all()
    panel = notebook.panel(1)
    said = {
        "API calls": "ReceiveMessage",
        "Data": "time_s",
        "Cost": "USD",
        "Telemetry": "NumberOfMessagesReceived",
    }
    for tab, words in said.items():
        panel.box.get_by_role("tab", name=tab).click()
        panel.says(words)
        notebook.shoot(screenshots / f"tab-{tab.replace(' ', '-').lower()}.png", panel)
    clean(notebook)


def test_an_address_beyond_this_machine_would_be_seen(open_notebook: Open) -> None:
    """The request log sees a page's own requests; this one is aborted before it leaves the browser."""
    notebook = open_notebook("scratch.ipynb")
    notebook.page.route("**/*.invalid/**", lambda route: route.abort())
    notebook.page.evaluate("fetch('https://example.invalid/x').catch(() => 0)")
    assert notebook.beyond_this_machine() == ["https://example.invalid/x"]
    assert any("ERR_FAILED" in error for error in notebook.errors)


def test_what_counts_as_this_machine() -> None:
    for good in ("http://127.0.0.1:8888/lab", "ws://localhost:1/api", "blob:http://127.0.0.1/1", "data:,x"):
        assert LOCAL.match(good)
    for bad in (
        "https://unpkg.com/x",
        "http://127.0.0.1.evil.example/",
        "http://localhost.example/",
        "ftp://x/",
    ):
        assert not LOCAL.match(bad)


def test_each_tolerated_console_error_has_a_reason() -> None:
    assert all(len(reason.split()) > 5 for reason in TOLERATED.values())
