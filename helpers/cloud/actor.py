"""An actor: a plain function that lives in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import greenlet

from helpers.cloud import clock
from helpers.cloud.randomness import Stream, stream_seed

if TYPE_CHECKING:
    from helpers.cloud.account import Account

MAX_TURNS = 10_000
"""Calls and sleeps an actor may make at one instant before it is taken to go round in circles."""

_MAX_EVICTIONS = 100  # that an actor may keep instead of letting them go, about one in 0.02 s

_evicted: list[greenlet.greenlet] = []
# Greenlets that would not end. Freeing one would run its code again, which may never return, so they are kept.

current: Actor | None = None
"""The actor in control of the scheduler thread, or None while the scheduler itself runs."""

_last: Actor | None = None  # whose random streams stand in the modules
_outside: Stream | None = None  # the streams of everybody else, while a run goes on


class Surroundings(Protocol):
    """What is put in place whenever an actor gets control, and taken away when it gives control back: the process that
    its code believes to be in (environment variables, modules, files).
    """

    def enter(self) -> None:
        """The actor gets control."""

    def leave(self) -> None:
        """The actor gave control back."""


class ActorDropped(BaseException):
    """Raised inside an actor that is stopped or whose Cloud is closed, to unwind it."""


class Eviction(ActorDropped):
    """Takes control from an actor that computes without end.

    It is raised from another thread, and unwinds the actor. A bare `except:` may swallow it; then it goes, and in going
    it switches away for good. (It must not do so while it is being made: the interpreter would never again notice an
    endless recursion in this thread.)
    """

    actor: Actor | None = None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        actor = current
        if actor is not None and not actor.in_service and greenlet.getcurrent() is actor._greenlet:
            self.actor = actor
            actor.give_up()

    def __del__(self) -> None:
        actor = self.actor
        if actor is not None and current is actor and not actor.done:
            actor.evict()


class Actor:
    """What `spawn` returns: `name`, `done`, `result` (what the function returned), `error` (what it raised)
    and `stop()`.
    """

    def __init__(
        self,
        account: Account,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        *,
        name: str,
        background: bool,
        surroundings: Surroundings | None = None,
        patience_s: float | None = None,
        when_evicted: Callable[[], None] | None = None,
        stream: str | None = None,
    ) -> None:
        self.name = name
        self.background = background
        self.patience_s = patience_s
        self.when_evicted = when_evicted
        self.acting_as: str | None = None  # the service in whose name it makes calls now
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.wakes_at_us: int | None = None
        self._account = account
        self._in_service = False
        self._surroundings = surroundings
        self._stream_name = stream or name
        self._work = (function, arguments, options)
        self._greenlet: greenlet.greenlet | None = None
        self._dropped = False
        self._evictions = 0
        self._refusals = 0
        self._turns = 0
        self._turns_at_us = -1
        self._stream: Stream | None = None
        self._wait = 0  # numbers the waits, so that only the wake-up that is waited for counts
        self._wake_later(0)

    def __repr__(self) -> str:
        state = "done" if self.done else "waiting"
        return f"<Actor {self.name}: {state}>"

    def stop(self) -> None:
        """End the actor where it waits. Its `finally` blocks run, but reach no account any more."""
        self._account._drop([self])

    # What follows is for the scheduler and the account.

    @property
    def account(self) -> Account:
        """The Cloud it lives in."""
        return self._account

    @property
    def in_service(self) -> bool:
        """True while moto or a data plane works for the actor: it is then not evicted, and not in its surroundings."""
        return self._in_service

    @in_service.setter
    def in_service(self, at_work: bool) -> None:
        if at_work is not self._in_service:
            self._in_service = at_work
            if self._surroundings is not None and current is self:
                if at_work:
                    self._surroundings.leave()
                else:
                    self._surroundings.enter()

    def take_turn(self) -> None:
        """Count a call or a sleep. Evicts an actor that makes too many of them while the clock stands still."""
        if self._dropped:
            self._refuse()
        now_us = self._account.now_us
        if now_us != self._turns_at_us:
            self._turns_at_us, self._turns = now_us, 0
        self._turns += 1
        if self._turns > MAX_TURNS:
            if self.when_evicted is None:
                self.fail(
                    RuntimeError(
                        f"{self.name} made {MAX_TURNS:,} calls without the clock moving, so it was stopped: "
                        "let it sleep, or leave api_latency_s above 0."
                    )
                )
            self.evict()

    def sleep_us(self, duration_us: int) -> None:
        """Suspend the actor for `duration_us`; called in the actor itself."""
        self._wake_later(duration_us)
        self.suspend()

    def wait_us(self, duration_us: int | None) -> None:
        """Suspend the actor until it is woken, at the latest after `duration_us`; called in the actor itself."""
        if duration_us is not None:
            self._wake_later(duration_us)
        self.suspend()

    def suspend(self) -> None:
        """Give control back to the scheduler until something wakes the actor; called in the actor itself."""
        assert self._greenlet is not None
        self._greenlet.parent.switch()
        if self._dropped:
            self._refuse()

    def wake(self, ticket: int) -> None:
        """Resume the actor if it still waits under `ticket`; called by the scheduler."""
        if ticket == self._wait and not self.done:
            self._wait += 1
            self.wakes_at_us = None
            self._resume()

    @property
    def ticket(self) -> int:
        """The number of the present wait."""
        return self._wait

    def fail(self, error: BaseException) -> None:
        """End with `error`; the account decides whether the run stops for it."""
        self.error = error
        self.done = True
        self._account._failed(self)

    def give_up(self) -> None:
        """Refuse every call from now on, as the actor is being evicted. Who hosts it hears of it at this instant."""
        self._evictions += 1
        if self._evictions > _MAX_EVICTIONS:
            self.evict()
        if self.when_evicted is not None and not self._dropped:
            self._account._after(0, self.when_evicted)
        self._dropped = True

    def evict(self) -> NoReturn:
        """Take control away for good; called in the actor itself, never returns."""
        if not self._dropped:
            self.give_up()
        self.done = True
        if self._greenlet is not None:
            _evicted.append(self._greenlet)
            self._greenlet.parent.switch()
        raise ActorDropped

    def drop(self) -> None:
        """Unwind a suspended actor; called by the scheduler."""
        self._dropped = True
        self._wait += 1
        if self._greenlet is not None and not self._greenlet.dead and not self.done:
            assert current is None, "only the scheduler drops an actor"
            self._enter()
            try:
                self._greenlet.throw(ActorDropped)
            finally:
                _leave()
        self.done = True
        self._greenlet = None

    def _refuse(self) -> None:
        self._refusals += 1
        if self._refusals > 100:  # it swallows the exception and calls again
            self.evict()
        raise ActorDropped

    def _wake_later(self, duration_us: int) -> None:
        ticket = self._wait
        self.wakes_at_us = self._account.now_us + duration_us
        self._account._after(duration_us, lambda: self.wake(ticket))

    def _resume(self) -> None:
        if self._greenlet is None:
            self._greenlet = greenlet.greenlet(self._live)
        self._enter()
        try:
            self._greenlet.switch()
        finally:
            _leave()

    def _enter(self) -> None:
        global current, _last
        if _last is not self:
            if _last is not None and _last._stream is not None:
                _last._stream.leave()
            if self._stream is None:
                self._stream = Stream(stream_seed(self._account.seed, self._stream_name))
            self._stream.enter()
            _last = self
        current = self
        clock.show_to_actor(self._account)
        if self._surroundings is not None and not self._in_service:
            self._surroundings.enter()

    def _live(self) -> None:
        function, arguments, options = self._work
        try:
            self.result = function(*arguments, **options)
        except (ActorDropped, greenlet.GreenletExit):
            self.done = True
        except BaseException as error:  # noqa: BLE001  # whatever it raised, also SystemExit, ends this actor alone
            error.add_note(f"Raised in actor {self.name} at {self._account.now:g} s of virtual time.")
            self.fail(error)
        self.done = True


def _leave() -> None:
    global current
    if current is not None and current._surroundings is not None and not current._in_service:
        current._surroundings.leave()
    current = None
    clock.show_to_actor(None)


def start_run() -> None:
    """A run begins in the calling thread: set the random streams of everybody else aside."""
    global _outside
    clock.start_actors()
    _outside = Stream()


def end_run() -> None:
    """The run is over: put the random streams and the stopwatches back."""
    global _last, _outside
    if _last is not None and _last._stream is not None:
        _last._stream.leave()
    _last = None
    if _outside is not None:
        _outside.enter()
    _outside = None
    clock.stop_actors()
