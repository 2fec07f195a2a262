"""Each claim can fail: with one rule of SQS broken, it is false at values that lie in its stated range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from s18_runs import outcome

from helpers.dataplane.sqs.fifo import FifoQueue
from helpers.dataplane.sqs.message import Message
from helpers.dataplane.sqs.queue import Queue
from helpers.dataplane.sqs.standard import StandardQueue
from helpers.dataplane.sqs.waiting import Line
from helpers.experiments import Verdict
from helpers.sections.s18_sqs.experiments import EXPERIMENTS, asg

Patch = pytest.MonkeyPatch


def hide_for_a_third(patch: Patch) -> None:
    """A receive hides a message for a third of the timeout."""
    real = Queue._hand_out

    def shorter(self: Queue, message: Message, now: int, ms: int, visibility_us: int, handle: str) -> None:
        real(self, message, now, ms, visibility_us // 3, handle)

    patch.setattr(Queue, "_hand_out", shorter)


def forget_at_the_timeout(patch: Patch) -> None:
    """A message that was not deleted in time is gone."""
    patch.setattr(Queue, "_release", Queue.remove)


def allow_one_receive_more(patch: Patch) -> None:
    """maxReceiveCount + 1 receives."""
    real = Queue._set_aside

    def later(self: Queue, message: Message, now_us: int) -> bool:
        redrive = self.configuration.redrive
        return (
            redrive is not None
            and message.receives_here > redrive.maximum_receives
            and real(self, message, now_us)
        )

    patch.setattr(Queue, "_set_aside", later)


def set_aside_at_random(patch: Patch) -> None:
    """Every fifth message goes to the dead-letter queue at its first receive."""
    real = Queue._set_aside

    def early(self: Queue, message: Message, now_us: int) -> bool:
        if (
            self.configuration.redrive is not None
            and message.order % 5 == 3
            and self.dead_letter(self, message, now_us)
        ):
            self.remove(message)
            return True
        return real(self, message, now_us)

    patch.setattr(Queue, "_set_aside", early)


def keep_the_age_on_fifo(patch: Patch) -> None:
    """FIFO dead letters keep the age of their first send."""
    patch.setattr(FifoQueue, "_keep_age", Queue._keep_age)


def look_only_at_the_start(patch: Patch) -> None:
    """A long poll looks for messages once, then waits to its end."""

    def blind(self: Line, attempt: Callable[[], list[Any]], wait_s: int) -> list[Any]:
        messages = attempt()
        if not messages:
            self._account.sleep(wait_s)
        return messages

    patch.setattr(Line, "wait", blind)


def never_wait(patch: Patch) -> None:
    """WaitTimeSeconds has no effect."""
    patch.setattr(Line, "wait", lambda self, attempt, wait_s: attempt())


def hand_out_locked_groups(patch: Patch) -> None:
    """A message group is handed out although one of its messages is in flight."""

    def unlocked(self: FifoQueue) -> Any:
        open_groups = [
            (front.order, group) for group in self._groups.values() if (front := group.front()) is not None
        ]
        return min(open_groups, key=lambda pair: pair[0], default=(0, None))[1]

    patch.setattr(FifoQueue, "_next_group", unlocked)


def hold_fifty(patch: Patch) -> None:
    """A queue drops what comes when 50 messages are in it."""
    real = Queue.add

    def full(self: Queue, message: Message, now_us: int, now_ms: int) -> None:
        if len(self.messages) < 50:
            real(self, message, now_us, now_ms)

    patch.setattr(Queue, "add", full)


def delay_a_minute(patch: Patch) -> None:
    """Every message is held back for a minute."""
    patch.setattr(StandardQueue, "_delay_us", lambda self, message: 60_000_000)


class Hurry:
    """A clock for which work on any number of messages, 5.5 s each, takes one second."""

    def __init__(self, time: Any) -> None:
        self._time = time

    def sleep(self, seconds: float) -> None:
        self._time.sleep(1.0 if seconds % 5.5 == 0 else seconds)


def work_in_a_second(patch: Patch) -> None:
    """Instances have much more capacity than their work says."""
    patch.setattr(asg, "time", Hurry(asg.time))


BROKEN = [
    ("visibility", "once", hide_for_a_third, {}),
    ("visibility", "recovery", hide_for_a_third, {"crash_percent": 20, "visibility_timeout_s": 60}),
    ("visibility", "kept", forget_at_the_timeout, {"crash_percent": 20}),
    ("poison", "receives", allow_one_receive_more, {}),
    ("poison", "only_poison", set_aside_at_random, {}),
    ("poison", "move", hide_for_a_third, {}),
    ("poison", "full_retention", keep_the_age_on_fifo, {"queue_type": "fifo", "days_before_work": 1}),
    ("polling", "fewer", never_wait, {"duration_min": 1}),
    ("polling", "sooner", look_only_at_the_start, {}),
    ("polling", "idle", never_wait, {"arrivals_per_min": 0, "duration_min": 1}),
    ("polling", "complete", look_only_at_the_start, {}),
    ("fifo_groups", "order", hand_out_locked_groups, {"groups": 2}),
    ("fifo_groups", "alone", hand_out_locked_groups, {}),
    ("fifo_groups", "bound", hand_out_locked_groups, {"groups": 2}),
    ("fifo_groups", "own_group_only", hand_out_locked_groups, {"head_failures": 2}),
    ("asg", "in_time", delay_a_minute, {"burst_factor": 1, "job_s": 1, "acceptable_wait_s": 20}),
    ("asg", "boot", work_in_a_second, {"job_s": 5.5}),
    ("asg", "kept", hold_fifty, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "claim", "break_rule", "values"), BROKEN, ids=[f"{row[0]}.{row[1]}" for row in BROKEN]
)
def test_a_broken_rule_makes_the_claim_false(
    name: str, claim: str, break_rule: Callable[[Patch], None], values: dict[str, Any], monkeypatch: Patch
) -> None:
    sound = outcome(f"18_sqs.{name}", **values)
    assert sound.run.experiment.claim(claim).range(sound.run.values)
    assert sound.findings[claim].verdict is Verdict.TRUE
    break_rule(monkeypatch)
    assert outcome(f"18_sqs.{name}", **values).findings[claim].verdict is Verdict.FALSE


def test_no_claim_is_left_out() -> None:
    declared = {(one.id.partition(".")[2], claim.id) for one in EXPERIMENTS for claim in one.claims}
    assert {(row[0], row[1]) for row in BROKEN} == declared
