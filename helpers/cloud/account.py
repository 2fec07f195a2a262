"""A mocked AWS account on a virtual clock.

`Account` is the engine: its own moto state, clock, actors and trail. `helpers.Cloud` is an Account that also
attaches the data planes of the services it is asked for. The contract that both keep is in docs/cloud.md.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

import simpy
from simpy.events import NORMAL

from helpers.cloud import actor as actors
from helpers.cloud import clock, learner, scheduler, transport
from helpers.cloud.actor import Actor, Surroundings
from helpers.cloud.call import Call, SealedError
from helpers.cloud.inventory import Inventory, take_inventory
from helpers.cloud.mock import functions, state
from helpers.cloud.mock.state import HOME_ACCOUNT, MotoState
from helpers.cloud.randomness import stream_seed
from helpers.cloud.signal import Signal
from helpers.cloud.trail import Row, Trail

if TYPE_CHECKING:
    import pandas as pd

_NEVER = float("inf")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Any = NORMAL + 1  # SimPy's priority of what comes last at its instant


class StillRunning(UserWarning):
    """`run()` reached its limit while actors in the foreground were not done."""


class _Environment(simpy.Environment):
    """SimPy's scheduler, whose clock may also be moved when nothing is due."""

    def move_to(self, now_us: int) -> None:
        self._now = now_us

    def last(self, delay_us: int) -> simpy.Event:
        """An event after `delay_us`, behind all others of its instant."""
        event = simpy.Event(self)
        event._ok, event._value = True, None
        self.schedule(event, _LAST, delay_us)
        return event


class Timer:
    """A callback that is due later; `cancel()` forgets it."""

    def __init__(self, function: Callable[[], None]) -> None:
        self._function: Callable[[], None] | None = function

    def cancel(self) -> None:
        """Do not call it."""
        self._function = None

    def __call__(self) -> None:
        if self._function is not None:
            self._function()


