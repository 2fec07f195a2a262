"""The failure labs of section 22: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values

if TYPE_CHECKING:
    import pandas as pd


def _narrow_index(trail: pd.DataFrame) -> list[int]:
    """Tables made with an index that has fewer write units than the table."""
    rows = trail[trail["operation"] == "CreateTable"]
    return [
        int(place)
        for place, given in rows["parameters"].items()
        if any(_write_units(index) < _write_units(given) for index in given.get("GlobalSecondaryIndexes", ()))
    ]


def _write_units(given: Mapping[str, Any]) -> int:
    units: int = given["ProvisionedThroughput"]["WriteCapacityUnits"]
    return units


def _none_throttled(p: Values, m: Any) -> bool:
    """With the index, which has to stay."""
    return bool(p.gsi_wcu and m.summary["throttled"] == 0)


def _sold_again(trail: pd.DataFrame) -> list[int]:
    """Accepted updates for a sale that an earlier update has taken its ticket for."""
    rows = trail[(trail["operation"] == "UpdateItem") & trail["error"].isna()]
    sales = [given["ExpressionAttributeValues"][":sale"]["S"] for given in rows["parameters"]]
    return [int(place) for at, place in enumerate(rows.index) if sales[at] in sales[:at]]


def _each_once(_: Values, m: Any) -> bool:
    return bool(m.summary["stock_fell_by"] == m.summary["sales"])


DIAGNOSES = (
    Diagnosis(
        id="22_dynamodb.half_used_and_throttled",
        story=(
            "Each evening a rush of orders asks a table of 60 write units a second for 30. That went well until "
            "last week, when the table got a global index by customer, which the support team needs every day. "
            "Since then of ten orders in the rush three are lost after all attempts of the SDK, and others come "
            "seconds late. Half of the table's units are never used. Change one setting, so that no order is "
            "throttled and support keeps its index."
        ),
        run="22_dynamodb.throttle?wcu=60&quiet_s=10&spike_s=150&attempts=4&gsi_wcu=20",
        causes=(
            Cause(
                "narrow_index",
                "The index has fewer write units than the orders need",
                "Each order is also written to the index, which has 20 units a second. When those are spent the "
                "order is refused, whatever the table has left.",
                right=True,
            ),
            Cause(
                "small_table",
                "The table has fewer write units than the orders need",
                "The orders take 30 of its 60 units a second, index entries not counted. With more of them just as "
                "many orders are throttled.",
                "table_units_cure_all",
            ),
            Cause(
                "shared",
                "The index takes its write units from those of the table",
                "A global index has units of its own, and the reply to each accepted order names them apart: 30 "
                "for the table, 30 for the index.",
                "gsi_uses_table_units",
            ),
            Cause(
                "one_partition",
                "The order numbers follow each other, into one partition",
                "A hash of the whole key decides, so neighbours lie apart. And a single partition would take 1,000 "
                "units a second.",
                "suffix_stays_in_its_partition",
            ),
            Cause(
                "dealt_out",
                "The table deals its 60 units out evenly, a few to each key",
                "A busy partition gets what the table has to give, up to 1,000 units a second. No key has a share "
                "of its own.",
                "units_shared_by_key",
            ),
            Cause(
                "few_attempts",
                "The SDK gives up after four attempts, and more would do",
                "With more attempts as many orders are lost: what one of them gets at a later attempt another one "
                "lacks.",
                "retries_bring_all_through",
            ),
        ),
        pointer="Name the row of the trail in which the narrowest place on the way of an order was made.",
        evidence=_narrow_index,
        mend=Mend(
            "gsi_wcu",
            lambda value: value >= 29,
            "30 for the 30 that are asked for, or one less, which what was saved before the rush makes up for",
            60,
        ),
        well=_none_throttled,
        answer=(
            "A write to the table needs units in the table and in each global index that holds the item. The index "
            "was given 20 of the 30 that it takes, so every third order of the rush is refused, with an error that "
            "names the index: IndexWriteProvisionedThroughputExceeded. Retries only change which orders those are. "
            "AWS advises to give an index at least the write units of its table; 60 here would carry every rush "
            "that the table carries."
        ),
    ),
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
