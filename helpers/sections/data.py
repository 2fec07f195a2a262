"""The data files of a section: where they are, and how they are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from helpers.cloud import OneSentence

FOLDER = Path(__file__).parent

# The reader written in C is ten times as fast; where PyYAML was built without it, the other reads the same.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class SectionError(OneSentence, ValueError):
    """A section, or an entry of its data, that is not there or not well-formed; the message is one sentence."""


@cache
def section_ids() -> tuple[str, ...]:
    """The ids of the sections that have a folder, in the order of the course: "00_start", "18_sqs"."""
    names = (re.fullmatch(r"s(\d\d_\w+)", path.name) for path in FOLDER.iterdir() if path.is_dir())
    return tuple(sorted(match[1] for match in names if match))


def folder(section: str) -> Path:
    """The folder of a section. Raises SectionError, with the ids that come close, if it has none."""
    if section not in section_ids():
        raise SectionError(_unknown("section", section, section_ids()))
    return FOLDER / f"s{section}"


def read(section: str, name: str) -> list[Mapping[str, Any]]:
    """The entries of a section's YAML file; an empty list if the section has no such file.

    Raises SectionError if there is no such section, if the file is not a list of mappings, or if two entries
    share an id.
    """
    path = folder(section) / name
    if not path.is_file():
        return []
    entries = load(path)
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and "id" in entry for entry in entries
    ):
        raise SectionError(f"{section}/{name} is not a list of entries with an id.")
    seen: set[str] = set()
    for entry in entries:
        if entry["id"] in seen:
            raise SectionError(f"{section}/{name} has two entries with the id {entry['id']!r}.")
        seen.add(entry["id"])
    return entries


def load(path: Path) -> Any:
    """What a YAML file holds. Raises SectionError, with the place, if it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - both loaders are safe ones
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise SectionError(f"{path.parent.name}/{path.name}, line {line}: {error.problem}.") from error


def made(kind: str, entry: Mapping[str, Any], make: Callable[..., Any], **changed: Any) -> Any:
    """`make` with the fields of `entry`, those in `changed` instead. Raises SectionError for a field that is
    missing or unknown.
    """
    try:
        return make(**{**entry, **changed})
    except TypeError as error:
        said = (str(error).partition("() ")[2] or str(error)).replace("missing", "lacks", 1)
        name = entry.get("id", entry.get("term", "?"))
        raise SectionError(f"The {kind} {name!r} is not well-formed: it {said}.") from error


def _unknown(kind: str, given: str, known: Sequence[str]) -> str:
    close = get_close_matches(given, known, n=3, cutoff=0.5) or known
    return f"There is no {kind} {given!r}; there is {', '.join(close)}."


def unknown(kind: str, given: str, known: Sequence[str]) -> SectionError:
    """The error for an id that nothing has, with those that come close."""
    return SectionError(_unknown(kind, given, known))
