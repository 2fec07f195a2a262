"""The file system that a handler sees: its code under /var/task, layers under /opt, a writable /tmp, nothing else to
write to.

Pages: DG/configuration-ephemeral-storage.html (/tmp, 512 to 10,240 MB), DG/lambda-runtime-environment.html (what an
environment keeps). Not done: libraries that open files by themselves, such as sqlite3, see this machine's paths.
"""

from __future__ import annotations

import builtins
import bz2
import errno
import io
import lzma
import os
import posixpath
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import s3transfer.upload
import s3transfer.utils

from helpers.dataplane.awslambda import machine
from helpers.dataplane.awslambda.code import LAYERS, TASK, Code
from helpers.dataplane.awslambda.limits import MB

TMP = "/tmp"  # noqa: S108  # the function's, not this machine's

_THIS_PYTHON = tuple(
    os.path.join(folder, "")  # noqa: PTH118  # it ends with a slash
    for given in (
        sys.prefix,
        sys.base_prefix,
        str(Path(__file__).parents[2]),
    )  # wherever they lie, /tmp included
    for folder in (given, os.path.realpath(given))
)

# Functions of `os`, by how many of their first arguments are paths.
_READS = {
    "access": 1,
    "getxattr": 1,
    "listdir": 1,
    "listxattr": 1,
    "lstat": 1,
    "readlink": 1,
    "scandir": 1,
    "stat": 1,
}
_WRITES = {
    "chmod": 1, "chown": 1, "link": 2, "mkdir": 1, "remove": 1, "rename": 2, "replace": 2, "rmdir": 1, "setxattr": 1,
    "symlink": 2, "truncate": 1, "unlink": 1, "utime": 1,
}  # fmt: skip
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REAL = {name: getattr(os, name) for name in (*_READS, *_WRITES) if hasattr(os, name)}  # Windows lacks some
_real_open, _real_os_open = io.open, os.open


@contextmanager
def _named(real: Sequence[Any], given: Sequence[Any]) -> Iterator[None]:
    """An error shows the path that the function gave, not where it lies on this machine."""
    try:
        yield
    except OSError as error:
        for attribute in ("filename", "filename2"):
            shown = getattr(error, attribute)
            if shown in real:
                setattr(error, attribute, given[real.index(shown)])
        raise


class _Written(io.FileIO):
    """A file in /tmp that is written to, within the size of the ephemeral storage."""

    def __init__(self, path: str, mode: str, disk: Disk) -> None:
        super().__init__(path, mode)
        self._disk = disk

    def write(self, data: Any, /) -> int:
        self._disk.grow(self.tell() + memoryview(data).nbytes - os.fstat(self.fileno()).st_size)
        return super().write(data)

    def truncate(self, size: int | None = None, /) -> int:
        if size is not None:
            self._disk.grow(size - os.fstat(self.fileno()).st_size)
        return super().truncate(size)


class Disk:
    """The files of one execution environment. /tmp outlives a reset of the environment and goes with it."""

    def __init__(self, code: Code, ephemeral_mb: int) -> None:
        self._code = code
        self._limit_bytes = ephemeral_mb * MB
        self._used_bytes = 0
        self._tmp = ""
        self.directory = TASK

    def grow(self, size_bytes: int) -> None:
        """A file in /tmp becomes longer. Raises OSError when the ephemeral storage is full."""
        if size_bytes <= 0:
            return
        self._used_bytes += size_bytes
        if self._used_bytes > self._limit_bytes:  # unless something was removed since
            with machine.paths():
                files = [Path(at, name) for at, _, names in os.walk(self._folder()) for name in names]
                self._used_bytes = size_bytes + sum(file.lstat().st_size for file in files)
            if self._used_bytes > self._limit_bytes:
                self._used_bytes -= size_bytes
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def change_directory(self, path: Any) -> None:
        """What `os.chdir` does."""
        real = self.real(path, writes=False)
        with _named([real], [path]), machine.paths():
            if not os.path.isdir(real):  # noqa: PTH112  # it may be bytes
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), real)
        self.directory = posixpath.normpath(posixpath.join(self.directory, os.fsdecode(path)))

    def real(self, path: Any, *, writes: bool) -> Any:
        """Where on this machine the function's `path` lies. Raises OSError for a write outside /tmp."""
        if isinstance(path, int):
            return path
        text = os.fsdecode(path)
        if not text.startswith("/") and os.path.isabs(text):  # noqa: PTH117  # a drive of Windows
            return path
        where = posixpath.normpath(posixpath.join(self.directory, text))
        if where.startswith((*_THIS_PYTHON, "/dev/")):
            return path
        if _below(where, TMP):
            return self._folder() + where[len(TMP) :]
        if writes:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), text)
        if _below(where, TASK) or _below(where, LAYERS):
            return self._code.unpacked + where
        return where

    def _folder(self) -> str:
        if not self._tmp:
            self._tmp = machine.temporary_folder(self)
        return self._tmp


