"""A lab that two tests or more look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.labs import Lab
from tests.grading.intake.labfiles import make_lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Two tasks to code and one to answer in words."""
    return make_lab(
        tmp_path / "lab", "18_sqs", {"queues": ("create_queues",), "worker": ("worker", "report")}
    )
