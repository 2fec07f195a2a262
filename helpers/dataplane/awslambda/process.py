"""The process in an execution environment: an actor that initialises, then runs the handler once a turn."""

from __future__ import annotations

import random
from typing import Any, Protocol

from helpers.cloud import Account
from helpers.cloud.actor import Surroundings
from helpers.dataplane.awslambda import runtime
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.configuration import Configuration
from helpers.dataplane.awslambda.context import Context
from helpers.dataplane.awslambda.files import Disk
from helpers.dataplane.awslambda.invocation import Invocation
from helpers.dataplane.awslambda.isolation import Isolation
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.logs import LogStream
from helpers.dataplane.awslambda.output import Output, RootHandler, level_number
from helpers.dataplane.awslambda.runtime import Exit, Outcome


class Owner(Protocol):
    """What a process tells its environment."""

    def initialised(self, process: Process, failure: Outcome | None) -> None:
        """The init is over; `failure` says why it failed. Called by the process itself, so it must not wait."""

    def finished(self, process: Process, outcome: Outcome) -> None:
        """A run is over. Called by the process itself, so it must not wait."""

    def exited(self, process: Process, how: Exit) -> None:
        """The process ended by itself. Called by the scheduler."""


class Process:
    """One life of an environment's process, from its start to its end or a reset."""

    def __init__(
        self,
        account: Account,
        owner: Owner,
        *,
        name: str,
        number: int,
        configuration: Configuration,
        code: Code,
        disk: Disk,
        log: LogStream,
        variables: dict[str, str],
        init_s: float,
        patience_s: float,
    ) -> None:
        """The process number `number` of the environment `name`. It starts at once."""
        self._account = account
        self._owner = owner
        self._configuration = configuration
        self._code = code
        self._log_stream = log
        self._init_s = init_s
        self._output = Output(log, configuration.log_level)
        self._root_handler = RootHandler(self._output, code, configuration.log_format)
        self._turn = account.signal()
        self._next: tuple[Invocation, int] | None = None
        self._over = False
        stream = f"{name}#{number}"
        self.began_us = account.now_us
        self.ready = False
        """True once the init went well."""
        self._entropy = random.Random(account.random_for(f"{stream}:entropy").random())
        self._handler: runtime.Handler | None = None
        self._actor = account.host(
            self._live,
            name=name,
            surroundings=self._surroundings(disk, variables),
            patience_s=patience_s,
            when_evicted=self._evicted,
            stream=stream,
        )

    def run(self, invocation: Invocation, deadline_us: int) -> None:
        """Run the handler, at once or when the init is over. `deadline_us` is an instant since 1970."""
        self._next = invocation, deadline_us
        self._turn.fire()

    def kill(self) -> None:
        """End it, wherever it is. Its code does nothing more that anybody notices."""
        self._over = self._output.silent = True
        self._actor.stop()

    # Where its code runs: here, in surroundings of its own

    def _surroundings(self, disk: Disk, variables: dict[str, str]) -> Surroundings:
        """What its code takes for its own process."""
        self._isolation = Isolation(
            self._code,
            disk,
            variables,
            output=self._output,
            log=self._root_handler,
            log_level=level_number(self._configuration.log_level),
            exits=self._exit,
            entropy=self._entropy,
        )
        return self._isolation

    def _load(self, request_id: str) -> Outcome | None:
        """Import the module and find the handler; in the actor. Returns why that failed, None if it did not."""
        try:
            self._handler = runtime.load(self._configuration.handler, self._code)
        except Exception as error:  # noqa: BLE001  # whatever a module raises ends the init
            return runtime.raised(error, self._code, "init", request_id)
        except BaseException as end:  # noqa: BLE001  # it ends the process, not the course's
            raise runtime.exit_of(end) from None
        return None

    def _call(self, payload: str, trace_id: str, about: dict[str, Any]) -> Outcome:
        """Call the handler; in the actor. `about` is what its context object tells."""
        assert self._handler is not None, "it was loaded"
        self._isolation.set_variable("_X_AMZN_TRACE_ID", trace_id)
        return runtime.call(self._handler, payload, Context(**about), self._code)

    # In the actor

    def _live(self) -> None:
        try:
            well = self._initialise()
            while well and not self._over:
                if self._next is None:
                    self._turn.wait()
                else:
                    self._handle(*self._next)
        except Exit as end:
            self._leave(end)

    def _initialise(self) -> bool:
        self._account.sleep(self._init_s)
        request_id = self._next[0].request_id if self._next is not None else ""
        try:
            runtime.check(self._configuration.runtime, self._configuration.package_type)
        except runtime.Fault as fault:
            failure: Outcome | None = runtime.raised(fault, self._code, "init", request_id)
        else:
            failure = self._load(request_id)
        if failure is not None:
            self._root_handler.error(failure)
        self._output.finish()
        self.ready = failure is None
        if not self._over:
            self._owner.initialised(self, failure)
        return failure is None

    def _handle(self, invocation: Invocation, deadline_us: int) -> None:
        self._next = None
        self._root_handler.request_id = invocation.request_id
        configuration = self._configuration
        about = {
            "request_id": invocation.request_id,
            "function_name": configuration.name,
            "version": configuration.version,
            "arn": invocation.arn,
            "memory_mb": configuration.memory_mb,
            "log_group": self._log_stream.group,
            "log_stream": self._log_stream.stream,
            "deadline_us": deadline_us,
            "client_context": invocation.client_context,
        }
        outcome = self._call(invocation.payload, self._trace_id(), about)
        self._output.finish()
        if outcome.status == "error" and outcome.error_type != "Function.ResponseSizeTooLarge":
            self._root_handler.error(outcome)
        if not self._over:
            self._owner.finished(self, outcome)

    def _trace_id(self) -> str:
        """The tracing header of an invocation that nobody traces (DG/configuration-envvars.html)."""
        at_s, draw = self._account.epoch_us // SECOND_US, self._entropy.getrandbits
        return f"Root=1-{at_s:08x}-{draw(96):024x};Parent={draw(64):016x};Sampled=0"

    def _exit(self, how: str) -> None:
        """What `os._exit` and its kind do: the code does not go on from here."""
        self._leave(Exit(how))
        never = self._account.signal()
        while True:
            never.wait()

    def _leave(self, how: Exit) -> None:
        self._output.finish()
        if not self._over:
            self._over = self._output.silent = True
            self._account.at(0, lambda: self._owner.exited(self, how), name="lambda")

    def _evicted(self) -> None:
        """It computed for too long, and does nothing more; its timeout ends it."""
        self._over = self._output.silent = True


_class: type[Process] = Process


def process_class() -> type[Process]:
    """The class whose instances run handlers: `Process`, in this very process, unless another was named."""
    return _class


def run_handlers_in(process: type[Process]) -> None:
    """Let `process` run every handler from now on. A grader, which trusts no handler, names a class of its own."""
    global _class
    _class = process
