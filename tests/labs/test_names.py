"""What a cell binds and takes, and what is not Python."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.labs.names import (
    MAX_SOURCE,
    bound,
    defined,
    is_python,
    same_code,
    taken,
    without_magics,
)

CELL = """
import json as j, os.path
from time import sleep
LIMIT = 3
def worker(sqs, url):
    global count
    count = 0
    rows = [row for row in fetch(sqs) if row]
    return j.dumps(rows), LIMIT, len(rows), helper
class Job(Base):
    size = UNIT
for turn in range(3): pass
"""


def test_the_names_of_a_cell() -> None:
    assert bound(CELL) == {"j", "os", "sleep", "LIMIT", "worker", "count", "Job", "turn"}
    assert taken(CELL) == {"fetch", "helper", "Base", "UNIT"}
    assert defined(CELL) == {"worker", "Job"}


@pytest.mark.parametrize("name", ["best", "top"])  # symtable calls the module's own scope "top"
def test_what_a_function_binds_is_not_taken(name: str) -> None:
    source = f"def {name}(given):\n    import json\n    own = given\n    return lambda: (own, json, other)"
    assert (taken(source), bound(source)) == ({"other"}, {name})


@pytest.mark.parametrize(
    ("source", "mended"),
    [
        ("%%time\nx = 1", "# %%time\nx = 1"),
        ("!pip install x\nif 1:\n    %time f()", "pass  # !pip install x\nif 1:\n    pass  # %time f()"),
        ("sqs?\nx = 1", "pass  # sqs?\nx = 1"),
        ("x = 5 \\\n% 3", "x = 5 \\\n% 3"),  # Python as it is
        ("%%bash\nls", "%%bash\nls"),  # another language
        ("def f(:\n  %time", "def f(:\n  %time"),
    ],
)
def test_ipythons_commands_become_comments(source: str, mended: str) -> None:
    assert without_magics(source) == mended


HOSTILE = [
    "1" + "+1" * 20_000,
    "(" * 9000,
    "-" * 40_000 + "1",
    "a" + ".b" * 20_000,
    "f" + "()" * 20_000,
    "x = " + "[" * 5000,
    "lambda:" * 5000 + "1",
    "@a\n" * 10_000 + "def f(): pass",
    "x\0y",
    "x = 1 #" + "x" * MAX_SOURCE,
    "'\\d' is 3",
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_source_ends_nothing(number: int) -> None:
    source = HOSTILE[number]
    assert isinstance(is_python(source), bool)
    assert same_code(source, source)
    assert taken(source) <= {"a", "b", "f"}
    assert bound(source) | defined(source) <= {"f"}


@given(st.text())
def test_any_text_has_names(source: str) -> None:
    assert is_python(without_magics(source)) or without_magics(source) == source
    assert not taken(source) & bound(source)
    assert defined(source) <= bound(source)
