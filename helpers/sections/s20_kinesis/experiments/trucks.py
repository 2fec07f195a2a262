"""What becomes of the reports of many trucks in a stream, in a queue, and behind a topic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.experiments import (
    CallRow,
    Choice,
    Claim,
    Experiment,
    Finding,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    not_applicable,
    plural,
    true,
)
from helpers.sections.s20_kinesis.experiments.fleet import (
    FIFO,
    ROUNDS,
    STANDARD,
    STREAM,
    TOPIC,
    WORK_S,
    Report,
    parsed,
    reports,
    service,
)
from helpers.sections.s20_kinesis.experiments.reading import GUIDE, puts, short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

RETENTION_H = 24  # of a new stream
TOGETHER_S = 60.0  # applications that begin within this time begin at once
ARRIVED_S = 1.0  # all reports have arrived by then, also behind a topic


class Job(NamedTuple):
    """A report that a worker worked on; times in seconds since its application began."""

    application: int
    worker: int
    report: Report
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Measured:
    """What the trail shows.

    `jobs` by their ends; `turned` are those that ended before an earlier report of their truck; `shards` has the
    number of trucks of each shard of a stream; `got` how many different reports each application worked on.
    """

    jobs: tuple[Job, ...]
    turned: frozenset[int]
    shards: tuple[tuple[str, int], ...]
    got: tuple[int, ...]
    late: int
    """The application that began later, or 0."""
    summary: dict[str, int | float | str]


class Trucks(Experiment):
    """Trucks that have reported, and applications that work on the reports; see the module."""

    id = "20_kinesis.trucks"
    title = "A stream, a queue, or a topic"
    question = "100 trucks: a queue, a topic with queues, or a stream?"
    parameters = (
        Choice(
            "service",
            STREAM,
            "service",
            "Where the trucks send to: the truck is the partition key, or the message group.",
            choices=(STREAM, FIFO, STANDARD, TOPIC),
        ),
        Int(
            "trucks",
            100,
            "trucks",
            f"Each of them has sent {ROUNDS} reports before the workers begin.",
            minimum=5,
            maximum=200,
        ),
        Int(
            "shards",
            5,
            "shards",
            "Shards of the stream; without effect on the other services.",
            minimum=1,
            maximum=20,
            source=GUIDE + "key-concepts.html",
        ),
        Int(
            "workers",
            5,
            "workers",
            "Workers of each application. In a stream each shard has one of them.",
            minimum=1,
            maximum=100,
            source=GUIDE + "kcl-concepts.html",
        ),
        Int(
            "applications", 2, "applications", "How many applications want the reports.", minimum=1, maximum=3
        ),
        Int(
            "rerun_after_h",
            0,
            "the last one begins after",
            "0: all applications begin at once. Otherwise the last one comes along so much later.",
            unit="h",
            minimum=0,
            maximum=48,
        ),
    )
    differences = (
        f"A worker needs {1_000 * WORK_S:.0f} ms for a report here.",
        "Shards are dealt out to workers in turn; the Kinesis Client Library does it by leases.",
        (
            "How much a standard queue changes the order is an assumption: here it hands out any of the first 200 "
            "messages."
        ),
        "A worker of a queue takes up to ten messages at a time, fewer if there are many workers.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """The trucks send, the applications work, the last one perhaps much later; then somebody looks what is left."""
        between = service(cloud, p)
        late = p.applications if p.rerun_after_h else 0
        on_time = [one for one in range(1, p.applications + 1) if one != late]
        for application in on_time:
            between.join(application)
        between.send()
        cloud.run(until=cloud.now + ARRIVED_S)
        self._work(cloud, p, between, on_time)
        if late:
            cloud.run(until=cloud.now + 3_600 * p.rerun_after_h)
            between.join(late)
            self._work(cloud, p, between, [late])
        between.look()

    @staticmethod
    def _work(cloud: Cloud, p: Values, between: Any, applications: Sequence[int]) -> None:
        for application in applications:
            for worker in range(p.workers):
                if between.busy(worker):
                    cloud.spawn(between.work, application, worker, name=f"{application}-{worker + 1}")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Who worked on what, in which order, and what is left."""
        rows = calls(trail)
        jobs = _jobs(rows)
        turned = _turned(jobs, p)
        late = p.applications if p.rerun_after_h else 0
        got = tuple(
            len({job.report for job in jobs if job.application == one})
            for one in range(1, p.applications + 1)
        )
        keys: dict[str, set[str]] = defaultdict(set)
        for put in puts(rows):
            keys[put.shard].add(put.key)
        listed = [one for row in rows if row.operation == "ListShards" for one in row.response["Shards"]]
        shards = tuple((short(one["ShardId"]), len(keys[one["ShardId"]])) for one in listed)
        sizes = [size for _, size in shards]
        ends = [job.end_s for job in jobs if job.application != late]
        summary: dict[str, int | float | str] = {
            "reports": ROUNDS * p.trucks,
            "most_got": max(got),
            "least_got": min(got),
            "late_got": got[late - 1] if late else 0,
            "worked_on": len({job.report for job in jobs}),
            "jobs": len(jobs),
            "peak_workers": _peak(jobs, p, late),
            "done_after_s": round(max(ends, default=0.0), 2),
            "out_of_order": len(turned),
            "overtaken_percent": _overtaken_percent(jobs, p),
            "left": _left(rows),
            "trucks_per_shard": round(sum(sizes) / len(sizes), 2) if sizes else 0,
            "busiest_shard": max(sizes, default=0),
            "trucks_in_shards": sum(sizes),
        }
        return Measured(tuple(jobs), turned, shards, got, late, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane for each worker; what each application got and what is left below."""
        from helpers.sections.s20_kinesis.experiments import trucks_picture

        return trucks_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def useful(p: Values, m: Measured) -> Finding:
        """As many workers work at once as there are shards, or groups."""
        if p.service not in (STREAM, FIFO) or not m.jobs:
            return not_applicable("Any worker of a standard queue may take any message, or nobody worked.")
        peak, most = int(m.summary["peak_workers"]), parallel(p)
        what = plural(p.shards, "shard") if p.service == STREAM else plural(p.trucks, "message group")
        said = (
            f"At most {peak} of {workers_of(p)} workers worked at the same time, on {what}; all was done after "
            f"{m.summary['done_after_s']:g} s."
        )
        reached = peak == most or any(not trucks for _, trucks in m.shards)
        return (true if peak <= most and reached else false)(said)

    @staticmethod
    def order(p: Values, m: Measured) -> Finding:
        """The reports of a truck are worked on in their order."""
        number = int(m.summary["out_of_order"])
        said = (
            f"{plural(number, 'report')} of {m.summary['jobs']} were done before an earlier one of the same truck; "
            f"{m.summary['overtaken_percent']:g} % overtook one of another truck."
        )
        return (false if number else true)(said)

    @staticmethod
    def copies(p: Values, m: Measured) -> Finding:
        """Each application gets everything from a stream or a topic, and a share of a queue."""
        if p.applications == 1 or p.rerun_after_h:
            return not_applicable("There are no two applications at the same time.")
        got, whole = m.got, int(m.summary["reports"])
        said = f"Of {whole:,} reports the applications got {_listed(got)}."
        if p.service in (STREAM, TOPIC):
            return (true if set(got) == {whole} else false)(said)
        return (true if sum(got) == whole == m.summary["jobs"] else false)(said)

    @staticmethod
    def late(p: Values, m: Measured) -> Finding:
        """Who comes late gets all from a stream, what is left from a queue, and nothing from a topic."""
        if not p.rerun_after_h:
            return not_applicable("All applications begin at once.")
        whole, got = int(m.summary["reports"]), int(m.summary["late_got"])
        expected = {
            STREAM: whole if p.rerun_after_h < RETENTION_H else 0,
            TOPIC: 0,
        }.get(p.service, whole if p.applications == 1 else 0)
        said = f"After {p.rerun_after_h} h the last application got {got:,} of {whole:,} reports."
        return (true if got == expected else false)(said)

    @staticmethod
    def left(p: Values, m: Measured) -> Finding:
        """Records stay for the retention; messages are gone with their delete."""
        whole, there = int(m.summary["reports"]), int(m.summary["left"])
        kept = p.service == STREAM and p.rerun_after_h < RETENTION_H
        said = f"{there:,} of {whole:,} reports are still in the {'stream' if p.service == STREAM else 'queues'}."
        return (true if there == (whole if kept else 0) else false)(said)

    @staticmethod
    def shares(p: Values, m: Measured) -> Finding:
        """A truck has one shard; on average a shard has trucks / shards of them."""
        if p.service != STREAM:
            return not_applicable("There are no shards.")
        mean = p.trucks / p.shards
        said = (
            f"{p.trucks} trucks on {plural(p.shards, 'shard')}: {mean:g} on average, {m.summary['busiest_shard']} in "
            "the fullest."
        )
        return (true if m.summary["trucks_in_shards"] == p.trucks else false)(said)


def workers_of(p: Values) -> int:
    """The workers that share the work: of an application, or of all that begin at once if they have one queue."""
    if p.service in (STREAM, TOPIC) or p.applications == 1:
        return int(p.workers)
    return int(p.workers * (p.applications - bool(p.rerun_after_h)))


def parallel(p: Values) -> int:
    """How many of them can work at the same time in order: one for each shard, or for each message group."""
    return int(min(workers_of(p), p.shards if p.service == STREAM else p.trucks))


def _jobs(rows: Sequence[CallRow]) -> list[Job]:
    """What the workers did: each works on what a call brought, one report after the other."""
    began: dict[int, float] = {}
    jobs = []
    for row in rows:
        application, _, worker = row.actor.partition("-")
        if not (application.isdecimal() and worker):
            continue
        # Those that begin at once have one clock, that of the first call of any of them.
        together = [start_s for start_s in began.values() if row.start_s - start_s < TOGETHER_S]
        since_s = began.setdefault(int(application), min([row.start_s, *together]))
        texts = [str(one["Data"], "ascii") for one in row.response.get("Records", ())]
        texts += [one["Body"] for one in row.response.get("Messages", ())]
        for place, text in enumerate(texts):
            start_s = row.end_s - since_s + place * WORK_S
            jobs.append(Job(int(application), int(worker), parsed(text), start_s, start_s + WORK_S))
    return sorted(jobs, key=lambda job: (job.end_s, job.application, job.worker))


def _turned(jobs: Sequence[Job], p: Values) -> frozenset[int]:
    """The places in `jobs` of those that ended before an earlier report of their truck, by the same reader."""
    shared = p.service in (FIFO, STANDARD)
    last: dict[tuple[int, int], tuple[int, int]] = {}
    found = set()
    for place, job in enumerate(jobs):
        key = (0 if shared else job.application, job.report.truck)
        turn, before = last.get(key, (-1, -1))
        if job.report.turn < turn:
            found.add(before)
        else:
            last[key] = job.report.turn, place
    return frozenset(found)


def _overtaken_percent(jobs: Sequence[Job], p: Values) -> float:
    """Share of the jobs that ended before one that had been sent earlier, by whatever truck, in percent."""
    sent = {report: place for place, report in enumerate(reports(p))}
    shared = p.service in (FIFO, STANDARD)
    lowest: dict[int, int] = {}
    overtook = 0
    for job in reversed(jobs):  # from the last to end: was anything that came earlier still to be done?
        reader = 0 if shared else job.application
        place = sent[job.report]
        overtook += lowest.get(reader, place) < place
        lowest[reader] = min(place, lowest.get(reader, place))
    return round(100 * overtook / len(jobs), 1) if jobs else 0.0


def _peak(jobs: Sequence[Job], p: Values, late: int) -> int:
    """The most workers at work at the same time, of one application, or of all that share a queue."""
    shared = p.service in (FIFO, STANDARD)
    peaks = [0]
    for readers in [range(1, p.applications + 1)] if shared else [[n] for n in range(1, p.applications + 1)]:
        changes: Counter[float] = Counter()
        for job in jobs:
            if job.application in readers and (job.application != late or not shared or p.applications == 1):
                changes[round(job.start_s, 6)] += 1
                changes[round(job.end_s, 6)] -= 1
        now = 0
        for moment in sorted(changes):
            now += changes[moment]
            peaks.append(now)
    return max(peaks)


def _left(rows: Sequence[CallRow]) -> int:
    """What is there when the last worker has gone home."""
    last = max((n for n, row in enumerate(rows) if row.actor.partition("-")[2]), default=0)
    return sum(
        len(row.response.get("Records", ()))
        + int(row.response.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))
        for row in rows[last + 1 :]
    )


def _listed(numbers: Sequence[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


Trucks.claims = (
    Claim(
        "useful",
        "In order, no more workers can work at once than there are shards, or message groups of a FIFO queue.",
        ("kinesis.trucks.consumers", "kinesis.kcl.one_per_shard", "kinesis.trucks.fifo"),
        Trucks.useful,
        "the service is a stream within its retention, or a FIFO queue",
        lambda p: (
            (p.service == STREAM and (p.applications > 1 or p.rerun_after_h < RETENTION_H))
            or p.service == FIFO
        ),
    ),
    Claim(
        "order",
        "The reports of a truck are worked on in the order of sending.",
        (
            "kinesis.stream.order",
            "kinesis.cmp.order",
            "kinesis.trucks.order",
            "kinesis.stream.parallel_read_order",
        ),
        Trucks.order,
        "the service is a stream or a FIFO queue",
        lambda p: p.service in (STREAM, FIFO),
    ),
    Claim(
        "copies",
        "Each application gets all reports from a stream or a topic, and a share of them from one queue.",
        ("kinesis.cmp.kinesis_consumers", "kinesis.cmp.fanout", "kinesis.stream.many_apps"),
        Trucks.copies,
        "several applications begin at once",
        lambda p: p.applications > 1 and not p.rerun_after_h,
    ),
    Claim(
        "late",
        "Who comes late gets everything from a stream within its retention, what is left from a queue, and nothing "
        "from a topic.",
        ("kinesis.stream.replay", "kinesis.cmp.replay", "kinesis.stream.retention_default"),
        Trucks.late,
        "the last application begins later",
        lambda p: p.rerun_after_h > 0,
    ),
    Claim(
        "left",
        "Records stay in a stream until their retention ends; messages leave a queue when they are worked on.",
        ("kinesis.cmp.deleted", "kinesis.cmp.expires", "kinesis.stream.retention_default"),
        Trucks.left,
        "always",
        lambda p: True,
    ),
    Claim(
        "shares",
        "Each truck lies in one shard, so that the shards have trucks / shards of them on average.",
        ("kinesis.trucks.average", "kinesis.trucks.key", "kinesis.producer.same_key"),
        Trucks.shares,
        "the service is a stream",
        lambda p: p.service == STREAM,
    ),
)


def _whole(m: Any) -> int:
    return int(m.summary["reports"])


Trucks.scenes = (
    Scene(
        "workers",
        "More workers",
        {"applications": 1},
        "100 trucks report to a stream of five shards, and five workers are at it. The manager hires fifteen more.",
        Prediction(
            "There are 20 workers now. How many of them work at the same time?",
            (
                Option(
                    "all",
                    "20, so that all is done in a quarter of the time",
                    "more_workers_faster",
                    "A shard has one worker of an application at a time: five work, and fifteen wait.",
                    true_if=lambda p, m: m.summary["peak_workers"] == 20,
                ),
                Option(
                    "shards",
                    "Five, so that it takes as long as before",
                    None,
                    "One for each shard. For more at a time the stream needs more shards.",
                    right=True,
                    true_if=lambda p, m: m.summary["peak_workers"] == 5,
                ),
                Option(
                    "keys",
                    "20 of up to 100, one for each partition key",
                    "worker_per_key",
                    "Keys choose the shard; only the message groups of a FIFO queue go to workers one by one.",
                    true_if=lambda p, m: m.summary["peak_workers"] > 5,
                ),
            ),
        ),
        {"workers": 20},
        ("workers", "shards", "service"),
        "useful",
        (
            "kinesis.trucks.consumers",
            "kinesis.kcl.one_per_shard",
            "kinesis.trucks.average",
            "kinesis.trucks.fifo",
        ),
    ),
    Scene(
        "order",
        "In which order?",
        {"shards": 1, "workers": 1, "applications": 1},
        "With one shard and one worker all reports are worked on in the order of sending. Then the stream grows.",
        Prediction(
            "The stream has five shards and five workers. Which order is left?",
            (
                Option(
                    "all",
                    "That of sending, for all trucks: sequence numbers see to it",
                    "order_across_stream",
                    "Sequence numbers grow within a shard; between shards one worker may be ahead of another.",
                    true_if=lambda p, m: m.summary["overtaken_percent"] == 0,
                ),
                Option(
                    "truck",
                    "That of each truck, but not between all trucks",
                    None,
                    "The truck is the key, so its reports lie in one shard, where the order holds.",
                    right=True,
                    true_if=lambda p, m: m.summary["overtaken_percent"] > 0 and not m.summary["out_of_order"],
                ),
                Option(
                    "none",
                    "None: reports of one truck may now overtake each other",
                    "shards_mix_keys",
                    "One key goes to one shard, and one worker reads that in order.",
                    true_if=lambda p, m: m.summary["out_of_order"] > 0,
                ),
            ),
        ),
        {"shards": 5, "workers": 5},
        ("shards", "workers", "service"),
        "order",
        ("kinesis.stream.order", "kinesis.cmp.order", "kinesis.trucks.key", "kinesis.trucks.order"),
    ),
    Scene(
        "copies",
        "Two applications on a queue",
        {"trucks": 60},
        "A map and a billing application read the same stream. Somebody wants to replace it by a FIFO queue.",
        Prediction(
            "Both applications now receive from one FIFO queue. What does each of them get?",
            (
                Option(
                    "each",
                    "All 180 reports, as it did from the stream",
                    "queue_copies",
                    "A message goes to whoever receives it first and is deleted then: the applications share them.",
                    true_if=lambda p, m: m.summary["least_got"] == _whole(m),
                ),
                Option(
                    "share",
                    "Some of the 180 reports, and the other one the rest",
                    None,
                    "Each message is worked on once. For two copies it takes a topic with two queues, or a stream.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["least_got"] < _whole(m) == sum(m.got),
                ),
                Option(
                    "twice",
                    "All 180 reports, each after the other one has deleted it",
                    "queue_copies",
                    "After the delete nobody gets the message any more.",
                    true_if=lambda p, m: m.summary["jobs"] == 2 * _whole(m),
                ),
            ),
        ),
        {"service": FIFO},
        ("service", "applications"),
        "copies",
        ("kinesis.cmp.kinesis_consumers", "kinesis.cmp.deleted", "kinesis.cmp.fanout"),
    ),
    Scene(
        "late",
        "Twelve hours later",
        {"rerun_after_h": 1},
        "The second application comes an hour after the first has read everything, and it gets all of it as well.",
        Prediction(
            "It comes 30 hours later instead. How many of the 300 reports does it get?",
            number="late_got",
            tolerance=0,
            reply="None. Reading removes nothing, but a record leaves the stream 24 hours after it was written, by "
            "default.",
        ),
        {"rerun_after_h": 30},
        ("rerun_after_h", "service"),
        "late",
        (
            "kinesis.stream.replay",
            "kinesis.stream.retention_default",
            "kinesis.cmp.expires",
            "kinesis.cmp.replay",
        ),
    ),
    Scene(
        "goal",
        "Find the service",
        {"service": TOPIC},
        "Two applications each have a queue behind a topic, and get all reports. Now a third one is planned for later.",
        Prediction(
            "The last application comes 12 hours later, with a queue of its own. What does it get?",
            (
                Option(
                    "all",
                    "All reports: the topic delivers them to the new queue",
                    "topic_keeps",
                    "A topic delivers to those who are subscribed at that moment, and keeps nothing.",
                    true_if=lambda p, m: m.summary["late_got"] == _whole(m),
                ),
                Option(
                    "none",
                    "None of them: it subscribed after they were sent",
                    None,
                    "What was published before a subscription is not delivered to it; a stream would still have it.",
                    right=True,
                    true_if=lambda p, m: m.summary["late_got"] == 0,
                ),
                Option(
                    "unread",
                    "Those that no other application has deleted yet",
                    "queue_copies",
                    "Each queue has copies of its own; what lies in another one does not come to this one.",
                    true_if=lambda p, m: 0 < m.summary["late_got"] < _whole(m),
                ),
            ),
        ),
        {"rerun_after_h": 12},
        (),
        "late",
        (
            "kinesis.cmp.deleted",
            "kinesis.cmp.order",
            "kinesis.stream.replay",
            "kinesis.trucks.consumers",
        ),
        Goal(
            "Each truck in order, at least ten workers of an application at work at once, and all reports for an "
            "application that comes 12 hours later.",
            lambda p, m: (
                m.summary["out_of_order"] == 0
                and m.summary["peak_workers"] >= 10
                and p.applications >= 2
                and p.rerun_after_h >= 12
                and m.summary["late_got"] == _whole(m)
            ),
            {"service": STREAM, "shards": 10, "workers": 10, "rerun_after_h": 12},
        ),
    ),
)
