"""Print the badges that open the course on Binder, and bring the table of docs/binder.md in step (`make badge`).

The address of the repository is set in one place: [tool.devlab] of pyproject.toml. While it is empty, the badges are
those of the GitHub repository that this clone came from, and docs/binder.md says that there is no address yet.

Each notebook gets two badges. The plain one opens the notebook as it stands in the image, which Binder builds anew
after every change of the branch. The other one opens an image of the environment branch, and nbgitpuller brings the
newest notebooks into it. The addresses are those of nbgitpuller's own link generator
(https://nbgitpuller.readthedocs.io/en/latest/link.html).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/binder.md"
BEGIN, END = "<!-- badges: written by `make badge` -->", "<!-- end of the badges -->"
BINDER = "https://mybinder.org"
FOLDER = "course"
"""Where nbgitpuller puts the repository, below the home folder; binder/start makes `helpers` come from there."""

UNSET = """\
The address of this repository is not set yet, so there are no badges here. Set `repository` in `[tool.devlab]` of
`pyproject.toml` to `owner/name` and run `make badge`.
"""


class Repository(NamedTuple):
    """A repository on GitHub: `name` is "owner/name", `branch` has the course, `environment` the image's branch."""

    name: str
    branch: str
    environment: str


def repository(setting: Mapping[str, str], remote: str = "") -> Repository:
    """The repository that the badges open.

    Args:
        setting: [tool.devlab] of pyproject.toml.
        remote: URL of a GitHub repository, in the https or the ssh form; counts while the setting names none.

    Raises:
        ValueError: neither of them names a GitHub repository; one sentence says what to do.
    """
    name = setting["repository"]
    if not name:
        found = re.fullmatch(r"(?:https://|ssh://git@|git@)github\.com[:/](.+?)(?:\.git)?/?", remote)
        if found is None:
            raise ValueError(
                f"{remote or 'No remote'}: not a GitHub repository, so Binder has no badge for it. "
                "Set `repository` in [tool.devlab] of pyproject.toml."
            )
        name = found[1]
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) is None:
        raise ValueError(f"{name!r} is no GitHub repository: write owner/name.")
    return Repository(name, setting["branch"], setting["environment-branch"])


def notebooks() -> list[str]:
    """The notebooks that have badges: the start, then each section's notebook and lab; paths from the root."""
    sections = sorted(ROOT.glob("notebooks/*.ipynb"))
    found = [path for section in sections for path in (section, ROOT / "labs" / section.stem / "lab.ipynb")]
    return [path.relative_to(ROOT).as_posix() for path in found if path.is_file()]


def plain(to: Repository, path: str) -> str:
    """The address that opens `path` of the branch itself in JupyterLab."""
    return f"{BINDER}/v2/gh/{to.name}/{quote(to.branch, safe='')}?urlpath={quote(f'lab/tree/{path}')}"


def pulled(to: Repository, path: str) -> str:
    """The address that opens `path` in JupyterLab, pulled into an image of the environment branch."""
    asked = {
        "repo": f"https://github.com/{to.name}",
        "branch": to.branch,
        "targetpath": FOLDER,
        "urlpath": f"lab/tree/{FOLDER}/{path}",
    }
    inner = urlencode({"urlpath": f"git-pull?{urlencode(asked)}"})
    return f"{BINDER}/v2/gh/{to.name}/{quote(to.environment, safe='')}?{inner}"


def title(path: str) -> str:
    """What a badge opens, in words: the first heading of the notebook."""
    cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
    lines = (line for cell in cells for line in "".join(cell["source"]).splitlines())
    return next(line.removeprefix("# ") for line in lines if line.startswith("# "))


def badge(address: str, words: str) -> str:
    """Markdown of a badge; `words` say what it opens to who does not see it."""
    return f"[![{words}]({BINDER}/badge_logo.svg)]({address})"


def table(to: Repository) -> str:
    """Markdown of all badges, a row for each notebook."""
    rows = ["| Notebook | As built | Newest, pulled |", "|---|---|---|"]
    for path in notebooks():
        words = title(path)
        plainly = badge(plain(to, path), f"Open on Binder: {words}")
        newest = badge(pulled(to, path), f"Open the newest on Binder: {words}")
        rows.append(f"| [{words}](../{path}) | {plainly} | {newest} |")
    return "\n".join(rows) + "\n"


def document(text: str, setting: Mapping[str, str]) -> str:
    """docs/binder.md with the badges of the setting between its two marks."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    block = table(repository(setting)) if setting["repository"] else UNSET
    return f"{before}{BEGIN}\n\n{block}\n{END}{after}"


def main() -> int:
    setting = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["devlab"]
    remote = subprocess.run(
        ["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        new = document(DOCUMENT.read_text(encoding="utf-8"), setting)
        DOCUMENT.write_text(new, encoding="utf-8", newline="\n")
        print(table(repository(setting, remote.stdout.strip())), end="")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
