"""How Data Firehose collects records into files: the size of its buffer against its time."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from helpers.dataplane.firehose.limits import BATCH_BYTES, BATCH_RECORDS, BUFFER_S, MIB
from helpers.experiments import (
    Claim,
    Experiment,
    Finding,
    Flag,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    plural,
    true,
)
from helpers.experiments.pictures import human

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/firehose/latest/dev/"
API = "https://docs.aws.amazon.com/firehose/latest/APIReference/"
NAME = "clicks"
BUCKET = "clicks-archive"
KIB = 1_024
AT_ONCE_S = 3.0  # a buffer time of 0: "within a few seconds", see Models.unbuffered_s of the plane
DATA_BYTES = 8 * MIB  # so much is sent, in at least FILES[0] and at most FILES[1] files
FILES = (2, 8)
BATCHES = 16  # calls while one file fills


class File(NamedTuple):
    """One file in the bucket. `opened_s` is when its first record was put, `written_s` when the file was.

    `records` and `lines` count what went into it, and what a program finds in it that reads line by line.
    """

    opened_s: float
    written_s: float
    size_bytes: int
    records: int
    lines: int
    full: bool
    """Whether its size closed it, not its time."""

    @property
    def took_s(self) -> float:
        """How long it was open."""
        return self.written_s - self.opened_s


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the files in order, and when and how much was put."""

    files: tuple[File, ...]
    puts: tuple[tuple[float, int], ...]
    delays: tuple[tuple[float, float], ...]
    """When records were put, and how long after that their file was written."""
    gone: str
    """What the call that asked for shards was answered."""
    summary: dict[str, int | float | str]


