"""Zygotes to run cells in: one as this user, and, if that is root, one as an ordinary user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
NOBODY = 65534
USERS = [[], [str(NOBODY)]] if os.geteuid() == 0 else [[]]


class Zygote:
    """The process of zygote.py."""

    def __init__(self, user: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py"), *user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, cell: str, *, level: str = "full", **wishes: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"cell": cell, "level": level, **wishes}) + "\n")
        self.process.stdin.flush()

    def run(self, cell: str, **wishes: Any) -> dict[str, Any]:
        """What became of the cell: its output, exit status (minus the signal), what stopped it, what is left."""
        self.order(cell, **wishes)
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="session", params=USERS, ids=lambda user: "as-user" if user else "as-is")
def zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    started = Zygote(request.param)
    yield started
    started.close()


@pytest.fixture(params=USERS, ids=lambda user: "as-user" if user else "as-is")
def mortal(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """A zygote that the test may kill."""
    started = Zygote(request.param)
    yield started
    started.close()
