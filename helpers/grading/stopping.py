"""How Ctrl-C and `kill` end an instructor's command: by one exception, raised once, also where Python drops it.

What a signal's handler raises is lost if it comes up in a callback of `os.fork` or in a `__del__`: Python reports such
errors and goes on. So the handler keeps the signal's number, and loops that can take minutes call `go_on`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_NUMBERS = (signal.SIGINT, signal.SIGTERM)
_came: int | None = None


class StoppedBySignal(BaseException):
    """The signal `number` asks the command to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGINT and SIGTERM end the block by StoppedBySignal, once: what tidies up then is not disturbed again."""
    global _came

    def stop(number: int, _frame: object) -> NoReturn:
        global _came
        for one in _NUMBERS:
            signal.signal(one, signal.SIG_IGN)
        _came = number
        raise StoppedBySignal(number)

    before = [signal.signal(one, stop) for one in _NUMBERS]
    try:
        yield
    finally:
        _came = None
        for one, handler in zip(_NUMBERS, before, strict=True):
            signal.signal(one, handler)


def go_on() -> None:
    """Nothing, unless a signal has come whose exception was lost: raises StoppedBySignal then."""
    if _came is not None:
        raise StoppedBySignal(_came)
