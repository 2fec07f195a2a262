"""`%aws` and `%%aws`: the AWS CLI in a cell, in the Cloud that is open.

`%aws sqs list-queues` runs one command, and `%%aws` one a line, until one fails. What the command writes is shown as it
writes it. A command that fails does not raise, as in a shell: it says why, and its exit code. `done = %aws sqs
list-queues` gives the result to Python too: `done.code`, `done.stdout`, `done.json()`.

`$name` and `{expression}` stand for Python's values; see `helpers.cloud.command_line` for quoting.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython

from helpers.cloud import aws_cli
from helpers.cloud.aws_cli import Ended, run_aws
from helpers.cloud.command_line import CommandLineError, commands


def aws(line: str, cell: str | None = None, *, local_ns: Mapping[str, Any] | None = None) -> Ended | None:
    """Run the command in `line`, or those in `cell`, and show what they write.

    Returns what the command of a line left behind, and nothing for a cell. Raises UsageError for `%%aws` with words
    behind it, and what `run_aws` and `commands` raise, before anything is run.
    """

    def value_of(expression: str) -> object:
        return eval(expression, _names(), local_ns)  # noqa: S307  # the learner's own code, in the learner's cell

    if cell is None:
        found = commands(line, value_of)
        if len(found) > 1:
            raise CommandLineError("%aws runs one command: give each its own line below %%aws.")
        return _shown(found[0].words if found else [])
    if line.strip():
        raise UsageError("%%aws stands alone on its line: its commands go on the lines below, one a line.")
    for command in commands("\n" + cell, value_of):  # %%aws is the cell's first line
        ended = _shown(command.words)
        if ended.code:
            sys.stderr.write(f"Stopped at line {command.line} of the cell; what follows it was not run.\n")
            break
    return None


def _names() -> dict[str, Any]:
    shell = get_ipython()
    return {} if shell is None else shell.user_ns


def _shown(words: list[str]) -> Ended:
    ended = run_aws(aws_cli.without_aws(words))
    if ended.stdout:  # an empty text would be shown as an empty box
        sys.stdout.write(ended.stdout)
    if ended.stderr:
        sys.stderr.write(ended.stderr)
    if ended.code:
        sys.stderr.write(f"aws: exit code {ended.code}\n")
    return ended
