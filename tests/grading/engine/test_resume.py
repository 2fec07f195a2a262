"""A grader that is killed or stopped: what it had marked counts, nothing runs on, and the next run ends as if nothing
had happened.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.grading.engine.corpus import LAB, SENT
from tests.grading.engine.outcome import said
from tests.grading.engine.watched import GRADE, watched

pytestmark = pytest.mark.slow

NAMES = (
    "right", "blank", "partly", "crashing", "cells_deleted", "half_a_file", "os_exit", "forged_results", "magics",
    "async_function", "prints", "zip_in_zip",
)  # fmt: skip
KILLS = 20
STOPPED = "Stopped. Run the same command again to go on."


def handed_in(folder: Path) -> Path:
    folder.mkdir()
    for name in NAMES:
        (folder / SENT[name].file).write_bytes(SENT[name].data)
    return folder


def files_in(out: Path) -> list[str]:
    return sorted(str(path.relative_to(out)) for path in out.rglob("*"))


def test_killed_at_any_moment_it_ends_with_the_same_results(tmp_path: Path) -> None:
    sent, whole, out = handed_in(tmp_path / "sent"), tmp_path / "whole", tmp_path / "out"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [*GRADE, LAB, str(sent), "--seed", "3", "--jobs", "2", "--out"]
    assert watched(*command, str(whole), temporary=temporary).code == 0
    draw = random.Random(20)
    codes, kept, growth = set(), 0, []
    for place in range(KILLS):
        # Half die while they start, the others when so many marks are kept, and a little later; at last all are,
        # and they die while they write the results.
        early = place % 2 == 0
        ended = watched(
            *command, str(out), temporary=temporary, number=signal.SIGKILL, marks=str(out / ".marks"),
            kept=0 if early else min(kept + 1, len(NAMES)),
            kill_s=draw.uniform(0, 2.5) if early else draw.uniform(0, 0.4),
        )  # fmt: skip
        assert ended.left == []
        codes.add(ended.code)
        kept = len([*(out / ".marks").glob("*.json")])
        growth.append(kept)
    assert -signal.SIGKILL in codes
    assert growth == sorted(growth)
    assert any(0 < count < len(NAMES) for count in growth)
    ended = watched(*command, str(out), temporary=temporary)
    assert (ended.code, ended.left) == (0, [])
    assert said(out) == said(whole)
    assert files_in(out) == files_in(whole)
    assert [*temporary.iterdir()] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_it_says_so_in_one_sentence(number: int, tmp_path: Path) -> None:
    sent, out, temporary = handed_in(tmp_path / "sent"), tmp_path / "out", tmp_path / "temporary"
    # So that it is still at work when the signal comes.
    (sent / SENT["loop"].file).write_bytes(SENT["loop"].data)
    temporary.mkdir()
    ended = watched(
        *GRADE, LAB, str(sent), "--out", str(out), "--seed", "3", "--jobs", "2", temporary=temporary,
        number=number, marks=str(out / ".marks"), kept=2, kill_s=0.2,
    )  # fmt: skip
    assert (ended.code, ended.left) == (128 + number, [])
    assert ended.said.splitlines()[-1] == STOPPED
    assert "Traceback" not in ended.said
    assert ended.lasted_s < 5
    assert [*temporary.iterdir()] == []
    assert files_in(out)[0] == ".marks"
