"""What the tasks of section 17's lab need, and whether the student's system does it.

A `draw_<task>` draws a need; an `examine_<task>` plays metrics, log lines or events in virtual time and looks at what
arrives. Spans are in minutes (`_min`), days (`_days`) or seconds (`_s`).
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from helpers.cloud import Call, ServiceError
from helpers.dataplane import policy
from helpers.experiments.calls import CallRow
from helpers.labs import (
    Bench,
    Finding,
    Need,
    NotAttempted,
    StudentError,
    Trial,
    crashed,
    failed,
    passed,
)
from helpers.labs.care import Findings, careful, is_queue

MIN_S, HOUR_S, DAY_S = 60, 3_600, 86_400
SLACK_S = 20  # what API calls and deliveries may add to a time that a need names
MOST_DATA = 1_000  # data points a call: API_PutMetricData.html


# ---- what the checks share


def at(cloud: Any, second: float) -> datetime:
    """The date and time of a second of virtual time."""
    now: datetime = datetime.fromtimestamp(time.time(), UTC)
    return now + timedelta(seconds=second - cloud.now)


def next_minute(trial: Trial) -> float:
    """Let the account live until a minute begins; its second."""
    cloud = trial.cloud
    cloud.run((cloud.now // MIN_S + 1) * MIN_S)
    return float(cloud.now)


def row_of(trial: Trial, *operations: str) -> CallRow | None:
    """The last call of one of these operations by the student."""
    rows = (row for row in reversed(trial.rows) if row.actor == "you" and row.operation in operations)
    return next(rows, None)


def names(random: Random, prefix: str, count: int) -> list[str]:
    """Names that nobody can foresee."""
    return [f"{prefix}-{number}" for number in random.sample(range(100_000, 1_000_000), count)]


def queue_arn(sqs: Any, url: str) -> str:
    """The ARN of a queue."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(found["QueueArn"])


def open_queue(trial: Trial, name: str, sender: str) -> tuple[str, str]:
    """URL and ARN of a queue to which a service may send."""
    sqs = trial.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = queue_arn(sqs, url)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy.of_queue(arn, sender)})
    return url, arn


def drain(trial: Trial, url: str) -> list[dict[str, Any]]:
    """All messages of a queue, oldest first, which are hidden for half a day then."""
    sqs, found = trial.client("sqs"), []
    while got := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=43_200, AttributeNames=["SentTimestamp"]
    ).get("Messages"):
        for message in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found += got
    return sorted(found, key=lambda message: int(message["Attributes"]["SentTimestamp"]))


@dataclass(frozen=True)
class Told:
    """A message of an alarm: the state it is in since `at_s`."""

    at_s: float
    state: str

    @property
    def page(self) -> bool:
        """Whether it gets somebody out of bed."""
        return self.state in ("ALARM", "INSUFFICIENT_DATA")