class Firehose(Experiment):
    """Clicks that are put into a Firehose stream for a bucket; see the module."""

    id = "20_kinesis.firehose"
    title = "Files from a stream"
    question = "How do buffer size and time shape files and delay?"
    parameters = (
        Int(
            "rate_kib_s",
            100,
            "data",
            "How much data is put in a second.",
            unit="KiB/s",
            minimum=1,
            maximum=2_000,
            assumption=True,
        ),
        Int(
            "buffer_mib",
            2,
            "buffer size",
            "SizeInMBs of the buffering hints: 1 to 128, 5 by default; here up to 16.",
            unit="MiB",
            minimum=1,
            maximum=16,
            source=GUIDE + "create-configure-backup.html",
        ),
        Int(
            "buffer_s",
            300,
            "buffer time",
            "IntervalInSeconds of the buffering hints.",
            unit="s",
            minimum=BUFFER_S[0],
            maximum=BUFFER_S[1],
            source=GUIDE + "create-configure-backup.html",
        ),
        Int(
            "record_kib",
            10,
            "size of a record",
            "Size of one record.",
            unit="KiB",
            minimum=1,
            maximum=500,
            assumption=True,
        ),
        Flag(
            "line_breaks",
            False,
            "line break after each record",
            "Let Firehose add a line break behind each record (AppendDelimiterToRecord).",
            source=API + "API_Processor.html",
        ),
    )
    differences = (
        "AWS calls buffer size and buffer time hints and may deliver sooner or later; here they are kept exactly.",
        "With a buffer time of 0 AWS delivers within a few seconds; here after 3 s, which is an assumption.",
        "A run sends some MiB only, and the buffer goes up to 16 MiB instead of 128, since every byte is written here.",
        "API calls take no time here, so that the files stand where the rule puts them.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """One producer; when all is delivered, somebody asks for what can be read again."""
        cloud.api_latency_s = 0
        cloud.plane("firehose").models.unbuffered_s = AT_ONCE_S
        client, s3, kinesis = cloud.client("firehose"), cloud.client("s3"), cloud.client("kinesis")
        s3.create_bucket(Bucket=BUCKET)
        processors = [{"Type": "AppendDelimiterToRecord", "Parameters": []}]
        client.create_delivery_stream(
            DeliveryStreamName=NAME,
            ExtendedS3DestinationConfiguration={
                "RoleARN": f"arn:aws:iam::{cloud.account_id}:role/firehose",
                "BucketARN": f"arn:aws:s3:::{BUCKET}",
                "BufferingHints": {"SizeInMBs": p.buffer_mib, "IntervalInSeconds": p.buffer_s},
                "ProcessingConfiguration": {"Enabled": p.line_breaks, "Processors": processors},
            },
        )
        click = json.dumps({"user": 17, "page": "/home", "more": ""})
        data = (click[:-2] + "x" * (p.record_kib * KIB - len(click)) + click[-2:]).encode()
        records, batch = sent_records(p), batch_records(p)

        def produce() -> None:
            for first in range(0, records, batch):
                entries = [{"Data": data}] * min(batch, records - first)
                client.put_record_batch(DeliveryStreamName=NAME, Records=entries)
                time.sleep(tick_s(p))

        def look_back() -> None:
            time.sleep(records / batch * tick_s(p) + interval_s(p) + 1)
            s3.list_objects_v2(Bucket=BUCKET)
            try:
                kinesis.list_shards(StreamName=NAME)
            except ClientError:
                return

        cloud.spawn(produce, name="shop")
        cloud.spawn(look_back, name="analyst")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Records go into the files in the order in which they were put."""
        rows = calls(trail)
        puts: list[tuple[float, int]] = []
        sizes: list[int] = []
        gone = "ok"
        listed = 0
        for row in rows:
            if row.operation == "PutRecordBatch":
                data = [len(entry["Data"]) for entry in row.parameters["Records"]]
                puts.append((row.end_s, len(data)))
                sizes += data
            elif row.operation == "ListObjectsV2":
                listed = len(row.response.get("Contents", ()))
            elif row.operation == "ListShards":
                gone = row.error or "ok"
        put_at = [at_s for at_s, number in puts for _ in range(number)]
        files: list[File] = []
        delays: list[tuple[float, float]] = []
        done = 0
        for row in rows:
            if row.operation != "PutObject" or row.error is not None:
                continue
            body: bytes = row.parameters["Body"]
            number = round(len(body) / (p.record_kib * KIB + p.line_breaks))
            mine = put_at[done : done + number]
            full = sum(sizes[done : done + number]) >= p.buffer_mib * MIB
            lines = body.count(b"\n") or 1
            files.append(File(mine[0], row.end_s, len(body), number, lines, full))
            delays += [(at_s, row.end_s - at_s) for at_s in mine]
            done += number
        waits = [delay_s for _, delay_s in delays]
        size = sum(one.size_bytes for one in files)
        summary: dict[str, int | float | str] = {
            "records": len(put_at),
            "delivered_records": done,
            "sent_kib": sum(sizes) // KIB,
            "files": len(files),
            "listed_files": listed,
            "file_after_s": round(_mean([one.took_s for one in files]), 2),
            "file_mib": round(size / len(files) / MIB, 2),
            "mean_delay_s": round(_mean(waits), 2),
            "longest_delay_s": round(max(waits), 2),
            "closed_by_size": sum(one.full for one in files),
            "lines_per_file": round(_mean([one.lines for one in files]), 2),
            "records_per_file": round(done / len(files), 2),
        }
        return Measured(tuple(files), tuple(puts), tuple(delays), gone, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per file, from its first record to the bucket; what is in the buffer below."""
        from helpers.sections.s20_kinesis.experiments import firehose_picture

        return firehose_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def first(p: Values, m: Measured) -> Finding:
        """Size or time, whichever comes first."""
        due_s, took_s = period_s(p), float(m.summary["file_after_s"])
        what = "its size" if fills_first(p) else "its time"
        said = (
            f"{p.buffer_mib} MiB take {human(p.buffer_mib * KIB / p.rate_kib_s)}, the time is "
            f"{human(interval_s(p))}: {what} closes a file, after {human(took_s)} on average"
        )
        if any(one.full is not fills_first(p) for one in m.files[:-1]):
            return false(f"{said}, but not always.")
        near = abs(took_s - due_s) <= tick_s(p) + 0.01
        return true(f"{said}.") if near else false(f"{said}; {human(due_s)} were due.")

    @staticmethod
    def delay(p: Values, m: Measured) -> Finding:
        """Records wait half a period on average."""
        due_s, mean_s = period_s(p), float(m.summary["mean_delay_s"])
        longest_s = float(m.summary["longest_delay_s"])
        said = f"Records reach the bucket {human(mean_s)} after they were put on average, at most {human(longest_s)}"
        if abs(mean_s - due_s / 2) <= tick_s(p) and longest_s <= due_s + tick_s(p):
            return true(f"{said}: half of {human(due_s)}, and all of it.")
        return false(f"{said}; half of {human(due_s)} is {human(due_s / 2)}.")

    @staticmethod
    def whole(p: Values, m: Measured) -> Finding:
        """Each byte arrives once."""
        s = m.summary
        size = sum(one.size_bytes for one in m.files)
        sent = int(s["records"]) * (record_bytes(p) + p.line_breaks)
        said = f"{s['records']:,} records were put, {s['delivered_records']:,} are in {plural(len(m.files), 'file')}"
        right = size == sent and s["delivered_records"] == s["records"] and s["listed_files"] == len(m.files)
        return true(f"{said}, byte for byte.") if right else false(f"{said}.")

    @staticmethod
    def lines(p: Values, m: Measured) -> Finding:
        """Without line breaks a file is one line."""
        one = m.files[0]
        said = f"The first file holds {plural(one.records, 'record')} in {plural(one.lines, 'line')}"
        due = [one.records if p.line_breaks else 1 for one in m.files]
        return (true if [one.lines for one in m.files] == due else false)(f"{said}.")

    @staticmethod
    def nothing_kept(p: Values, m: Measured) -> Finding:
        """There is no shard to read again."""
        said = f"ListShards for {NAME!r} was answered {m.gone}; {plural(len(m.files), 'file')} can be read"
        if m.gone == "ResourceNotFoundException":
            return true(f"{said} as often as you like.")
        return false(f"{said}.")


def record_bytes(p: Values) -> int:
    """The size of a record, without a line break."""
    return int(p.record_kib) * KIB


def interval_s(p: Values) -> float:
    """The buffer time that counts."""
    return float(p.buffer_s or AT_ONCE_S)


def full_records(p: Values) -> int:
    """So many records fill the buffer."""
    return ceil(int(p.buffer_mib) * MIB / record_bytes(p))


def fills_first(p: Values) -> bool:
    """Whether the buffer is full before its time is over."""
    return last_put_s(p) < interval_s(p)


def last_put_s(p: Values) -> float:
    """From the first record of a full buffer to the call that brings the last one."""
    return float((full_records(p) - 1) // batch_records(p) * tick_s(p))


def period_s(p: Values) -> float:
    """How long a file is open by the rule: the time, or size over rate, whichever is less."""
    return float(min(interval_s(p), full_records(p) * p.record_kib / p.rate_kib_s))


def batch_records(p: Values) -> int:
    """Records of one call."""
    filled = int(period_s(p) * p.rate_kib_s / p.record_kib)
    return max(1, min(BATCH_RECORDS, BATCH_BYTES // record_bytes(p), filled // BATCHES))


def tick_s(p: Values) -> float:
    """Seconds between two calls."""
    return float(batch_records(p) * p.record_kib / p.rate_kib_s)


def sent_records(p: Values) -> int:
    """Records of a run: whole files, as far as the rule tells."""
    of_a_file = max(1, min(full_records(p), round(interval_s(p) * p.rate_kib_s / p.record_kib)))
    files = min(max(DATA_BYTES // (of_a_file * record_bytes(p)), FILES[0]), FILES[1])
    return int(of_a_file * files)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _sparse(p: Values) -> bool:
    """Whether records come so seldom that they hardly share a file."""
    return bool(p.record_kib / p.rate_kib_s > period_s(p) / 8)


Firehose.claims = (
    Claim(
        "first",
        "A file is closed when its size or its time is reached, whichever comes first.",
        ("kinesis.fh.near_real_time", "kinesis.fh.files"),
        Firehose.first,
        "several records go into a file, and size and time are not reached together",
        lambda p: not _sparse(p) and abs(last_put_s(p) - interval_s(p)) > 2 * tick_s(p),
    ),
    Claim(
        "delay",
        "Records wait half of that period on average, and never longer than the period.",
        ("kinesis.fh.near_real_time", "kinesis.fh.files"),
        Firehose.delay,
        "several records go into a file, and size and time are not reached together",
        lambda p: not _sparse(p) and abs(last_put_s(p) - interval_s(p)) > 2 * tick_s(p),
    ),
    Claim(
        "whole",
        "Every byte arrives, once.",
        ("kinesis.fh.managed",),
        Firehose.whole,
        "always",
        lambda p: True,
    ),
    Claim(
        "lines",
        "The records of a file stand one behind the other; only with line breaks is each a line of its own.",
        ("kinesis.fh.delimiter",),
        Firehose.lines,
        "always",
        lambda p: True,
    ),
    Claim(
        "nothing_kept",
        "There is nothing to read again in Firehose: no shard, no position. What is there is in the files.",
        ("kinesis.fh.managed",),
        Firehose.nothing_kept,
        "always",
        lambda p: True,
    ),
)

Firehose.scenes = (
    Scene(
        "first",
        "Size or time",
        {},
        "A shop puts 100 KiB of clicks a second. A file of 2 MiB is full after 20 s, and the buffer time is 300 s.",
        Prediction(
            "At night the clicks come at 5 KiB a second. When does a file reach the bucket?",
            (
                Option(
                    "size",
                    "After about 410 s, when it is full",
                    "buffer_needs_both",
                    "It is full after 410 s, but its time is over before: whichever comes first closes it.",
                    true_if=lambda p, m: m.summary["file_after_s"] > 350,
                ),
                Option(
                    "time",
                    "After about 300 s, whatever is in it",
                    None,
                    "The time is over before 2 MiB are there, and the file leaves with 1.5 MiB.",
                    right=True,
                    true_if=lambda p, m: 290 <= m.summary["file_after_s"] <= 310,
                ),
                Option(
                    "same",
                    "After about 20 s, as during the day",
                    "buffer_period_is_fixed",
                    "It took 20 s to fill 2 MiB at 100 KiB a second; at 5 KiB a second it takes 20 times as long.",
                    true_if=lambda p, m: m.summary["file_after_s"] < 30,
                ),
            ),
        ),
        {"rate_kib_s": 5},
        ("rate_kib_s", "buffer_mib"),
        "first",
        ("kinesis.fh.near_real_time", "kinesis.fh.files"),
    ),
    Scene(
        "delay",
        "Near real time",
        {"rate_kib_s": 20},
        "2 MiB at 20 KiB a second: a click is in the bucket 51 s after it was put on average, at worst after 102 s.",
        Prediction(
            "The buffer time becomes 60 s instead of 300 s. How long do clicks wait on average?",
            number="mean_delay_s",
            unit="s",
            tolerance=5,
            reply="About 30 s: files leave every 60 s now, so a click waits from 60 s down to nothing.",
        ),
        {"buffer_s": 60},
        ("buffer_s", "buffer_mib"),
        "delay",
        ("kinesis.fh.near_real_time", "kinesis.fh.files"),
    ),
    Scene(
        "zero",
        "No buffer time",
        {"buffer_s": 60, "rate_kib_s": 20},
        "A dashboard wants its clicks sooner. The buffer time can be set to 0.",
        Prediction(
            "The buffer time becomes 0. What does the bucket get?",
            (
                Option(
                    "each",
                    "A file for every record, at the moment it is put",
                    "zero_buffer_means_no_buffer",
                    "Records of a few seconds still share a file; it is near real time, not real time.",
                    true_if=lambda p, m: m.summary["files"] == m.summary["records"],
                ),
                Option(
                    "seconds",
                    "A small file every few seconds",
                    None,
                    "Firehose delivers within a few seconds then: soon, at the price of many small files.",
                    right=True,
                    true_if=lambda p, m: m.summary["file_after_s"] < 5 and m.summary["records_per_file"] > 1,
                ),
                Option(
                    "full",
                    "A file of 2 MiB whenever one is full",
                    "zero_buffer_waits_for_size",
                    "A time of 0 does not switch the time off. It is as short as can be.",
                    true_if=lambda p, m: m.summary["closed_by_size"] > 0,
                ),
            ),
        ),
        {"buffer_s": 0},
        ("buffer_s", "rate_kib_s"),
        "first",
        ("kinesis.fh.files", "kinesis.fh.near_real_time"),
    ),
    Scene(
        "again",
        "Yesterday's clicks",
        {},
        "An analyst wants to read the clicks again, one by one, as she would with a data stream.",
        Prediction(
            "Firehose adds line breaks from now on. Where does she find single clicks again?",
            (
                Option(
                    "stream",
                    "In the shards of the Firehose stream",
                    "firehose_is_a_stream",
                    "It has none: the call that asks for them finds no stream of that name.",
                    true_if=lambda p, m: m.gone == "ok",
                ),
                Option(
                    "one_line",
                    "In the files, where all are still one line",
                    "firehose_splits_nothing",
                    "That is how files look without line breaks; with them, each click ends a line.",
                    true_if=lambda p, m: m.summary["lines_per_file"] == 1,
                ),
                Option(
                    "lines",
                    "In the files, as one line each",
                    None,
                    "Firehose keeps nothing to read again: the files are what there is, and a line is a click.",
                    right=True,
                    true_if=lambda p, m: (
                        m.gone != "ok" and m.summary["lines_per_file"] == m.summary["records_per_file"]
                    ),
                ),
            ),
        ),
        {"line_breaks": True},
        ("line_breaks", "record_kib"),
        "nothing_kept",
        ("kinesis.fh.managed", "kinesis.fh.delimiter"),
    ),
    Scene(
        "goal",
        "Large files, and soon",
        {"rate_kib_s": 40, "buffer_mib": 4},
        "Queries over many small files are slow, and clicks should not wait long. Both cannot be had at once.",
        Prediction(
            "The buffer size becomes 1 MiB instead of 4. How large is a file then, at 40 KiB a second?",
            number="file_mib",
            unit="MiB",
            tolerance=0.05,
            reply="1 MiB: it is full after 26 s, long before the 300 s are over.",
        ),
        {"buffer_mib": 1},
        (),
        "delay",
        ("kinesis.fh.files", "kinesis.fh.near_real_time", "kinesis.fh.managed"),
        Goal(
            "At 40 KiB a second or less, no click waits longer than 60 s, files have 2 MiB or more, and each click is "
            "a line.",
            lambda p, m: (
                p.rate_kib_s <= 40
                and m.summary["longest_delay_s"] <= 60
                and m.summary["file_mib"] >= 2
                and p.line_breaks
            ),
            {"buffer_mib": 2, "line_breaks": True},
        ),
    ),
)
