"""Remove the virtual environment and every cache, on any system."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "build", "dist", "test-results")
SCATTERED = ("__pycache__", ".ipynb_checkpoints")


def main() -> int:
    virtual_environment = (ROOT / sys.argv[1]).resolve()
    if (virtual_environment / "pyvenv.cfg").is_file():  # and no other folder that the variable may name
        shutil.rmtree(virtual_environment)
    for name in CACHES:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for name in SCATTERED:
        for folder in list(ROOT.rglob(name)):
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
