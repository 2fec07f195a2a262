"""What an examination gives to a student's code, and no page may tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.labs import Bench, Lab, examine
from helpers.labs.build import cells_for_examination
from helpers.labs.local import LocalHost

SMALLEST = 1000
"""Smaller numbers occur everywhere."""


def drawn(lab: Lab, seed: int) -> set[str]:
    """The texts and larger numbers of the needs."""
    return {one for task in lab.tasks for one in _texts(lab.need(task.id, seed))}


def given(lab: Lab, seed: int, sources: Mapping[str, str]) -> set[str]:
    """The bodies of the messages that an examination sends, or has the student send."""
    found: set[str] = set()
    for task in lab.tasks:
        host = LocalHost(cells_for_examination(lab, sources), lab.clients)
        bench = Bench(host, seed, task.id)
        examine(task, bench, lab.need(task.id, seed))
        for trial in bench.trials:
            for row in trial.rows:
                entries = row.parameters.get("Entries", [row.parameters])
                found |= {entry["MessageBody"] for entry in entries if "MessageBody" in entry}
    for body in [*found]:
        try:
            found |= set(_texts(json.loads(body)))
        except ValueError:
            continue
    return {one for one in found if len(one) >= 4}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value) >= 4:
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and value >= SMALLEST:
        yield f"{value:g}" if isinstance(value, float) else str(value)
