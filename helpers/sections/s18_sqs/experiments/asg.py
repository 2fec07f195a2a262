"""Scaling workers on the depth of a queue: backlog per instance, boot times and bounds."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    Claim,
    Experiment,
    Finding,
    Float,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    not_applicable,
    true,
)
from helpers.sections.s18_sqs.experiments.reading import DEPTHS, Attempt, attempts, depths, queue_url, sends

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

SCALING = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html"
BEAT_S = 20  # between two rounds of sends
DECISION_S = 60  # between two looks of the scaler
PATIENCE = 5  # looks in a row that want fewer instances before any is stopped
BURST_START_S, BURST_END_S, ARRIVALS_END_S = 240, 480, 960
HORIZON_S = 3_600
VISIBILITY_S = 1_800


@dataclass(frozen=True)
class Instance:
    """One worker: when it began to serve and stopped, and when it had messages in work. Times in seconds."""

    name: str
    ready_s: float
    stopped_s: float
    busy: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `backlog` and `running` are (time, change) pairs."""

    instances: tuple[Instance, ...]
    arrivals: tuple[tuple[float, int], ...]
    backlog: tuple[tuple[float, int], ...]
    running: tuple[tuple[float, int], ...]
    grown: float | None
    owed: float
    end_s: float
    summary: dict[str, int | float | str]


@dataclass
class Fleet:
    """What the scaler knows: the instances that it started and may stop."""

    alive: list[dict[str, Any]] = field(default_factory=list)
    started: int = 0


