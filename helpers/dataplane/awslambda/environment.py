"""An execution environment: init, invoke, reset, end.

Page: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from helpers.cloud import Account, Timer
from helpers.dataplane.awslambda.code import TASK, Code
from helpers.dataplane.awslambda.configuration import Configuration
from helpers.dataplane.awslambda.files import Disk
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.limits import INIT_S, MILLISECOND_US, PROVISIONED_INIT_S, SECOND_US
from helpers.dataplane.awslambda.logs import LogStream
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.platform_log import Report, platform_log
from helpers.dataplane.awslambda.process import Process, process_class
from helpers.dataplane.awslambda.runtime import Exit, Outcome

ON_DEMAND, PROVISIONED = "on-demand", "provisioned-concurrency"

Done = Callable[[Ending], None]


@dataclass
class _Run:
    """The invocation in progress. Times are microseconds since the Cloud was opened; `invoked_us` is negative until the
    invoke phase begins.
    """

    invocation: Invocation
    done: Done
    began_us: int
    init_us: int = 0
    invoked_us: int = -1
    suppressed_init_us: int = 0


class Environment:
    """One environment of one version of a function. It serves one invocation at a time.

    A timeout or a crash resets it: the next invocation starts its process again, which counts as part of that
    invocation ("suppressed init"), and finds /tmp as it was.
    """

    def __init__(
        self,
        account: Account,
        models: Models,
        configuration: Configuration,
        code: Code,
        *,
        name: str,
        log: LogStream,
        initialization: str = ON_DEMAND,
    ) -> None:
        self.name = name
        self.configuration = configuration
        self.initialization = initialization
        self.idle_since_us = account.now_us
        self.retired = False
        """True if it serves no further invocation: the function was changed or deleted."""
        self.expires = False
        """True while a timer will ask whether it has been idle for too long."""
        self._account = account
        self._models = models
        self._code = code
        self._disk = Disk(code, configuration.ephemeral_mb)
        self._log = log
        self._platform = platform_log(log, configuration, initialization, self._instant)
        self._variables = _variables(configuration, log, initialization)
        self._process: Process | None = None
        self._processes = 0
        self._run: _Run | None = None
        self._timer: Timer | None = None
        self._heard: Callable[[int, bool], None] | None = None

    # For the invoker, by the scheduler or in a call

    @property
    def busy(self) -> bool:
        """True while it serves an invocation."""
        return self._run is not None

    @property
    def warm(self) -> bool:
        """True while its process waits for an invocation, or serves one."""
        return self._process is not None and self._process.ready

    def initialise(self, heard: Callable[[int, bool], None]) -> None:
        """Start the process ahead of any invocation; `heard` is told when that began and whether it went well."""
        self._heard = heard
        self._start()

    def serve(self, invocation: Invocation, done: Done) -> None:
        """Run the handler once; `done` hears how it ended, when the environment is free again."""
        self._run = _Run(invocation, done, self._account.now_us)
        self._log.take()
        if self._process is None:
            self._start()
        else:
            self._invoke()

    def end(self) -> None:
        """End it, at this instant. An invocation in progress must be over."""
        self.retired = True
        self._cancel_timer()
        if self._process is not None:
            self._account.at(0, self._kill, name="lambda")

    # Init

    def _start(self) -> None:
        """Start a process. The first one has an init phase of its own; later ones initialise within the invocation."""
        self._processes += 1
        first = self._processes == 1
        self._process = process_class()(
            self._account,
            self,
            name=self.name,
            number=self._processes,
            configuration=self.configuration,
            code=self._code,
            disk=self._disk,
            log=self._log,
            variables=self._variables,
            init_s=self._models.init_s,
            patience_s=self._models.patience_s,
        )
        if first:
            self._platform.init_start()
            self._set_timer(self._init_limit_s(), self._init_timed_out)
        else:
            self._invoke()

    def _init_limit_s(self) -> float:
        if self.initialization == PROVISIONED:
            return float(max(PROVISIONED_INIT_S, self.configuration.timeout_s))
        return INIT_S

    def initialised(self, process: Process, failure: Outcome | None) -> None:
        """See `helpers.dataplane.awslambda.process.Owner`."""
        duration_us = self._account.now_us - process.began_us
        run = self._run
        if self._processes > 1:
            if run is not None:
                run.suppressed_init_us = duration_us
            if failure is not None:
                self._soon(process, failure)
        elif failure is None:
            self._cancel_timer()
            self._platform.init_report(duration_us, "success")
            if run is None:
                self._tell(duration_us, True)
            else:
                run.init_us = duration_us
                self._invoke()
        else:
            self._init_failed(duration_us, "error", failure.error_type)

    def _init_timed_out(self) -> None:
        self._kill()
        self._init_failed(int(self._init_limit_s() * SECOND_US), "timeout")

    def _init_failed(self, duration_us: int, status: str, error_type: str | None = None) -> None:
        """The first init failed: it is repeated at once, as a part of the invocation."""
        self._cancel_timer()
        self._platform.init_report(duration_us, status, error_type)
        self._process = None
        if self._run is None:
            self._tell(duration_us, False)
        else:
            self._run.init_us = duration_us
            self._account.at(0, self._start, name="lambda")

    def _tell(self, duration_us: int, well: bool) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            began_us = self._account.now_us - duration_us
            self._account.at(0, lambda: heard(began_us, well), name="lambda")

    # Invoke

    def _invoke(self) -> None:
        run = self._run
        assert run is not None
        assert self._process is not None
        run.invoked_us = self._account.now_us
        self._platform.start(run.invocation.request_id)
        self._set_timer(self.configuration.timeout_s, self._timed_out)
        self._process.run(run.invocation, self._account.epoch_us + self.configuration.timeout_us)

    def finished(self, process: Process, outcome: Outcome) -> None:
        """See `helpers.dataplane.awslambda.process.Owner`."""
        self._soon(process, outcome)

    def _soon(self, process: Process, outcome: Outcome) -> None:
        """Let the invocation be over as soon as the process waits again."""

        def over() -> None:
            if process is self._process:
                self._over(outcome)

        self._account.at(0, over, name="lambda")

    def exited(self, process: Process, how: Exit) -> None:
        """See `helpers.dataplane.awslambda.process.Owner`."""
        if process is not self._process:
            return
        self._kill()
        run = self._run
        if run is None or run.invoked_us < 0:
            self._init_failed(self._account.now_us - process.began_us, "error", "Runtime.ExitError")
        else:
            outcome = Outcome.ended("exit", "Runtime.ExitError", how.message, run.invocation.request_id)
            self._over(outcome)

    def _timed_out(self) -> None:
        run = self._run
        assert run is not None
        self._kill()
        said = f"Task timed out after {self.configuration.timeout_s:.2f} seconds"
        self._over(Outcome.ended("timeout", "Sandbox.Timedout", said, run.invocation.request_id))

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _over(self, outcome: Outcome) -> None:
        """The invocation is over: write its report, be free again, and tell who waits."""
        run, self._run = self._run, None
        assert run is not None
        self._cancel_timer()
        if outcome.status == "init":  # the process ended with the failure
            self._process = None
        now_us = self._account.now_us
        self.idle_since_us = now_us
        duration_us = now_us - run.invoked_us
        billed_ms = -(-(run.init_us + duration_us) // MILLISECOND_US)
        self._platform.end(
            Report(
                run.invocation.request_id,
                outcome.status,
                outcome.error_type,
                duration_us,
                billed_ms,
                run.init_us,
                self.configuration.memory_mb,
                min(self._models.memory_used_mb, self.configuration.memory_mb),
            )
        )
        ending = Ending(
            status=outcome.status,
            payload=outcome.payload,
            began_us=run.began_us,
            ended_us=now_us,
            init_us=run.init_us,
            duration_us=duration_us,
            billed_ms=billed_ms,
            environment=self.name,
            suppressed_init_us=run.suppressed_init_us,
            function_error=None if outcome.error_type is None else "Unhandled",
            error_type=outcome.error_type,
            error_message=outcome.error_message or None,
            log=self._log.take(),
        )
        run.done(ending)

    def _instant(self) -> str:
        return self._account.datetime.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def _set_timer(self, delay_s: float, function: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = self._account.at(delay_s, function, name="lambda")

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


# DG/configuration-envvars.html. The execution role's keys stand for the account, as everywhere in this course; the last
# four keep boto3 from looking for configuration of this machine.
_FIXED = {
    "LAMBDA_TASK_ROOT": TASK,
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
    "LANG": "en_US.UTF-8",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "PYTHONPATH": "/var/runtime",
    "TZ": ":UTC",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "BOTO_CONFIG": os.devnull,
}


def _variables(configuration: Configuration, log: LogStream, initialization: str) -> dict[str, str]:
    """The environment variables of a process, the function's own among them."""
    in_json = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": configuration.log_level}
    return {
        **_FIXED,
        **configuration.variables,
        **(in_json if configuration.log_format == "JSON" else {}),
        "_HANDLER": configuration.handler,
        "AWS_REGION": configuration.region,
        "AWS_DEFAULT_REGION": configuration.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": configuration.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": log.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log.stream,
    }
