"""This machine's own files and threads, seen past the environment that is in control."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from helpers.cloud import scheduler

_TMP = tempfile.gettempdir()
_seen = 0  # more than 0 while paths mean what this machine means by them


@contextmanager
def paths() -> Iterator[None]:
    """Paths mean what they mean on this machine, even while an environment is in control."""
    global _seen
    _seen += 1
    try:
        yield
    finally:
        _seen -= 1


def temporary_folder(owner: object) -> str:
    """A new folder on this machine that goes with `owner`."""
    with paths():
        folder = tempfile.mkdtemp(prefix="aws-lambda-", dir=_TMP)
    weakref.finalize(owner, _remove, folder)
    return folder


def _remove(folder: str) -> None:
    with paths():
        shutil.rmtree(folder, ignore_errors=True)


def is_hidden() -> bool:
    """True for a function's code; False for other threads, and where this machine's paths are meant."""
    return not _seen and scheduler.here()
