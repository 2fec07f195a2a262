"""The same notebooks and seed give the same results, however many are marked side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grading.engine.corpus import LAB, SENT
from tests.grading.engine.outcome import said
from tests.grading.engine.watched import GRADE, watched

pytestmark = pytest.mark.slow

NAMES = (
    "right", "blank", "partly", "wrong", "crashing", "cells_deleted", "half_a_file", "zip_in_zip", "loop_in_function",
    "os_exit_in_function", "forged_results", "patched_time", "magics", "swallows_everything",
)  # fmt: skip
WAYS = {"one at a time": ["--jobs", "1"], "four at a time": ["--jobs", "4"]}
"""Ways of marking, as options of `devlab grade`; the first is what the others are compared with."""


def graded(folder: Path, *options: str, seed: int = 11) -> dict[str, str]:
    sent, out = folder / "sent", folder / "out"
    sent.mkdir(parents=True)
    for name in NAMES:
        (sent / SENT[name].file).write_bytes(SENT[name].data)
    command = [*GRADE, LAB, str(sent), "--out", str(out), "--seed", str(seed), "--cpu-limit", "1.5", *options]
    assert watched(*command, temporary=folder).code == 0
    return said(out)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return graded(tmp_path_factory.mktemp("first"), *next(iter(WAYS.values())))


@pytest.mark.parametrize("way", [*WAYS][1:])
def test_same_notebooks_and_seed_same_results(first: dict[str, str], way: str, tmp_path: Path) -> None:
    again = graded(tmp_path, *WAYS[way])
    assert [*again] == [*first]
    assert [name for name in first if again[name] != first[name]] == []


def test_the_results_hold_every_submission_and_its_pages(first: dict[str, str]) -> None:
    assert first["results.csv"].count("\n") == len(NAMES)
    assert sum(name.startswith("feedback/") for name in first) == len(NAMES)
    assert "\n18_sqs" not in first["results.csv"]
