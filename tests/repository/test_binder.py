"""The folder that Binder reads: complete, executable, and pointing at what exists."""

from __future__ import annotations

import ast
import json
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"


def test_folder_holds_everything_that_binder_needs() -> None:
    # Binder reads this folder only: what stands beside it, an environment.yml included, is not seen.
    assert {path.name for path in BINDER.iterdir()} == {
        "environment.yml",
        "jupyter_lab_config.json",
        "overrides.json",
        "postBuild",
        "start",
    }
    assert not any(path.is_symlink() for path in BINDER.iterdir()), "a Windows clone has no symbolic links"
    assert not (ROOT / ".binder").exists(), "Binder refuses two folders"


def test_environment_differs_from_the_root_one_only_in_the_course_itself() -> None:
    own = yaml.safe_load((BINDER / "environment.yml").read_text(encoding="utf-8"))
    root = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    root["dependencies"][-1]["pip"].remove("--editable .")
    del root["name"]
    assert own == root


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_script_is_valid_and_executable(script: str) -> None:
    path = BINDER / script
    subprocess.run(["bash", "-n", str(path)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--stage", f"binder/{script}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout.startswith("100755 ")


def test_post_build_installs_the_course_without_its_dependencies() -> None:
    script = (BINDER / "postBuild").read_text(encoding="utf-8")
    assert "pip install --no-cache-dir --no-deps --no-build-isolation --editable ." in script


def test_start_hands_over_to_the_server(tmp_path: Path) -> None:
    said = subprocess.run(
        ["bash", str(BINDER / "start"), "sh", "-c", 'echo "$AWS_EC2_METADATA_DISABLED" "$1"', "sh", "served"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "true served\n"


def test_jupyterlab_asks_the_network_for_nothing() -> None:
    config = json.loads((BINDER / "jupyter_lab_config.json").read_text(encoding="utf-8"))
    assert config["LabApp"]["news_url"] is None
    module, _, name = config["LabApp"]["check_for_updates_class"].rpartition(".")
    import importlib

    assert hasattr(importlib.import_module(module), name)
    overrides = json.loads((BINDER / "overrides.json").read_text(encoding="utf-8"))
    notification = overrides["@jupyterlab/apputils-extension:notification"]
    assert notification["fetchNews"] == "false"
    assert notification["checkForUpdates"] is False


def test_jupyterlab_settings_are_installed_with_the_package() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    shared = build["targets"]["wheel"]["shared-data"]
    assert shared == {
        "binder/jupyter_lab_config.json": "etc/jupyter/jupyter_lab_config.json",
        "binder/overrides.json": "share/jupyter/lab/settings/overrides.json",
    }


def test_badge_of_a_github_clone_opens_the_start_notebook() -> None:
    namespace: dict[str, object] = {"__file__": str(ROOT / ".ci/badge.py"), "__name__": "badge"}
    source = (ROOT / ".ci/badge.py").read_text(encoding="utf-8")
    exec(compile(ast.parse(source), "badge.py", "exec"), namespace)
    badge = namespace["badge"]
    assert callable(badge)
    for remote in ("https://github.com/some-one/labs.git", "git@github.com:some-one/labs.git"):
        assert badge(remote) == (
            "[![Open on Binder](https://mybinder.org/badge_logo.svg)]"
            "(https://mybinder.org/v2/gh/some-one/labs/HEAD?urlpath=lab/tree/notebooks/00_start.ipynb)"
        )
    with pytest.raises(ValueError, match="not a GitHub repository"):
        badge("https://example.com/labs.git")
