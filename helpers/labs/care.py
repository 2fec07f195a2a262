"""What the checks of several labs do alike: bear what a student's code breaks, and say why something did not happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from helpers.cloud import Actor
from helpers.labs.bench import Bench, Trial
from helpers.labs.finding import Finding, crashed, failed
from helpers.labs.lab import Need
from helpers.labs.student import NotAttempted, StudentError

Findings = Iterator[tuple[str, Finding]]
"""What an examination yields: the id of a check, and its finding."""

Examine = Callable[[Bench, Need], Findings]
"""An examination of one task."""


def careful(*checks: str, of: str = "A part of the system") -> Callable[[Examine], Examine]:
    """Let `checks`, the ids of a task, fail and not break if the student's code did away with what the examination
    works with. `of` says what that may be.
    """

    def decorate(examine: Examine) -> Examine:
        def examined(bench: Bench, need: Need) -> Findings:
            left = list(checks)
            try:
                for check, finding in examine(bench, need):
                    left.remove(check)
                    yield check, finding
            except (ClientError, BotoCoreError) as error:
                code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
                for check in left:
                    yield check, failed(f"{of} could not be used any more: AWS answered {code}.")

        return examined

    return decorate


def tried(call: Callable[[], Any]) -> tuple[Any, Finding | None]:
    """What the student's function returns, or how it crashed. Raises NotAttempted."""
    try:
        return call(), None
    except NotAttempted:
        raise
    except StudentError as error:
        return None, crashed(error.sentence)


def stopped_by(workers: Sequence[Actor]) -> StudentError | None:
    """The error that ended one of the student's workers, if one did. Raises NotAttempted if it is that."""
    errors = [worker.error for worker in workers if isinstance(worker.error, StudentError)]
    for error in errors:
        if isinstance(error, NotAttempted):
            raise error
    return errors[0] if errors else None


def lacking(reason: str, workers: Sequence[Actor], row: Any = None) -> Finding:
    """Something did not happen: because a worker raised, or else for `reason`."""
    error = stopped_by(workers)
    return failed(reason, row) if error is None else crashed(error.sentence)


def is_queue(trial: Trial, url: Any) -> bool:
    """Whether the student gave the URL of a queue that is there."""
    try:
        trial.cloud.ask("sqs", "GetQueueAttributes", {"QueueUrl": url})
    except Exception:  # noqa: BLE001  # anything may come back from a student's function
        return False
    return isinstance(url, str)