class Asg(Experiment):
    """A steady load with a burst in it, workers that need time to boot, and a scaler that looks once a minute."""

    id = "18_sqs.asg"
    title = "Scaling workers on queue depth"
    question = "How many workers keep the wait in the queue short, and what does a burst do?"
    parameters = (
        Int(
            "arrivals_per_min",
            15,
            "messages per minute",
            "The steady load.",
            unit="/min",
            minimum=0,
            maximum=60,
            step=3,
            assumption=True,
        ),
        Float(
            "burst_factor",
            5,
            "burst",
            "The load from minute 4 to minute 8, as a multiple of the steady load.",
            unit="×",
            minimum=1,
            maximum=10,
            step=0.5,
            assumption=True,
        ),
        Float(
            "job_s",
            6,
            "work",
            "Time of work on a message; an instance receives up to ten and does them in turn.",
            unit="s",
            minimum=1,
            maximum=20,
            step=0.5,
            assumption=True,
        ),
        Int(
            "acceptable_wait_s",
            120,
            "acceptable wait",
            "Divided by the work it gives the target: the backlog per instance.",
            unit="s",
            minimum=10,
            maximum=600,
            step=10,
            source=SCALING,
        ),
        Int(
            "boot_s",
            120,
            "boot time",
            "From the decision to the first receive of a new instance.",
            unit="s",
            minimum=0,
            maximum=600,
            step=10,
            assumption=True,
        ),
        Int(
            "min_instances",
            2,
            "fewest instances",
            "Run from the start, and are never stopped.",
            minimum=1,
            maximum=20,
        ),
        Int("max_instances", 12, "most instances", "The scaler starts no more.", minimum=1, maximum=40),
    )
    differences = (
        (
            "The decision is made by a model of target tracking: more instances at once, fewer after five looks "
            "in a row that want fewer."
        ),
        (
            "Instances are workers with a boot time, not EC2 instances in an Auto Scaling group; the metric is really "
            "published."
        ),
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """Producer, instances and scaler, until all messages are done (or an hour has passed)."""
        sqs, cloudwatch = cloud.client("sqs"), cloud.client("cloudwatch")
        url = sqs.create_queue(
            QueueName="encode",
            Attributes={"VisibilityTimeout": str(VISIBILITY_S), "ReceiveMessageWaitTimeSeconds": "20"},
        )["QueueUrl"]
        fleet = Fleet()

        def produce() -> None:
            sent = owed = 0.0
            while cloud.now < ARRIVALS_END_S:
                rate = p.arrivals_per_min * (
                    p.burst_factor if BURST_START_S <= cloud.now < BURST_END_S else 1
                )
                owed += rate * BEAT_S / 60
                number = int(owed - sent)
                sent += number
                for first in range(0, number, 10):
                    entries = [
                        {"Id": str(i), "MessageBody": "encode"} for i in range(min(10, number - first))
                    ]
                    sqs.send_message_batch(QueueUrl=url, Entries=entries)
                time.sleep(BEAT_S - cloud.now % BEAT_S)

        def serve(instance: dict[str, Any], boot_s: float) -> None:
            time.sleep(boot_s)
            instance["ready"] = True
            while not instance["stop"]:
                messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
                if not messages:
                    continue
                time.sleep(p.job_s * len(messages))
                entries = [
                    {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)
                ]
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)

        def launch(number: int, boot_s: float) -> None:
            for _ in range(number):
                fleet.started += 1
                instance = {"stop": False, "ready": not boot_s}
                fleet.alive.append(instance)
                cloud.spawn(serve, instance, boot_s, name=f"instance-{fleet.started}", background=True)

        def scale() -> None:
            target = p.acceptable_wait_s / p.job_s
            wanted_fewer: list[int] = []
            while cloud.now < HORIZON_S:
                time.sleep(DECISION_S - cloud.now % DECISION_S)
                seen = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(DEPTHS))["Attributes"]
                visible, in_flight = int(seen[DEPTHS[0]]), int(seen[DEPTHS[1]])
                ready = sum(instance["ready"] for instance in fleet.alive)
                cloudwatch.put_metric_data(
                    Namespace="Encoding",
                    MetricData=[{"MetricName": "BacklogPerInstance", "Value": visible / max(1, ready)}],
                )
                if producer.done and not visible and not in_flight:
                    return
                desired = min(max(ceil(visible / target), p.min_instances), most(p))
                if desired >= len(fleet.alive):
                    wanted_fewer.clear()
                    launch(desired - len(fleet.alive), p.boot_s)
                    continue
                wanted_fewer.append(desired)
                if len(wanted_fewer) >= PATIENCE:
                    keep = max(wanted_fewer)
                    for instance in fleet.alive[keep:]:
                        instance["stop"] = True
                    del fleet.alive[keep:]
                    wanted_fewer.clear()

        launch(min(p.min_instances, most(p)), 0)
        producer = cloud.spawn(produce, name="producer")
        cloud.spawn(scale, name="scaler")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """Instances, backlog and waits."""
        rows = calls(trail)
        url = queue_url(rows, "encode")
        sent = sends(rows, url)
        moments = {one.message: one.time_s for one in sent}
        found = attempts(rows, url, VISIBILITY_S)
        waits = [attempt.received_s - moments[attempt.message] for attempt in found]
        by_actor: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in found:
            by_actor[attempt.actor].append(attempt)
        lives: dict[str, tuple[float, float]] = {}
        for row in rows:
            if row.actor.startswith("instance"):
                lives[row.actor] = (lives.get(row.actor, (row.start_s, 0.0))[0], row.end_s)
        end_s = max((row.end_s for row in rows), default=1.0)
        instances = tuple(
            Instance(name, ready, stopped, tuple(_merged(by_actor[name])))
            for name, (ready, stopped) in sorted(
                lives.items(), key=lambda item: int(item[0].rpartition("-")[2])
            )
        )
        backlog = [(one.time_s, 1) for one in sent] + [(attempt.received_s, -1) for attempt in found]
        undone = [(one.time_s, 1) for one in sent] + [
            (a.deleted_s, -1) for a in found if a.deleted_s is not None
        ]
        running = [(i.ready_s, 1) for i in instances] + [(i.stopped_s, -1) for i in instances]
        peak = total = 0
        for _, change in sorted(backlog):
            total += change
            peak = max(peak, total)
        until = BURST_START_S + p.boot_s
        early = sum(instance.ready_s < until - 1e-6 for instance in instances)
        burst = p.arrivals_per_min * p.burst_factor
        owed = (burst - early * 60 / p.job_s) * min(p.boot_s, BURST_END_S - BURST_START_S) / 60
        mark = min(until, BURST_END_S)
        grown = sum(change for moment, change in undone if moment < mark) - sum(
            c for m, c in undone if m < BURST_START_S
        )
        most_running = level = 0
        for _, change in sorted(running):
            level += change
            most_running = max(most_running, level)
        seen = depths(rows, url)
        summary: dict[str, int | float | str] = {
            "messages": len(sent),
            "done": sum(attempt.deleted_s is not None for attempt in found),
            "left_in_queue": seen[-1].total if seen else 0,
            "longest_wait_s": round(max(waits, default=0.0), 1),
            "mean_wait_s": round(sum(waits) / len(waits), 1) if waits else 0.0,
            "peak_backlog": peak,
            "most_instances": most_running,
            "instance_minutes": round(sum(i.stopped_s - i.ready_s for i in instances) / 60, 1),
            "grown_while_booting": int(grown),
        }
        return Measured(
            instances,
            tuple((one.time_s, 1) for one in sent),
            tuple(backlog),
            tuple(running),
            float(grown),
            owed,
            end_s,
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per instance; the backlog and what the running instances may have of it below."""
        from helpers.sections.s18_sqs.experiments import asg_picture

        return asg_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def in_time(p: Values, m: Measured) -> Finding:
        """No message waits longer than is acceptable."""
        if not m.arrivals:
            return not_applicable("No message came.")
        longest = float(m.summary["longest_wait_s"])
        words = f"The longest wait was {longest:.0f} s; {p.acceptable_wait_s} s are acceptable."
        return true(words) if longest <= p.acceptable_wait_s else false(words)

    @staticmethod
    def boot(p: Values, m: Measured) -> Finding:
        """The backlog grows while instances boot."""
        if m.owed <= 0 or m.grown is None:
            return not_applicable(
                "The instances that were running could do the burst by themselves, or boot in no time."
            )
        words = (
            f"In the {min(p.boot_s, BURST_END_S - BURST_START_S)} s after the burst began, the messages not done grew "
            f"by {m.grown:.0f}; "
            f"arrivals less the capacity at hand come to {m.owed:.0f}."
        )
        slack = p.arrivals_per_min * p.burst_factor * BEAT_S / 60 + 1
        return true(words) if m.grown >= m.owed - slack else false(words)

    @staticmethod
    def kept(_: Values, m: Measured) -> Finding:
        """No message is refused or lost."""
        missing = int(m.summary["messages"]) - int(m.summary["done"])
        if missing > int(m.summary["left_in_queue"]):
            return false(f"{missing} messages are neither done nor in the queue.")
        if missing:
            return true(
                f"{missing} of {m.summary['messages']} messages are still in the queue after an hour, none is lost."
            )
        return true(
            f"All {m.summary['messages']} messages were done; the backlog came to {m.summary['peak_backlog']}."
        )


def most(p: Values) -> int:
    """The most instances that can run."""
    return max(int(p.max_instances), int(p.min_instances))


def rate(p: Values, instances: int) -> float:
    """Messages a minute that so many instances can do."""
    return float(instances * 60 / p.job_s)


def _merged(found: list[Attempt]) -> list[tuple[float, float]]:
    """When an instance had messages in work: from a receive to the delete of its last message."""
    spans: dict[float, float] = {}
    for attempt in found:
        ended = attempt.ended_s if attempt.ended_s is not None else attempt.received_s
        spans[attempt.received_s] = max(spans.get(attempt.received_s, 0.0), ended)
    return sorted(spans.items())


Asg.claims = (
    Claim(
        "in_time",
        "No message waits in the queue longer than the acceptable wait.",
        ("sqs.api.asg_metric", "sqs.decoupling.scale_independently", "sqs.consume.horizontal"),
        Asg.in_time,
        "there is no burst, the fewest instances can do the load with a quarter to spare, and the acceptable wait "
        "covers two "
        "receives of ten messages",
        lambda p: (
            p.arrivals_per_min > 0
            and p.burst_factor == 1
            and rate(p, p.min_instances) >= 1.25 * p.arrivals_per_min
            and p.acceptable_wait_s >= 20 * p.job_s
        ),
    ),
    Claim(
        "boot",
        "Until new instances have booted, the backlog grows by what the running ones cannot do.",
        ("sqs.api.asg_metric", "sqs.decoupling.spikes", "sqs.decoupling.tiers"),
        Asg.boot,
        "the burst is more than the fewest instances can do, those can do the steady load, and booting takes a minute "
        "or more",
        lambda p: (
            p.boot_s >= 60
            and rate(p, p.min_instances) >= 1.25 * p.arrivals_per_min
            and p.arrivals_per_min * p.burst_factor > 1.2 * rate(p, p.min_instances)
        ),
    ),
    Claim(
        "kept",
        "No message is refused or lost, however far the workers fall behind.",
        ("sqs.standard.backlog", "sqs.standard.autoscale", "sqs.decoupling.spikes"),
        Asg.kept,
        "always",
        lambda p: True,
    ),
)


Asg.scenes = (
    Scene(
        "boot",
        "Booting takes its time",
        {},
        "In minute 4 the load jumps to five times the usual. The scaler starts instances that need two minutes to "
        "boot.",
        Prediction(
            "Instances now need five minutes to boot. How long does the message that waits longest wait?",
            (
                Option(
                    "same",
                    "Hardly longer: the decision to scale comes just as early",
                    "scaling_is_instant",
                    "A decision does no work: until the instance receives, the backlog grows.",
                    true_if=lambda p, m: m.summary["longest_wait_s"] < 180,
                ),
                Option(
                    "longer",
                    "Minutes longer, about as many as were added",
                    None,
                    "All the added time the two running instances face the burst alone, and the queue holds the "
                    "rest.",
                    right=True,
                    true_if=lambda p, m: 250 <= m.summary["longest_wait_s"] <= 600,
                ),
                Option(
                    "lost",
                    "It is lost: a queue holds only so much",
                    "queue_can_be_full",
                    "A queue holds any number of waiting messages; they wait until they are too old, days later.",
                    true_if=lambda p, m: m.summary["done"] < m.summary["messages"],
                ),
            ),
        ),
        {"boot_s": 300},
        ("boot_s", "burst_factor"),
        "boot",
        ("sqs.api.asg_metric", "sqs.decoupling.spikes", "sqs.decoupling.scale_independently"),
    ),
    Scene(
        "bound",
        "An upper bound",
        {},
        "Budget allows only four instances, which do 40 messages a minute. The burst brings 75.",
        Prediction(
            "With four instances at most, what happens to the messages of the burst?",
            (
                Option(
                    "refused",
                    "SendMessage fails while the queue is full",
                    "queue_can_be_full",
                    "There is no limit on the messages that wait in a queue; the producer notices nothing.",
                    true_if=lambda p, m: m.summary["messages"] < 470,
                ),
                Option(
                    "wait",
                    "They wait longer, and all of them are done",
                    None,
                    "The queue takes the peak, the workers their time: the surplus of the burst is worked off "
                    "afterwards.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["done"] == m.summary["messages"] and m.summary["longest_wait_s"] > 180
                    ),
                ),
                Option(
                    "dropped",
                    "The oldest are dropped to make room",
                    "queue_drops_oldest",
                    "Only age removes a message that nobody deletes, after 4 days by default.",
                    true_if=lambda p, m: m.summary["done"] < m.summary["messages"],
                ),
            ),
        ),
        {"max_instances": 4},
        ("max_instances", "min_instances"),
        "kept",
        ("sqs.standard.backlog", "sqs.decoupling.spikes", "sqs.decoupling.tiers", "sqs.standard.autoscale"),
    ),
    Scene(
        "target",
        "A stricter target",
        {},
        "The target is a backlog per instance: acceptable wait / time of work, here 120 s / 6 s = 20 messages.",
        Prediction(
            "The acceptable wait becomes 30 s, a target of 5 messages per instance. What happens in the burst?",
            (
                Option(
                    "kept",
                    "No message waits longer than 30 s any more",
                    "scaling_target_is_guarantee",
                    "The target steers how many instances run; it cannot undo what piles up before they have "
                    "booted.",
                    true_if=lambda p, m: m.summary["longest_wait_s"] <= 30,
                ),
                Option(
                    "more",
                    "More instances, and still waits over a minute",
                    None,
                    "The scaler asks for more at once, up to its bound, and then everyone waits for the boot.",
                    right=True,
                    true_if=lambda p, m: m.summary["longest_wait_s"] > 60 and m.summary["most_instances"] > 7,
                ),
                Option(
                    "nothing",
                    "Nothing: only the depth counts, not the wait",
                    "scaling_on_depth_alone",
                    "Depth alone says little: 50 messages are much for one instance and nothing for ten.",
                    true_if=lambda p, m: m.summary["most_instances"] <= 7,
                ),
            ),
        ),
        {"acceptable_wait_s": 30},
        ("acceptable_wait_s", "boot_s"),
        "in_time",
        ("sqs.api.asg_metric", "sqs.consume.horizontal", "sqs.decoupling.scale_independently"),
    ),
    Scene(
        "goal",
        "Short waits at a small price",
        {},
        "More instances at all times, faster boots or a stricter target: what buys the shortest wait?",
        Prediction(
            "Eight instances run at all times. How long does the message that waits longest wait then?",
            (
                Option(
                    "two",
                    "Some two minutes, as the boot still takes that long",
                    "scaling_always_needed",
                    "Eight instances do 80 messages a minute; the burst brings 75, so nobody has to wait for a "
                    "boot.",
                    true_if=lambda p, m: m.summary["longest_wait_s"] >= 100,
                ),
                Option(
                    "short",
                    "Less than a minute, paid by idle instances",
                    None,
                    "Capacity that is already there is the surest; for most of the time it has nothing to do.",
                    right=True,
                    true_if=lambda p, m: m.summary["longest_wait_s"] < 60,
                ),
            ),
        ),
        {"min_instances": 8},
        (),
        "in_time",
        (
            "sqs.api.asg_metric",
            "sqs.decoupling.tiers",
            "sqs.decoupling.scale_independently",
            "sqs.standard.backlog",
        ),
        Goal(
            "The load and the burst as they are: no message waits longer than 90 s, with at most 110 instance-minutes.",
            lambda p, m: (
                p.arrivals_per_min >= 15
                and p.burst_factor >= 5
                and p.job_s >= 6
                and m.summary["longest_wait_s"] <= 90
                and m.summary["instance_minutes"] <= 110
                and m.summary["done"] == m.summary["messages"]
            ),
            {"boot_s": 30, "acceptable_wait_s": 30, "min_instances": 3},
        ),
    ),
)
