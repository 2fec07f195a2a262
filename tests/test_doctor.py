"""The doctor: content here, and each way in which an environment can be wrong is found and explained."""

from __future__ import annotations

import ast
import json
import os
import re
import socket
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from helpers import doctor
from helpers.doctor import CHECKS, COMFORTS, ROOT, Result, Unfit, examine

pytestmark = pytest.mark.sealed


def line(check: str) -> str:
    """What the doctor prints of one check."""
    (result,) = examine({check: (CHECKS | COMFORTS)[check]})
    return str(result)


def findings() -> dict[str, Result]:
    return {result.check: result for result in examine()}


def test_this_environment_is_ready() -> None:
    assert [str(result) for result in findings().values() if not result.ok] == []


def test_each_check_is_one_line() -> None:
    assert [str(result).count("\n") for result in findings().values()] == [0] * len(CHECKS | COMFORTS)


def test_real_credentials_in_the_environment_and_on_the_disk_are_ignored(tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n"
    )
    (folder / "config").write_text("[profile work]\nregion = eu-west-1\n")
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    environment |= {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "work"}
    code = (
        "from helpers.doctor import CHECKS\n"
        "for name in CHECKS:\n"
        "    if name.startswith('sealed'): print(CHECKS[name]())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, 3), done.stderr


def test_an_unexpected_error_is_named_in_one_line() -> None:
    def broken() -> str:
        raise ImportError("No module named 'greenlet'\nand more")

    assert [str(result) for result in examine({"clock": broken, "after": lambda: "fine"})] == [
        "FAIL  clock: ImportError: No module named 'greenlet'",
        "ok    after: fine",
    ]


def test_a_missing_and_a_wrong_package_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"moto": "4.0.0", "boto3": "1.44.5"}

    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(doctor, "requirements", lambda: ["moto==5.2.5", "boto3>=1.44", "simpy>=4"])
    with pytest.raises(Unfit) as caught:
        doctor.CHECKS["packages"]()
    assert str(caught.value) == "moto is 4.0.0 and should be ==5.2.5; simpy is missing: run `make install`."


def test_a_version_beside_the_lock_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requirements", lambda: ["simpy>=4"])
    monkeypatch.setattr(doctor, "locked", lambda: {"simpy": "9.9"})
    assert line("packages") == (
        f"note  packages: simpy is {metadata.version('simpy')} (lock: 9.9): the course works with them, but a picture "
        "may differ from the one stored; `make clean install` brings the versions of the lock."
    )


def test_what_the_course_needs_is_read_from_the_lock_and_the_metadata() -> None:
    needed = {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in doctor.requirements()}
    assert {"moto", "boto3", "greenlet", "matplotlib"} <= needed
    assert needed <= set(doctor.locked())


def test_an_open_socket_guard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def connect(_: socket.socket, address: Any) -> int:
        asked.append(address)
        return 0

    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    with pytest.raises(Unfit, match="was not refused"):
        doctor.CHECKS["sealed, sockets"]()
    assert asked == [doctor.ELSEWHERE]


def test_a_course_without_experiments_is_unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("helpers.experiments.catalog"), "sections", lambda: ())
    with pytest.raises(Unfit, match="no section declares an experiment"):
        doctor.CHECKS["experiments"]()


# ---- Python and the course


def test_python_that_is_too_old_ends_the_examination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert [str(result) for result in examine()] == [
        (
            "FAIL  Python: the course needs Python 3.11 or newer, and this is 3.10: "
            "install a newer one, then run `make lab PYTHON=python3.12`."
        )
    ]


