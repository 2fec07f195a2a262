"""A signal ends an instructor's command once, also where Python drops the exception that it raises."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.grading.stopping import StoppedBySignal, go_on, stoppable

ROOT = Path(__file__).resolve().parents[2]
SIGNALS = (signal.SIGINT, signal.SIGTERM)

FORKS = """
import os, signal, sys, time
from helpers.grading.stopping import StoppedBySignal, go_on, stoppable

os.register_at_fork(after_in_parent=lambda: (os.kill(os.getpid(), int(sys.argv[1])), time.sleep(0.01)))
rounds = 0
try:
    with stoppable():
        while rounds < 100:
            go_on()
            rounds += 1
            if os.fork() == 0:
                os._exit(0)
            os.wait()
except StoppedBySignal as stopped:
    print(stopped.number, rounds)
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_comes_while_a_process_is_forked_ends_the_loop_at_its_next_round(number: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FORKS, str(int(number))], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"{int(number)} 1\n"
    assert "StoppedBySignal" in ran.stderr, "Python drops no exception there any more: go_on can go"


def send(number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # the handler raises here


def work_and_tidy(number: int, tidied: list[str]) -> None:
    with stoppable():
        try:
            send(number)
        finally:
            send(number)
            tidied.append("all of it")


def work(number: int) -> None:
    with stoppable():
        send(number)


@pytest.mark.parametrize("number", SIGNALS)
def test_what_tidies_up_is_not_stopped_again(number: int) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    tidied: list[str] = []
    with pytest.raises(StoppedBySignal) as stopped:
        work_and_tidy(number, tidied)
    assert stopped.value.number == number
    assert tidied == ["all of it"]
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_the_signal_for_one_command_is_none_for_the_next() -> None:
    with pytest.raises(StoppedBySignal):
        work(signal.SIGTERM)
    go_on()
    with stoppable():
        go_on()
