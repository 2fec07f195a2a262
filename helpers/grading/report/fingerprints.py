"""Fingerprints of code: hashes of short runs of tokens, chosen by winnowing.

S. Schleimer, D. S. Wilkerson, A. Aiken: "Winnowing: Local Algorithms for Document Fingerprinting", SIGMOD 2003, the
method behind MOSS. Of every WINDOW hashes in a row the smallest is kept (of equal ones the rightmost). So two sources
that share a run of GUARANTEE tokens surely share a fingerprint, and a shared run of fewer than NOISE tokens is never
seen.
"""

from __future__ import annotations

import builtins
import keyword
import re
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

NOISE: Final = 10
"""Tokens in a hash. Shorter agreement is chance: `sqs.delete_message(QueueUrl=url,` has eight."""

GUARANTEE: Final = 17
"""A run of so many tokens is found wherever it stands; about two lines of code."""

WINDOW: Final = GUARANTEE - NOISE + 1

_TOKEN = re.compile(
    r"""(?P<gap>\#[^\n]*|[\s\\]+)
    |(?P<string>(?:[rbfuRBFU]{0,3})(?:\"{3}[\s\S]*?(?:\"{3}|\Z)|'{3}[\s\S]*?(?:'{3}|\Z)
        |"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?))
    |(?P<name>\w+)
    |(?P<sign>\*\*=?|//=?|<<=?|>>=?|[-+*/%@&|^=<>!:]=|->|\S)""",
    re.VERBOSE,
)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))


@dataclass(frozen=True)
class Tokens:
    """A source as tokens, and the line (from 1) on which each stands. Comments, blanks and docstrings are no tokens.

    `exact` are the tokens as written. In `renamed` each name that the student chose is "n", each string "s" and each
    number "0"; keywords, builtins, attributes (`.receive_message`) and argument names (`QueueUrl=`) stay, since those
    are the language's and AWS's.
    """

    exact: tuple[str, ...]
    renamed: tuple[str, ...]
    lines: tuple[int, ...]


def tokens(source: str) -> Tokens:
    """The tokens of a source; it need not be valid Python."""
    exact: list[str] = []
    renamed: list[str] = []
    lines: list[int] = []
    line, depth = 1, 0
    pending = -1  # the place of a name inside brackets, which an "=" would make an argument's name
    for found in _TOKEN.finditer(source):
        word, sort = found[0], found.lastgroup
        if sort == "gap":
            line += word.count("\n")
            continue
        last = exact[-1] if exact else ""
        if sort == "string":
            # A string that stands alone after a colon or a line is a docstring: prose, often the released one.
            if word.lstrip("rbfuRBFU").startswith(('"""', "'''")) and last in {"", ":"} and not depth:
                line += word.count("\n")
                continue
            shape = "s"
        elif sort == "name":
            shape = "0" if word[0].isdigit() else word if word in _KEPT or last == "." else "n"
        else:
            shape = word
            if word in "([{":
                depth += 1
            elif word in ")]}":
                depth = max(0, depth - 1)
            elif word == "=" and pending == len(exact) - 1 and depth:
                renamed[-1] = last
        if sort == "name" and depth:
            pending = len(exact)
        exact.append(word)
        renamed.append(shape)
        lines.append(line)
        if sort == "string":
            line += word.count("\n")
    return Tokens(tuple(exact), tuple(renamed), tuple(lines))


@cache
def _number(token: str) -> int:
    """A number for a token, the same in every process (Python's own hash is not)."""
    return zlib.crc32(token.encode("utf-8", "surrogatepass"))


def fingerprints(sequence: tuple[str, ...]) -> dict[int, int]:
    """The fingerprints of a sequence of tokens: hash -> place of the run's first token, at its first occurrence.

    Empty for fewer than NOISE tokens.
    """
    hashes = _hashes(sequence)
    if hashes is None:
        return {}
    import numpy as np

    width = min(WINDOW, len(hashes))
    windows = np.lib.stride_tricks.sliding_window_view(hashes, width)
    # argmin finds the leftmost smallest; of equal ones the rightmost is asked for, so each window is read backwards.
    places = np.unique(np.arange(len(windows)) + width - 1 - windows[:, ::-1].argmin(axis=1))
    chosen = zip(hashes[places[::-1]].tolist(), places[::-1].tolist())
    return dict(chosen)  # backwards, so that the first occurrence stays


def every_run(sequence: tuple[str, ...]) -> set[int]:
    """The hash of every run of NOISE tokens, chosen or not: what a fingerprint is compared with to be discarded."""
    hashes = _hashes(sequence)
    return set() if hashes is None else set(hashes.tolist())


def _hashes(sequence: tuple[str, ...]) -> np.ndarray[Any, Any] | None:
    """A hash for each run of NOISE tokens; None if there is no run."""
    if len(sequence) < NOISE:
        return None
    import numpy as np

    numbers = np.fromiter(map(_number, sequence), dtype=np.uint64, count=len(sequence))
    runs = len(sequence) - NOISE + 1
    hashes = np.zeros(runs, dtype=np.uint64)
    for place in range(NOISE):  # a polynomial modulo 2**64, wrapping around as unsigned numbers do
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + numbers[place : place + runs]
    return hashes ^ (hashes >> np.uint64(29))
