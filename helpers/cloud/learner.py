"""Which Cloud is open for the code that runs now.

Clouds opened in a thread stand on that thread's stack, the innermost on top. A thread that opened none sees
what the main thread has open: a widget's callback works in the notebook's Cloud. Inside an actor it is always
the actor's Cloud.

In IPython a cell sees its Cloud's clock while it runs; between cells the thread belongs to the kernel again.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

from helpers.cloud import clock

if TYPE_CHECKING:
    from helpers.cloud.account import Account

_stacks: dict[int, list[Account]] = {}
_main_thread = threading.main_thread().ident or 0
_cells_watched = False
_opened_in_real_time: set[Account] = set()
"""The open Clouds that came when the learner saw the real clock."""


def opened(account: Account) -> None:
    """`account` is the innermost open Cloud of the calling thread from now on."""
    _stacks.setdefault(threading.get_ident(), []).append(account)
    _watch_cells()
    if clock.shown_to_learner() is None:
        _opened_in_real_time.add(account)
    clock.show_to_learner(account)


def closed(account: Account) -> None:
    """`account` is open no longer, in whichever thread it was opened."""
    for thread, stack in list(_stacks.items()):
        if account in stack:
            stack.remove(account)
            if not stack:
                del _stacks[thread]
    if clock.shown_to_learner() is account:
        # A widget's callback runs between cells, in real time: there the Cloud below stays out of sight.
        stack = [] if account in _opened_in_real_time else _stacks.get(threading.get_ident(), [])
        clock.show_to_learner(stack[-1] if stack else None)
    _opened_in_real_time.discard(account)


def innermost() -> Account | None:
    """The innermost Cloud open for the calling thread, or None."""
    stack = _stacks.get(threading.get_ident()) or _stacks.get(_main_thread)
    return stack[-1] if stack else None


def _cell_starts(*_info: Any) -> None:
    stack = _stacks.get(threading.get_ident())
    if stack:
        clock.show_to_learner(stack[-1])


def _cell_ends(*_info: Any) -> None:
    clock.show_to_learner(None)


def _watch_cells() -> None:
    global _cells_watched
    if _cells_watched or "IPython" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        shell.events.register("pre_run_cell", _cell_starts)
        shell.events.register("post_run_cell", _cell_ends)
        _cells_watched = True