class Phone:
    """A topic, and a queue behind it that shows what reaches the people on call."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.url, arn = open_queue(trial, "phone", "sns.amazonaws.com")
        sns = trial.client("sns")
        self.topic = sns.create_topic(Name="on-call")["TopicArn"]
        sns.subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )

    def told(self) -> list[Told]:
        """What came since it was asked last, oldest first. What is no message of an alarm counts as a page."""
        cloud, found = self.trial.cloud, []
        began_s = time.time() - cloud.now
        for message in drain(self.trial, self.url):
            try:
                state = str(json.loads(message["Body"])["NewStateValue"])
            except (ValueError, KeyError, TypeError):
                state = "ALARM"
            found.append(Told(int(message["Attributes"]["SentTimestamp"]) / 1_000 - began_s, state))
        return found


def first_page(told: Sequence[Told], from_s: float = 0) -> Told | None:
    """The first page at or after that second."""
    return next((one for one in told if one.page and one.at_s >= from_s), None)


# ---- 1: publish

READERS = (
    (("service",), ("site",)),
    (("service", "stage"), ("site",)),
    (("service",), ("site", "stage")),
    (("site", "stage"), ("stage",)),
    (("service", "site"), ("stage",)),
    (("service", "site", "stage"), ("service",)),
)
"""By which dimensions two dashboards read; the names in a set are in the order of the alphabet."""
VALUES = {"service": ("print", "scan"), "site": ("delft", "porto"), "stage": ("live", "test")}


def draw_publish(random: Random) -> Need:
    """Where the numbers go, and by which dimensions they are read."""
    first, second = random.choice(READERS)
    return {
        "namespace": random.choice(("Pelican/Presses", "Pelican/Lines", "Pelican/Halls")),
        "readers": [list(first), list(second)],
        "in_words": f"{_coded(first, 'and')}, the other by {_coded(second, 'and')}",
    }


def _coded(words: Sequence[str], joint: str) -> str:
    """Words as code, in a sentence."""
    coded = [f"`{word}`" for word in words]
    return f" {joint} ".join([", ".join(coded[:-1]), coded[-1]] if len(coded) > 1 else coded)


Group = tuple[tuple[str, ...], tuple[str, ...], int]
"""The dimensions of a metric, their values, and the second at which a minute begins."""


@careful("sums", "readers", "times", "calls")
def examine_publish(bench: Bench, need: Need) -> Findings:
    """Samples of a quarter of an hour and some from clocks that are wrong; then both dashboards are read."""
    with bench.trial() as trial:
        random, cloud = bench.random, trial.cloud
        cloud.run(random.randint(2, 40) * DAY_S + random.randint(0, HOUR_S))
        samples = _samples(random, trial)
        good = [place for place, sample in enumerate(samples) if sample["good"]]
        given = [{key: value for key, value in sample.items() if key != "good"} for sample in samples]
        skipped = trial.student.call("publish", trial.client("cloudwatch"), given, need)
        calls = [row for row in trial.rows if row.operation == "PutMetricData"]
        sums: dict[Group, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
        for place in good:
            sample = samples[place]
            for reader in need["readers"]:
                group = (tuple(reader), tuple(sample[name] for name in reader), int(sample["at"]) // 60 * 60)
                total, count = sums[group]
                sums[group] = (total + sample["seconds"], count + 1)
        found = _read(trial, need, sums)
        refused = next((row for row in calls if row.error), None)
        if refused is not None:
            said = "CloudWatch refused a request, and with it all data points of that request."
            yield "sums", failed(said, refused)
        else:
            yield "sums", _right_sums(sums, found, calls)
        yield "readers", _both_read(need, sums, found, calls)
        far = {group[2] for group in sums if not _near(group)} - {group[2] for group in found}
        yield "times", _skipped(samples, skipped, refused, lost=bool(found and far))
        yield "calls", _few_calls(len(good) * len(need["readers"]), calls, found)


def _samples(random: Random, trial: Trial) -> list[dict[str, Any]]:
    """Some 520 samples: a few too old or too far ahead, and some that are nearly so."""
    now = time.time()
    odd = [
        (-14 * DAY_S - random.randint(60, 9_000), False),
        (-random.randint(20, 400) * DAY_S, False),
        (2 * HOUR_S + random.randint(60, 9_000), False),
        (random.randint(1, 300) * DAY_S, False),
        (-14 * DAY_S + random.randint(600, 9_000), True),
        (2 * HOUR_S - random.randint(600, 3_000), True),
    ]
    offsets = [(-random.uniform(0, 900), True) for _ in range(random.randint(508, 518))] + odd
    random.shuffle(offsets)
    return [
        {
            **{name: random.choice(values) for name, values in VALUES.items()},
            "at": round(now + offset, 3),
            "seconds": float(random.randint(1, 90)),
            "good": good,
        }
        for offset, good in offsets
    ]


def _read(trial: Trial, need: Need, sums: dict[Group, tuple[float, int]]) -> dict[Group, tuple[float, int]]:
    """What the dashboards find in each minute of the groups."""
    client, found = trial.client("cloudwatch"), {}
    metrics = sorted({(group[0], group[1]) for group in sums})
    for reader, values in metrics:
        minutes = sorted(group[2] for group in sums if group[:2] == (reader, values))
        near = [minute for minute in minutes if _near((reader, values, minute))]
        spans = [(min(near), max(near))] if near else []
        for begin, end in (*spans, *((one, one) for one in minutes if one not in near)):
            answer = client.get_metric_statistics(
                Namespace=need["namespace"],
                MetricName="JobSeconds",
                Dimensions=[{"Name": n, "Value": v} for n, v in zip(reader, values, strict=True)],
                StartTime=datetime.fromtimestamp(begin, UTC),
                EndTime=datetime.fromtimestamp(end + 60, UTC),
                Period=60,
                Statistics=["Sum", "SampleCount"],
            )
            for point in answer["Datapoints"]:
                minute = int(point["Timestamp"].timestamp())
                found[reader, values, minute] = (round(point["Sum"], 3), round(point["SampleCount"]))
    return found


def _near(group: Group) -> bool:
    """Whether it is of the last quarter of an hour, and not of a clock that is wrong by hours or days."""
    return abs(group[2] - time.time()) < 1_200


def _right_sums(sums: Any, found: Any, calls: Sequence[CallRow]) -> Finding:
    row = calls[-1] if calls else None
    if not calls:
        return failed("Nothing was published.")
    for group, (total, count) in sums.items():
        if group not in found or not _near(group):
            continue  # other checks say so
        if found[group][1] != count:
            said = "A minute has more or fewer data points than samples were taken in it."
            return failed(said, row)
        if found[group] != (total, count):
            return failed("A minute's sum is not the sum of its samples.", row)
    if not found:
        return failed("The dashboards find no data point at all under the given names.", row)
    if {group[2] for group in sums if _near(group)} - {group[2] for group in found}:
        return failed("A minute in which samples were taken has no data point.", row)
    return passed("The sums and counts of each minute are right.")


def _both_read(need: Need, sums: Any, found: Any, calls: Sequence[CallRow]) -> Finding:
    for reader in need["readers"]:
        if not any(group in found for group in sums if group[0] == tuple(reader)):
            said = "One of the dashboards finds no data under the dimensions by which it reads."
            return failed(said, calls[-1] if calls else None)
    return passed("Both dashboards find their data.")


def _skipped(
    samples: Sequence[dict[str, Any]], skipped: Any, refused: CallRow | None, *, lost: bool
) -> Finding:
    if refused is not None:
        return failed("CloudWatch was given what it does not take.", refused)
    if not isinstance(skipped, list):
        return failed("publish did not return a list of positions.")
    bad = [place for place, sample in enumerate(samples) if not sample["good"]]
    if set(map(str, bad)) - set(map(str, skipped)):
        return failed("A sample that CloudWatch cannot take is not in the returned list.")
    if sorted(map(str, skipped)) != sorted(map(str, bad)):
        return failed(
            "A sample that CloudWatch would have taken was left out, or a position is listed twice."
        )
    if lost:
        return failed("A sample that CloudWatch would have taken is not under its own time.")
    return passed("Only what CloudWatch cannot take was left out, and it is listed.")


def _few_calls(points: int, calls: Sequence[CallRow], found: Any) -> Finding:
    if not calls or not found:
        return failed("Nothing was published that a dashboard finds.", calls[-1] if calls else None)
    if len(calls) > -(-points // MOST_DATA):
        return failed("More requests were made than full ones are needed.", calls[-1])
    return passed("No request was made that was not needed.")


# ---- 2: alarm


def draw_alarm(random: Random) -> Need:
    """The metric, its limit, how long a bad spell may be, and by when to tell of a lasting one, silence, the end."""
    spell_min = random.choice((2, 4, 6, 8))
    return {
        "namespace": "Pelican/Queues",
        "metric": "WaitingOrders",
        "dimensions": {"queue": random.choice(("orders", "reprints", "posters"))},
        "limit": random.choice((40, 70, 120, 210, 380)),
        "spell_min": spell_min,
        "told_min": spell_min + 3,
        "silent_min": spell_min + 6,
        "over_min": spell_min + 4,
    }


GOOD, BAD = (0.45, 0.6, 1.25), (0.8, 1.25, 1.9)
"""The three reports of a minute, in shares of the limit: an average below it, and one above."""


@careful("lasting", "spells", "silent", "over")
def examine_alarm(bench: Bench, need: Need) -> Findings:
    """Good minutes, bad spells, a gap; a backlog that lasts, with one good minute in it; and the reporter dies."""
    with bench.trial() as trial:
        random, phone = bench.random, Phone(trial)
        spell, client = need["spell_min"], trial.client("cloudwatch")
        begin_s = next_minute(trial)
        reporter = _Reporter(trial, need)
        reporter.past(3 * spell + 40)
        trial.student.call("create_alarm", client, phone.topic, need)
        made = row_of(trial, "PutMetricAlarm")
        reporter.play("." * 3)
        reporter.play("X" * spell + "." * (spell + 6))
        reporter.play("X" * spell + "." * (spell + 6))
        calm = phone.told()
        reporter.play("-" * random.randint(2, spell) + "." * (spell + 6))
        gap = phone.told()
        begin_s = trial.cloud.now
        after = random.randint(2, spell)
        reporter.play("X" * after + "." + "X" * (spell + 6))
        backlog, ended_s = phone.told(), trial.cloud.now
        reporter.play("." * (need["over_min"] + 6))
        end, died_s = phone.told(), trial.cloud.now
        trial.cloud.run(died_s + need["silent_min"] * MIN_S + SLACK_S)
        silence = phone.told()
        yield "lasting", _lasting(backlog, begin_s + need["told_min"] * MIN_S + SLACK_S, made)
        yield "spells", _calm(calm, [*backlog, *silence], made)
        yield "silent", _silent(gap, silence, made)
        yield "over", _over(end, ended_s + need["over_min"] * MIN_S + SLACK_S, made)


class _Reporter:
    """The other team's program: three reports a minute."""

    def __init__(self, trial: Trial, need: Need) -> None:
        self.trial, self.need = trial, need
        self.client = trial.client("cloudwatch")

    def _datum(self, shares: Sequence[float], **more: Any) -> dict[str, Any]:
        return {
            "MetricName": self.need["metric"],
            "Dimensions": [{"Name": n, "Value": v} for n, v in self.need["dimensions"].items()],
            "Values": [share * self.need["limit"] for share in shares],
            **more,
        }

    def past(self, minutes: int) -> None:
        """So many good minutes up to now."""
        cloud = self.trial.cloud
        data = [
            self._datum(GOOD, Timestamp=at(cloud, cloud.now - MIN_S * back)) for back in range(1, minutes + 1)
        ]
        self.client.put_metric_data(Namespace=self.need["namespace"], MetricData=data)

    def play(self, minutes: str) -> None:
        """A minute for each sign: "." good, "X" bad, "-" without a report."""
        cloud = self.trial.cloud
        begin_s = cloud.now // MIN_S * MIN_S
        for number, sign in enumerate(minutes):
            cloud.run(begin_s + number * MIN_S + 50)
            if sign != "-":
                data = [self._datum(BAD if sign == "X" else GOOD)]
                self.client.put_metric_data(Namespace=self.need["namespace"], MetricData=data)
        cloud.run(begin_s + len(minutes) * MIN_S + 5)


