"""Tracebacks of a function's code, as they look in an environment: no path of this machine is in them."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from helpers.dataplane.awslambda.code import Code

_COURSE = str(Path(__file__).parents[2])
_INSTALLED = {
    sysconfig.get_path("purelib"): "/var/lang/lib/python3/site-packages",
    sysconfig.get_path("platlib"): "/var/lang/lib/python3/site-packages",
    sysconfig.get_path("stdlib"): "/var/lang/lib/python3",
    sysconfig.get_path("platstdlib"): "/var/lang/lib/python3",
}


def stack(end: TracebackType | None, code: Code) -> list[str]:
    """The entries of a traceback, outermost first, without those of the course. Each is one or two lines of text."""
    return traceback.format_list(list(_frames(end, code)))


def whole(error: BaseException, code: Code) -> str:
    """An exception with its traceback, and those that led to it, as Python prints them."""
    parts: list[str] = []
    chain: BaseException | None = error
    seen: set[int] = set()
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        entries = stack(chain.__traceback__, code)
        header = ["Traceback (most recent call last):\n"] if entries else []
        parts.append("".join([*header, *entries, *traceback.format_exception_only(chain)]))
        if chain.__cause__ is not None:
            link = "\nThe above exception was the direct cause of the following exception:\n\n"
            chain = chain.__cause__
        elif chain.__context__ is not None and not chain.__suppress_context__:
            link = "\nDuring handling of the above exception, another exception occurred:\n\n"
            chain = chain.__context__
        else:
            break
        parts.append(link)
    return "".join(reversed(parts)).rstrip("\n")


def _frames(end: TracebackType | None, code: Code) -> Iterator[tuple[str, int, str, str]]:
    for frame, number in traceback.walk_tb(end):
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if file.startswith(_COURSE):
            continue
        line = code.line(file, number) or linecache.getline(file, number).strip()
        yield _shown(file), number, name, line


def _shown(file: str) -> str:
    for folder, shown in _INSTALLED.items():
        if file.startswith(folder):
            return shown + file[len(folder) :].replace("\\", "/")
    return file
