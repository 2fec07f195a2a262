"""Every file in what was handed in: notebooks, folders, zips and zips inside zips.

Nothing is written to disk, and nothing is read before it is asked for. Whatever is wrong with a file becomes one
sentence at that file, so a batch never ends because of one of them.
"""

from __future__ import annotations

import calendar
import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

from helpers.grading.intake.notebook import CLEAR, MAX_MB, Unreadable

NOTEBOOKS = (".ipynb", ".ipynb.json", ".ipynb.txt", ".json")
"""How the files end that may be notebooks: browsers save one as text or as JSON."""

_OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst")
_LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Every platform packs by these. The others can unpack a few bytes to gigabytes before anyone can stop them."""
_MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What an archive may hold.

    `depth` counts zips inside zips, the outermost as 1; `files`, `total_mb` and `name` (characters of a path) hold
    for one archive with all that is inside it. An archive inside the one that was handed in is a student's: it has
    limits of its own, and takes nothing from the others'. `ratio` is how much smaller than its content a file above 1
    MiB may be packed; deflate reaches 1,032.
    """

    depth: int = 3
    files: int = 20_000
    total_mb: int = 4096
    inner_mb: int = 64
    inner_total_mb: int = 256
    ratio: int = 200
    name: int = 1000


@dataclass(frozen=True)
class Found:
    """A file: its `path` inside what was handed in, written with slashes; `modified` in seconds, None if not known.

    The seconds of a file in a zip are local time without a zone, so only files of one place are comparable. `problem`
    is why it cannot be read, in one sentence, or empty. `is_work` says that it may be what a student handed in, a
    notebook or an archive; other files, links and names of nothing are not.
    """

    path: str
    modified: float | None = None
    problem: str = ""
    is_work: bool = True
    _read: Callable[[], bytes] = field(default=bytes, repr=False, compare=False)

    def read(self) -> bytes:
        """Its bytes, read afresh each time. Raises Unreadable, with `problem` or what went wrong just now."""
        if self.problem:
            raise Unreadable(self.problem)
        return self._read()


def walk(paths: Sequence[str | os.PathLike[str]], limits: Limits | None = None) -> Iterator[Found]:
    """The files of everything that was handed in, in the order of their paths; hidden files and litter are left
    out.
    """
    for root, path in _roots(paths).items():
        if path.is_dir():
            yield from _folder(path, root, limits or Limits())
        elif path.is_file():
            yield from _file(path, root, limits or Limits())
        else:
            yield Found(root, problem="There is no such file or folder.", is_work=False)


def _roots(paths: Sequence[str | os.PathLike[str]]) -> dict[str, Path]:
    """What was handed in, by its name: with as many of its folders as tell it from the others."""
    places = sorted({Path(os.path.abspath(path)) for path in paths})  # noqa: PTH100  # `absolute` would keep ".."
    names: dict[str, Path] = {}
    for place in places:
        parts = [_printable(part) for part in place.parts[1:]] or ["submissions"]
        others = [other.parts for other in places if other != place]
        length = 1
        while length < len(parts) and any(other[-length:] == place.parts[-length:] for other in others):
            length += 1
        names["/".join(parts[-length:])] = place
    return names


def _folder(folder: Path, name: str, limits: Limits) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(name, problem=f"The folder cannot be read: {error.strerror}.", is_work=False)
        return
    for entry in entries:
        path = f"{name}/{_printable(entry.name)}"
        if _is_litter(path.partition("/")[2]):
            continue
        if entry.is_symlink():
            yield Found(
                path, problem="It is a link to another place, and links are not followed.", is_work=False
            )
        elif len(path) > limits.name:
            yield Found(f"{path[:100]}...", problem=_long(limits), is_work=False)
        elif entry.is_dir():
            yield from _folder(Path(entry.path), path, limits)
        elif entry.is_file():
            yield from _file(Path(entry.path), path, limits)


def _file(path: Path, name: str, limits: Limits) -> Iterator[Found]:
    if name.lower().endswith(".zip"):
        yield from _members(_Archive(path), name, _Budget(limits, limits.total_mb), depth=1)
        return
    try:
        status = path.stat()
    except OSError as error:
        yield Found(name, problem=f"The file cannot be read: {error.strerror}.")
        return
    yield _described(name, status.st_mtime, status.st_size, lambda: _from_disk(path))