def _calm(calm: Sequence[Told], later: Sequence[Told], row: CallRow | None) -> Finding:
    if row is None:
        return failed("There is no alarm.")
    if first_page(calm):
        return failed("Somebody was paged though each bad spell was short enough.", row)
    if not first_page(later):
        return failed("Nobody was ever paged, neither for a spell nor for anything else.", row)
    return passed("Nobody was paged for a short spell.")


def _lasting(told: Sequence[Told], by_s: float, row: CallRow | None) -> Finding:
    page = first_page(told)
    if page is None:
        return failed("A backlog lasted, and nobody was paged while it did.", row)
    if page.at_s > by_s:
        return failed("A lasting backlog was told of later than it may be.", row)
    return passed("A lasting backlog was told of in time.")


def _silent(gap: Sequence[Told], silence: Sequence[Told], row: CallRow | None) -> Finding:
    if first_page(gap):
        return failed("Somebody was paged for a few reports that were missing.", row)
    if first_page(silence) is None:
        return failed("The reporter died, and nobody was paged in time.", row)
    return passed("A dead reporter was told of in time.")


def _over(told: Sequence[Told], by_s: float, row: CallRow | None) -> Finding:
    ok = next((one for one in told if one.state == "OK"), None)
    if ok is None:
        return failed("The backlog was over, and nobody was told.", row)
    if ok.at_s > by_s:
        return failed("The end of a backlog was told of later than it may be.", row)
    return passed("The end of the backlog was told of in time.")


