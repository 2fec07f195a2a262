"""The AWS CLI, run in this process against a Cloud's account and clock.

It is the real AWS CLI, version 1 (package `awscli`): its parser, its own commands, its output and exit codes
(https://docs.aws.amazon.com/cli/v1/userguide/cli-usage-returncodes.html). Only its way out is the course's, as for
every client: calls land in the trail, waits pass in virtual time, and nothing reaches AWS. No config file, profile,
alias or plugin of yours is read.

Refused, in one sentence on its standard error and with exit code 255: what starts another program, writes into your
home folder, or shows a manual in a pager (`REFUSED`, and `help`). `aws s3 cp`, `mv` and `sync` work; they transfer one
file after the other, without the line that counts bytes.
"""

from __future__ import annotations

import base64
import importlib
import io
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import botocore.session

from helpers.cloud import actor as actors
from helpers.cloud import scheduler, transport
from helpers.cloud.call import SealedError, Stopped
from helpers.cloud.command_line import CommandLineError, commands

if TYPE_CHECKING:
    from helpers.cloud.account import Account

REFUSED = {
    "configure": "it changes your AWS settings; here --region and --output go with each command",
    "history": "it reads a file in your home folder; the trail is the history here",
    "codeartifact login": "it changes the settings of pip and its kind",
    "codecommit credential-helper": "it answers git, which does not ask here",
    "deploy install": "it installs software on this machine",
    "deploy register": "it writes a file of settings",
    "deploy uninstall": "it removes software from this machine",
    "ecs execute-command": "it starts another program",
    "eks update-kubeconfig": "it writes into your home folder",
    "emr get": "it starts another program",
    "emr put": "it starts another program",
    "emr socks": "it starts another program",
    "emr ssh": "it starts another program",
    "logs start-live-tail": "it streams in real time",
    "ssm start-session": "it starts another program",
}
"""Commands that are not run, and why."""

_INTERRUPTED = 130
_FAILED = 255
_MANUAL = "https://docs.aws.amazon.com/cli/v1/reference/"
_XML = ("query", "ec2", "rest-xml")
_LOGGERS = ("awscli", "botocore", "s3transfer", "urllib3")


@dataclass(frozen=True)
class Ended:
    """What a command left behind. A cell shows nothing for it: its output was shown when it ran."""

    code: int
    """The exit code: 0 done, 1 a transfer of `aws s3` failed, 2 wrong arguments, 255 any other error."""
    stdout: str
    stderr: str

    def json(self) -> Any:
        """The output, parsed. Raises ValueError if the command failed or its output is no JSON."""
        if self.code:
            raise ValueError(f"The command ended with exit code {self.code}, so there is no output to parse.")
        if not self.stdout.strip():
            return {}
        try:
            return json.loads(self.stdout)
        except ValueError:
            raise ValueError("The output is no JSON: leave --output out, or read .stdout.") from None

    def _ipython_display_(self) -> None:
        """Show nothing."""


def run_aws(arguments: str | Sequence[str], cloud: Account | None = None) -> Ended:
    """Run one command of the AWS CLI in `cloud`, by default the one that is open; nothing is printed.

    `arguments` are the words after `aws`, or a line that is split as a shell would. A command that fails does not
    raise: its exit code says so. Raises SealedError if no Cloud is open, RuntimeError inside an actor,
    CommandLineError for a line that is not one command, KeyboardInterrupt and `Stopped` when stopped from outside.
    """
    account = cloud or transport.current()
    if account is None or account.closed:
        raise SealedError("No Cloud is open for the AWS CLI: open one first (cloud = Cloud.open()).")
    if scheduler.here():
        raise RuntimeError("The AWS CLI cannot be run inside an actor: use a boto3 client there.")
    words = _words(arguments)
    driver = _driver(account)
    with _as_program(words) as (stdout, stderr):
        try:
            code = driver.main(words)
        except SystemExit as end:  # how its argument parser ends
            code = end.code
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    return Ended(code if isinstance(code, int) else 0 if code is None else 1, stdout.text(), stderr.text())


def _words(arguments: str | Sequence[str]) -> list[str]:
    if not isinstance(arguments, str):
        return list(arguments)
    found = commands(arguments)
    if len(found) > 1:
        raise CommandLineError(f"This is one command to run, and the text holds {len(found)}.")
    return without_aws(found[0].words if found else [])


def without_aws(words: list[str]) -> list[str]:
    """The words after `aws`, where a line begins with it."""
    return words[1:] if words[:1] == ["aws"] else words


# The CLI's parts


@cache
def _clidriver() -> Any:
    """The CLI's module of that name, loaded when it is first used."""
    data_path, finders = os.environ.get("AWS_DATA_PATH"), list(sys.meta_path)
    awscli: Any = importlib.import_module("awscli")
    clidriver: Any = importlib.import_module("awscli.clidriver")
    # awscli changes the environment and how botocore is found: for a program of its own, which it is not here.
    sys.meta_path[:] = finders
    if data_path is None:
        os.environ.pop("AWS_DATA_PATH", None)
    else:
        os.environ["AWS_DATA_PATH"] = data_path
    transport.add_data(str(Path(awscli.__file__).parent / "data"))
    write_exception = clidriver.write_exception

    def write_or_raise(error: Exception, outfile: Any) -> None:
        if isinstance(error, Stopped) or hasattr(error, "__notes__"):  # a defect of the course carries a note
            raise error
        write_exception(error, outfile)

    clidriver.write_exception = write_or_raise
    importlib.import_module("awscli.help").HelpCommand.__call__ = _manual
    importlib.import_module("awscli.customizations.commands").BasicHelp.__call__ = _manual
    s3: Any = importlib.import_module("awscli.customizations.s3.s3handler")
    futures = importlib.import_module("s3transfer.futures")
    # Threads would race for the clock, and the line that counts bytes is timed by the real one.
    s3.TransferManager = partial(s3.TransferManager, executor_cls=futures.NonThreadedExecutor)
    s3.ResultPrinter = s3.NoProgressResultPrinter
    return clidriver