def _from_disk(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from None


def _described(path: str, modified: float | None, size: int, read: Callable[[], bytes]) -> Found:
    """A file, and the problem that its name and size alone tell."""
    if path.lower().endswith(_OTHER_ARCHIVES):
        problem = "It is an archive that is not opened here: unpack it, or pack it as a zip."
        return Found(path, modified, problem)
    if not path.lower().endswith(NOTEBOOKS):
        kind = PurePosixPath(path).suffix[:12]
        problem = (
            f"It is a {kind} file, not a notebook (.ipynb)." if kind else "It is not a notebook (.ipynb)."
        )
        return Found(path, modified, problem, is_work=False)
    if size > MAX_MB * _MIB:
        return Found(path, modified, f"The file is larger than {MAX_MB} MiB: {CLEAR}.")
    return Found(path, modified, _read=read)


class _Archive:
    """A zip that can be opened again: a file on disk, or a member of another archive, held in memory while it is
    open.
    """

    def __init__(self, place: Path | tuple[_Archive, zipfile.ZipInfo]) -> None:
        self._place = place
        self._open: zipfile.ZipFile | None = None

    @contextmanager
    def opened(self) -> Iterator[zipfile.ZipFile]:
        """The open archive; one that is open already is used again."""
        if self._open is not None:
            yield self._open
            return
        source = self._place if isinstance(self._place, Path) else io.BytesIO(_inner(*self._place))
        with zipfile.ZipFile(source) as archive:
            self._open = archive
            try:
                yield archive
            finally:
                self._open = None

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """A member's bytes. Raises Unreadable."""
        with _as_unreadable(), self.opened() as archive, archive.open(member) as file:
            # No more than the directory says, which was within the limits; then the end, where the checksum is.
            data = file.read(member.file_size)
            file.read(1)
            return data

    def too_many(self, most: int) -> bool:
        """Whether its directory is so large that listing it would take the machine's memory."""
        source = self._place.open("rb") if isinstance(self._place, Path) else io.BytesIO(_inner(*self._place))
        with source as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2**16 - 22))
            end = file.read()
        at = end.rfind(b"PK\5\6")
        if at < 0 or len(end) < at + 22:
            return False
        directory: int = struct.unpack_from("<L", end, at + 12)[0]
        wide = at - 76  # the wider format's own record, if there is one, stands before its locator
        if directory == 2**32 - 1 and wide >= 0 and end[wide : wide + 4] == b"PK\6\6":
            directory = struct.unpack_from("<Q", end, wide + 40)[0]
        return size >= directory > most * 300


@lru_cache(maxsize=1)
def _inner(archive: _Archive, member: zipfile.ZipInfo) -> bytes:
    """The bytes of an archive inside another; the last one is kept, since its notebooks are read one after
    another.
    """
    return archive.read(member)


@contextmanager
def _as_unreadable() -> Iterator[None]:
    try:
        yield
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(f"The archive cannot be read: {error.strerror or 'it ends early'}.") from None
    except Exception:  # noqa: BLE001  # a damaged archive makes zipfile and zlib raise a dozen kinds of error
        raise Unreadable("The file is damaged in its archive: pack it again.") from None


@dataclass
class _Budget:
    """What is left of an archive's limits."""

    limits: Limits
    total_mb: int
    files: int = 0
    size: int = 0

    def refuse(self, member: zipfile.ZipInfo) -> str:
        """Count a member that is to be read. Return why not, in one sentence, or nothing."""
        size, packed = member.file_size, max(member.compress_size, 1)
        inner = member.filename.lower().endswith(".zip")
        most = self.limits.inner_mb if inner else MAX_MB
        if size > most * _MIB:
            kind = "archive inside an archive" if inner else "file"
            return f"The {kind} is larger than {most} MiB."
        if size > _MIB and size / packed > self.limits.ratio:
            return f"The file unpacks to more than {self.limits.ratio} times its size, as a zip bomb does."
        self.size += size
        if self.size > self.total_mb * _MIB:
            return f"The files of the archive are larger than {self.total_mb} MiB together; this one is not opened."
        return ""