def test_an_old_python_can_read_the_doctor() -> None:
    ast.parse(Path(doctor.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_without_the_course_its_file_alone_says_so() -> None:
    # -S: a Python that has nothing installed.
    command = [sys.executable, "-S", "-E", doctor.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0].startswith("ok    Python: ")
    assert done.stdout.splitlines()[1:] == [
        (
            f"FAIL  course: it is not installed for {sys.executable}: run `make install`, "
            "then `.venv/bin/devlab doctor` (on Windows `.venv\\Scripts\\devlab doctor`)."
        )
    ]


def installed(monkeypatch: pytest.MonkeyPatch, version: str, place: Path) -> None:
    """Let the course be installed in that version, to run from that clone."""
    origin = json.dumps({"url": place.as_uri(), "dir_info": {"editable": True}})
    found = SimpleNamespace(version=version, read_text=lambda _: origin)
    monkeypatch.setattr(metadata, "distribution", lambda _: found)


def here() -> str:
    return str(doctor._project()["version"])


def test_a_clone_that_moved_on_since_it_was_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "0.0.1", ROOT)
    assert (
        line("course")
        == f"note  course: 0.0.1 is installed, and this clone holds {here()}: run `make install`."
    )


def another_clone(place: Path) -> str:
    return (
        f"note  course: the code that runs is that of {ROOT}, and you are in or have installed {place}: "
        "run `make install` in the clone that you work in, and use its .venv."
    )


def test_an_environment_that_belongs_to_another_clone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed(monkeypatch, here(), tmp_path)
    assert line("course") == another_clone(tmp_path)


def test_a_folder_that_belongs_to_another_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("helpers/doctor.py", "pyproject.toml", "notebooks/00_start.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    installed(monkeypatch, here(), ROOT)
    monkeypatch.chdir(tmp_path / "notebooks")
    assert line("course") == another_clone(tmp_path)


def test_the_course_in_its_own_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed(monkeypatch, here(), ROOT)
    for folder in (ROOT / "notebooks", tmp_path):
        monkeypatch.chdir(folder)
        assert line("course") == f"ok    course: version {here()}"


def test_a_module_that_is_missing() -> None:
    def broken() -> str:
        return str(import_module("no_such_module"))

    (result,) = examine({"imports": broken})
    assert str(result) == "FAIL  imports: No module named 'no_such_module': run `make install`."


# ---- kernel and widgets


def kernel_of(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> Path:
    """Let the first kernel `python3` that JupyterLab finds start that program."""
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    words = {"argv": [program, "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(words))
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    return place


def test_a_kernel_that_is_another_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other" / "bin" / "python"
    place = kernel_of(monkeypatch, tmp_path, str(other))
    assert line("kernel") == (
        f"FAIL  kernel: the kernel `python3` starts {other}, not {sys.executable}: delete {place}, "
        f"or run `{sys.executable} -m ipykernel install --sys-prefix`."
    )


@pytest.mark.parametrize("program", ["python", sys.executable, f"{sys.executable}3"])
def test_a_kernel_that_is_this_python(program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel_of(monkeypatch, tmp_path, program)
    assert line("kernel") == "ok    kernel: `python3` is this Python"


def test_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(KernelSpecManager, "_find_spec_directory", lambda *_: None)
    assert line("kernel") == (
        "FAIL  kernel: JupyterLab has no kernel `python3`, which the notebooks name: run `make install`, "
        f"or `{sys.executable} -m pip install ipykernel`."
    )


@pytest.mark.parametrize("package", doctor.WIDGETS)
def test_no_widgets(package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    others = [one for one in doctor.WIDGETS if one != package]
    for one in others:
        folder = tmp_path / "labextensions" / doctor.WIDGETS[one]
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"version": version_of(one)}))
    monkeypatch.setattr(doctor, "jupyter_folders", lambda: [tmp_path])
    assert line("widgets") == (
        f"FAIL  widgets: JupyterLab has no extension {doctor.WIDGETS[package]}, so a panel would be only a picture: "
        f"run `{sys.executable} -m pip install --force-reinstall {package}`."
    )


def version_of(package: str) -> str:
    """The version of the extension that the installed package brings."""
    (file,) = [
        one
        for one in metadata.files(package) or []
        if one.as_posix().endswith(f"jupyter/labextensions/{doctor.WIDGETS[package]}/package.json")
    ]
    return str(json.loads(Path(str(file.locate())).read_text(encoding="utf-8"))["version"])


@pytest.mark.parametrize("package", doctor.WIDGETS)
def test_widgets_of_another_version(package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    extension = doctor.WIDGETS[package]
    folder = tmp_path / "labextensions" / extension
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"version": "0.0.1"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert line("widgets") == (
        f"FAIL  widgets: JupyterLab loads {extension} 0.0.1 from {folder}, and {package} needs "
        f"{version_of(package)}: delete that folder."
    )


# ---- what is kept


def test_answers_that_cannot_be_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEVLAB_HOME", str(tmp_path / "file" / "mine"))
    assert line("progress") == (
        f"FAIL  progress: answers to questions cannot be kept in {tmp_path / 'file' / 'mine' / 'answers.json'}: "
        "make its folder writable, or name another in the environment variable DEVLAB_HOME."
    )


def test_answers_are_kept_in_a_folder_that_can_be_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEVLAB_HOME", str(tmp_path / "new" / "mine"))
    kept = tmp_path / "new" / "mine" / "answers.json"
    assert line("progress") == f"ok    progress: answers to questions are kept in {kept}"
    assert not kept.parent.exists()


def test_notebooks_that_cannot_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert line("saving") == (
        f"note  saving: {ROOT / 'notebooks'} cannot be written to, so what you change is lost when you close it: "
        "copy the course to a folder of yours."
    )


# ---- what one may want


def profile_line(home: Path, **variables: str) -> str:
    """What a fresh process says of the AWS settings in its environment and home."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO_"))}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from helpers.doctor import *\nprint(*examine({'it': COMFORTS['AWS profile']}))",
        ],
        env={**bare, "HOME": str(home), "USERPROFILE": str(home), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow
def test_a_real_profile_is_named_and_no_value_of_it(tmp_path: Path) -> None:
    assert profile_line(tmp_path) == "ok    it: there is none here, and none is needed\n"
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIAREAL\n")
    assert profile_line(tmp_path, AWS_PROFILE="work", AWS_SECRET_ACCESS_KEY="real") == (
        "note  it: this machine has AWS_PROFILE, AWS_SECRET_ACCESS_KEY, ~/.aws/credentials: harmless, "
        "for the course never reads them, and nothing is to be done.\n"
    )


def test_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        monkeypatch.setenv("LAB_PORT", str(port))
        assert line("port") == f"ok    port: {port} is free for `make lab`"
        listener.listen()
        assert line("port") == (
            f"note  port: {port} is in use, by this course or by another program: `make lab` takes the next free one, "
            "and `make lab LAB_PORT=8890` names one."
        )


def test_neither_make_nor_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    assert (line("make"), line("browser")) == (
        (
            "note  make: there is no `make`: install it (on Windows it comes with Git's or MSYS2's tools), "
            "or use conda as the README says and start with `jupyter lab`."
        ),
        (
            "note  browser: no Chromium was found, so `devlab export` makes no PDF and `make test` leaves the browser "
            "tests out: install one (Debian: `apt install chromium`), or name it in the environment variable CHROMIUM."
        ),
    )


def test_a_browser_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / ("chrome.exe" if os.name == "nt" else "chrome")
    program.touch(0o755)
    monkeypatch.setenv("CHROMIUM", str(program))
    assert line("browser") == f"ok    browser: {program} makes PDF files and runs the browser tests"


@pytest.mark.slow
def test_fonts_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [sys.executable, "-c", "from helpers.doctor import *\nprint(*examine({'it': COMFORTS['fonts']}))"],
        env={**os.environ, "MPLCONFIGDIR": str(tmp_path / "file" / "mine")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "note  it: matplotlib cannot keep its list of fonts, so each start of a kernel takes some seconds more: "
        "name a folder that can be written to in the environment variable MPLCONFIGDIR.\n"
    )


def test_no_full_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    from helpers.grading.sandbox.isolation import Isolation

    reason = "The sandbox cannot make namespaces: only Linux has them. Fix: grade on Linux."
    monkeypatch.setattr(
        "helpers.grading.sandbox.isolation.best_isolation", lambda: Isolation("rlimits-only", reason)
    )
    assert line("sandbox") == (
        f"note  sandbox: needed only to mark labs of others with `devlab grade`. {reason}"
    )
