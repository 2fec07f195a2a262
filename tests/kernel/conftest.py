"""Live kernels that find this clone and the tests' own slow experiment."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import frontend  # noqa: E402  # beside this file


@pytest.fixture(scope="session", autouse=True)
def kernels_find_the_package() -> None:
    paths = [str(ROOT), str(HERE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[frontend.Kernel]:
    """A fresh kernel."""
    with frontend.kernel(tmp_path) as live:
        yield live


@pytest.fixture
def notebook_kernel() -> Iterator[frontend.Kernel]:
    """A fresh kernel that stands where the notebooks do."""
    with frontend.kernel(ROOT / "notebooks") as live:
        yield live