def _members(archive: _Archive, name: str, budget: _Budget, depth: int) -> Iterator[Found]:
    limits = budget.limits
    if depth > limits.depth:
        yield Found(name, problem=f"It is a zip more than {limits.depth} zips deep; it is not opened.")
        return
    with ExitStack() as stack:
        try:
            with _as_unreadable():
                if archive.too_many(limits.files):
                    raise Unreadable(f"The archive holds more than {limits.files:,} files; it is not opened.")
                listed = stack.enter_context(archive.opened()).infolist()
        except Unreadable as error:
            yield Found(name, problem=_zip_problem(str(error)))
            return
        seen: dict[str, int] = {}
        for inside, member in sorted(
            ((_name(member), member) for member in listed), key=lambda pair: pair[0]
        ):
            if inside.endswith("/") or _is_litter(inside):
                continue
            budget.files += 1
            if budget.files > limits.files:
                yield Found(
                    name, problem=f"The archive holds more than {limits.files:,} files; some are not read."
                )
                return
            seen[inside] = seen.get(inside, 0) + 1
            path = f"{name}/{inside}"
            if seen[inside] > 1:  # the later of two members of one name is named as a browser names a copy
                place = PurePosixPath(path)
                path = str(place.with_name(f"{place.stem} ({seen[inside]}){place.suffix}"))
            yield from _member(archive, member, inside, path, budget, depth)


def _member(
    archive: _Archive, member: zipfile.ZipInfo, inside: str, path: str, budget: _Budget, depth: int
) -> Iterator[Found]:
    modified = _instant(member)
    problem = _unsafe(inside, member, budget.limits)
    if problem:
        yield Found(f"{path[:100]}..." if len(inside) > budget.limits.name else path, modified, problem)
        return
    if inside.lower().endswith(".zip"):
        if problem := budget.refuse(member):
            yield Found(path, modified, problem)
            return
        own = _Budget(budget.limits, budget.limits.inner_total_mb) if depth == 1 else budget
        yield from _members(_Archive((archive, member)), path, own, depth + 1)
        return
    found = _described(path, modified, 0, lambda: archive.read(member))
    if not found.problem and (problem := budget.refuse(member)):
        found = Found(path, modified, problem)
    yield found


def _unsafe(inside: str, member: zipfile.ZipInfo, limits: Limits) -> str:
    """Why a member is not read whatever it holds, in one sentence; or nothing."""
    parts = inside.split("/")
    if len(inside) > limits.name:
        return _long(limits)
    if inside.startswith("/") or ".." in parts or (len(parts[0]) == 2 and parts[0][1] == ":"):
        return "The file's name leads out of its archive; it is not read."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "It is a link to another place, and links are not followed."
    if member.flag_bits & 1:
        return "The file is locked with a password."
    if member.compress_type not in _METHODS:
        return "The file is packed in a way that is not opened here: pack it as an ordinary zip."
    return ""


def _long(limits: Limits) -> str:
    return f"The file's name is longer than {limits.name:,} characters."


def _name(member: zipfile.ZipInfo) -> str:
    """A member's name. Many tools write UTF-8 without the flag that says so; zipfile then reads it as cp437."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return _printable(name.replace("\\", "/")) or "unnamed"


def _printable(name: str) -> str:
    """The name without what no name should hold: control characters, and bytes that are no text."""
    clean = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "_" for letter in clean)


def _is_litter(path: str) -> bool:
    """Whether an operating system or Jupyter put it there (`__MACOSX`, checkpoints), or it is hidden."""
    parts = path.split("/")
    hidden = any(part.startswith((".", "~$")) and part not in {".", ".."} for part in parts)
    return hidden or not _LITTER.isdisjoint(parts)


def _instant(member: zipfile.ZipInfo) -> float | None:
    """When it was last changed; None for the first instant that a zip can hold, which stands for none."""
    if member.date_time[:3] == (1980, 1, 1):
        return None
    try:
        return float(calendar.timegm((*member.date_time, 0, 0, 0)))
    except (ValueError, OverflowError):
        return None


def _zip_problem(sentence: str) -> str:
    damaged = "The file is damaged in its archive: pack it again."
    return "The file is not a zip archive, or a damaged one." if sentence == damaged else sentence
