from __future__ import annotations

import threading
import time

from helpers.ui.pace import Pace

REST_S = 0.1


def test_a_change_alone_is_acted_on_at_once_in_the_same_thread() -> None:
    acts: list[threading.Thread] = []
    pace = Pace(lambda: acts.append(threading.current_thread()), REST_S)
    pace.change()
    assert acts == [threading.current_thread()]
    assert pace.wait(0)
    time.sleep(2 * REST_S)
    pace.change()
    assert len(acts) == 2


def test_of_changes_in_quick_succession_the_first_and_the_last_are_acted_on() -> None:
    value, seen = 0, []
    pace = Pace(lambda: seen.append(value), REST_S)
    for value in range(1, 21):  # noqa: B007  # `act` reads it, as a panel reads its controls
        pace.change()
    assert seen == [1]
    assert not pace.wait(0)
    assert pace.wait(10 * REST_S)
    assert seen == [1, 20]
    time.sleep(2 * REST_S)
    assert seen == [1, 20]


def test_steps_that_go_on_hold_the_act_back() -> None:
    acts: list[float] = []
    pace = Pace(lambda: acts.append(time.monotonic()), REST_S)
    began = time.monotonic()
    for _ in range(8):
        pace.change()
        time.sleep(REST_S / 4)
    assert pace.wait(10 * REST_S)
    assert len(acts) == 2
    assert acts[1] - began >= 7 * REST_S / 4 + REST_S - 0.01


def test_a_cancelled_change_is_forgotten_and_the_next_comes_at_once() -> None:
    acts: list[int] = []
    pace = Pace(lambda: acts.append(1), REST_S)
    pace.change()
    pace.change()
    pace.cancel()
    assert pace.wait(0)
    time.sleep(2 * REST_S)
    assert acts == [1]
    pace.change()
    assert acts == [1, 1]
