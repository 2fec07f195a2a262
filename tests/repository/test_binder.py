"""The folder that Binder reads: complete, executable, and pointing at what exists."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qsl

import pytest
import yaml

from tests.repository.script import script

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


def launched(home: Path, *command: str) -> str:
    """What a command says that `start` wraps, in a fresh session with that home folder."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    done = subprocess.run(
        ["bash", str(BINDER / "start"), *command],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_start_hands_over_to_the_server(tmp_path: Path) -> None:
    said = launched(tmp_path, "sh", "-c", 'echo "$AWS_EC2_METADATA_DISABLED" "$1"', "sh", "served")
    assert said == "true served\n"


def test_start_prefers_the_course_that_a_link_has_pulled(tmp_path: Path) -> None:
    where = (sys.executable, "-c", "import helpers; print(helpers.__file__)")
    assert launched(tmp_path, *where) == f"{ROOT / 'helpers/__init__.py'}\n"
    pulled = tmp_path / "course/helpers/__init__.py"
    pulled.parent.mkdir(parents=True)
    pulled.touch()
    assert launched(tmp_path, *where) == f"{pulled}\n"


@pytest.mark.slow
def test_post_build_warms_what_the_first_launch_would_wait_for() -> None:
    script = (BINDER / "postBuild").read_text(encoding="utf-8")
    (program,) = re.findall(r"^python - <<'END'\n(.*?)^END$", script, flags=re.DOTALL | re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_jupyterlab_asks_the_network_for_nothing() -> None:
    config = json.loads((BINDER / "jupyter_lab_config.json").read_text(encoding="utf-8"))
    assert config["LabApp"]["news_url"] is None
    module, _, name = config["LabApp"]["check_for_updates_class"].rpartition(".")
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


# ---- what Binder would build


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What repo2docker makes of the committed files; it needs neither Docker nor a network for that."""
    clone = tmp_path_factory.mktemp("binder") / "course"
    subprocess.run(["git", "clone", "-q", "--depth=1", ROOT.as_uri(), str(clone)], check=True)
    # What is not committed yet counts as well, as in the other tests.
    for path in BINDER.iterdir():
        shutil.copy(path, clone / "binder" / path.name)
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=True)
    assert "Building conda environment for python=3.11" in done.stdout + done.stderr
    return done.stdout


def test_dockerfile_makes_the_environment_from_our_file(dockerfile: str) -> None:
    copied = "COPY --chown=0:0 src/binder/environment.yml ${REPO_DIR}/binder/environment.yml"
    update = 'time ${MAMBA_EXE} env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"'
    assert (dockerfile.count(copied), dockerfile.count(update)) == (1, 1)
    # The base environment is of the same Python, so that the pins of ours meet no other one.
    assert re.findall(r"environment-2epy-2d(\d+)-2e(\d+)-2dlinux", dockerfile) == [("3", "11")]


def test_dockerfile_builds_and_starts_with_our_scripts(dockerfile: str) -> None:
    assert re.findall(
        r"^RUN (?:chmod \+x )?\S*binder/.*$|^RUN chmod .*binder/.*$", dockerfile, re.MULTILINE
    ) == [
        "RUN chmod +x binder/postBuild",
        "RUN ./binder/postBuild",
        'RUN chmod +x "${REPO_DIR}/binder/start"',
    ]
    assert 'ENV R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in dockerfile


def test_dockerfile_installs_no_package_of_ours_from_the_system(dockerfile: str) -> None:
    # An apt.txt would add a step; Chromium, which only `devlab export` needs for PDFs, is too big for an image.
    names = re.findall(r"^ {7}([\w.-]+) \\$", dockerfile, re.MULTILINE)
    assert names == ["gettext-base", "less", "unzip"]


# ---- badges


@pytest.fixture(scope="module")
def badges() -> ModuleType:
    return script("badge")


SETTING = {"repository": "some-one/labs", "branch": "main", "environment-branch": "binder"}
COURSE = [
    "notebooks/00_start.ipynb",
    *(
        place
        for lab in sorted((ROOT / "labs").glob("*/lab.ipynb"))
        for place in (f"notebooks/{lab.parent.name}.ipynb", f"labs/{lab.parent.name}/lab.ipynb")
    ),
]


def query(address: str) -> tuple[str, dict[str, str]]:
    """What stands before the question mark, and the decoded parts after it."""
    before, _, after = address.partition("?")
    return before, dict(parse_qsl(after, strict_parsing=True))


def test_each_notebook_and_each_lab_has_badges(badges: ModuleType) -> None:
    assert badges.notebooks() == COURSE
    assert [path for path in COURSE if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("path", COURSE)
def test_plain_badge_opens_the_notebook_in_jupyterlab(badges: ModuleType, path: str) -> None:
    address = badges.plain(badges.repository(SETTING), path)
    assert address == f"https://mybinder.org/v2/gh/some-one/labs/main?urlpath=lab/tree/{path}"
    assert query(address)[1] == {"urlpath": f"lab/tree/{path}"}


@pytest.mark.parametrize("path", COURSE)
def test_pulling_badge_opens_the_newest_notebook_in_the_image_of_the_other_branch(
    badges: ModuleType, path: str
) -> None:
    before, outer = query(badges.pulled(badges.repository(SETTING), path))
    assert before == "https://mybinder.org/v2/gh/some-one/labs/binder"
    assert list(outer) == ["urlpath"]
    handler, inner = query(outer["urlpath"])
    assert handler == "git-pull"
    assert inner == {
        "repo": "https://github.com/some-one/labs",
        "branch": "main",
        "targetpath": "course",
        "urlpath": f"lab/tree/course/{path}",
    }


def test_a_branch_with_a_slash_stays_one_part_of_the_address(badges: ModuleType) -> None:
    to = badges.repository(SETTING | {"branch": "next/one", "environment-branch": "env/two"})
    assert "/some-one/labs/next%2Fone?" in badges.plain(to, COURSE[0])
    before, outer = query(badges.pulled(to, COURSE[0]))
    assert before.endswith("/some-one/labs/env%2Ftwo")
    assert query(outer["urlpath"])[1]["branch"] == "next/one"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/a-fork/labs.git",
        "https://github.com/a-fork/labs/",
        "git@github.com:a-fork/labs.git",
        "ssh://git@github.com/a-fork/labs.git",
    ],
)
def test_the_clones_own_repository_counts_while_the_setting_is_empty(badges: ModuleType, remote: str) -> None:
    assert badges.repository(SETTING | {"repository": ""}, remote).name == "a-fork/labs"
    assert badges.repository(SETTING, remote).name == "some-one/labs"


@pytest.mark.parametrize(
    ("name", "remote", "said"),
    [
        ("", "", "No remote: not a GitHub repository"),
        ("", "https://example.com/labs.git", "https://example.com/labs.git: not a GitHub repository"),
        (
            "",
            "https://github.com/only-an-owner",
            "'only-an-owner' is no GitHub repository: write owner/name.",
        ),
        ("https://github.com/a/b", "", "'https://github.com/a/b' is no GitHub repository: write owner/name."),
        ("a/b) [x](http://c", "", "is no GitHub repository: write owner/name."),
    ],
)
def test_what_is_no_github_repository_is_refused(
    badges: ModuleType, name: str, remote: str, said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        badges.repository(SETTING | {"repository": name}, remote)


def test_table_has_a_row_of_two_badges_for_each_notebook(badges: ModuleType) -> None:
    to = badges.repository(SETTING)
    head, line, *rows = badges.table(to).splitlines()
    assert (head, line) == ("| Notebook | As built | Newest, pulled |", "|---|---|---|")
    logo = "https://mybinder.org/badge_logo.svg"
    words = "Start here"
    assert rows[0] == (
        f"| [{words}](../{COURSE[0]}) | [![Open on Binder: {words}]({logo})]({badges.plain(to, COURSE[0])}) "
        f"| [![Open the newest on Binder: {words}]({logo})]({badges.pulled(to, COURSE[0])}) |"
    )
    assert [re.findall(r"\]\(\.\./(.+?)\)", row) for row in rows] == [[path] for path in COURSE]
    said = re.findall(r"!\[(.+?)\]", badges.table(to))
    assert len(set(said)) == len(said) == 2 * len(COURSE), "each badge says what it opens"


def test_document_is_in_step_with_the_setting(badges: ModuleType) -> None:
    setting = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["devlab"]
    assert set(setting) == set(SETTING)
    text = (ROOT / "docs/binder.md").read_text(encoding="utf-8")
    assert badges.document(text, setting) == text
    assert badges.table(badges.repository(SETTING)) in badges.document(text, SETTING)
    assert badges.document(badges.document(text, SETTING), setting) == text
