"""The folder of a site: ours to rewrite, unless somebody else's files are in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from helpers.export.error import ExportError

MANIFEST: Final = "export.json"
"""The list of the files that an export wrote; only these are replaced or deleted by the next one."""


def check(folder: Path) -> frozenset[str]:
    """The files of an earlier export in the folder. Raises ExportError if the folder cannot be used."""
    if not folder.exists():
        return frozenset()
    if not folder.is_dir():
        raise ExportError(f"{folder} is a file: give a folder for the site.")
    own = _listed(folder)
    foreign = _foreign(folder, own)
    if foreign is not None:
        raise ExportError(
            f"{folder} holds files that no export wrote, such as {foreign}: give a new or empty folder."
        )
    return own


def _foreign(folder: Path, own: frozenset[str]) -> str | None:
    """The first file in the folder that is not ours. The search ends there: the folder may be a whole disk."""
    for where, folders, files in os.walk(folder):
        folders.sort()
        here = Path(where)
        links = [name for name in folders if (here / name).is_symlink()]  # what is behind one is not ours
        for name in sorted([*files, *links]):
            path = (here / name).relative_to(folder).as_posix()
            if path not in own and path != MANIFEST:
                return path
    return None


def _listed(folder: Path) -> frozenset[str]:
    try:
        names = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        inside = [PurePosixPath(name) for name in names]
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
    return frozenset(path.as_posix() for path in inside if not path.is_absolute() and ".." not in path.parts)


def write(folder: Path, files: Mapping[str, bytes], later: frozenset[str] = frozenset()) -> None:
    """Replace an earlier export by `files`, given by their paths in the folder.

    `later` names files that are written afterwards; an old one stays until then. Raises ExportError.
    """
    old = check(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _list(folder, old | files.keys() | later)  # first: an export that is cut off knows its files, too
        for name in sorted(old - files.keys() - later):
            (folder / name).unlink(missing_ok=True)
            _remove_empty((folder / name).parent, folder)
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        _list(folder, files.keys() | later)
    except OSError as error:
        raise ExportError(f"The site cannot be written to {folder}: {error.strerror}.") from error


def add(folder: Path, name: str, data: bytes) -> None:
    """Write one of the files that `write` was told of as later ones. Raises ExportError."""
    try:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    except OSError as error:
        raise ExportError(f"{name} cannot be written to {folder}: {error.strerror}.") from error


def _list(folder: Path, names: frozenset[str] | set[str]) -> None:
    text = json.dumps({"made_by": "devlab export", "files": sorted(names)}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8", newline="\n")


def _remove_empty(path: Path, stop: Path) -> None:
    while path != stop and path.is_dir() and not any(path.iterdir()):
        path.rmdir()
        path = path.parent
