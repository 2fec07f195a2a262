"""What holds for every file: it is documented, it names no machine, and no rule is switched off without a reason."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked() -> list[Path]:
    """Every file of the repository that exists; in a copy without git, every file that git would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return sorted(path for name in names if name and (path := ROOT / name).is_file())


def texts() -> dict[str, str]:
    found = {}
    for path in tracked():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            assert path.suffix in {".png", ".woff2"}, f"{path} is not UTF-8"
    return found


TEXTS = texts()
PYTHON = {name: text for name, text in TEXTS.items() if name.endswith(".py")}
PACKAGE = {name: text for name, text in PYTHON.items() if name.startswith("helpers/")}

# Written in pieces, so that this file does not contain what it looks for.
MACHINE = re.compile(
    "|".join(
        [
            r"(?<![\w.~/-])/" + "work/",
            r"(?<![\w.~/-])/" + r"root\b",
            r"/(?:home|" + r"Users)/(?!jovyan\b)\w+",
            "/tmp" + "/w/",
            r"C:\\" + "Users",
            "/opt" + r"/(?!(?:bin|lib|python|extensions)\b)",  # these are what layers are for, in a function
        ]
    )
)
REGISTRY = re.compile(
    "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "repo.ana" + r"conda", "registry.npm" + "js"])
)


def found_in(pattern: re.Pattern[str], files: dict[str, str]) -> dict[str, list[str]]:
    """What the pattern finds, by file."""
    return {name: found for name, text in files.items() if (found := pattern.findall(text))}


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert found_in(MACHINE, TEXTS) == {}
    assert found_in(REGISTRY, TEXTS) == {}


def test_nothing_is_left_unfinished() -> None:
    marks = r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b"
    assert found_in(re.compile(marks), PYTHON) == {}


def test_no_test_is_skipped() -> None:
    ways = "|".join(
        [
            "mark" + r'\.skip(?!if\(os\.name == "nt")',
            "pytest" + r"\.skip",
            "mark" + r"\.xfail",
            "pytest" + r"\.xfail",
            "import" + "orskip",
        ]
    )
    tests = {name: text for name, text in PYTHON.items() if name.startswith("tests/")}
    assert found_in(re.compile(ways), tests) == {}


# ------------------------------------------------------------------------------------------------- documentation

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public(tree: ast.Module) -> Iterator[tuple[str, ast.ClassDef | None, Documented]]:
    """Each public class and function at module level or in a public class: its name, its class, its node."""
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node.name, None, node
            inside = node.body if isinstance(node, ast.ClassDef) else []
            for inner in inside:
                if isinstance(inner, kinds) and not inner.name.startswith("_"):
                    assert isinstance(node, ast.ClassDef)
                    yield f"{node.name}.{inner.name}", node, inner


def explains_itself(node: Documented) -> bool:
    """Overloads and setters are documented once, by the function they belong to; a stub body is a protocol's."""
    decorators = [ast.unparse(decorator) for decorator in getattr(node, "decorator_list", [])]
    return any(
        name == "overload" or name.endswith((".setter", ".deleter", ".overload")) for name in decorators
    )


TREES = {name: ast.parse(text) for name, text in PACKAGE.items()}
OUTSIDE = {"publish", "capture_traceback", "write", "writable", "flush", "close"}
"""Methods that override a library's: its documentation describes them."""
INHERITED = {
    (node.name, inner.name)
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
    for inner in node.body
    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(inner)
}
BASES = {
    node.name: [ast.unparse(base).split("[")[0].rpartition(".")[2] for base in node.bases]
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
}


def inherits_docstring(owner: ast.ClassDef, method: str) -> bool:
    """Does a class that this one derives from, here or in a library, say what the method does?"""
    seen: set[str] = set()
    stack = list(BASES[owner.name])
    while stack:
        base = stack.pop()
        if (base, method) in INHERITED:
            return True
        if base not in seen:
            seen.add(base)
            stack += BASES.get(base, [])
    return bool(owner.bases) and method in OUTSIDE


