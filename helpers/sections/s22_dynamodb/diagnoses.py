"""The failure labs of section 22: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values

if TYPE_CHECKING:
    import pandas as pd


def _sold_again(trail: pd.DataFrame) -> list[int]:
    """Accepted updates for a sale that an earlier update has taken its ticket for."""
    rows = trail[(trail["operation"] == "UpdateItem") & trail["error"].isna()]
    sales = [given["ExpressionAttributeValues"][":sale"]["S"] for given in rows["parameters"]]
    return [int(place) for at, place in enumerate(rows.index) if sales[at] in sales[:at]]


def _each_once(_: Values, m: Any) -> bool:
    return bool(m.summary["stock_fell_by"] == m.summary["sales"])


DIAGNOSES = (
    Diagnosis(
        id="22_dynamodb.tickets_gone",
        story=(
            "Four clerks sell tickets over a network that loses a quarter of their replies, which nobody can "
            "change. The stock carries a version. Each write is on condition that the version is still the one "
            "read, and who is refused reads and tries again. This evening 24 buyers got a ticket, and the stock "
            "fell by 28. Change one setting, so that it falls by one for each sale."
        ),
        run="22_dynamodb.locking?strategy=version condition&lost_reply_percent=25",
        causes=(
            Cause(
                "own_write",
                "After a lost reply a clerk sends the write again, and then sells a second time",
                "The write had been done and had moved the version. Sent again it is refused, the clerk takes that "
                "for another clerk's sale, reads the new version, and takes a second ticket for the same buyer.",
                right=True,
            ),
            Cause(
                "old_copy",
                "Reads return old versions of the stock, and the condition passes on them",
                "A condition looks at the item that is stored, not at what was read. Each accepted write here "
                "raises the version by exactly one.",
                "condition_reads_old_copy",
            ),
            Cause(
                "together",
                "Two clerks write at the same instant, and the condition of both is met",
                "Of the writes that name the same version one is accepted and the others are refused, in every "
                "case.",
                "conditions_pass_together",
            ),
            Cause(
                "twice_done",
                "DynamoDB carries out some of the calls twice, as queues deliver twice",
                "28 writes were accepted, and each of them puts one ticket less than the one before: none was done "
                "twice.",
                "calls_may_be_done_twice",
            ),
            Cause(
                "refused_counts",
                "A write that is refused has taken a ticket before its condition fails",
                "From one accepted write to the next the stock falls by one, however many were refused in between. "
                "A refused write costs a unit and changes nothing.",
                "refused_write_changes",
            ),
            Cause(
                "not_done",
                "A write whose reply is lost is not done, and its buyer has no ticket",
                "Then the stock would fall by too little. All writes with a lost reply stand in the trail as "
                "accepted.",
                "no_reply_means_not_done",
            ),
        ),
        pointer="Name a row of the trail that takes a ticket for a sale which has its ticket already.",
        evidence=_sold_again,
        mend=Mend(
            "strategy",
            lambda value: value == "transaction",
            "the transaction, whose record of the sale is there when the sale comes again",
            "transaction",
        ),
        well=_each_once,
        answer=(
            "A version says that somebody has written since, and not who. A clerk who has lost a reply cannot tell "
            "his own sale from another's, once others have sold as well. What was done has to be written down in "
            "the same step: the transaction puts a record under the sale's own number, on condition that there is "
            "none, and takes the ticket. Sent again it is cancelled, and the clerk knows that the sale is done. A "
            "counter would count every repeated call, and a plain write would lose sales."
        ),
    ),
)
