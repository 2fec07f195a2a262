"""From a fresh clone to the course in two commands. This installs every package, so it needs the registry."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = "notebooks/00_start.ipynb"
TOKEN = "fresh"
INSTALL_TIMEOUT_S = 600
STOP_TIMEOUT_S = 30

pytestmark = pytest.mark.install


def bare_environment() -> dict[str, str]:
    """The environment of somebody who has not entered this clone's virtual environment."""
    own = Path(sys.prefix)
    paths = [path for path in os.environ["PATH"].split(os.pathsep) if not Path(path).is_relative_to(own)]
    dropped = ("PYTHON", "VIRTUAL_ENV", "JUPYTER", "AWS_", "MAKE", "MFLAGS", "MPLBACKEND")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PATH": os.pathsep.join(paths)}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a learner has after cloning: HEAD, and nothing that git does not keep."""
    folder = tmp_path_factory.mktemp("learner") / "labs"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


class Lab:
    """`make lab` in the clone, and what it serves."""

    def __init__(self, clone: Path) -> None:
        self.port = free_port()
        self.log = clone.parent / "make-lab.log"
        flags = f"--no-browser --IdentityProvider.token={TOKEN} --ServerApp.port_retries=0"
        command = ["make", "lab", f"LAB_PORT={self.port}", f"LAB_FLAGS={flags}"]
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, cwd=clone, env=bare_environment(), stdout=log, stderr=log, start_new_session=True
            )

    def get(self, path: str) -> bytes:
        joint = "&" if "?" in path else "?"
        with urlopen(f"http://127.0.0.1:{self.port}/{path}{joint}token={TOKEN}", timeout=30) as reply:
            body: bytes = reply.read()
            return body

    def wait(self) -> None:
        """Until JupyterLab answers; fails with the log if make ends before, or the time is up."""
        deadline = time.monotonic() + INSTALL_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get("api/status")
            except (URLError, OSError):
                time.sleep(0.5)
            else:
                return
        pytest.fail(f"make lab served nothing:\n{self.log.read_text(encoding='utf-8')}")

    def stop(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(STOP_TIMEOUT_S)


@pytest.fixture(scope="module")
def lab(clone: Path) -> Iterator[Lab]:
    running = Lab(clone)
    try:
        running.wait()
        yield running
    finally:
        running.stop()


def test_make_lab_serves_the_start_notebook(lab: Lab) -> None:
    page = lab.get(f"lab/tree/{START}").decode()
    assert "JupyterLab" in page
    served: dict[str, Any] = json.loads(lab.get(f"api/contents/{START}"))
    committed = json.loads((ROOT / START).read_text(encoding="utf-8"))
    assert sources(served["content"]) == sources(committed)


def sources(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """The cells by id, whether their lines come in one piece (as served) or in a list (as in the file)."""
    return [(cell["id"], "".join(cell["source"])) for cell in notebook["cells"]]


def test_jupyterlab_is_told_to_keep_to_itself(lab: Lab) -> None:
    news = json.loads(lab.get("lab/api/news"))
    assert news == {"news": []}
    updates = json.loads(lab.get("lab/api/update"))
    assert updates == {"notification": None}
    settings = json.loads(lab.get("lab/api/settings/@jupyterlab/apputils-extension:notification"))
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"


def test_server_listens_on_loopback_only(lab: Lab) -> None:
    assert "http://127.0.0.1:" in lab.log.read_text(encoding="utf-8")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        assert caller.connect_ex(("127.0.0.2", lab.port)) != 0


def test_install_happens_once(lab: Lab, clone: Path) -> None:
    done = subprocess.run(
        ["make", "install"], cwd=clone, env=bare_environment(), capture_output=True, text=True, check=True
    )
    assert "pip install" not in done.stdout


def test_doctor_finds_this_environment_ready(lab: Lab, clone: Path) -> None:
    done = subprocess.run(
        [".venv/bin/devlab", "doctor"],
        cwd=clone,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_installed_packages_fit_together(lab: Lab, clone: Path) -> None:
    done = subprocess.run(
        [".venv/bin/python", "-m", "pip", "check"],
        cwd=clone,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "No broken requirements found.\n", done.stdout


def test_clone_stays_clean(lab: Lab, clone: Path) -> None:
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_package_holds_its_data_files(lab: Lab, clone: Path, tmp_path: Path) -> None:
    # A copy without git, as from a downloaded archive, gives the same package.
    bare = tmp_path / "archive"
    shutil.copytree(clone, bare, ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__"))
    command = [
        str(clone / ".venv/bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
    ]
    command += ["--target", str(tmp_path / "site"), "."]
    subprocess.run(command, cwd=bare, env=bare_environment(), capture_output=True, check=True)
    installed = {
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site/helpers").rglob("*")
    }
    tracked = subprocess.run(
        ["git", "ls-files", "helpers"], cwd=clone, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(tracked) <= installed