_disk: Disk | None = None  # of the environment that is in control


def in_control(disk: Disk | None) -> None:
    """From now on `open` and the functions of `os` mean the files of this disk, for whoever found them in `NAMES`."""
    global _disk
    _disk = disk


def _asked() -> Disk | None:
    """The disk that the caller means; None for other threads, and where this machine's paths are meant."""
    return _disk if machine.is_hidden() else None


def _translated(function: Callable[..., Any], paths: int, writes: bool) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        disk = _asked()
        folders = [options[name] for name in ("dir_fd", "src_dir_fd", "dst_dir_fd") if name in options]
        if disk is None or any(folder is not None for folder in folders):
            return function(*arguments, **options)
        named = [options.pop(name) for name in ("path", "src", "dst") if name in options]
        given = [*arguments[:paths], *named] or ["."]
        real = [disk.real(path, writes=writes) for path in given]
        with _named(real, given):
            return function(*real, *arguments[paths:], **options)

    return call


def _os_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    disk = _asked()
    if disk is None or dir_fd is not None:
        return _real_os_open(path, flags, mode, dir_fd=dir_fd)
    real = disk.real(path, writes=bool(flags & _FOR_WRITING))
    with _named([real], [path]):
        return _real_os_open(real, flags, mode)


def _open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    disk = _asked()
    if disk is None or isinstance(file, int) or opener is not None:
        return _real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    writes = any(letter in mode for letter in "wax+")
    real = disk.real(file, writes=writes)
    with _named([real], [file]):
        if not writes or real == file:
            return _real_open(
                file,
                mode,
                buffering,
                encoding,
                errors,
                newline,
                opener=lambda _, flags: _real_os_open(real, flags),
            )
        raw = _Written(real, mode.replace("b", "").replace("t", ""), disk)
    raw.name = file
    if buffering == 0:
        return raw
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    buffered = io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)
    if "b" in mode:
        return buffered
    text = io.TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)
    text.mode = mode  # type: ignore[misc]  # as io.open does
    return text


def _chdir(path: Any) -> None:
    assert _disk is not None, "the function is there only while an environment is in control"
    _disk.change_directory(path)


def _getcwd() -> str:
    return TASK if _disk is None else _disk.directory


def _closer(unlink: Callable[..., Any]) -> type:
    """What removes a NamedTemporaryFile: it keeps `os.unlink` as it was when `tempfile` was loaded."""
    plain: Any = vars(tempfile)["_TemporaryFileCloser"]

    class Closer(plain):  # type: ignore[misc]  # its base is no public class
        if hasattr(plain, "cleanup"):  # since Python 3.12

            def cleanup(self, windows: bool = os.name == "nt", unlink: Callable[..., Any] = unlink) -> None:
                super().cleanup(windows, unlink)
        elif os.name != "nt":

            def close(self, unlink: Callable[..., Any] = unlink) -> None:
                super().close(unlink)

    return Closer


class _UploadedFile(s3transfer.utils.DeferredOpenFile):  # type: ignore[misc]  # s3transfer has no types
    """A file that boto3 uploads: it is opened while S3 reads it, when paths mean what this machine means by them."""

    def __init__(self, filename: Any, *arguments: Any, **options: Any) -> None:
        disk = _asked()
        super().__init__(
            filename if disk is None else disk.real(filename, writes=False), *arguments, **options
        )


def _below(where: str, root: str) -> bool:
    return where == root or where.startswith(root + "/")


NAMES: list[tuple[dict[str, Any], str, Any]] = [
    (vars(builtins), "open", _open),
    (vars(io), "open", _open),
    (vars(os), "open", _os_open),
    (vars(os), "chdir", _chdir),
    (vars(os), "getcwd", _getcwd),
    (vars(os), "getcwdb", lambda: os.fsencode(_getcwd())),
    (vars(tempfile), "tempdir", TMP),
    (vars(tempfile), "_TemporaryFileCloser", _closer(_translated(os.unlink, 1, True))),
    *(
        (vars(os), name, _translated(_REAL[name], paths, writes))
        for table, writes in ((_READS, False), (_WRITES, True))
        for name, paths in table.items()
        if name in _REAL
    ),
    # These modules keep a name as it was when they were loaded.
    (vars(bz2), "_builtin_open", _open),
    (vars(lzma), "_builtin_open", _open),
    (vars(tarfile), "bltn_open", _open),
    (vars(s3transfer.upload), "DeferredOpenFile", _UploadedFile),
    (vars(s3transfer.utils), "rename_file", _translated(os.rename, 2, True)),
]
"""What stands in the place of `open` and of functions of `os` while an environment is in control."""
