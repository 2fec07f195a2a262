"""The bell, known to the catalogue as the one experiment of a section of its own."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from bell import BELL, Bell  # beside this file

catalog = import_module("helpers.experiments.catalog")  # the package has a function of that name


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    """The experiment; while a test has it, `Run.parse` knows it and no other."""
    monkeypatch.setattr(catalog, "sections", lambda: ("99_bells",))
    monkeypatch.setattr(catalog, "experiments_of", lambda section: {"99_bells": (BELL,)}[section])
    return BELL
