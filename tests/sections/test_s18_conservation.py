"""No experiment of section 18 loses a message, whatever its values: each one that was sent was deleted, is still in a
queue, or became too old. Seen from outside: from the calls of the run and the queues it leaves, not from what the
experiment measures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import s18_broken_rules as broken
from hypothesis import Phase, given, settings
from s18_broken_rules import Patch, Rule
from s18_ranges import SMALL, anywhere

from helpers import Cloud
from helpers.dataplane.sqs.queue import Queue
from helpers.experiments import CallRow, Values, calls, catalog, find

pytestmark = pytest.mark.slow  # the quick gate does without a wide search


EXAMPLES = 25
DAY_S = 86_400
DEFAULT_RETENTION_S = 4 * DAY_S


class Lost(AssertionError):
    """A message is nowhere."""


@dataclass(frozen=True)
class Ledger:
    """What the calls of a run say of its messages: `sent` (id to the moment of sending, and the URL), ids that
    were `deleted` to good effect, and for each id the URLs at which it was received.
    """

    sent: dict[str, tuple[float, str]]
    deleted: set[str]
    received_at: dict[str, set[str]]


def ledger(rows: list[CallRow], old_handles_delete: bool) -> Ledger:
    """`old_handles_delete`: whether a delete counts that uses the receipt handle of an earlier receive."""
    sent: dict[str, tuple[float, str]] = {}
    deleted: set[str] = set()
    received_at: dict[str, set[str]] = {}
    message_of: dict[str, str] = {}
    latest: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row.end_s):
        url = row.parameters.get("QueueUrl", "")
        if row.error is not None:
            continue
        if row.operation == "SendMessage":
            sent[row.response["MessageId"]] = row.end_s, url
        elif row.operation == "SendMessageBatch":
            assert not row.response.get("Failed")
            sent |= {entry["MessageId"]: (row.end_s, url) for entry in row.response["Successful"]}
        elif row.operation == "ReceiveMessage":
            for message in row.response.get("Messages", ()):
                message_of[message["ReceiptHandle"]] = message["MessageId"]
                latest[message["MessageId"]] = message["ReceiptHandle"]
                received_at.setdefault(message["MessageId"], set()).add(url)
        for handle in deletes(row):
            if old_handles_delete or latest[message_of[handle]] == handle:
                deleted.add(message_of[handle])
    return Ledger(sent, deleted, received_at)


def deletes(row: CallRow) -> Iterator[str]:
    """The receipt handles of the deletes that the reply calls successful."""
    if row.operation == "DeleteMessage":
        yield row.parameters["ReceiptHandle"]
    elif row.operation == "DeleteMessageBatch":
        succeeded = {entry["Id"] for entry in row.response.get("Successful", ())}
        yield from (e["ReceiptHandle"] for e in row.parameters["Entries"] if e["Id"] in succeeded)


def account_for_all(name: str, p: Values, seed: int) -> None:
    """Run the experiment and look for each message. Raises Lost for one that is nowhere without a reason."""
    cloud = Cloud(seed=seed)
    try:
        find(f"18_sqs.{name}").run(cloud, p)
        plane = cloud.plane("sqs")
        queues: list[Queue] = [served.queue for served in plane._queues._by_arn.values()]
        found = ledger(calls(cloud.trail), plane.models.stale_handle_deletes)
        for queue in queues:
            assert queue.visible + queue.in_flight + queue.delayed == len(queue.messages)
            assert min(queue.visible, queue.in_flight, queue.delayed) >= 0
        left = {message.id for queue in queues for message in queue.messages.values()}
        assert left <= set(found.sent)
        for message, (moment_s, url) in found.sent.items():
            if message not in found.deleted and message not in left:
                where = found.received_at.get(message, set())
                if not too_old(p, cloud.now - moment_s, dead=bool(where - {url}), handed_out=bool(where)):
                    raise Lost(f"18_sqs.{name} {p}, seed {seed}: {message}, sent at {moment_s:g} s")
    finally:
        cloud.close()


def too_old(p: Values, age_s: float, dead: bool, handed_out: bool) -> bool:
    """Whether a message of that age may be gone: `dead` if it was seen in a dead-letter queue."""
    if "dlq_retention_days" not in p:
        return age_s >= DEFAULT_RETENTION_S
    if dead:
        return age_s >= int(p.dlq_retention_days) * DAY_S
    # Nobody saw it there if the original send was too long ago when it was moved.
    expired_on_arrival = p.queue_type == "standard" and p.days_before_work >= p.dlq_retention_days
    return handed_out and bool(expired_on_arrival)


def search(name: str, phases: tuple[Phase, ...]) -> None:
    """Look for a message that gets lost, over the whole range of every parameter. Raises Lost."""
    experiment = find(f"18_sqs.{name}")

    @settings(max_examples=EXAMPLES, phases=phases)
    @given(values=anywhere(name))
    def holds(values: dict[str, object]) -> None:
        account_for_all(name, experiment.values(**values), seed=0)

    holds()


@pytest.mark.parametrize("name", SMALL)
def test_no_message_is_lost_at_any_values(name: str) -> None:
    search(name, (Phase.generate, Phase.shrink))


LEAKS = [
    ("visibility", broken.forget_at_the_timeout),
    ("poison", broken.forget_at_the_timeout),
    ("fifo_groups", broken.forget_at_the_timeout),
    *((name, broken.drop_one_in_three) for name in SMALL),
]


@pytest.mark.parametrize(("name", "rule"), LEAKS, ids=lambda part: getattr(part, "__name__", part))
def test_a_leak_is_noticed(name: str, rule: Rule, monkeypatch: Patch) -> None:
    rule(monkeypatch)
    with pytest.raises(Lost):
        search(name, (Phase.generate,))


def test_no_experiment_is_left_out() -> None:
    assert {f"18_sqs.{name}" for name in SMALL} == {one for one in catalog() if one.startswith("18_sqs.")}
