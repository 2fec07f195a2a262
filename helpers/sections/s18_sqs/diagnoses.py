"""The failure labs of section 18: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values

if TYPE_CHECKING:
    import pandas as pd

TIMEOUT_S = 60


def _overloaded(trail: pd.DataFrame) -> list[int]:
    """Receives that bring more jobs than 60 s allow for in turn."""
    rows = trail[trail["operation"] == "ReceiveMessage"]
    return [
        int(place)
        for place, reply in rows["response"].items()
        if reply and len(reply.get("Messages", ())) > 2
    ]


def _once(_: Values, m: Any) -> bool:
    return bool(m.summary["duplicates"] == 0 and m.summary["done"] == m.summary["messages"])


def _one_group(trail: pd.DataFrame) -> list[int]:
    """Sends whose messages all carry one group id."""
    rows = trail[trail["operation"] == "SendMessageBatch"]
    return [
        int(place)
        for place, given in rows["parameters"].items()
        if len({entry.get("MessageGroupId") for entry in given["Entries"]}) == 1
    ]


def _few_wait(_: Values, m: Any) -> bool:
    jobs = [job for jobs in m.groups.values() for job in jobs]
    late = sum(job.done is None or job.done.ended_s is None or job.done.ended_s > 30 for job in jobs)
    return bool(late <= len(jobs) / 4)


DIAGNOSES = (
    Diagnosis(
        id="18_sqs.billed_twice",
        story=(
            "Three workers send invoices. One invoice takes 14 to 26 s. Operations set the visibility timeout to 60 "
            "s, so that an "
            "invoice whose worker dies is sent within a minute, and wants it to stay. Since last week's change to the "
            "workers, which was "
            "meant to save calls, some customers get their invoice twice. Change one setting of the workers."
        ),
        run=f"18_sqs.visibility?visibility_timeout_s={TIMEOUT_S}&batch_size=6&messages=48&arrival_every_s=0",
        causes=(
            Cause(
                "in_turn",
                "A worker takes several invoices at once, and the timeout of all runs from the receive",
                "A receive brings six invoices, and the third is finished after some 60 s: those behind it are "
                "visible again before "
                "their turn.",
                right=True,
            ),
            Cause(
                "long_job",
                "Some invoices take longer than the timeout",
                "The first invoice of each receive is deleted within 26 s, so no single one comes near 60 s.",
                "timeout_is_deadline",
            ),
            Cause(
                "stray",
                "SQS delivered stray copies, as standard queues may",
                "Each second receive comes 60 s or more after the first, never sooner: the timeout ran out, no copy "
                "was about.",
                "visibility_is_a_lock",
            ),
            Cause(
                "crash",
                "Workers crash, and their invoices are sent again",
                "A crashed worker leaves an invoice without a delete; here each attempt ends with one.",
                "queue_sees_crashes",
            ),
            Cause(
                "too_many",
                "Two idle workers receive the same message at the same instant",
                "No two receives within 60 s bring the same message id: while it is hidden, nobody else gets it.",
                "receive_is_shared",
            ),
            Cause(
                "producer",
                "The producer sends some invoices twice",
                "48 sends, 48 message ids; the second attempts carry the id of the first.",
                "duplicates_come_from_producer",
            ),
        ),
        pointer="Name a row of the trail in which a worker takes on more than it can finish in time.",
        evidence=_overloaded,
        mend=Mend("batch_size", lambda value: value <= 2, "at most 2, since 2 × 26 s fit into 60 s", 2),
        well=_once,
        answer=(
            "The change was to take six invoices per receive. The timeout of each message starts with the receive, "
            "not with the work on "
            "it, and the worker does them one after the other: six take up to 156 s. With two per receive, 52 s fit "
            "into 60 s. A longer "
            "timeout or ChangeMessageVisibility would stop the duplicates as well, at the price of a later retry "
            "after a crash, or of "
            "more calls."
        ),
    ),
    Diagnosis(
        id="18_sqs.standstill",
        story=(
            "Payments of many customers go through one FIFO queue to ten workers. In quiet hours all is well. "
            "Whenever one payment fails "
            "and has to be tried again, nothing at all moves for half a minute, for no customer, while ten workers "
            "stand idle. Change one "
            "setting, so that three quarters of the payments are done within 30 s all the same."
        ),
        run="18_sqs.fifo_groups?groups=1&consumers=10&head_failures=2",
        causes=(
            Cause(
                "one_group",
                "All payments carry the same message group id",
                "Each entry of each send has the group id group-1: to SQS all customers are one line, and its head "
                "is hidden.",
                right=True,
            ),
            Cause(
                "few_consumers",
                "Ten workers are too few for the payments",
                "During the halt all ten wait in long polls that bring nothing; more of them would wait beside them.",
                "consumers_always_scale",
            ),
            Cause(
                "fifo",
                "A FIFO queue always stops at a message that fails",
                "It stops the group of that message; with other group ids in the queue those would go on.",
                "fifo_is_one_line",
            ),
            Cause(
                "quota",
                "The queue is throttled at 300 calls a second",
                "No row has an error, and the busiest second has far fewer than 300 calls.",
                "fifo_is_throttled_early",
            ),
            Cause(
                "polling",
                "The workers poll too slowly: a long poll ends after 20 s",
                "A long poll returns in the moment a message may be handed out; the halts last as long as the "
                "visibility timeout.",
                "long_poll_returns_at_end",
            ),
            Cause(
                "dead_letter",
                "Without a dead-letter queue the failing payment is never let go",
                "It succeeds at the third try; set aside after the first, it would be out of order, and the others "
                "had waited all the "
                "same.",
                "dlq_after_first_failure",
            ),
        ),
        pointer="Name a row of the trail which decides that these payments have to wait for one another.",
        evidence=_one_group,
        mend=Mend("groups", lambda value: value >= 4, "several groups, in life one for each customer", 10),
        well=_few_wait,
        answer=(
            "Order is kept within a message group, and a group is worked on by one consumer at a time. With one group "
            "id for all, the "
            "whole queue is that group: it never uses more than one worker, and a payment that fails hides all those "
            "behind it for the "
            "visibility timeout. The unit that has to stay in order is the customer, so the customer's id is the "
            "group id."
        ),
    ),
)
