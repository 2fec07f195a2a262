"""The failure labs of section 21: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values
from helpers.sections.s21_lambda.experiments.sqs_esm import poisoned

if TYPE_CHECKING:
    import pandas as pd

BATCH = 10
MAP_S = 60


def _failed(trail: pd.DataFrame) -> pd.DataFrame:
    """The runs that ended in an error, oldest first."""
    return trail[(trail["operation"] == "Invocation") & trail["error"].notna()]


def _handed_back(trail: pd.DataFrame) -> list[int]:
    """Runs that failed with more than one message."""
    return [int(place) for place, given in _failed(trail)["parameters"].items() if given["Records"] > 1]


def _only_bad_aside(p: Values, m: Any) -> bool:
    """With batches as large as before."""
    aside = m.summary["set_aside"] == poisoned(p) and m.summary["good_set_aside"] == 0
    return bool(p.batch_size == BATCH and aside and m.summary["invoiced_twice"] == 0)


def _alone(trail: pd.DataFrame) -> list[int]:
    """Runs that failed with one record, which nothing can split any more."""
    return [int(place) for place, given in _failed(trail)["parameters"].items() if given["Records"] == 1]


def _map_is_young(_: Values, m: Any) -> bool:
    s = m.summary
    return bool(s["waiting"] == 0 and s["good_given_up"] == 0 and s["oldest_s"] <= MAP_S)


DIAGNOSES = (
    Diagnosis(
        id="21_lambda.sent_twice",
        story=(
            "A function takes orders from a queue, ten at a time, and writes an invoice for each. It opens a "
            "connection to the accounting system for every batch, and since connections are scarce, batches have to "
            "stay that large. Of this morning's 100 orders five named a customer who does not exist. They were to be "
            "set aside after three attempts, and they were. But 45 good orders were set aside with them, and 29 "
            "invoices were written twice or more. Change one setting."
        ),
        run="21_lambda.sqs_esm?messages=100&poison_percent=5",
        causes=(
            Cause(
                "whole_batch",
                "One bad order makes the run fail, and its whole batch goes back to the queue",
                "Fifteen runs ended in an error, after some of their orders had an invoice. Lambda deleted none of "
                "the ten, and all of them came back.",
                right=True,
            ),
            Cause(
                "early_sight",
                "The visibility timeout is too short, so orders come back while they are worked on",
                "It is 60 s, six times the function's timeout, and no run takes more than 6 s. The orders came back "
                "after their runs had failed.",
                "long_visibility_stops_repeats",
            ),
            Cause(
                "no_room",
                "The function had no room for all batches, and those that were throttled were set aside",
                "No attempt was throttled. The function shares the account's 1,000 environments and had ten at most.",
                "throttled_means_set_aside",
            ),
            Cause(
                "retries",
                "Lambda tries a failed batch twice more, as it does with asynchronous events",
                "A mapping does not do that. The runs follow 60 s after one another, when the messages are visible "
                "again, and the limit of three is the queue's.",
                "mapping_retries_like_events",
            ),
            Cause(
                "few_receives",
                "Three receives are too few for good orders to get through before they are set aside",
                "A good order shares its fate with the bad one each time it comes in the same batch. With five "
                "receives just as many were set aside, with more invoices before.",
                "more_receives_save_good_messages",
            ),
            Cause(
                "swamped",
                "The mapping handed over all orders at once, and the function could not keep up",
                "It began with five batches at once, and had ten a second later. A run took no longer than the work "
                "on its own orders.",
                "mapping_takes_all_at_once",
            ),
        ),
        pointer="Name a row of the trail after which good orders go back to the queue, some of them with an invoice.",
        evidence=_handed_back,
        mend=Mend(
            "partial_responses",
            lambda value: value is True,
            "on: the function names the orders that failed, and the others are deleted",
            True,
        ),
        well=_only_bad_aside,
        answer=(
            "To Lambda a batch is one invocation: if it ends in an error, no message of it is deleted, and all ten "
            "come back when the visibility timeout is over. The orders before the bad one get their invoice again, "
            "those behind it are never reached, and after three receives all are set aside. With "
            "ReportBatchItemFailures the function catches the error and returns the ids of the messages that failed. "
            "Batches of one order would help as well, at ten times the connections."
        ),
    ),
    Diagnosis(
        id="21_lambda.stuck_shard",
        story=(
            "16 trucks report their positions every 20 s to a stream of two shards. A function draws them on a "
            "map, on which nothing may be older than a minute. It fails for a report without a position, so the team "
            "turned on BisectBatchOnFunctionError and named a queue as on-failure destination: only the bad report "
            "should be dropped, and looked at later. This morning eight trucks stood still on the map, and the queue "
            "was empty. Change one setting of the mapping. No good report may be lost."
        ),
        run="21_lambda.stream_errors?bisect=true&destination=queue",
        causes=(
            Cause(
                "no_limit",
                "The bad report stands alone in its batch by now, and is tried without end",
                "Nine runs got that one report, and each of them failed. Neither retries nor age are limited, so "
                "Lambda never gives it up, and what is behind it waits.",
                right=True,
            ),
            Cause(
                "not_split",
                "The batch is not split, since that takes a number of retries",
                "It failed with eight reports, then with four, with two and with one: it was split as soon as it "
                "failed.",
                "bisecting_needs_retries",
            ),
            Cause(
                "split_once",
                "A batch is split once, so that good reports are stuck beside the bad one",
                "It was split three times within 12 s. The four good reports before the bad one were drawn, and the "
                "three behind it wait for it alone.",
                "batch_is_split_once",
            ),
            Cause(
                "used_up",
                "The splits used up the retries, so that the bad report is not tried any more",
                "A split is no retry. The bad report was tried again and again, for the last time 200 s after it "
                "had failed first.",
                "bisecting_uses_up_retries",
            ),
            Cause(
                "whole_stream",
                "A report that cannot be read stops the whole stream, until somebody removes it",
                "The eight trucks of the other shard were drawn to the end, every 20 s.",
                "bad_record_stops_the_stream",
            ),
            Cause(
                "lost_news",
                "The bad report was given up after three tries, and the news of it was lost",
                "Three tries are for asynchronous events. This report was tried twelve times, and nothing was sent "
                "to the queue.",
                "stream_retries_like_async",
            ),
        ),
        pointer="Name a row of the trail in which splitting has done all it can, and the report fails again.",
        evidence=_alone,
        mend=Mend(
            "max_retries",
            lambda value: 0 <= value <= 5,
            "0 to 5, as with a sixth retry the waits of 1, 2, 4, 8, 16 and 32 s alone are more than a minute",
            2,
        ),
        well=_map_is_young,
        answer=(
            "Splitting finds the bad report, and uses up no retries. What gives it up is a limit, of retries or of "
            "age, and by default there is none: the shard would stand still until the report leaves the stream, "
            "after a day or longer. With a few retries the report is given up within a minute, and the queue gets a "
            "record that says where it lies in the stream. A limit of age gives up the good reports as well that "
            "grew too old behind it. With 0 retries a report is lost at the first error that would have passed, too."
        ),
    ),
)
