"""README, CONTRIBUTING, CHANGELOG and the licences say what is true of this repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *ROOT.glob("labs/*.md"), *ROOT.glob("docs/*.md"))
)
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def targets() -> set[str]:
    """The commands of the Makefile that a user is told about."""
    return set(re.findall(r"^([a-z]+):.*## ", text("Makefile"), flags=re.MULTILINE))


def commands(document: str) -> list[str]:
    """Every line that the document tells a reader to type, from code blocks and from inline code."""
    blocks = re.findall(r"```console\n(.*?)```", text(document), flags=re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text(document), flags=re.DOTALL))
    return [line for block in blocks for line in block.splitlines()] + inline


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_make_command_exists(document: str) -> None:
    named = {command.split()[1] for command in commands(document) if command.startswith("make ")}
    assert named <= targets()


def test_readme_names_every_make_command() -> None:
    rows = set(re.findall(r"^\| `make ([a-z]+)`", text("README.md"), flags=re.MULTILINE))
    assert rows == targets() - {"help", "install"}


def test_readme_names_every_devlab_command() -> None:
    rows = re.findall(r"^\| (`devlab .*?) \|", text("README.md"), flags=re.MULTILINE)
    named = {command for row in rows for command in re.findall(r"`devlab ([a-z]+)`", row)}
    done = subprocess.run(
        [sys.executable, "-m", "helpers.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert named == set(re.findall(r"^    ([a-z]+)(?: |$)", done.stdout, flags=re.MULTILINE))


def test_pictures_are_small() -> None:
    assert {path.name for path in ROOT.glob("docs/lab-*.png") if path.stat().st_size > 120_000} == set()


def test_every_make_command_is_declared_phony() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text("Makefile"), flags=re.MULTILINE)
    assert set(phony.split()) == targets()


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_devlab_command_is_understood(document: str) -> None:
    for verb in sorted(
        {command.split()[1] for command in commands(document) if command.startswith("devlab ")}
    ):
        done = subprocess.run(
            [sys.executable, "-m", "helpers.cli", verb, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"devlab {verb}: {done.stderr}"


def test_the_two_commands_stand_together() -> None:
    assert "```console\nmake lab\nmake test\n```" in text("README.md")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_link_leads_somewhere(document: str) -> None:
    folder = (ROOT / document).parent
    for link in re.findall(r"\]\(([^)\s]+)\)", text(document)):
        if not link.startswith(("https://", "#")):
            assert (folder / link).exists(), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_file_it_names_exists(document: str) -> None:
    known = re.compile(
        r"(?:helpers|notebooks|tests|binder|docs|\.ci|labs)/[\w./-]+|[\w.-]+\.(?:md|toml|lock|yml)"
    )
    for name in filter(known.fullmatch, commands(document)):
        if "19_sns" not in name:  # the section that CONTRIBUTING imagines
            places = [ROOT / name, *ROOT.glob(f"helpers/sections/s*/{name}")]
            assert any(place.exists() for place in places), name


def test_readme_opens_binder_on_a_notebook_that_exists() -> None:
    (start,) = set(re.findall(r"urlpath=lab/tree/([\w/.]+ipynb)", text("README.md")))
    assert (ROOT / start).is_file()
    assert f"START := {start}" in text("Makefile")


SAYS = (
    "hello\n",
    "   time_s       error\n3    0.03  ValueError\n4   60.83  ValueError\n5  180.83  ValueError\n",
)
"""What the examples of the README print, in its order: a message, and a failed event's three attempts."""


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(SAYS)))
def test_readme_example_runs(place: int) -> None:
    examples = re.findall(r"```python\n(.*?)```", text("README.md"), flags=re.DOTALL)
    assert len(examples) == len(SAYS)
    done = subprocess.run(
        [sys.executable, "-c", examples[place]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (SAYS[place], "")


@pytest.mark.slow
def test_readme_shows_what_its_first_experiment_says() -> None:
    ((command, shown),) = re.findall(
        r"```console\ndevlab (run .*?)\n```\n\n```text\n(.*?)```", text("README.md"), flags=re.DOTALL
    )
    done = subprocess.run(
        [sys.executable, "-m", "helpers.cli", *command.split()],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown in done.stdout


def test_readme_and_start_notebook_begin_with_the_same_experiment() -> None:
    cells = json.loads(text("notebooks/00_start.ipynb"))["cells"]
    first = "".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"])
    (shown,) = re.findall(r"^devlab run (\S+) ", text("README.md"), flags=re.MULTILINE)
    assert first == f'from helpers import panel\n\npanel("{shown}", scene="too_short")'


def test_start_notebook_leads_to_each_section_and_lab() -> None:
    cells = json.loads(text("notebooks/00_start.ipynb"))["cells"]
    links = set(re.findall(r"\]\(([^)\s]+\.ipynb)\)", "".join("".join(cell["source"]) for cell in cells)))
    sections = {path.name for path in ROOT.glob("notebooks/[0-9]*.ipynb")} - {"00_start.ipynb"}
    assert links == sections | {
        f"../labs/{path.parent.name}/lab.ipynb" for path in ROOT.glob("labs/*/lab.ipynb")
    }


def test_readme_fits_on_a_few_screens_and_shows_its_pictures() -> None:
    readme = text("README.md")
    assert readme.count("\n") <= 200
    pictures = set(re.findall(r"(?:srcset|src)=\"([^\"]+)\"", readme))
    assert pictures == {"docs/screenshot-dark.png", "docs/screenshot-light.png"}
    assert {picture for picture in pictures if (ROOT / picture).stat().st_size > 200_000} == set()


def test_readme_says_what_it_must() -> None:
    readme = text("README.md")
    for needed in (
        "Linux, macOS and Windows",
        "DVA-C03",
        "modelled",
        "docs/screenshot-light.png",
        "## Questions",
    ):
        assert needed in readme


def test_code_and_text_have_their_own_licences() -> None:
    assert text("LICENSE").startswith("MIT License\n")
    assert "Creative Commons Attribution 4.0" in text("LICENSE-text")
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"
    assert PROJECT["license-files"] == ["LICENSE", "LICENSE-text"]


def test_changelog_opens_with_this_version() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", text("CHANGELOG.md"), flags=re.MULTILINE)
    assert versions[0] == PROJECT["version"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_placeholder_is_left(document: str) -> None:
    assert not re.search(r"\bORG\b|\bREPO\b|example/|your-org", text(document))
