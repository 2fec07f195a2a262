"""The failure labs of section 20: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values

if TYPE_CHECKING:
    import pandas as pd


def _one_key_refused(trail: pd.DataFrame) -> list[int]:
    """Calls in which nine of ten refused records have the same key, while records of other keys are written."""
    found = []
    rows = trail[trail["operation"] == "PutRecords"]
    for place, given, reply in zip(rows.index, rows["parameters"], rows["response"], strict=True):
        keys = [entry["PartitionKey"] for entry in given["Records"]]
        failed = ["ErrorCode" in answer for answer in reply["Records"]]
        refused = Counter(key for key, fails in zip(keys, failed, strict=True) if fails)
        written = {key for key, fails in zip(keys, failed, strict=True) if not fails}
        if not refused:
            continue
        key, number = refused.most_common(1)[0]
        if number >= 0.9 * refused.total() and written - {key}:
            found.append(int(place))
    return found


def _nothing_refused(_: Values, m: Any) -> bool:
    return bool(m.summary["refused"] == 0)


def _throttled_reads(trail: pd.DataFrame) -> list[int]:
    """Polls that the shard refused."""
    rows = trail[(trail["operation"] == "GetRecords") & trail["error"].notna()]
    return [int(place) for place in rows.index]


def _keeps_up(_: Values, m: Any) -> bool:
    return bool(m.summary["lag_growth_s"] <= 0.3)


DIAGNOSES = (
    Diagnosis(
        id="20_kinesis.refused_with_room",
        story=(
            "A shop puts 3,000 clicks a second into a stream of ten shards, each of 1 KiB, in calls with many records. "
            "More than half of the clicks never appear, although no call raises an error and the stream could take "
            "10,000 a second. Last week was fine; then a team asked to find the clicks of a country together. Change "
            "one setting, so that no record is refused."
        ),
        run="20_kinesis.hot_shard",
        causes=(
            Cause(
                "one_key",
                "Most records have the same partition key, and one shard gets them all",
                "Nearly all refused records have one key, while those of other keys in the same call are written: the "
                "shard of that key takes 1,000 a second and is asked for 2,700.",
                right=True,
            ),
            Cause(
                "few_shards",
                "Ten shards are too few, and a split of the hot one would help",
                "Nine shards are almost idle. A split halves a range, and one key stays in one of the halves.",
                "more_shards_cure_hot_key",
            ),
            Cause(
                "all_or_nothing",
                "A bad record in a call makes the whole call fail",
                "Each call with refusals also wrote records: those for shards that had room.",
                "batch_all_or_nothing",
            ),
            Cause(
                "full",
                "The stream is full, since no consumer has deleted what it read",
                "Nothing fills a stream: records expire by themselves, and no call could delete one.",
                "reading_deletes",
            ),
            Cause(
                "not_moved",
                "Kinesis is late in moving the overflow to the idle shards",
                "It moves none. The hash of the key names one shard, and each refusal's ErrorMessage names it too.",
                "total_counts",
            ),
            Cause(
                "order",
                "The stream keeps all clicks in order, so one waits for another",
                "Order holds within a shard; records of other shards in the same call are written at once.",
                "order_across_stream",
            ),
        ),
        pointer="Name a row of the trail in which one key is refused while others are written.",
        evidence=_one_key_refused,
        mend=Mend("key", lambda value: value == "user", "the user, one of many and used alike", "user"),
        well=_nothing_refused,
        answer=(
            "Nine of ten clicks come from one country, and the country is the partition key. All of them have the same "
            "hash, and so the same shard, which takes 1,000 records a second, however many shards stand beside it. "
            "PutRecords tells it record by record, with status 200. With the user as key the clicks spread over all "
            "ten shards. Sending again would not help against a lasting excess, and neither would more shards."
        ),
    ),
    Diagnosis(
        id="20_kinesis.ever_further_behind",
        story=(
            "A dashboard follows a stream of one shard, which takes in 0.8 MiB a second. Since two more applications "
            "read the stream, the dashboard is further behind with each minute, and so are they. All three are "
            "needed, nothing can be left out of the stream, and its shards are to stay as they are. Change one "
            "setting, so that nobody falls behind."
        ),
        run="20_kinesis.readers",
        causes=(
            Cause(
                "shared",
                "Three readers share the bytes of one shard",
                "They want 3 × 0.8 = 2.4 MiB a second, and the shard hands out 2: some of their polls are refused, "
                "although they are three a second and five may come.",
                right=True,
            ),
            Cause(
                "own_fault",
                "The dashboard is slow itself, as each reader has the full rate of the shard",
                "It does no work between its polls. Some of them are refused: the rate is that of the shard, for all.",
                "consumers_do_not_share",
            ),
            Cause(
                "rarely",
                "The applications poll too rarely, once a second each",
                "A poll may bring up to 10 MiB, so one a second is enough; more polls would not add to the 2 MiB.",
                "polling_cures_lag",
            ),
            Cause(
                "workers",
                "The dashboard needs more workers",
                "A shard is read by one worker of an application, and what it gets is what the shard hands out.",
                "more_workers_faster",
            ),
            Cause(
                "taken_away",
                "The two other applications take its records away",
                "Reading removes nothing: each of the three reads every record, only later and later.",
                "reading_deletes",
            ),
            Cause(
                "writes",
                "The producers write more than the stream takes",
                "No PutRecords has a refusal: 0.8 MiB a second are less than the 1 MiB of the shard.",
                "total_counts",
            ),
        ),
        pointer="Name a row of the trail in which the shard does not give a reader what it asks for.",
        evidence=_throttled_reads,
        mend=Mend("mode", lambda value: value == "enhanced", "enhanced fan-out", "enhanced"),
        well=_keeps_up,
        answer=(
            "All that poll a shard share its 2 MiB a second. Two readers of 0.8 fit, three do not, and the lag grows "
            "by what is missing, until records expire unread. A registered consumer has 2 MiB a second of its own from "
            "every shard, whatever the others read. More shards would mend it as well, since each takes in less and "
            "hands out 2; more polls and more workers would not."
        ),
    ),
)
