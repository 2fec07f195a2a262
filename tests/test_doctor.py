"""The doctor: content here, and each fault is found."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from helpers import doctor
from helpers.doctor import Result, Unfit, examine

pytestmark = pytest.mark.sealed


def findings() -> dict[str, Result]:
    return {result.check: result for result in examine()}


def test_this_environment_is_ready() -> None:
    assert [str(result) for result in findings().values() if not result.ok] == []


def test_each_check_is_one_line() -> None:
    assert [str(result).count("\n") for result in findings().values()] == [0] * len(doctor.CHECKS)


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


def test_an_unexpected_error_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise ImportError("No module named 'greenlet'\nand more")

    monkeypatch.setattr(doctor, "CHECKS", {"clock": broken, "after": lambda: "fine"})
    assert [str(result) for result in examine()] == [
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


def test_a_version_beside_the_lock_is_told_but_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requirements", lambda: ["simpy>=4"])
    monkeypatch.setattr(doctor, "locked", lambda: {"simpy": "9.9"})
    said = doctor.CHECKS["packages"]()
    assert said.endswith(f"not those of the lock: simpy {metadata.version('simpy')} (lock: 9.9)")


def test_what_the_course_needs_is_read_from_the_lock_and_the_metadata() -> None:
    needed = {re.split(r"[^A-Za-z0-9._-]", line)[0] for line in doctor.requirements()}
    assert {"moto", "boto3", "greenlet", "matplotlib"} <= needed
    assert needed <= set(doctor.locked())


def test_an_open_socket_guard_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect_ex", lambda self, address: asked.append(address) or 0)
    with pytest.raises(Unfit, match="was not refused"):
        doctor.CHECKS["sealed, sockets"]()
    assert asked == [doctor.ELSEWHERE]


def test_a_course_without_experiments_is_unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    monkeypatch.setattr(import_module("helpers.experiments.catalog"), "sections", lambda: ())
    with pytest.raises(Unfit, match="no section declares an experiment"):
        doctor.CHECKS["experiments"]()
