"""Print the Binder badge for the GitHub repository that this clone came from (`make badge`)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START = "notebooks/00_start.ipynb"


def badge(remote: str) -> str:
    """Markdown of the badge.

    Args:
        remote: URL of a GitHub repository, in the https or the ssh form.

    Raises:
        ValueError: the URL names no GitHub repository.
    """
    match = re.fullmatch(
        r"(?:https://|ssh://git@|git@)github\.com[:/]([\w.-]+)/([\w.-]+?)(?:\.git)?/?", remote
    )
    if match is None:
        raise ValueError(f"{remote or 'No remote'}: not a GitHub repository, so Binder has no badge for it.")
    owner, repository = match.groups()
    launch = f"https://mybinder.org/v2/gh/{owner}/{repository}/HEAD?urlpath=lab/tree/{START}"
    return f"[![Open on Binder](https://mybinder.org/badge_logo.svg)]({launch})"


def main() -> int:
    found = subprocess.run(
        ["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        print(badge(found.stdout.strip()))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
