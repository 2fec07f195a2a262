"""Zygotes to run cells in: one as this user, and, if that is root, one as an ordinary user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from served import Zygote  # noqa: E402  # it stands beside this file

NOBODY = 65534
USERS = [[], [str(NOBODY)]] if os.geteuid() == 0 else [[]]


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
