"""pyproject.toml, requirements.lock, both environment files and the installed packages say the same."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
EDITABLE = "--editable ."


def locked() -> dict[str, Requirement]:
    """The lock's requirements by canonical name, markers kept."""
    lines = [line.rstrip(" \\") for line in LOCK.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def pinned(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "==", requirement
    return specifier.version


def declared() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(line) for lines in (PROJECT["dependencies"], *extras) for line in lines]


def pip_list(path: str) -> list[str]:
    environment = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    assert [entry.partition("=")[0] for entry in conda] == ["python", "pip"]
    lines: list[str] = pip["pip"]
    return lines


def test_each_declared_dependency_is_locked_within_its_bounds() -> None:
    lock = locked()
    for requirement in declared():
        pin = lock[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pinned(pin)), f"{requirement} but the lock says {pin}"


def test_each_declared_dependency_has_a_lower_and_an_upper_bound() -> None:
    for requirement in declared():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {"=="} or operators == {">=", "<"}, requirement


def test_what_the_course_wraps_is_pinned_exactly() -> None:
    exact = {requirement.name: str(requirement.specifier) for requirement in declared()}
    assert exact["boto3"] == exact["botocore"] == "==1.44.5"
    assert exact["moto"] == "==5.2.5"
    assert exact["awscli"] == "==1.46.2"


def test_each_import_of_the_course_is_declared() -> None:
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["cluster"]]
    declared_names = {canonicalize_name(Requirement(line).name) for line in lines}
    assert "dask" in declared_names
    declared_names.add("distributed")  # what dask[distributed] brings
    owners = packages_distributions()
    undeclared = {}
    for path in (ROOT / "helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for name in {name.partition(".")[0] for name in names} - {"helpers"} - sys.stdlib_module_names:
                if not declared_names & {canonicalize_name(owner) for owner in owners.get(name, [])}:
                    undeclared[name] = path.relative_to(ROOT).as_posix()
    assert undeclared == {}


def test_each_locked_package_has_one_version_and_a_hash() -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", "\n" + re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE))[1:]
    names = [canonicalize_name(re.split(r"[=;\s]", block, maxsplit=1)[0]) for block in blocks]
    assert len(names) == len(set(names)) == len(locked())
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block.splitlines()[0]


@pytest.mark.parametrize(
    "address", ["://", "file:", "--index", "--extra-index", "--find-links", "--trusted-host", "-f ", "-i "]
)
def test_lock_holds_no_address(address: str) -> None:
    assert address not in LOCK


@pytest.mark.parametrize("path", ["environment.yml", "binder/environment.yml"])
def test_environment_carries_the_pins_of_the_lock(path: str) -> None:
    lines = [line for line in pip_list(path) if line != EDITABLE]
    environment = {str(Requirement(line)) for line in lines}
    assert environment == {str(requirement) for requirement in locked().values()}
    assert len(lines) == len(environment)


def test_environment_installs_the_course_itself() -> None:
    assert pip_list("environment.yml")[-1] == EDITABLE


def test_environments_run_a_python_that_the_course_supports() -> None:
    for path in ("environment.yml", "binder/environment.yml"):
        environment = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
        python = environment["dependencies"][0].partition("=")[2]
        assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_installed_packages_are_the_locked_ones() -> None:
    wrong = {}
    for name, requirement in locked().items():
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found != pinned(requirement):
            wrong[name] = f"{found}, locked {pinned(requirement)}"
    assert wrong == {}
