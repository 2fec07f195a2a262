"""Attempts, sends and levels of one queue, read from a trail.

An attempt is one message in one reply of ReceiveMessage. What the consumer did with it shows in its next
calls: it deleted it (the work ended when it called DeleteMessage), it changed its visibility, or it went on
to its next receive without a delete (it failed or crashed). Consumers here work on the messages of a reply in
turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from helpers.experiments import CallRow


def queue_url(rows: Sequence[CallRow], name: str) -> str:
    """The URL that CreateQueue gave for the queue of that name."""
    for row in rows:
        if row.operation == "CreateQueue" and row.parameters["QueueName"] == name and row.response:
            return str(row.response["QueueUrl"])
    raise LookupError(f"The trail has no CreateQueue for {name}.")


class Sent(NamedTuple):
    """A message that the queue accepted: its id, when, its body and its message group ("" without one)."""

    message: str
    time_s: float
    body: str
    group: str


def sends(rows: Sequence[CallRow], url: str) -> list[Sent]:
    """The accepted messages of the queue in the order of sending; entries of a batch that failed are left out."""
    found = []
    for row in rows:
        if row.operation == "SendMessage" and row.parameters["QueueUrl"] == url and row.response:
            given = row.parameters
            found.append(
                Sent(
                    row.response["MessageId"],
                    row.end_s,
                    given["MessageBody"],
                    given.get("MessageGroupId", ""),
                )
            )
        elif row.operation == "SendMessageBatch" and row.parameters["QueueUrl"] == url and row.response:
            entries = {entry["Id"]: entry for entry in row.parameters["Entries"]}
            for done in row.response.get("Successful", ()):
                entry = entries[done["Id"]]
                found.append(
                    Sent(done["MessageId"], row.end_s, entry["MessageBody"], entry.get("MessageGroupId", ""))
                )
    return found


@dataclass
class Attempt:
    """One message in one reply of ReceiveMessage.

    `received_s` is when the message arrived at the consumer `actor`; `started_s` when its turn came (None: it
    never did); `ended_s` when the work ended; `hidden_until_s` when the queue would show it again;
    `deleted_s` when a delete of it was accepted; `fate` is "done" (deleted, or the delete was refused: see
    `refused`), "failed" (no delete, and the consumer went on), "released" (handed back with a visibility
    timeout of 0), "untouched" (its turn never came) or "open" (the run ended first). `extensions` are the
    moments at which its visibility was prolonged.
    """

    message: str
    body: str
    actor: str
    handle: str
    received_s: float
    hidden_until_s: float
    started_s: float | None = None
    ended_s: float | None = None
    deleted_s: float | None = None
    refused: str | None = None
    fate: str = "open"
    extensions: list[float] = field(default_factory=list)

    @property
    def busy(self) -> tuple[float, float] | None:
        """From when to when the consumer worked on it; None if it never did."""
        if self.started_s is None or self.ended_s is None:
            return None
        return self.started_s, self.ended_s


def attempts(  # noqa: C901  # one pass over the calls, a branch for each operation
    rows: Sequence[CallRow], url: str, visibility_s: float
) -> list[Attempt]:
    """The attempts on messages of the queue, in the order in which they were received.

    `visibility_s` is the queue's visibility timeout. An attempt that is still open when the trail ends has
    the end of the trail as `ended_s`.
    """
    found: list[Attempt] = []
    by_handle: dict[str, Attempt] = {}
    held: dict[str, list[Attempt]] = {}
    last_s = 0.0
    for row in rows:
        last_s = max(last_s, row.end_s)
        if row.parameters.get("QueueUrl") != url:
            continue
        if row.operation == "ReceiveMessage":
            _leave(held.pop(row.actor, []), row.start_s)
            new = [
                Attempt(
                    one["MessageId"],
                    one["Body"],
                    row.actor,
                    one["ReceiptHandle"],
                    row.end_s,
                    row.end_s + visibility_s,
                )
                for one in row.response.get("Messages", ())
            ]
            if new:
                new[0].started_s = row.end_s
                held[row.actor] = new
                by_handle.update((attempt.handle, attempt) for attempt in new)
                found.extend(new)
        elif row.operation in _ENDS:
            for handle, value, error in _ENDS[row.operation](row):
                attempt = by_handle.get(handle)
                if attempt is None:
                    continue
                if value is None:
                    _finish(held.get(row.actor, []), attempt, row, error)
                elif error is not None:
                    continue  # nothing changed
                elif value == 0:
                    attempt.hidden_until_s = row.end_s
                    attempt.fate = "released"
                    _pass_on(held.get(row.actor, []), attempt, row.start_s, row.end_s)
                else:
                    attempt.hidden_until_s = row.end_s + value
                    attempt.extensions.append(row.end_s)
    for batch in held.values():
        for attempt in batch:
            if attempt.started_s is not None and attempt.ended_s is None:
                attempt.ended_s = last_s
    found.sort(key=lambda attempt: attempt.received_s)
    return found


def _finish(batch: list[Attempt], attempt: Attempt, row: CallRow, error: str | None) -> None:
    attempt.fate = "done"
    if error is None:
        attempt.deleted_s = row.end_s
    else:
        attempt.refused = error
    _pass_on(batch, attempt, row.start_s, row.end_s)


def _pass_on(batch: list[Attempt], attempt: Attempt, ended_s: float, free_s: float) -> None:
    """The consumer is through with `attempt`; those of the same reply before it were left, the next one starts."""
    attempt.ended_s = ended_s
    if attempt.started_s is None:  # a delete batch: all worked on before it
        attempt.started_s = attempt.received_s
    if attempt not in batch:
        return
    place = batch.index(attempt)
    for earlier in batch[:place]:
        if earlier.ended_s is None:
            earlier.ended_s, earlier.fate = ended_s, "failed"
    del batch[: place + 1]
    if batch:
        batch[0].started_s = free_s


def _leave(batch: list[Attempt], time_s: float) -> None:
    """The consumer asks for more: what it still held was dropped."""
    for attempt in batch:
        if attempt.started_s is None:
            attempt.fate = "untouched"
        else:
            attempt.fate, attempt.ended_s = "failed", time_s


Ending = tuple[str, float | None, str | None]


def _delete(row: CallRow) -> Iterator[Ending]:
    yield row.parameters["ReceiptHandle"], None, row.error


def _delete_batch(row: CallRow) -> Iterator[Ending]:
    failed = {entry["Id"]: entry["Code"] for entry in row.response.get("Failed", ())}
    for entry in row.parameters["Entries"]:
        yield entry["ReceiptHandle"], None, row.error or failed.get(entry["Id"])


def _change(row: CallRow) -> Iterator[Ending]:
    yield row.parameters["ReceiptHandle"], float(row.parameters["VisibilityTimeout"]), row.error


def _change_batch(row: CallRow) -> Iterator[Ending]:
    failed = {entry["Id"]: entry["Code"] for entry in row.response.get("Failed", ())}
    for entry in row.parameters["Entries"]:
        yield entry["ReceiptHandle"], float(entry["VisibilityTimeout"]), row.error or failed.get(entry["Id"])


_ENDS = {
    "DeleteMessage": _delete,
    "DeleteMessageBatch": _delete_batch,
    "ChangeMessageVisibility": _change,
    "ChangeMessageVisibilityBatch": _change_batch,
}


class Depth(NamedTuple):
    """What GetQueueAttributes said: messages visible, in flight and delayed (approximate on AWS)."""

    time_s: float
    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All messages in the queue."""
        return self.visible + self.in_flight + self.delayed


DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def depths(rows: Sequence[CallRow], url: str) -> list[Depth]:
    """What the calls of GetQueueAttributes on the queue saw, oldest first."""
    return [
        Depth(row.end_s, *(int(row.response["Attributes"][name]) for name in DEPTHS))
        for row in rows
        if row.operation == "GetQueueAttributes"
        and row.parameters["QueueUrl"] == url
        and DEPTHS[0] in row.response.get("Attributes", ())
    ]