def _driver(account: Account) -> Any:
    """A CLI for one command, as `create_clidriver` makes it, without the learner's files."""
    clidriver = _clidriver()
    session = botocore.session.Session(clidriver.EnvironmentVariables)
    session._course_cloud = account  # see transport
    clidriver._set_user_agent_for_session(session)
    for variable in ("config_file", "credentials_file"):
        session.set_config_variable(variable, os.devnull)
    if session.get_config_variable("region") is None:
        session.set_config_variable("region", account.region)
    scoped_config = session.get_scoped_config
    session.get_scoped_config = lambda: {**scoped_config(), "cli_follow_urlparam": "false"}  # a URL is text
    events = clidriver.load_plugins({}, event_hooks=session.get_component("event_emitter"))
    for service in {name.partition(" ")[0] for name in REFUSED if " " in name} | {"main"}:
        events.register_last(f"building-command-table.{service}", partial(_refuse, service))
    events.register_last("after-call", _as_sent)
    driver = clidriver.CLIDriver(session=session)
    driver.alias_loader = importlib.import_module("awscli.alias").AliasLoader("")
    return driver


def _refuse(service: str, command_table: dict[str, Any], **_rest: Any) -> None:
    for name, reason in REFUSED.items():
        before, _, last = name.rpartition(" ")
        if before == ("" if service == "main" else service) and last in command_table:
            command_table[last] = _Refusal(name, reason)


class _Refusal:
    """Stands in the CLI's table for a command that is not run."""

    lineage: Sequence[Any] = ()

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def __call__(self, *_arguments: Any) -> int:
        sys.stderr.write(f"aws {self.name} is not run here: {self._reason}.\n")
        return _FAILED


def _manual(*_arguments: Any) -> NoReturn:
    """Stands for what shows the CLI's manual in a pager."""
    words = [word for word in sys.argv[1 : sys.argv.index("help")] if not word.startswith("-")]
    page = _MANUAL + "/".join(words or ["index"]) + ("/index.html" if len(words) == 1 else ".html")
    sys.stderr.write(f"The manual is not shown here, as it needs a pager: it is at {page}.\n")
    raise SystemExit(_FAILED)  # some commands would make a success of what it returns


def _as_sent(parsed: dict[str, Any], model: Any, **_rest: Any) -> None:
    """CLI v1 shows times and bytes as they come over the wire. A data plane's answer was never there, so both are put
    into that form: seconds since 1970 in JSON, ISO 8601 in XML (https://smithy.io/2.0/aws/protocols/), and base64.
    """
    xml = model.service_model.resolved_protocol in _XML
    for key, value in parsed.items():
        parsed[key] = _sent(value, xml)


def _sent(value: Any, xml: bool) -> Any:
    if isinstance(value, datetime):
        instant = value.astimezone(UTC)
        return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z") if xml else value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {key: _sent(item, xml) for key, item in value.items()}
    if isinstance(value, list):
        return [_sent(item, xml) for item in value]
    return value


# Its output


class _Stream:
    """A standard stream of the CLI. What an actor prints while time passes goes past it, to the cell."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, outside: Any) -> None:
        self._outside = outside
        self.buffer = io.BytesIO()

    def write(self, text: str) -> int:
        """Keep `text`; return its length in characters."""
        if scheduler.here() and actors.current is not None:
            self._outside.write(text)
        else:
            self.buffer.write(text.encode())
        return len(text)

    def flush(self) -> None:
        """Do nothing: it is all here."""

    def isatty(self) -> bool:
        """Say no: colours and pagers stay away."""
        return False

    def text(self) -> str:
        """All that was written."""
        return self.buffer.getvalue().decode(errors="replace")


@contextmanager
def _as_program(words: list[str]) -> Iterator[tuple[_Stream, _Stream]]:
    """What a program of its own would have: arguments, standard streams, loggers."""
    arguments, streams = sys.argv, (sys.stdin, sys.stdout, sys.stderr)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    logged = [(logger, list(logger.handlers), logger.level) for logger in loggers]
    stdout, stderr = _Stream(sys.stdout), _Stream(sys.stderr)
    sys.argv = ["aws", *words]
    # Without a standard input the CLI says itself that it needs one.
    sys.stdin, sys.stdout, sys.stderr = None, stdout, stderr
    try:
        yield stdout, stderr
    finally:
        sys.argv, (sys.stdin, sys.stdout, sys.stderr) = arguments, streams
        for logger, handlers, level in logged:  # it gives them new ones with each command
            logger.handlers[:] = handlers
            logger.setLevel(level)