# ---- 3: lines


DAYS = ((2, 4), (6, 12), (20, 45), (40, 80), (100, 160), (200, 390))
"""Days for which lines must be there, and by which they must be gone."""


def draw_lines(random: Random) -> Need:
    """Which lines count, how many of them are too many in how many minutes, and how long lines are kept."""
    kept_days, gone_days = random.choice(DAYS)
    return {
        "step": random.choice(("print", "cut", "pack", "bind")),
        "most": random.choice((4, 7, 11, 16)),
        "window_min": random.choice((5, 10, 15, 20)),
        "kept_days": kept_days,
        "gone_days": gone_days,
    }


@careful("lines", "limit", "over", "kept")
def examine_lines(bench: Bench, need: Need) -> Findings:
    """Old errors; few of them twice; many in a window, quiet work, a silent night, many again; other lines; old age."""
    with bench.trial() as trial:
        cloud, phone = trial.cloud, Phone(trial)
        group = bench.random.choice(("/pelican/line-1", "/pelican/line-2"))
        log = _Log(trial, group, need["step"], bench.random)
        begin_s = next_minute(trial)
        window_s, most = need["window_min"] * MIN_S, need["most"]
        log.write(most + 5)
        clients = [trial.client(service) for service in ("logs", "cloudwatch")]
        trial.student.call("watch_errors", *clients, group, phone.topic, need)
        made = row_of(trial, "PutMetricAlarm")
        cloud.run(begin_s + 2 * MIN_S)
        old = phone.told()
        few: list[Told] = []
        for _ in range(2):
            log.burst(most, window_s - MIN_S)
            cloud.run(cloud.now + window_s + MIN_S)
            few += phone.told()
        many = log.too_many(phone, most + 2, window_s)
        ended_s = cloud.now
        for part in range(1, 8):  # the press goes on, without an error
            cloud.run(ended_s + part * window_s / 2)
            log.write(0)
        calm = phone.told()
        cloud.run(cloud.now + 4 * window_s)
        night = phone.told()
        again = log.too_many(phone, most + 2, window_s)
        cloud.run(cloud.now + 5 * window_s)
        phone.told()
        log.others(most + 4)
        cloud.run(cloud.now + 2 * MIN_S)
        others = phone.told()
        yield "lines", _meant(old, others, [*many, *again], made)
        yield "limit", _limit(few, many, again, made)
        yield "over", _quiet(calm, night, ended_s + window_s + 2 * MIN_S, made)
        _no_alarms(trial)
        yield "kept", _kept(trial, group, log, need)


