"""What the instructor's commands share: how a signal ends them."""

from __future__ import annotations

import argparse
import os
import signal
import time

import pytest

from helpers.grading import commands

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Signals:
    """Sends the signal while it is being destroyed, where Python drops what is raised."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self.number)
        time.sleep(0.01)  # the handler raises here


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_python_drops_ends_the_command_nevertheless(
    number: int, times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]

    def command(_asked: argparse.Namespace) -> int:
        for _ in range(times):
            _Signals(number)
        for _ in range(100):
            time.sleep(0.01)
        return 0

    assert commands._reporting(command)(argparse.Namespace()) == 128 + number
    assert capsys.readouterr().err == "Stopped. Run the same command again to go on.\n"
    assert [signal.getsignal(one) for one in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_what_tidies_up_is_not_stopped_again(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    tidied = []

    def command(_asked: argparse.Namespace) -> int:
        try:
            os.kill(os.getpid(), number)
            time.sleep(1)
        finally:
            os.kill(os.getpid(), number)
            time.sleep(0.01)
            tidied.append("all of it")
        return 0

    assert commands._reporting(command)(argparse.Namespace()) == 128 + number
    assert tidied == ["all of it"]
    assert capsys.readouterr().err == "Stopped. Run the same command again to go on.\n"
