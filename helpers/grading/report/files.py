"""Files that are whole or not there, and that only their owner can read."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from contextlib import suppress
from pathlib import Path

from helpers.grading.record import Record

FILE_MODE = 0o600
"""Marks and names are private to the user who grades."""

FOLDER_MODE = 0o700
"""The same for a folder."""


def make_folder(path: Path) -> Path:
    """The folder `path`, with those above it that are missing, private to the user. Raises OSError.

    One that is there already keeps its mode: it may be the user's own, with other things in it.
    """
    for folder in (*reversed(path.parents), path):
        with suppress(FileExistsError):
            folder.mkdir(mode=FOLDER_MODE)
    return path


def write(path: Path, content: str | bytes) -> None:
    """Put `content` (text as UTF-8) into the file `path`, private to the user.

    A reader, and a machine that loses its power, finds the old file or the new one, never a part: the bytes go to a
    temporary file in the same folder, reach the disk, and only then take the name. Raises OSError; then the old file is
    untouched and nothing is left behind.
    """
    data = content.encode() if isinstance(content, str) else content
    folder = make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=folder)  # made with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _reach_disk(folder)


def remove_parts(folder: Path) -> None:
    """Remove what `write` left in `folder` and below when its process was killed."""
    for path in folder.rglob(".*.part"):
        path.unlink(missing_ok=True)


def create(path: Path, data: bytes) -> bool:
    """Make the file `path`, private to the user, unless it is there. Returns whether it was made. Raises OSError."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        return False
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return True


def _reach_disk(folder: Path) -> None:
    """Let the new name reach the disk too. Windows cannot open a folder, and keeps names by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def page_name(record: Record) -> str:
    """The file name of a student's page: their name in plain letters, then 8 digits of a hash that tell two apart.

    A name may be hostile ("../../x", 300 letters, an emoji): only a-z, 0-9 and "-" remain of it, at most 40 of them.
    """
    letters = unicodedata.normalize("NFKD", record.student).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", letters)[:40].strip("-") or "student"
    key = f"{record.student}\n{record.file}".encode("utf-8", "surrogatepass")
    return f"{words}-{hashlib.sha256(key).hexdigest()[:8]}.html"
