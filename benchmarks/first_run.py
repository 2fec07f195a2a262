"""A stranger's first run: from `make lab` in a fresh clone to the first experiment drawn, with a warm package cache.

Run as a script. It clones HEAD, installs it as `make lab` would, starts JupyterLab with settings and caches of its own,
opens the start notebook in a browser, runs its first cell, and waits until the browser has decoded the picture.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

import lab  # noqa: E402  # beside the browser's tests
from playwright.sync_api import Locator, TimeoutError  # noqa: A004, E402  # after the path

from helpers.export.pdf import find_browser  # noqa: E402  # after the path

START = "notebooks/00_start.ipynb"
WHOLE_S = 180.0
"""Goal for the whole: three minutes."""
AFTER_S = 15.0
"""Goal for what comes after the install."""
PATIENCE_S = 600.0
DROPPED = ("PYTHON", "VIRTUAL_ENV", "JUPYTER", "IPYTHON", "AWS_", "MAKE", "MFLAGS", "MPL")
LIVE = f"{lab.PANEL} img"
DRAWN = "image => image.decode().then(() => image.naturalWidth > 0)"


def strangers_environment(home: Path) -> dict[str, str]:
    """No virtual environment is active, and what Jupyter, matplotlib and the course keep is new; pip's cache is not."""
    own = Path(sys.prefix)
    paths = [path for path in os.environ["PATH"].split(os.pathsep) if not Path(path).is_relative_to(own)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)}
    places = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
        "MPLCONFIGDIR",
        "DEVLAB_HOME",
    )
    return kept | {"PATH": os.pathsep.join(paths)} | {name: str(home / name.lower()) for name in places}


@contextmanager
def make_lab(clone: Path, environment: dict[str, str]) -> Iterator[lab.Server]:
    """`make lab` in the clone, until the block ends; it answers when the block begins."""
    server = lab.Server(lab.free_port(), secrets.token_hex(8), clone)
    flags = f"--no-browser --IdentityProvider.token={server.token} --ServerApp.port_retries=0"
    command = ["make", "lab", f"LAB_PORT={server.port}", f"LAB_FLAGS={flags}"]
    log = clone.parent / "make-lab.log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command, cwd=clone, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            _await(server, process, log)
            yield server
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)


def _await(server: lab.Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"`make lab` served nothing:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.1)


def first_experiment(clone: Path, environment: dict[str, str], browser: Path) -> dict[str, float]:
    """Seconds from `make lab` until the server answers, the notebook is open, and the panel's picture is drawn."""
    with lab.chromium(browser) as window:  # a stranger's browser is open already
        page = window.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)
        began = time.monotonic()
        with make_lab(clone, environment) as server:
            served = time.monotonic() - began
            page.goto(f"http://127.0.0.1:{server.port}/lab/tree/{START}?token={server.token}")
            cell = page.locator(".jp-CodeCell").first
            cell.click()
            opened = time.monotonic() - began
            while not _runs(cell):  # JupyterLab loses a key that comes before it has a kernel
                cell.locator(".jp-InputArea-editor").click()
                page.keyboard.press("Shift+Enter")
            picture = page.locator(LIVE).first
            picture.wait_for()
            picture.evaluate(DRAWN)
            drawn = time.monotonic() - began
    return {"the server answers": served, "the notebook is open": opened, "the experiment is drawn": drawn}


def _runs(cell: Locator) -> bool:
    """Whether a cell runs, or has run, within half a second."""
    try:
        cell.locator(f".jp-InputArea-prompt:has-text('*'), {lab.PANEL}").first.wait_for(timeout=500)
    except TimeoutError:
        return False
    return True


def main() -> None:
    browser = find_browser()
    if browser is None or shutil.which("make") is None:
        print("A stranger's first run was not measured: it needs Chromium and make.")
        return
    with tempfile.TemporaryDirectory(prefix="first-run-") as folder:
        clone = Path(folder) / "labs"
        environment = strangers_environment(Path(folder) / "home")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S607  # on the path
        began = time.monotonic()
        quiet = subprocess.DEVNULL
        subprocess.run(["make", "install"], cwd=clone, env=environment, stdout=quiet, check=True)  # noqa: S607  # likewise
        installed = time.monotonic() - began
        steps = first_experiment(clone, environment, browser)
    after = steps["the experiment is drawn"]
    print("A stranger's first run, in a fresh clone with a warm package cache, s")
    print(f"  the install                {installed:>7.1f}")
    for name, seconds in steps.items():
        print(f"  then, {name:<23}{seconds:>5.1f}" + (f"  (<= {AFTER_S:g})" if seconds == after else ""))
    print(f"  from `make lab` to there   {installed + after:>7.1f}  (<= {WHOLE_S:g})")


if __name__ == "__main__":
    main()