def without_docstring(tree: ast.Module) -> list[str]:
    """What of a module has no docstring and inherits none."""
    bare = [] if ast.get_docstring(tree) else ["the module"]
    for label, owner, node in public(tree):
        if ast.get_docstring(node) or explains_itself(node):
            continue
        if owner is not None and inherits_docstring(owner, node.name):
            continue
        bare.append(label)
    return bare


def test_modules_and_their_public_names_are_documented() -> None:
    assert {name: bare for name, tree in TREES.items() if (bare := without_docstring(tree))} == {}


# ------------------------------------------------------------------------------------------------------- reasons

IGNORE = re.compile(
    r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no cover|mypy:|ruff:)(?P<codes>[^#]*)(?P<rest>#.*)?$"
)
CODES = re.compile(r"[\[\]:,\s]|[A-Z]{1,4}\d{3,4}|[a-z]+(?:-[a-z]+)*(?=[\],])|disable-error-code|ignore")


def without_reason(text: str) -> list[int]:
    """Numbers of the lines that switch a rule off and do not say why.

    The reason stands after the codes, or as a comment on the line above; lines that follow each other share one.
    """
    lines = text.splitlines()
    missing = []
    explained_above = False
    for number, line in enumerate(lines, start=1):
        match = IGNORE.search(line)
        if match is None:
            explained_above = line.lstrip().startswith("#")
            continue
        own = bool(match["rest"]) or bool(re.search(r"[A-Za-z]{3}", CODES.sub(" ", match["codes"])))
        explained_above = explained_above or own
        if not explained_above:
            missing.append(number)
    return missing


def test_each_ignore_says_why() -> None:
    here = Path(__file__).relative_to(ROOT).as_posix()
    bare = {name: without_reason(text) for name, text in PYTHON.items() if name != here}
    assert {name: lines for name, lines in bare.items() if lines} == {}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("import a  # no" + "qa: F401\n", [1]),
        ("import a  # no" + "qa: F401  # kept for its side effect\n", []),
        ("import a  # no" + "qa: F401 (kept for its side effect)\n", []),
        ("# kept warm\nimport a  # no" + "qa: F401\nimport b  # no" + "qa: F401\n", []),
        ("x = f()  # type: " + "ignore[no-any-return]\n", [1]),
        ("x = f()  # type: " + "ignore[no-any-return]  # botocore has no types\n", []),
        ("import a\n\nx = f()  # type: " + "ignore[attr-defined]\n", [3]),
    ],
)
def test_ignore_without_a_reason_is_found(text: str, missing: list[int]) -> None:
    assert without_reason(text) == missing


def test_each_rule_switched_off_in_pyproject_says_why() -> None:
    text = TEXTS["pyproject.toml"]
    bare = []
    for table in ("ignore = [", "filterwarnings = ["):
        block = text.split(f"\n{table}\n", maxsplit=1)[1].split("\n]", maxsplit=1)[0]
        explained = False
        for line in block.splitlines():
            if line.lstrip().startswith("#"):
                explained = True
            elif line.strip() != '"error",':
                if not explained and not re.search(r'",\s*# \S', line):
                    bare.append(line)
                explained = False
    first_lines = re.findall(r"\n\[\[tool\.mypy\.overrides\]\]\n(.*)\n", text)
    bare += [line for line in first_lines if not line.startswith("# ")]
    per_file = text.split("[tool.ruff.lint.per-file-ignores]\n", maxsplit=1)[1].split("\n\n", maxsplit=1)[0]
    lines = per_file.splitlines()
    bare += [
        line for above, line in zip(["", *lines], lines, strict=False) if line[0] == '"' and above[:2] != "# "
    ]
    assert bare == []


def test_warnings_are_errors_and_settings_are_strict() -> None:
    settings = tomllib.loads(TEXTS["pyproject.toml"])["tool"]
    assert settings["pytest"]["strict"] is True
    assert settings["pytest"]["filterwarnings"][0] == "error"
    assert settings["mypy"]["strict"] is True