class _Log:
    """The log of a press, in which lines are JSON."""

    def __init__(self, trial: Trial, group: str, step: str, random: Random) -> None:
        self.trial, self.group, self.step, self.random = trial, group, step, random
        self.client = trial.client("logs")
        self.client.create_log_group(logGroupName=group)
        self.client.create_log_stream(logGroupName=group, logStreamName="press")

    def lines(self, *details: dict[str, Any]) -> None:
        """Lines of this moment."""
        now_ms = int(time.time() * 1_000)
        job = names(self.random, "job", 1)[0]
        events = [{"timestamp": now_ms, "message": json.dumps({**each, "job": job})} for each in details]
        self.client.put_log_events(logGroupName=self.group, logStreamName="press", logEvents=events)

    def write(self, errors: int) -> None:
        """So many errors of the step, and a line that all is well."""
        error = {"level": "ERROR", "step": self.step, "message": "paper jam"}
        self.lines({"level": "INFO", "step": self.step, "message": "ready"}, *errors * [error])

    def burst(self, errors: int, span_s: float) -> None:
        """So many errors in three parts, the first now and the last one after the span, less some seconds."""
        begin_s, parts = self.trial.cloud.now, (errors - 2 * (errors // 3), errors // 3, errors // 3)
        for number, part in enumerate(parts):
            self.trial.cloud.run(begin_s + number * (span_s - 10) / 2)
            self.write(part)

    def too_many(self, phone: Phone, errors: int, window_s: float) -> list[Told]:
        """So many errors within the time, and what the people on call hear in the next minute."""
        self.burst(errors, window_s - MIN_S)
        self.trial.cloud.run(self.trial.cloud.now + MIN_S + SLACK_S)
        return phone.told()

    def others(self, count: int) -> None:
        """Lines with the word in them that are no errors of this step."""
        another = {"print": "cut", "cut": "pack", "pack": "bind", "bind": "print"}[self.step]
        self.lines(
            *count * [{"level": "INFO", "step": self.step, "message": "no ERROR since the last job"}],
            *count * [{"level": "ERROR", "step": another, "message": "no glue"}],
        )


def _meant(
    old: Sequence[Told], others: Sequence[Told], errors: Sequence[Told], row: CallRow | None
) -> Finding:
    if row is None:
        return failed("There is no alarm.")
    if first_page(old):
        return failed("Somebody was paged before a single new line with an error was written.", row)
    if first_page(others):
        return failed("Somebody was paged for lines that are no errors of this step.", row)
    if not first_page(errors):
        return failed("Nobody was ever paged, neither for these lines nor for others.", row)
    return passed("Only the lines that are meant were counted.")


def _limit(few: Sequence[Told], many: Sequence[Told], again: Sequence[Told], row: CallRow | None) -> Finding:
    if row is None:
        return failed("There is no alarm.")
    if any(one.state == "ALARM" for one in few):
        return failed("Somebody was paged though there were no more errors than are allowed.", row)
    if not any(one.state == "ALARM" for one in many):
        return failed("There were too many errors within the time, and nobody was paged.", row)
    if not any(one.state == "ALARM" for one in again):
        return failed("There were too many errors a second time, and nobody was paged again.", row)
    return passed("More errors than allowed were told of, and fewer were not.")


def _quiet(calm: Sequence[Told], night: Sequence[Told], by_s: float, row: CallRow | None) -> Finding:
    if row is None:
        return failed("There is no alarm.")
    if first_page(calm):
        return failed(
            "Somebody was paged again for errors that were over, while the press went on well.", row
        )
    if first_page(night):
        return failed("Somebody was paged because the log was quiet.", row)
    ok = next((one for one in calm if one.state == "OK"), None)
    if ok is None or ok.at_s > by_s:
        return failed("The errors were over, and nobody was told in time.", row)
    return passed("The end of the errors was told, and silence paged nobody.")


def _no_alarms(trial: Trial) -> None:
    """Nobody needs the alarms any more; they would be looked at each minute of many days."""
    client = trial.client("cloudwatch")
    made = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = [one["AlarmName"] for kind in ("CompositeAlarms", "MetricAlarms") for one in made[kind]]
    if found:
        client.delete_alarms(AlarmNames=found)


def _kept(trial: Trial, group: str, log: _Log, need: Need) -> Finding:
    cloud = trial.cloud
    log.write(0)
    written_s, written_ms = cloud.now, int(time.time() * 1_000) - 1_000
    row = row_of(trial, "PutRetentionPolicy")

    def found() -> bool:
        lines = log.client.filter_log_events(logGroupName=group, startTime=written_ms)["events"]
        return bool(lines)

    cloud.run(written_s + need["kept_days"] * DAY_S - HOUR_S)
    if not found():
        return failed("A line was gone while it still had to be there.", row)
    cloud.run(written_s + need["gone_days"] * DAY_S)
    if found():
        return failed("A line was still there when it had to be gone.", row)
    return passed("Lines were there for long enough, and not for too long.")


# ---- 4: failures

STATES = ("failed", "aborted", "stuck", "refused")
OTHER_STATES = ("started", "done", "failed-over", "Failed")


def draw_failures(random: Random) -> Need:
    """Which states of a deployment count, how long the queue may be shut, when to give up, and how far to go back."""
    shut_min = random.choice((20, 35, 60, 95, 150))
    days = random.choice((3, 8, 15, 25, 40))
    states = sorted(random.sample(STATES, 2))
    return {
        "states": states,
        "in_words": _coded(states, "or"),
        "shut_min": shut_min,
        "stale_min": round(shut_min * 1.5) + 20,
        "replay_days": days,
        "gone_days": round(days * 1.4) + 1,
    }


@careful("only", "shut", "aside", "replay")
def examine_failures(bench: Bench, need: Need) -> Findings:
    """Deployments on a bus; the queue shut for a while, and for too long; a replay in time, and one too late."""
    checks = ("only", "shut", "aside", "replay")
    with bench.trial() as trial:
        cloud, random = trial.cloud, bench.random
        shop = _Deployments(trial, need, random)
        given = [trial.client(service) for service in ("events", "sqs")]
        urls = trial.student.call("route_failures", *given, shop.bus, need)
        found = [urls.get(name) for name in ("queue", "failures")] if isinstance(urls, dict) else []
        if len(set(map(str, found))) != 2 or not all(is_queue(trial, url) for url in found):
            for check in checks:
                yield check, failed("route_failures did not return the URLs of two queues.")
            return
        queue, aside = map(str, found)
        shut_until: list[float] = [0.0]

        def outage(call: Call) -> None:
            if cloud.now < shut_until[0] and str(call.parameters.get("QueueUrl")) == queue:
                raise ServiceError("ServiceUnavailable", "The queue is shut.", 503, sender_fault=False)

        cloud.before("sqs", "SendMessage", outage)
        target, rule = row_of(trial, "PutTargets"), row_of(trial, "PutRule")
        yield "only", _only(trial, shop, queue, aside, rule)

        shut_until[0] = cloud.now + need["shut_min"] * MIN_S
        meant = shop.send(one=True)
        cloud.run(shut_until[0] + 10 * MIN_S)
        came = shop.arrived(queue)
        yield "shut", _after(meant, came, target)

        shop.arrived(aside)
        shut_until[0] = cloud.now + DAY_S
        meant = shop.send(one=True)
        cloud.run(cloud.now + need["stale_min"] * MIN_S + MIN_S)
        yield "aside", _aside(meant, shop.arrived(aside), target)

        shut_until[0] = 0.0  # whatever is still tried arrives now
        cloud.run(cloud.now + 10 * MIN_S)
        yield "replay", _replayed(trial, shop, queue, need)


class _Deployments:
    """A bus with deployments of many states on it, and another team's rule that catches those that failed, too."""

    def __init__(self, trial: Trial, need: Need, random: Random) -> None:
        self.trial, self.need, self.random = trial, need, random
        self.client = trial.client("events")
        self.bus = names(random, "deploys", 1)[0]
        self.client.create_event_bus(Name=self.bus)
        self.board, arn = open_queue(trial, "board", "events.amazonaws.com")
        pattern = {"source": ["pelican.deploy"], "detail": {"state": need["states"]}}
        self.client.put_rule(Name="board", EventBusName=self.bus, EventPattern=json.dumps(pattern))
        self.client.put_targets(Rule="board", EventBusName=self.bus, Targets=[{"Id": "board", "Arn": arn}])

    def send(self, *, one: bool = False) -> list[str]:
        """A deployment in each state, some from a rehearsal, or one that failed; the apps of those that failed."""
        apps = names(self.random, "app", 10)
        sent = [("pelican.deploy", state) for state in (*STATES, *OTHER_STATES)]
        sent += [("pelican.rehearsal", state) for state in self.need["states"]]
        entries = [
            {
                "Source": source,
                "DetailType": "Deployment",
                "Detail": json.dumps({"app": app, "state": state}),
                "EventBusName": self.bus,
            }
            for app, (source, state) in zip(apps, sent, strict=True)
        ]
        meant = [
            app
            for app, (source, state) in zip(apps, sent, strict=True)
            if source == "pelican.deploy" and state in self.need["states"]
        ]
        if one:
            meant = [self.random.choice(meant)]
            entries = [entry for entry in entries if meant[0] in entry["Detail"]]
        self.random.shuffle(entries)
        self.client.put_events(Entries=entries)
        return meant

    def arrived(self, url: str) -> list[str]:
        """The apps of the events in a queue; a message that tells none counts as nothing's."""
        found = []
        for message in drain(self.trial, url):
            try:
                found.append(str(json.loads(message["Body"])["detail"]["app"]))
            except (ValueError, KeyError, TypeError):
                found.append("")
        return found


def _only(trial: Trial, shop: _Deployments, queue: str, aside: str, row: CallRow | None) -> Finding:
    meant = shop.send()
    trial.cloud.run(trial.cloud.now + 30)
    came = shop.arrived(queue)
    if "" in came:
        return failed("What came to the queue is not the event as it was put on the bus.", row)
    if set(came) - set(meant):
        return failed("An event came to the queue that is no failed deployment.", row)
    if not came:
        return failed("No failed deployment came to the queue.", row)
    if set(meant) - set(came):
        return failed("A failed deployment did not come to the queue.", row)
    if len(came) > len(meant) or shop.arrived(aside):
        return failed("A failed deployment was delivered more than once.", row)
    return passed("Exactly the failed deployments came.")


def _after(meant: Sequence[str], came: Sequence[str], row: CallRow | None) -> Finding:
    if set(meant) - set(came):
        said = (
            "A failed deployment from the time when the queue was shut did not come when it was open again."
        )
        return failed(said, row)
    return passed("What happened while the queue was shut came afterwards.")


def _aside(meant: Sequence[str], aside: Sequence[str], row: CallRow | None) -> Finding:
    if set(meant) - set(aside):
        said = "An event that could not be delivered for too long is not among the failures."
        return failed(said, row)
    return passed("What could not be delivered is among the failures.")


def _replayed(trial: Trial, shop: _Deployments, queue: str, need: Need) -> Finding:
    cloud, client = trial.cloud, trial.client("events")
    shop.send()
    cloud.run(cloud.now + 10 * MIN_S)
    start_s = cloud.now
    meant = shop.send()
    cloud.run(cloud.now + 10 * MIN_S)
    end_s = cloud.now
    cloud.run(cloud.now + 10 * MIN_S)
    shop.send()
    cloud.run(start_s + need["replay_days"] * DAY_S - HOUR_S)
    for url in (queue, shop.board):
        trial.client("sqs").purge_queue(QueueUrl=url)
    window = (at(cloud, start_s - MIN_S), at(cloud, end_s))

    def again() -> tuple[list[str], list[str]]:
        trial.student.call("replay", client, shop.bus, *window)
        cloud.run(cloud.now + 5 * MIN_S)
        return shop.arrived(queue), shop.arrived(shop.board)

    try:
        came, elsewhere = again()
        row = row_of(trial, "StartReplay")
        if set(meant) - set(came):
            return failed("A failed deployment of the window did not come again.", row)
        if set(came) - set(meant):
            return failed("An event came again that is no failed deployment of the window.", row)
        if len(came) > len(meant):
            return failed("A failed deployment came again more than once.", row)
        if elsewhere:
            return failed("The replay also reached the rule of another team.", row)
        cloud.run(start_s + need["gone_days"] * DAY_S + DAY_S)
        if again()[0]:
            return failed(
                "An event was replayed that should not be kept any more.", row_of(trial, "StartReplay")
            )
    except NotAttempted:
        raise
    except StudentError as error:
        return crashed(error.sentence)
    return passed("The window came again, once and to nobody else.")


# ---- 5: printers


def draw_printers(random: Random) -> Need:
    """The printers of a site, how long they may pause, and by when a stuck one is told of."""
    pause_min = random.choice((3, 9, 15, 21))
    return {
        "site": random.choice(("delft", "porto", "turku")),
        "printers": names(random, "printer", 3),
        "pause_min": pause_min,
        "told_min": pause_min + 6,
        "prefix": random.choice(("stuck-", "jammed-", "halted-")),
    }


@careful("stuck", "busy", "paged", "only")
def examine_printers(bench: Bench, need: Need) -> Findings:
    """Three printers of which one gets stuck; and, apart from that, alarms of all sorts on the default bus."""
    with bench.trial() as trial:
        yield from _alarms(bench.random, trial, need)
    with bench.trial() as trial:
        yield from _pager(bench.random, trial, need)


class _Printers:
    """Three printers of a site that write what they print: one that gets stuck, one steady, one with pauses."""

    def __init__(self, random: Random, trial: Trial, need: Need) -> None:
        self.random, self.trial, self.site = random, trial, need["site"]
        self.pause = need["pause_min"]
        self.stuck, self.steady, self.slow = random.sample(need["printers"], 3)

    def _write(self, *minutes: tuple[Sequence[str], dict[str, Any]]) -> None:
        data = [
            {
                "MetricName": "Pages",
                "Dimensions": [{"Name": "Site", "Value": self.site}, {"Name": "Printer", "Value": one}],
                "Value": self.random.randint(1, 30),
                **more,
            }
            for printing, more in minutes
            for one in printing
        ]
        if data:
            self.trial.client("cloudwatch").put_metric_data(Namespace="Pelican/Printers", MetricData=data)

    def past(self) -> None:
        """All three have worked for a while, up to now."""
        cloud, minutes = self.trial.cloud, []
        for back in range(1, 3 * self.pause + 20):
            paused = back % (self.pause + 1) != 1
            printing = [self.stuck, self.steady] if paused else [self.stuck, self.steady, self.slow]
            minutes.append(
                (printing, {"Timestamp": at(cloud, cloud.now // MIN_S * MIN_S - back * MIN_S + 30)})
            )
        self._write(*minutes)

    def play(self) -> float:
        """They work on, the first one for four minutes only; the second at which these are over."""
        cloud, minutes = self.trial.cloud, 3 * self.pause + 16
        begin_s: float = cloud.now // MIN_S * MIN_S
        for minute in range(minutes):
            cloud.run(begin_s + minute * MIN_S + 30)
            writes = {
                self.stuck: minute < 4,
                self.steady: minute % 2 == 1,
                self.slow: minute % (self.pause + 1) == self.pause,
            }
            self._write(([one for one, does in writes.items() if does], {}))
        cloud.run(begin_s + minutes * MIN_S + 5)
        return begin_s + 4 * MIN_S


def _alarms(random: Random, trial: Trial, need: Need) -> Findings:
    client, hall = trial.client("cloudwatch"), _Printers(random, trial, need)
    next_minute(trial)
    hall.past()
    trial.student.call("create_alarms", client, need)
    made = row_of(trial, "PutMetricAlarm")
    last_s = hall.play()
    alarms = client.describe_alarms(AlarmNamePrefix=need["prefix"])["MetricAlarms"]
    if not {alarm["AlarmName"] for alarm in alarms} >= {need["prefix"] + one for one in need["printers"]}:
        for check in ("stuck", "busy"):
            yield check, failed("A printer has no alarm under its name.", made)
        return
    stuck, steady, slow = (
        _raised(trial, need["prefix"] + one) for one in (hall.stuck, hall.steady, hall.slow)
    )
    first_s = next((second for second in stuck if second >= last_s), None)
    if first_s is None:
        yield "stuck", failed("A printer was stuck, and its alarm did not fire.", made)
    elif first_s > last_s + need["told_min"] * MIN_S + SLACK_S:
        yield "stuck", failed("The alarm of a stuck printer fired later than it may.", made)
    else:
        yield "stuck", passed("The alarm of a stuck printer fired in time.")
    early = [second for second in stuck if second < last_s + need["pause_min"] * MIN_S]
    if early or steady or slow:
        yield "busy", failed("An alarm fired though its printer had not paused for too long.", made)
    elif first_s is None and not _watched(trial, alarms):
        yield "busy", failed("The alarms have no data of their printers to judge by.", made)
    else:
        yield "busy", passed("Printers that work raised no alarm.")


def _raised(trial: Trial, alarm: str) -> list[float]:
    """The seconds at which an alarm went to ALARM."""
    items = trial.client("cloudwatch").describe_alarm_history(
        AlarmName=alarm, HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    began_s = time.time() - trial.cloud.now
    return [
        item["Timestamp"].timestamp() - began_s
        for item in items
        if item["HistorySummary"].endswith("to ALARM")
    ]


def _watched(trial: Trial, alarms: Sequence[dict[str, Any]]) -> bool:
    """Whether some alarm watches a metric that the printers write."""

    def identity(one: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((each["Name"], each["Value"]) for each in one.get("Dimensions", [])))

    metrics = trial.client("cloudwatch").list_metrics(Namespace="Pelican/Printers")["Metrics"]
    return bool({identity(metric) for metric in metrics} & {identity(alarm) for alarm in alarms})


def _pager(random: Random, trial: Trial, need: Need) -> Findings:
    cloud, client = trial.cloud, trial.client("cloudwatch")
    url = trial.student.call("create_pager", trial.client("events"), trial.client("sqs"), need)
    if not is_queue(trial, url):
        for check in ("paged", "only"):
            yield check, failed("create_pager did not return the URL of a queue.")
        return
    rule = row_of(trial, "PutRule")
    ours, other = need["prefix"] + need["printers"][0], names(random, "billing", 1)[0]
    for name in (ours, other):
        client.put_metric_alarm(
            AlarmName=name, Namespace="Pelican/Printers", MetricName="Pages", Period=60, EvaluationPeriods=1,
            Statistic="Sum", Threshold=1, ComparisonOperator="LessThanThreshold",
        )  # fmt: skip
    next_minute(trial)
    counts = {}
    for name, state in ((ours, "ALARM"), (ours, "OK"), (other, "ALARM"), (other, "OK")):
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
        cloud.run(cloud.now + 5)
        counts[name, state] = len(drain(trial, url))
    paged = counts.pop((ours, "ALARM"))
    if not paged:
        yield "paged", failed("The alarm of a printer fired, and no page came to the queue.", rule)
        yield "only", failed("No page came to the queue at all.", rule)
        return
    yield "paged", passed("The alarm of a printer paged.")
    if any(counts.values()) or paged > 1:
        which = "an alarm that is none of the printers'" if counts[other, "ALARM"] else "the end of an alarm"
        said = "One alarm paged twice." if paged > 1 else f"A page came for {which}."
        yield "only", failed(said, rule)
    else:
        yield "only", passed("Nothing else paged.")
