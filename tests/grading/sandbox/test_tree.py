"""A tree of processes is measured and ended as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from helpers.grading.sandbox.tree import Usage, end_descendants, end_tree, family, usage

TREE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = b"x" * (30 << 20)
for _ in range(2):
    if os.fork() == 0:
        if os.fork() == 0:
            pass
        break
os.write(1, b"ready\\n")
time.sleep(600)
"""


@pytest.fixture
def tree() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", TREE], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(5):
        process.stdout.readline()
    yield process
    end_tree(process.pid)
    process.communicate()


def test_a_tree_is_counted_with_its_grandchildren(tree: subprocess.Popen[str]) -> None:
    members = family(tree.pid)
    assert members[0] == tree.pid
    assert len(members) == len(set(members)) == 5
    assert usage(tree.pid).processes == 5


def test_shared_memory_is_counted_anew_only_above_the_limit(tree: subprocess.Popen[str]) -> None:
    """Five processes share 30 MB."""
    rough = usage(tree.pid)
    assert usage(tree.pid, limit_mb=10_000).memory_mb == pytest.approx(rough.memory_mb, rel=0.1)
    exact = usage(tree.pid, limit_mb=1)
    assert 30 < exact.memory_mb < 80
    assert exact.memory_mb < rough.memory_mb / 2


def test_a_tree_is_ended_with_its_grandchildren(tree: subprocess.Popen[str]) -> None:
    members = family(tree.pid)
    end_tree(tree.pid)
    assert [usage(member).processes for member in members] == [0] * 5
    assert tree.wait() == -9


def test_descendants_are_ended_without_the_first(tree: subprocess.Popen[str]) -> None:
    end_descendants(tree.pid)
    assert usage(tree.pid).processes == 1
    assert tree.poll() is None


def test_processor_time_counts_those_that_have_ended() -> None:
    code = """
import os, time
def burn():
    end = time.process_time() + 0.2
    while time.process_time() < end: pass
if os.fork() == 0:
    burn(); os._exit(0)
os.wait(); burn()
print("burnt", flush=True); time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = usage(process.pid)
        end_tree(process.pid)
    assert 0.37 < found.cpu_s < 0.8
    assert found.processes == 1


def test_what_has_ended_uses_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert usage(process.pid) == Usage(0.0, 0.0, 0)
    end_tree(process.pid)  # and there is nothing to do


def test_a_look_is_cheap(tree: subprocess.Popen[str]) -> None:
    """Ten times a second for each submission must not be felt."""
    start = time.process_time()
    for _ in range(20):
        usage(tree.pid, limit_mb=10_000)
    assert (time.process_time() - start) / 20 < 0.02
    assert os.getpid() not in family(tree.pid)
