"""The course's widgets for a keyboard and a screen reader, in JupyterLab's two themes.

One notebook holds them all: a lab's cards, a panel, a scene and the start notebook's quiz. axe-core looks at our boxes
only; what it finds in JupyterLab itself is not ours to mend.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from axe import violations
from lab import PANEL, Notebook, PanelOnPage, Server
from nbformat.v4 import new_code_cell
from playwright.sync_api import Browser, Locator, expect

from helpers.notebooks.normalise import normalise, to_bytes

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = (
    "from helpers import panel, quiz\n\npanel('18_sqs.visibility')",
    "panel('18_sqs.visibility', scene='too_short')",
    "quiz('00_start')",
)
THEMES = ("JupyterLab Light", "JupyterLab Dark")
LISTEN = """
region => {
    window.heard = [];
    new MutationObserver(() => { if (region.textContent) window.heard.push(region.textContent); })
        .observe(region, {childList: true, characterData: true, subtree: true});
}
"""
"""Note in the page what a live region says; its emptying is not heard."""


@pytest.fixture(scope="module")
def notebook(server: Server, browser: Browser) -> Iterator[Notebook]:
    folder = server.folder / "lab"
    made = nbformat.read(folder / "lab.ipynb", as_version=4)
    made.cells += map(new_code_cell, CELLS)
    (folder / "accessibility.ipynb").write_bytes(to_bytes(normalise(made)))
    opened = Notebook.open(browser, server, "lab/accessibility.ipynb")
    opened.run_all()
    yield opened
    opened.close()


@pytest.fixture
def free(notebook: Notebook) -> PanelOnPage:
    """The panel without a question, at its defaults."""
    panel = PanelOnPage(notebook.page, notebook.page.locator(PANEL).first)
    panel.box.get_by_role("tab", name="Picture").click()
    if "18_sqs.visibility:" not in panel.words:
        panel.button("Reset").click()
        panel.says("18_sqs.visibility:")
    notebook.page.wait_for_timeout(500)  # the steps of another test have come to rest
    expect(panel.button("Stop")).to_be_disabled()
    return panel


@pytest.fixture
def quiz(notebook: Notebook) -> Locator:
    return notebook.page.locator(".jp-OutputArea .course:has(button:has-text('Check answer'))")


def box_of(panel: PanelOnPage, label: str) -> Locator:
    return panel.box.get_by_role("spinbutton", name=label)


def heard(notebook: Notebook) -> list[str]:
    said: list[str] = notebook.page.evaluate("() => window.heard")
    return said


def runs(notebook: Notebook, panel: PanelOnPage) -> None:
    """Count the pictures that the panel shows from now on, in `window.drawn`."""
    panel.box.locator("img").first.evaluate(
        "image => { window.drawn = 0; image.addEventListener('load', () => { window.drawn += 1; }); }"
    )


def test_axe_finds_no_serious_fault_in_any_box_tab_or_theme(notebook: Notebook, free: PanelOnPage) -> None:
    free.press("visibility timeout", "ArrowRight")
    free.says("18_sqs.visibility?visibility_timeout_s=31:")
    free.box.evaluate("box => { box.id = 'one-panel'; }")
    tabs = free.box.get_by_role("tab")
    for theme in THEMES:
        notebook.theme(theme)
        assert violations(notebook.page, ".course") == []
        for place in range(1, tabs.count()):
            tabs.nth(place).click()
            free.box.get_by_role("tabpanel").locator("table:visible").first.wait_for()
            assert violations(notebook.page, "#one-panel") == []
        tabs.nth(0).click()
    free.slider("visibility timeout").evaluate("handle => handle.removeAttribute('aria-label')")
    (found,) = violations(notebook.page, "#one-panel")
    assert found.startswith("aria-input-field-name (serious) at ")
    assert notebook.faults() == notebook.errors == notebook.beyond_this_machine() == []


def test_every_control_has_a_name_and_a_help(free: PanelOnPage) -> None:
    free.box.locator("button", has_text="More controls").click()
    rows = free.box.locator(".control")
    expect(rows.last).to_be_visible()
    for row in rows.all():
        label = row.locator(".widget-label").first.inner_text()
        for field in row.locator(".noUi-handle, input, select").all():
            expect(field).to_have_accessible_name(label)
            expect(field).to_have_accessible_description(row.locator(".help").inner_text())
    more = free.box.locator("button", has_text="More controls")
    expect(more).to_have_attribute("aria-expanded", "true")
    more.click()
    expect(more).to_have_attribute("aria-expanded", "false")
    picture = free.box.get_by_role("tabpanel", name="Picture").get_by_role("img")
    assert (picture.get_attribute("alt") or "").startswith("Each of the 24 messages was processed once. ")


def test_focus_goes_in_reading_order(notebook: Notebook, free: PanelOnPage) -> None:
    free.slider("visibility timeout").focus()
    seen = []
    for _ in range(18):
        seen.append(
            notebook.page.evaluate(
                """() => {
                    const at = document.activeElement;
                    const name = at.getAttribute("aria-label") || at.textContent.trim() || at.labels?.[0]?.textContent;
                    return `${at.getAttribute("role") || at.tagName.toLowerCase()} ${name}`;
                }"""
            )
        )
        notebook.page.keyboard.press("Tab")
    named = [one for one in seen if not one.startswith("a ")]  # the links in the helps
    assert named[:12] == [
        *("slider Visibility timeout (s)", "input Visibility timeout (s)"),
        *("slider Work (s)", "input Work (s)"),
        *("slider Spread of the work (%)", "input Spread of the work (%)"),
        "button More controls (8)",
        *("button Run", "button Reset", "input Seed", "tab Picture"),
        "summary The picture in words",
    ]


def test_the_tabs_open_by_keyboard(notebook: Notebook, free: PanelOnPage) -> None:
    free.box.get_by_role("tab", name="Picture").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        notebook.page.keyboard.press(key)
    page = free.box.get_by_role("tabpanel", name="Data")
    expect(page.locator("caption").first).to_contain_text("Bars, part 1 of the picture: 39 rows")
    expect(page.locator("th[scope=col]").first).to_have_text("Message")
    expect(page.locator("caption").last).to_contain_text("The trail: a row per attempt of an API call")
    for key in ("Home", "Enter"):
        notebook.page.keyboard.press(key)
    expect(free.box.get_by_role("tabpanel", name="Picture")).to_be_visible()


def test_a_run_is_announced_once(notebook: Notebook, free: PanelOnPage) -> None:
    region = free.box.get_by_role("status")
    expect(region).to_have_count(1)
    notebook.page.wait_for_timeout(300)
    region.evaluate(LISTEN)
    free.press("visibility timeout", *["PageDown"] * 4)
    free.says("18_sqs.visibility?visibility_timeout_s=10:")
    notebook.page.wait_for_function("() => window.heard.length > 0")
    notebook.page.wait_for_timeout(1_000)
    said = heard(notebook)
    assert len(said) == len(set(said)) <= 2, "the first step, and the last"
    assert "Now does not hold: No message is processed twice" in " ".join(said)
    assert "virtual time in" not in " ".join(said), "the status line is not read out"


def test_steps_by_key_run_at_the_first_and_the_last(notebook: Notebook, free: PanelOnPage) -> None:
    runs(notebook, free)
    free.press("visibility timeout", *["ArrowRight"] * 20)
    free.says("18_sqs.visibility?visibility_timeout_s=50:")
    notebook.page.wait_for_timeout(600)
    assert 1 <= notebook.page.evaluate("() => window.drawn") <= 3
    expect(box_of(free, "Visibility timeout")).to_have_value("50")


def test_a_number_is_typed(notebook: Notebook, free: PanelOnPage) -> None:
    box = box_of(free, "Visibility timeout")
    box.fill("45")
    box.press("Enter")
    free.says("18_sqs.visibility?visibility_timeout_s=45:")
    expect(free.slider("visibility timeout")).to_have_attribute("aria-valuenow", "45.0")
    region = free.box.get_by_role("status")
    region.evaluate(LISTEN)
    box.fill("9999")
    box.press("Tab")
    free.says("18_sqs.visibility?visibility_timeout_s=600:")
    expect(box).to_have_value("600")
    free.says("9999 s is above the limit: set to 600 s.")
    notebook.page.wait_for_function("() => window.heard.length > 0")
    assert "Visibility timeout: 9999 s is above the limit: set to 600 s." in heard(notebook)


def test_a_prediction_by_keyboard(notebook: Notebook) -> None:
    scene = notebook.panel(1)
    scene.box.get_by_role("radio").first.focus()
    keys = notebook.page.keyboard
    for key in ("Space", "ArrowDown", "ArrowDown", "Tab", "Tab", "Tab", "Space"):
        keys.press(key)
    expect(scene.button("Commit prediction")).to_be_enabled()
    for key in ("Tab", "Enter"):
        keys.press(key)
    scene.says("As you predicted.")
    scene.says("You said: certain.")
    scene.says("18_sqs.visibility?visibility_timeout_s=10:")


def test_the_quiz_is_answered_by_keyboard(notebook: Notebook, quiz: Locator, screenshots: Path) -> None:
    groups = quiz.get_by_role("radiogroup")
    first = groups.first
    first.get_by_role("radio").first.focus()
    region = quiz.get_by_role("status")
    region.evaluate(LISTEN)
    for key in ("Space", "ArrowDown", "ArrowUp", "ArrowDown"):
        notebook.page.keyboard.press(key)
    expect(first.get_by_role("radio").nth(1)).to_be_checked()
    button = quiz.locator("button", has_text="Check answer").first
    expect(button).to_be_enabled()
    notebook.page.keyboard.press("Tab")
    expect(button).to_be_focused()
    quiz.screenshot(path=screenshots / "quiz-by-keyboard.png")
    notebook.page.keyboard.press("Enter")
    expect(quiz).to_contain_text("(1 answered)")
    expect(button).to_be_focused()
    notebook.page.wait_for_function("() => window.heard.length > 0")
    (said,) = heard(notebook)
    assert said.startswith(("Right: ", "Not right: "))
    assert said.endswith("(1 answered).")
