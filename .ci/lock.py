"""Write requirements.lock, environment.yml and binder/environment.yml from pyproject.toml (`make lock`).

pyproject.toml is the one truth. The lock pins it for Linux, macOS and Windows, and for Python 3.11 to 3.13, with
hashes. The two environment files carry the same pins for conda and for Binder. tests/repository compares all four.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
EXTRAS = ("test", "dev", "cluster", "binder")
PYTHON = "3.11"
"""The oldest Python that the course runs on, and the one that CI and Binder run."""

LOCK_HEADER = """\
# Every package of the course and its tests, for Linux, macOS and Windows, Python 3.11 to 3.13.
# Written by `make lock` from pyproject.toml. Do not edit.
"""

ENVIRONMENT = """\
# For conda users: conda env create -f environment.yml
# Written by `make lock`: the pins are those of requirements.lock. Do not edit.
name: aws-developer-labs
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
{pins}
      - --editable .
"""

BINDER = """\
# For Binder, which reads this folder only. Written by `make lock`: the same pins as ../environment.yml.
# The course itself is installed by postBuild, so that a changed notebook does not build this image again.
channels:
  - conda-forge
dependencies:
  - python={python}
  - pip
  - pip:
{pins}
"""


def compile_lock(upgrade: bool) -> str:
    """The text of the lock. Pins that still fit stay as they are, unless `upgrade`."""
    uv = str(Path(sys.executable).with_name("uv"))
    command = [uv, "pip", "compile", "pyproject.toml", "--output-file", str(LOCK), "--quiet", "--no-header"]
    command += ["--no-config", "--universal", "--generate-hashes", "--python-version", PYTHON]
    # One version of each package for every Python: a picture then has the same bytes everywhere.
    command += ["--fork-strategy", "fewest"]
    command += [part for extra in EXTRAS for part in ("--extra", extra)]
    command += ["--upgrade"] if upgrade else []
    # A machine's own index settings must not choose what the course is made of.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return LOCK_HEADER + LOCK.read_text(encoding="utf-8")


def pins(lock: str) -> list[str]:
    """Each requirement of the lock with its marker and without its hashes."""
    return [
        " ".join(line.rstrip(" \\").split()) for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)
    ]


def main() -> int:
    text = compile_lock(upgrade="--upgrade" in sys.argv[1:])
    lines = "\n".join(f"      - {pin}" for pin in pins(text))
    files = {
        LOCK: text,
        ROOT / "environment.yml": ENVIRONMENT.format(python=PYTHON, pins=lines),
        ROOT / "binder/environment.yml": BINDER.format(python=PYTHON, pins=lines),
    }
    for path, content in files.items():
        path.write_text(content, encoding="utf-8", newline="\n")
    print(f"{len(pins(text))} packages locked.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
