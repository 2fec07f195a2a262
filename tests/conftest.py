"""What every test shares: how properties are searched, and which tests this machine can run."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# No test opens a window, and Jupyter's folders are those of the system.
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

# Looking for garbage after every 700 new objects is a sixth of the whole run.
gc.set_threshold(20_000, 20, 50)

CI = os.environ.get("CI", "").lower() in {"1", "true"}

# A red run must mean something, so properties are searched in a fixed order, everywhere. `explore` searches
# anew and wider: pytest --hypothesis-profile explore.
settings.register_profile(
    "course",
    derandomize=True,
    database=None,
    deadline=None,  # the tests share two processors with a browser
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("ci", settings.get_profile("course"), print_blob=True)
settings.register_profile(
    "explore", settings.get_profile("course"), derandomize=False, max_examples=1000, print_blob=True
)
settings.load_profile("ci" if CI else "course")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> Path | None:
    """The Chromium that the browser tests drive: $CHROMIUM, or the first of the usual names on the path."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    return Path(found) if found else None


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Path of the browser that `browser` tests start."""
    path = find_chromium()
    assert path is not None, "no Chromium; on Debian: apt install chromium"
    return path


def pytest_configure(config: pytest.Config) -> None:
    # In CI a missing browser is an error of the tests that need it, never a shorter list of tests.
    config.stash[LEFT_OUT] = "" if CI or find_chromium() else NO_BROWSER


LEFT_OUT = pytest.StashKey[str]()
NO_BROWSER = (
    "Left out: the tests marked `browser`, because no Chromium was found. "
    "Install one (Debian: apt install chromium) or set CHROMIUM=/path/to/it, then run `make test` again."
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine cannot run."""
    if config.stash[LEFT_OUT]:
        left_out = [item for item in items if item.get_closest_marker("browser")]
        items[:] = [item for item in items if not item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=left_out)


class Grouped(LoadScopeScheduling):
    """Kernels and browsers are timed, so only one of them runs at a time, from the start. The sandbox's tests share a
    user, whose processes the system counts together, so only one of them runs at a time, too. Other tests stay
    together by file: its fixtures are then made once.
    """

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # the longest group, the timed one, is the first
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(("tests/browser/", "tests/kernel/")):
            return "timed"
        return "sandbox" if file.startswith("tests/grading/sandbox/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Grouped:
    """Xdist's own groups are marks, which do nothing under pytest 9.2 and xdist 3.8."""
    return Grouped(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Iterator[None]:
    yield
    if config.stash[LEFT_OUT]:
        terminalreporter.write_line(config.stash[LEFT_OUT], yellow=True)
