"""The commands around the course: what they say when they cannot work, and what they must not touch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[2]


def script(name: str, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script of .ci in a process of its own, after the statements in `before`."""
    code = f"{before}\nimport runpy, sys\nsys.argv = {[name, *arguments]!r}\n"
    code += f"runpy.run_path({str(ROOT / '.ci' / name)!r}, run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_python_that_can_install_is_silent() -> None:
    done = script("can_install.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_python_without_virtual_environments_names_the_package(module: str) -> None:
    done = script("can_install.py", before=f"import sys; sys.modules[{module!r}] = None")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "apt install python3-venv" in line


def test_old_python_names_the_one_it_needs() -> None:
    done = script("can_install.py", before="import sys; sys.version_info = (3, 10, 4)")
    assert done.returncode == 1
    assert done.stderr == (
        "The course needs Python 3.11 or newer; this is 3.10. Name another: make lab PYTHON=python3.12\n"
    )


@pytest.mark.parametrize(("user", "flag"), [(0, "--allow-root"), (1000, "")])
def test_jupyterlab_runs_as_root_only_where_it_must(user: int, flag: str) -> None:
    done = script("can_install.py", "--root-flag", before=f"import os; os.geteuid = lambda: {user}")
    assert done.stdout.strip() == flag


def make(*arguments: str) -> str:
    """What make would run, if nothing were installed."""
    command = ["make", "--dry-run", "--always-make", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_lab_keeps_to_this_machine() -> None:
    planned = make("lab", "LAB_PORT=8901", "LAB_FLAGS=--no-browser")
    assert "--ServerApp.ip=127.0.0.1" in planned
    assert "--ServerApp.port=8901" in planned
    assert "--no-browser" in planned
    assert "/lab/tree/notebooks/00_start.ipynb" in planned


def test_install_verifies_each_package() -> None:
    planned = make("install")
    assert "--require-hashes -r requirements.lock" in planned
    assert "--no-deps --no-build-isolation --editable ." in planned


def test_clean_removes_no_folder_that_is_no_virtual_environment(tmp_path: Path) -> None:
    keep = tmp_path / "thesis.txt"
    keep.write_text("months of work", encoding="utf-8")
    clean = tmp_path / "clone" / ".ci" / "clean.py"
    clean.parent.mkdir(parents=True)
    clean.write_bytes((ROOT / ".ci/clean.py").read_bytes())
    cache = tmp_path / "clone" / "helpers" / "__pycache__"
    cache.mkdir(parents=True)
    venv = tmp_path / "clone" / ".venv"
    venv.mkdir()
    (venv / "pyvenv.cfg").touch()
    for folder in (str(tmp_path), ".venv"):
        subprocess.run([sys.executable, str(clean), folder], check=True)
    assert keep.exists()
    assert not venv.exists()
    assert not cache.exists()


def test_ci_script_is_valid_bash() -> None:
    subprocess.run(["bash", "-n", str(ROOT / ".ci/run")], check=True)


def test_ci_watches_every_call_that_can_name_an_address() -> None:
    run = (ROOT / ".ci/run").read_text(encoding="utf-8")
    (calls,) = [line.partition("=")[2] for line in run.splitlines() if line.startswith("calls=")]
    assert {"connect", "sendto", "sendmsg", "sendmmsg"} <= set(calls.split(","))
    assert "strace -f --seccomp-bpf" in run
    assert "unshare --net" in run
    assert "unshare --net .venv/bin/python .ci/listen.py make" in run


def test_properties_are_searched_in_a_fixed_order() -> None:
    current = settings()
    assert current.derandomize is True
    assert current.database is None


def collected(path: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest over a browser test of its own in a folder with this suite's conftest."""
    Path(path, "conftest.py").write_bytes((ROOT / "tests/conftest.py").read_bytes())
    Path(path, "pytest.ini").write_text("[pytest]\nmarkers =\n    browser\n", encoding="utf-8")
    Path(path, "test_it.py").write_text(
        "import pytest\n\n@pytest.mark.browser\ndef test_page(chromium): pass\n\ndef test_other(): pass\n",
        encoding="utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("CHROMIUM", "CI")}
    environment |= {"PATH": str(Path(path, "empty")), **variables}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    return subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_machine_without_a_browser_is_told_in_one_line(tmp_path: Path) -> None:
    done = collected(str(tmp_path))
    assert "1 passed, 1 deselected" in done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("Left out:")]
    assert len(lines) == 1
    assert "apt install chromium" in lines[0]
    assert done.returncode == 0


@pytest.mark.slow
def test_ci_without_a_browser_is_red(tmp_path: Path) -> None:
    done = collected(str(tmp_path), CI="true")
    assert "1 passed, 1 error" in done.stdout
    assert "Left out" not in done.stdout
    assert done.returncode == 1


@pytest.mark.slow
def test_named_browser_is_taken(tmp_path: Path) -> None:
    done = collected(str(tmp_path), CHROMIUM=sys.executable)
    assert "2 passed" in done.stdout