class Account:
    """One isolated, mocked AWS account with a clock of its own.

    Parameters: `seed` makes ids and random draws repeat; `start` is the instant at which its clock begins
    (ISO 8601, UTC if no zone is given); `region` is the default region of its clients.
    """

    opened_by_open: ClassVar[Account | None] = None

    def __init__(self, seed: int = 0, start: str = "2026-01-05T09:00Z", region: str = "us-east-1") -> None:
        self.seed = int(seed)
        self.region = region
        self.account_id = HOME_ACCOUNT
        self.api_latency_s = 0.01
        """Virtual seconds that a request takes to reach the service. An assumption of the course, settable to
        0.
        """
        instant = datetime.fromisoformat(start)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        self._start_us = (instant - _EPOCH) // timedelta(microseconds=1)
        self.random = random.Random(stream_seed(self.seed, "main"))
        self.hooks = transport.Hooks()
        self._environment = _Environment(0)
        self._actors: list[Actor] = []
        self._names: dict[str, int] = {}
        self._attached: set[str] = set()
        self._calls = 0
        self._trail = Trail()
        self._run: scheduler.Run | None = None
        self._waiting: scheduler.Run | None = None
        self._on_error = "raise"
        self._acting_as: str | None = None
        self._state: MotoState | None = MotoState(self.seed)

    # Opening and closing

    @classmethod
    def open(cls, seed: int = 0, start: str = "2026-01-05T09:00Z", region: str = "us-east-1") -> Self:
        """Open a Cloud for a whole notebook. A second `open` closes the first, so a cell run again starts
        afresh.
        """
        if Account.opened_by_open is not None:
            Account.opened_by_open.close()
        account = cls(seed, start, region)
        Account.opened_by_open = account
        learner.opened(account)
        return account

    def __enter__(self) -> Self:
        self._require_open()
        learner.opened(self)
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the actors and forget the account's resources. The trail can still be read."""
        if self._state is None:
            return
        learner.closed(self)
        if Account.opened_by_open is self:
            Account.opened_by_open = None
        self._drop(list(self._actors))
        self._state.close()
        self._state = None
        self._actors.clear()
        self._environment = _Environment(self._environment.now)
        self.hooks = transport.Hooks()
        self._trail.listeners.clear()

    @property
    def closed(self) -> bool:
        """True once `close` was called."""
        return self._state is None

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{len([a for a in self._actors if not a.done])} actors"
        return f"<Cloud seed={self.seed} now={self.now:g} s, {len(self._trail)} calls, {state}>"

    # Time

    @property
    def now_us(self) -> int:
        """Microseconds of virtual time since the Cloud was opened."""
        return int(self._environment._now)

    @property
    def now(self) -> float:
        """Seconds of virtual time since the Cloud was opened."""
        return self._environment._now / clock.MICROSECOND

    @property
    def epoch_us(self) -> int:
        """The present instant in microseconds since 1970."""
        return self._start_us + int(self._environment._now)

    @property
    def timestamp_ms(self) -> int:
        """The present instant in milliseconds since 1970, as SQS stamps its messages."""
        return self.epoch_us // 1000

    @property
    def datetime(self) -> datetime:
        """The present instant, aware, in UTC."""
        return _EPOCH + timedelta(microseconds=self.epoch_us)

    def advance(self, seconds: float, *, on_error: str = "raise") -> None:
        """Let `seconds` of virtual time pass: `run(until=now + seconds)`."""
        self.run(self.now + seconds, on_error=on_error)

    def run(
        self, until: float | None = None, *, limit_s: float = 7 * 86_400, on_error: str = "raise"
    ) -> None:
        """Let actors live and the clock move.

        `until` is a time on the scale of `now`: everything due by then happens and `now == until` after.
        Without it the run ends when every actor that is not in the background is done, or after `limit_s`
        with a warning that names who still runs. `on_error="raise"` stops the run at an actor's uncaught
        exception and raises that very object; `"record"` leaves it in the actor's `error`.

        Raises ValueError for a time in the past and for another `on_error`, RuntimeError inside an actor,
        `Stopped` when stopped from outside.
        """
        self._require_open()
        if scheduler.here():
            raise RuntimeError(
                "run() and advance() cannot be called inside an actor: use time.sleep() there."
            )
        if on_error not in ("raise", "record"):
            raise ValueError(f"on_error is 'raise' or 'record', not {on_error!r}.")
        self._on_error = on_error
        try:
            if until is None:
                self._run_to_the_end(limit_s)
            else:
                until_us = clock.microseconds(until)
                if until_us < self.now_us:
                    raise ValueError(f"It is {self.now:g} s already: run(until={until:g}) lies in the past.")
                self._pass_time(until_us - self.now_us)
        finally:
            self._on_error = "raise"

    def run_until_done(self, actor: Actor, *, within_s: float, calls: int | None = None) -> None:
        """Run until `actor` is done, `within_s` have passed, or the trail holds `calls` rows, whichever is first.

        Uncaught exceptions of actors stay in their `error`. Raises what `run` raises.
        """
        self._require_open()
        if scheduler.here():
            raise RuntimeError("run_until_done() cannot be called inside an actor.")

        def ended() -> bool:
            return actor.done or (calls is not None and len(self._trail) >= calls)

        self._on_error = "record"
        try:
            until_us = self.now_us + clock.microseconds(within_s)
            scheduler.Run(self, until_us=until_us, ended=ended).execute()
            if not ended():
                self._environment.move_to(until_us)
        finally:
            self._on_error = "raise"

    def crash(self) -> NoReturn:
        """End the calling actor at this instant: none of its code runs on, not even `finally`.

        Raises RuntimeError if the caller is no actor of this Cloud.
        """
        who = self._acting()
        if who is None:
            raise RuntimeError("crash() ends the actor that calls it; here is none.")
        who.evict()

    def stop(self) -> None:
        """End the run that is going on, soon; it raises `Stopped`. May be called from any thread."""
        for run in (self._run, self._waiting):
            if run is not None:
                run.stop()

    def sleep(self, seconds: float) -> None:
        """Let the caller wait: what `time.sleep` does inside an actor and in a learner's cell.

        Raises ValueError for a negative time.
        """
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.pause_us(clock.microseconds(seconds))

    def pause_us(self, duration_us: int) -> None:
        """`sleep`, in microseconds."""
        who = self._acting()
        with state.released(self._state):
            if who is not None:
                who.take_turn()
                who.sleep_us(duration_us)
            elif not scheduler.here():  # what a service does in a callback takes no time
                self._pass_time(duration_us)

    def _run_to_the_end(self, limit_s: float) -> None:
        limit_us = self.now_us + clock.microseconds(limit_s)

        def ended() -> bool:
            return all(actor.done for actor in self._actors if not actor.background)

        self._actors = [actor for actor in self._actors if not actor.done]
        scheduler.Run(self, until_us=limit_us, ended=ended).execute()
        if not ended():
            left = ", ".join(actor.name for actor in self._actors if not actor.done and not actor.background)
            if not self._environment._queue:
                warnings.warn(f"Nothing is due any more, and {left} still waits.", StillRunning, stacklevel=3)
                return
            self._environment.move_to(limit_us)
            warnings.warn(
                f"After {limit_s:g} s of virtual time {left} still runs.", StillRunning, stacklevel=3
            )

    def _pass_time(self, duration_us: int | None, ended: Callable[[], bool] | None = None) -> None:
        """Advance the clock for the caller outside a run, or let everything happen that is due (None); `ended` may end
        it sooner.
        """
        if self._run is not None:  # another thread runs this Cloud: take turns
            with scheduler.run_lock:
                pass
        target_us = _NEVER if duration_us is None else self.now_us + duration_us
        if self._environment.peek() <= target_us:
            scheduler.Run(self, until_us=target_us, ended=ended).execute()
            if ended is not None and ended():
                return
        if duration_us is not None:
            self._environment.move_to(int(target_us))

    def _after(self, delay_us: int, callback: Callable[[], None], *, last: bool = False) -> None:
        event = self._environment.last(delay_us) if last else self._environment.timeout(delay_us)
        assert event.callbacks is not None
        event.callbacks.append(lambda _event: callback())

    # Actors

    def spawn(
        self,
        fn: Callable[..., Any],
        *args: Any,
        name: str | None = None,
        background: bool = False,
        **kwargs: Any,
    ) -> Actor:
        """An actor that calls `fn(*args, **kwargs)` from now on, whenever the Cloud runs.

        A run does not wait for an actor in the `background`. Names are made unique by a number.
        """
        self._require_open()
        if not callable(fn):
            raise TypeError(f"spawn needs a function to call, not {fn!r}.")
        actor = Actor(self, fn, args, kwargs, name=self._unique(name or fn.__name__), background=background)
        self._actors.append(actor)
        return actor

    def _unique(self, name: str) -> str:
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"

    def _acting(self) -> Actor | None:
        """The actor of this Cloud that is the caller, if the caller is one."""
        if scheduler.here():
            current = actors.current
            if current is not None and current.account is self:
                return current
        return None

    def _failed(self, actor: Actor) -> None:
        if self._on_error == "raise" and self._run is not None and self._run.failure is None:
            self._run.failure = actor.error

    def _drop(self, dropped: list[Actor]) -> None:
        def unwind() -> None:
            for actor in dropped:
                actor.drop()
            self._actors = [actor for actor in self._actors if not actor.done]

        if dropped and scheduler.here() and actors.current is not None:
            self._after(0, unwind)  # one actor stops another: the scheduler does it, at this instant
        elif dropped:
            scheduler.Run(self, until_us=self.now_us).perform(unwind)

    # Calls and what they leave behind

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of this Cloud; `options` as `boto3.client` takes them."""
        self._require_open()
        return transport.session_of(self).client(service, **options)

    def shared_client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of this Cloud, quickly made: it shares handlers and retry quota with those of other Clouds.

        It calls in `region`, by default that of the account.
        """
        self._require_open()
        return transport.shared_client(self, service, region or self.region)

    def resource(self, service: str, **options: Any) -> Any:
        """A boto3 resource of this Cloud; `options` as `boto3.resource` takes them."""
        self._require_open()
        return transport.session_of(self).resource(service, **options)

    @property
    def trail(self) -> pd.DataFrame:
        """Every attempt of every API call; see `helpers.cloud.trail.Trail.frame` for the columns."""
        return self._trail.frame()

    @property
    def attempts(self) -> Trail:
        """The same as rows, for who reads them often: see `helpers.cloud.trail.Row`."""
        return self._trail

    @property
    def calls(self) -> int:
        """How many attempts the trail holds."""
        return len(self._trail)

    def show(self) -> Inventory:
        """What is in the account and who waits for what. Shown as a table."""
        self._require_open()
        return take_inventory(self)

    def _require_open(self) -> None:
        if self._state is None:
            raise SealedError("This Cloud is closed. Open another one: its account and its actors are gone.")

    # For data planes

    def answer(self, service: str, operation: str, handler: Callable[[Call], dict[str, Any] | None]) -> None:
        """Let `handler` answer the operation in moto's place; it may ask moto by `call.forward()`."""
        self.hooks.answers[service, operation] = handler

    def amend(self, service: str, operation: str, editor: Callable[[Call, dict[str, Any]], None]) -> None:
        """Let `editor` change moto's successful response before the caller gets it."""
        self.hooks.amendments.setdefault((service, operation), []).append(editor)

    def before(self, service: str, operation: str, check: Callable[[Call], None]) -> None:
        """Let `check` refuse the call (ServiceError) or change its parameters before moto is asked."""
        self.hooks.checks.setdefault((service, operation), []).append(check)

    def on_delivery(self, service: str, receiver: Callable[..., Any]) -> None:
        """Hand `receiver` what moto itself would put into `service`, such as a notification for a queue."""
        self.hooks.deliveries[service] = receiver

    def on_call(self, listener: Callable[[Row], None]) -> None:
        """Tell `listener` of every attempt of an API call when it has ended. It must not wait or make calls itself."""
        self._trail.listeners.append(listener)

    def deliver(self, service: str, *delivered: Any) -> Any:
        """Hand the data plane of `service` what another service of the account delivers, as `on_delivery` would; its
        answer. It takes no time and leaves no trail. Raises ServiceError, and KeyError if no plane receives.
        """
        self._require_open()
        self.use(service)
        with state.lock:
            self._state.activate()  # type: ignore[union-attr]  # it is open
            return self.hooks.deliveries[service](*delivered)

    def ask(
        self,
        service: str,
        operation: str,
        parameters: dict[str, Any],
        *,
        region: str | None = None,
        account_id: str | None = None,
    ) -> dict[str, Any]:
        """A quiet question to moto: not in the trail, in no time, and no id is drawn. Raises ServiceError."""
        self._require_open()
        answer: dict[str, Any] = transport.ask(
            self, service, operation, parameters, region or self.region, account_id
        )
        return answer

    def function_code(
        self, name: str, version: str = "$LATEST", *, region: str | None = None, account_id: str | None = None
    ) -> bytes:
        """The zip of a version of a Lambda function; empty if there is none."""
        self._require_open()
        with state.lock:
            self._state.activate()  # type: ignore[union-attr]  # it is open
            owner = account_id or self.account_id
            return functions.function_code(owner, region or self.region, name, version)

    def layer_code(self, arn: str) -> bytes:
        """The zip of a version of a Lambda layer; empty if there is none."""
        self._require_open()
        with state.lock:
            self._state.activate()  # type: ignore[union-attr]  # it is open
            return functions.layer_code(self.account_id, self.region, arn)

    def signal(self) -> Signal:
        """Something to wait for in virtual time."""
        return Signal(self)

    def at(
        self, delay_s: float, function: Callable[[], None], *, name: str | None = None, last: bool = False
    ) -> Timer:
        """Call `function` after `delay_s`, as the service `name`. It must not wait.

        `last` lets everything else that is due at that instant come before it: what asks again for something that
        others give back.
        """

        def call() -> None:
            before, self._acting_as = self._acting_as, name
            try:
                timer()
            finally:
                self._acting_as = before

        timer = Timer(function)
        self._after(clock.microseconds(delay_s), call, last=last)
        return timer

    @contextmanager
    def acting_as(self, name: str) -> Iterator[None]:
        """Let the calls that the caller makes meanwhile be those of the service `name`."""
        who = self._acting()
        if who is None:
            before, self._acting_as = self._acting_as, name
        else:
            before, who.acting_as = who.acting_as, name
        try:
            yield
        finally:
            if who is None:
                self._acting_as = before
            else:
                who.acting_as = before

    def host(
        self,
        function: Callable[[], None],
        *,
        name: str,
        surroundings: Surroundings,
        patience_s: float,
        when_evicted: Callable[[], None],
        stream: str | None = None,
    ) -> Actor:
        """An actor in the background that runs somebody's code in `surroundings` of its own.

        The caller sees to it that no other actor has the `name`. Its random numbers come from the stream `stream`,
        or from the one of its name. Code that computes for `patience_s` of processor time without the clock moving, or
        makes too many calls at one instant, loses control for good; `when_evicted` is then called at that instant.
        """
        self._require_open()
        actor = Actor(
            self,
            function,
            (),
            {},
            name=name,
            background=True,
            surroundings=surroundings,
            patience_s=patience_s,
            when_evicted=when_evicted,
            stream=stream,
        )
        self._actors.append(actor)
        return actor

    def random_for(self, name: str) -> random.Random:
        """A generator of its own for `name`, seeded from the Cloud's seed."""
        return random.Random(stream_seed(self.seed, name))

    @property
    def caller(self) -> str:
        """Who makes calls now: an actor, a service by itself, or "main"."""
        return self._who()

    def record(
        self,
        service: str,
        operation: str,
        parameters: dict[str, Any],
        response: dict[str, Any] | None = None,
        error: str | None = None,
        *,
        began_us: int | None = None,
        asked: bool = False,
    ) -> None:
        """Put what a service does by itself into the trail, under the service's name; or under the caller's name if
        it was `asked` for it.

        It ends now, and began at `began_us` (microseconds since the Cloud was opened) or now.
        """
        who = self._who() if asked else service
        transport.record(self, who, service, operation, parameters, response, error, began_us)

    def use(self, service: str) -> None:
        """Note that `service` is used; the first time, its data plane is attached."""
        if service not in self._attached:
            self._attached.add(service)
            self.attach(service)

    def attach(self, service: str) -> None:
        """Called the first time `service` is used; `Cloud` attaches its data plane here."""

    def _who(self) -> str:
        if scheduler.here() and actors.current is not None:
            return actors.current.acting_as or actors.current.name
        return self._acting_as or "main"
