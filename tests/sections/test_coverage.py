"""Coverage: each fact of a built section is taught in a cell of its notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.sections.coverage import Coverage, coverage, taught
from helpers.sections.data import section_ids
from helpers.sections.facts import load_facts

ROOT = Path(__file__).resolve().parents[2]
BUILT = [section for section in section_ids() if load_facts(section)]


@pytest.mark.parametrize("section", BUILT)
def test_each_fact_is_taught_in_a_cell_and_each_cell_teaches_facts(section: str) -> None:
    notebook = json.loads((ROOT / "notebooks" / f"{section}.ipynb").read_text(encoding="utf-8"))
    found = coverage(notebook, load_facts(section))
    assert (found.missing, found.unknown) == ((), ())


def test_cells_are_counted_by_fact() -> None:
    notebook = {
        "cells": [
            {"id": "intro", "metadata": {}},
            {"id": "one", "metadata": {"facts": ["a", "b"]}},
            {"id": "two", "metadata": {"facts": ["b"]}},
        ]
    }
    assert taught(notebook) == {"a": ("one",), "b": ("one", "two")}


def test_what_is_missing_and_what_is_unknown_is_named() -> None:
    first, second = load_facts("18_sqs")[:2]
    notebook = {"cells": [{"id": "one", "metadata": {"facts": [first.id, "no.such.fact"]}}]}
    assert coverage(notebook, [first, second]) == Coverage(
        {first.id: ("one",)}, (second.id,), ("no.such.fact",)
    )
