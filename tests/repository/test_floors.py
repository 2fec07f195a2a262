"""The house stands on its floors: a floor imports only floors below it, and nothing runs in a circle.

cloud < dataplane < experiments < sections < labs < ui, notebooks, export, grading and the command line. The root
package hands out names lazily and stands above them all.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "helpers"
FLOORS = {
    "cloud": 0,
    "dataplane": 1,
    "experiments": 2,
    "sections": 3,
    "labs": 4,
    "ui": 5,
    "notebooks": 5,
    "export": 5,
    "grading": 5,
    "doctor": 5,
    "cli": 5,
}
ROOF = 6


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def floor(module: str) -> int:
    """The floor of a module of the package; a new folder must be given one here."""
    _, _, rest = module.partition(".")
    return FLOORS[rest.partition(".")[0]] if rest else ROOF


def imports(module: str, *, at_import_only: bool = False) -> Iterator[str]:
    """The course's own modules that this one imports; with `at_import_only`, those its import needs at once."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    stack: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if at_import_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if at_import_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "helpers")
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            if source.partition(".")[0] == "helpers":
                for alias in node.names:
                    inner = f"{source}.{alias.name}"
                    yield inner if inner in MODULES else source
        stack += ast.iter_child_nodes(node)


def test_every_module_has_a_floor() -> None:
    assert MODULES
    homeless = {module for module in MODULES if "." in module and module.split(".")[1] not in FLOORS}
    assert homeless == set()


def test_each_module_imports_only_its_own_floor_and_those_below() -> None:
    upward = [
        f"{module} -> {source}"
        for module in MODULES
        for source in imports(module)
        if floor(source) > floor(module)
    ]
    assert upward == []


def section(module: str) -> str:
    """The section's folder that a module stands in, such as `s18_sqs`; empty for any other module."""
    match = re.match(r"helpers\.sections\.(s\d\d_\w+)", module)
    return match[1] if match else ""


def test_a_section_imports_no_other_section() -> None:
    for module in filter(section, MODULES):
        assert {section(source) for source in imports(module)} <= {"", section(module)}, module


def test_no_circle() -> None:
    graph = {
        module: {source for source in imports(module, at_import_only=True) if source != module}
        for module in MODULES
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_the_cloud_touches_moto() -> None:
    outsiders = {}
    for module, path in MODULES.items():
        if floor(module) == FLOORS["cloud"]:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            touched = [name for name in names if name.partition(".")[0] == "moto" and name != "moto"]
            if touched:
                outsiders[module] = touched
    assert outsiders == {}


def test_the_interface_knows_no_aws() -> None:
    for module, path in MODULES.items():
        if not module.startswith("helpers.ui"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            assert not {name.partition(".")[0] for name in names} & {"boto3", "botocore", "moto"}, module
