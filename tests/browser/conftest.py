"""One JupyterLab and one Chromium for all browser tests; each test opens a page of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from helpers.notebooks import NOTEBOOKS
from helpers.notebooks.normalise import normalise, to_bytes

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import lab  # noqa: E402  # beside this file

Open = Callable[[str], "lab.Notebook"]


def scratch() -> bytes:
    """A notebook with a long run in it, which no section has, a free panel, a scene and a quiz."""
    from nbformat.v4 import new_code_cell, new_notebook

    cells = [
        "from helpers.experiments.run import Run\nfrom helpers.ui.panel import Panel\nfrom slow import SLOW",
        "Panel(Run(SLOW, SLOW.values()))",
        "from helpers import panel, quiz\n\npanel('18_sqs.visibility')",
        "panel('18_sqs.visibility', scene='too_short')",
        "quiz('18_sqs', station='visibility')",
    ]
    return to_bytes(normalise(new_notebook(cells=[new_code_cell(source) for source in cells])))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Server]:
    """JupyterLab over a copy of the notebooks: what a page saves must not reach the repository."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(NOTEBOOKS, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copytree(HERE.parent / "labs" / "sample", folder / "lab")
    (folder / "scratch.ipynb").write_bytes(scratch())
    with lab.jupyterlab(folder, HERE.parent / "kernel") as running:
        yield running


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    with lab.chromium(chromium) as running:
        yield running


@pytest.fixture
def open_notebook(server: lab.Server, browser: Browser) -> Iterator[Open]:
    """Open a notebook of the course by its file name; its kernel ends with the test."""
    opened: list[lab.Notebook] = []

    def open_one(name: str) -> lab.Notebook:
        opened.append(lab.Notebook.open(browser, server, name))
        return opened[-1]

    yield open_one
    for notebook in opened:
        notebook.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for screenshots, printed at the end: they are made to be looked at."""
    folder = tmp_path_factory.mktemp("screenshots")
    yield folder
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"\nScreenshots: {folder}")
