"""`make notebooks`: every notebook of a folder, run in a fresh kernel and written in the committed form."""

from __future__ import annotations

import sys
from pathlib import Path

from helpers.notebooks.execute import NotebookError, execute
from helpers.notebooks.normalise import load, normalise, to_bytes

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
"""The folder of the course's notebooks, beside the package in a clone of the repository."""


def rebuilt(path: Path) -> bytes:
    """Return what the file at `path` becomes when it is run and normalised; the file stays as it is.

    Raises NotebookError if a cell raises, ValueError if the file is no notebook.
    """
    # Normalised before the run too: the kernel must see the cells as they will stand in the file.
    before = normalise(load(path.read_bytes()))
    return to_bytes(normalise(execute(before, path.parent, name=path.name)))


def build(check: bool = False, folder: Path = NOTEBOOKS) -> int:
    """Run and normalise the notebooks of `folder`, in place; with `check`, only say which would change.

    Prints a line for each notebook. Returns 0; or 1 if a notebook failed or, with `check`, would change;
    or 2 if there is no notebook to build.
    """
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        sys.stderr.write(f"No notebooks in {folder}: run this in a clone of the course.\n")
        return 2
    bad = 0
    for path in paths:
        try:
            new = rebuilt(path)
        except NotebookError as error:
            sys.stderr.write(f"{error}\n")
            bad += 1
            continue
        except ValueError as error:
            sys.stderr.write(f"{path.name}: {error}\n")
            bad += 1
            continue
        bad += not settle(path, new, check, path.name)
    return 1 if bad else 0


def settle(path: Path, new: bytes, check: bool, name: str) -> bool:
    """Give the file at `path` its `new` contents; with `check`, only look. Prints a line about it, under `name`.

    Returns False if the file, with `check`, would change.
    """
    if path.is_file() and new == path.read_bytes():
        sys.stdout.write(f"{name}: unchanged\n")
    elif check:
        sys.stderr.write(f"{name}: would change\n")
        return False
    else:
        path.write_bytes(new)
        sys.stdout.write(f"{name}: written\n")
    return True
