"""Folders without a platform's names: which level of them is the students'.

`devlab grade LAB submissions/` finds `submissions/jane/lab.ipynb`, or `submissions/Jane Doe.ipynb`, or
`groups/a/jane/lab.ipynb`. One path alone cannot say which of its names is a person's; all of them together can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from helpers.grading.intake.naming import LAB_NAME, copy_of, stem

Paths = Sequence[tuple[str, ...]]


def students(paths: Sequence[str]) -> dict[str, str]:
    """The student of each path, by these rules:

    - Folders that all paths share say nothing, nor do folders named like a lab.
    - The outermost folders are groups if each holds only folders, or only files, of several names that no other holds,
      none of them a lab's; then those are the students.
    - Any other outermost folder is a student. A file in no folder is named after its student; if it is the only one and
      its name is a lab's, the folder around it is.
    """
    split = {path: tuple(_without_labs(path.split("/"))) for path in paths}
    shared = _shared(list(split.values()))
    rest = {path: parts[shared:] for path, parts in split.items()}
    if shared and _is_alone(list(rest.values()), shared):
        return {path: stem(parts[shared - 1]) for path, parts in split.items()}
    groups = _groups(list(rest.values()))
    return {
        path: _name(parts[0])
        if len(parts) == 1
        else _name(parts[1])
        if parts[0] in groups
        else stem(parts[0])
        for path, parts in rest.items()
    }


def _groups(rest: Paths) -> set[str]:
    """The outermost folders, if they hold students and are none; nothing if one of them may be a student's."""
    inside: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    holders: dict[str, set[str]] = defaultdict(set)
    for parts in rest:
        if len(parts) > 1:
            inside[parts[0]].append(parts[1:])
            holders[_name(parts[1])].add(parts[0])
    groups = {
        folder
        for folder, items in inside.items()
        if len({len(item) > 1 for item in items}) == 1
        and len(names := {_name(item[0]) for item in items}) > 1
        and not any(LAB_NAME.fullmatch(name) or len(holders[name]) > 1 for name in names)
    }
    return groups if len(groups) == len(inside) else set()


def _without_labs(parts: list[str]) -> list[str]:
    return [part for part in parts[:-1] if not LAB_NAME.fullmatch(stem(part))] + parts[-1:]


def _shared(split: Paths) -> int:
    """How many leading folders all paths have in common."""
    count = 0
    while split and all(len(parts) > count + 1 and parts[count] == split[0][count] for parts in split):
        count += 1
    return count


def _is_alone(rest: Paths, depth: int) -> bool:
    """Whether what is left, `depth` folders down, is one file with its copies, whose folder says whose it is."""
    if any(len(parts) > 1 for parts in rest):
        return False
    names = {_name(parts[0]) for parts in rest}
    return len(names) == 1 and (depth > 1 or all(LAB_NAME.fullmatch(name) for name in names))


def _name(part: str) -> str:
    return copy_of(stem(part))[0]
