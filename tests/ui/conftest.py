"""A small experiment that any panel can show, and runs of it that do not depend on a section."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import tea  # beside this file

catalog = import_module("helpers.experiments.catalog")  # the package has a function of that name


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> tea.TeaShop:
    """The experiment, known to `Run.parse` under its id."""
    known = {tea.SHOP.id: tea.SHOP}
    monkeypatch.setattr(catalog, "find", lambda text: known[text])
    return tea.SHOP


@dataclass
class Published:
    """What a cell's output received."""

    data: dict[str, object]
    metadata: dict[str, object]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Published]:
    """The outputs that a widget publishes when it is shown."""
    from helpers.ui import shell

    outputs: list[Published] = []
    monkeypatch.setattr(
        shell,
        "publish_display_data",
        lambda data, metadata=None: outputs.append(Published(data, metadata or {})),
    )
    return outputs
