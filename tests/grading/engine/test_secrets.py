"""What the grader knows is nowhere in a student's process."""

from __future__ import annotations

import os
import random
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.grading.grade import isolate, policy
from helpers.grading.limits import Limits
from helpers.grading.nursery import Nursery
from helpers.grading.session import Session
from helpers.labs import Bench
from helpers.labs.cells import Cell

pytestmark = pytest.mark.usefixtures("marking")

MARK = "sentinel-"
LETTERS = "".join(random.Random(4).choices(string.ascii_lowercase, k=24))

SEARCH = r"""
import gc, os, pathlib, re

PATTERN = re.compile(b"senti" + b"nel-" + b"[a-z]{24}")  # in two parts, so that it does not find itself

def in_memory(pid):
    found = set()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            first, last = (int(end, 16) for end in line.split()[0].split("-"))
            if " r" not in line or last - first > 1 << 28 or first >= 1 << 47:
                continue
            try:
                memory.seek(first)
                found |= set(PATTERN.findall(memory.read(last - first)))
            except (OSError, ValueError):
                continue
    return found

def in_files():
    found, read = set(), 0
    for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
        for name in ("environ", "cmdline", "mountinfo", "status"):
            found |= set(PATTERN.findall(pathlib.Path("/proc", pid, name).read_bytes()))
            read += 1
        for number in os.listdir(f"/proc/{pid}/fd"):
            try:
                found |= set(PATTERN.findall(os.pread(int(number), 1 << 20, 0)))
            except OSError:
                continue
    return found, read

def in_objects():
    said = "\0".join(repr(one) for one in gc.get_objects() if type(one) in (dict, list, tuple, set))
    return set(PATTERN.findall(said.encode(errors="replace")))

def look(sqs, *given):
    files, read = in_files()
    everywhere = {"memory": in_memory("self"), "files": files, "objects": in_objects()}
    processes = [name for name in os.listdir("/proc") if name.isdigit()]
    return {**{name: len(found) for name, found in everywhere.items()}, "read": read, "processes": processes}
"""


@pytest.fixture
def everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The sentinel in this process's environment, in a file that it has open, and in its memory."""
    sentinel = MARK + LETTERS
    monkeypatch.setenv("SECRET", sentinel)
    path = tmp_path / sentinel
    path.write_text(sentinel, encoding="utf-8")
    descriptor = os.open(path, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    yield sentinel
    os.close(descriptor)


def looked(*given: str, secret: str) -> dict[str, object]:
    with Nursery(isolate(unsafe=False), policy(Limits()), ["sqs"]) as nursery:
        nursery.wait()
        cells = (Cell("look", SEARCH),)
        with Session(nursery, cells, {"sqs": "sqs"}, Limits(cpu_s=60), {secret: secret}) as session:
            session.ready("look")
            with Bench(session, 1, secret).trial() as trial:
                sqs = trial.cloud.client("sqs")
                sqs.create_queue(QueueName=secret)  # it is in the account, in this process
                return trial.student.call("look", sqs, *given)  # type: ignore[no-any-return]  # plain data


@pytest.mark.slow
def test_a_scan_of_all_that_a_submission_can_see_finds_no_secret(everywhere: str) -> None:
    assert looked(secret=everywhere) == {"memory": 0, "files": 0, "objects": 0, "read": 4, "processes": ["1"]}


@pytest.mark.slow
def test_the_same_scan_finds_what_the_code_was_given(everywhere: str) -> None:
    """The control: the scan works."""
    found = looked(everywhere, secret=everywhere)
    assert found == {"memory": 1, "files": 0, "objects": 1, "read": 4, "processes": ["1"]}
