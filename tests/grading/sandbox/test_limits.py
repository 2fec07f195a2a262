"""A limit on processor time raises in the code that runs, and never after it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator

import greenlet
import pytest

from helpers.grading.sandbox.limits import LimitReached, cpu_limit


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def forever() -> None:
    while True:
        pass


def test_an_endless_loop_ends_at_its_limit() -> None:
    start = time.process_time()
    with pytest.raises(LimitReached), cpu_limit(0.1):
        forever()
    assert 0.05 < time.process_time() - start < 0.3


def test_code_within_its_limit_is_left_alone() -> None:
    with cpu_limit(0.2):
        spin(0.05)
    spin(0.3)  # nothing comes later


def test_waiting_ends_after_ten_times_as_long() -> None:
    start = time.monotonic()
    with pytest.raises(LimitReached), cpu_limit(0.02):
        time.sleep(60)
    assert 0.19 < time.monotonic() - start < 5


def test_except_exception_does_not_catch_it() -> None:
    def stubborn() -> None:
        while True:
            try:
                forever()
            except Exception:  # noqa: BLE001  # what a student may write
                pass

    with pytest.raises(LimitReached), cpu_limit(0.05):
        stubborn()


def swallow_all(times: list[float]) -> None:
    while len(times) < 3:
        try:
            forever()
        except:  # noqa: E722  # what a student may write
            times.append(time.process_time())


def test_who_swallows_it_gets_it_again() -> None:
    times: list[float] = []
    with cpu_limit(0.05):
        swallow_all(times)
    assert len(times) == 3
    assert (
        times[2] - times[0] < 2 * 0.2 + 0.3
    )  # sooner on a busy machine, where the wall clock's limit comes too


LOOPS = {
    "at once": "while True:\n    try:\n        x = 1\n    except: pass",
    "long calls": "while True:\n    try:\n        spin()\n    except:\n        pass",
    "and goes on": "while True:\n    try:\n        spin()\n    except BaseException:\n        continue",
    "in a function": "def f():\n  while True:\n    try:\n      spin()\n    except:\n      n = 1\nf()",
    "in finally": "while True:\n    try:\n        spin()\n    finally:\n        continue",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_around_a_bare_except_ends_at_the_second_time(loop: str) -> None:
    """What a student writes around a call that may fail; one in a thousand signals hits outside of the `try`."""
    start = time.process_time()
    tracer = sys.gettrace()
    with pytest.raises(LimitReached), cpu_limit(0.1):
        exec(compile(LOOPS[loop], "cell", "exec"), {"spin": lambda: spin(0.5)})
    assert time.process_time() - start < 0.1 + 2 * 0.2 + 0.3
    assert sys.gettrace() is tracer
    exec(compile("x = 1\ny = 2", "cell", "exec"), {})  # and nothing comes later


def test_it_reaches_code_in_a_greenlet() -> None:
    actor = greenlet.greenlet(forever)
    with pytest.raises(LimitReached), cpu_limit(0.05):
        actor.switch()
    assert actor.dead


def test_a_function_defined_before_is_still_there() -> None:
    names: dict[str, object] = {}
    with pytest.raises(LimitReached), cpu_limit(0.05):
        exec("def f(): return 42\nwhile True: pass", names)
    assert names["f"]() == 42  # type: ignore[operator]  # a function


def test_no_signal_comes_late() -> None:
    """The limit falls due at every point around the end of the block; whatever happens, it happens inside."""
    reached = 0
    for step in range(80):
        try:
            with cpu_limit(0.004):
                spin(0.0002 * (step % 40))
        except LimitReached:
            reached += 1
        spin(0.001)
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert 0 < reached < 80


def test_an_error_of_the_code_passes_through() -> None:
    with pytest.raises(ZeroDivisionError), cpu_limit(1):
        _ = 1 / 0
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_a_handler_that_the_code_replaced_is_put_back_by_the_next_limit() -> None:
    with cpu_limit(1):
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
    with pytest.raises(LimitReached), cpu_limit(0.05):
        forever()
