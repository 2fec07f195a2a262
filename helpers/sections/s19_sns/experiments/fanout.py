"""What a slow subscriber changes for the others, and what a late one misses."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from helpers.dataplane.awslambda.package import zipped
from helpers.experiments import (
    CallRow,
    Choice,
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
    plural,
    true,
)
from helpers.sections.s19_sns.experiments.reading import (
    GUIDE,
    delivered,
    let_in,
    new_queue,
    published,
    subscribe,
    url_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

TOPIC, CHAIN = "topic and queues", "chain of calls"
NAMES = ("invoices", "stock", "mails", "search", "fraud", "audit")
QUICK_S = 0.2  # the work of every subscriber but the first
EVERY_S = 1.0
POLL_S = 20
SLACK_S = 0.1  # the calls around the work
SOURCE = """
import time


def handler(event, context):
    time.sleep(event["work_s"])
"""


class Work(NamedTuple):
    """One message in the hands of a service: of which message, by which worker, from when to when."""

    body: str
    worker: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Service:
    """A subscriber: `since_s` is when it was there, `arrived` when each body came to it, `work` in order."""

    name: str
    since_s: float
    arrived: dict[str, float]
    work: tuple[Work, ...]

    @property
    def longest_wait_s(self) -> float:
        """The longest time from the arrival of a message to the beginning of the work on it."""
        return max((one.start_s - self.arrived[one.body] for one in self.work), default=0.0)


@dataclass(frozen=True)
class Measured:
    """What the trail shows. `sent` is body -> when the publisher began and ended with the message."""

    sent: dict[str, tuple[float, float]]
    services: tuple[Service, ...]
    deliveries: int
    end_s: float
    summary: dict[str, int | float | str]


class Fanout(Experiment):
    """A shop that tells several services of each order; see the module."""

    id = "19_sns.fanout"
    title = "One publish, many queues"
    question = "What does a slow subscriber change for the others, and what does a late one miss?"
    parameters = (
        Int("subscribers", 3, "subscribers", "Services that want each message.", minimum=1, maximum=6),
        Int(
            "messages",
            20,
            "messages",
            "Orders that the publisher announces, one a second.",
            minimum=10,
            maximum=200,
            step=10,
        ),
        Float(
            "slow_work_s",
            3,
            "work of the first",
            "How long the first service works on a message; the others take 0.2 s.",
            unit="s",
            minimum=0.1,
            maximum=30,
            step=0.1,
            assumption=True,
        ),
        Int(
            "slow_workers",
            1,
            "workers of the first",
            "Workers that read the first queue; the others have one each, and a chain has none.",
            minimum=1,
            maximum=10,
        ),
        Choice(
            "design",
            TOPIC,
            "design",
            "A topic with a queue for each service, or a publisher that calls one service after the other.",
            choices=(TOPIC, CHAIN),
            source=GUIDE + "sns-sqs-as-subscriber.html",
        ),
        Int(
            "late_after_s",
            0,
            "the last one joins after",
            "When the last service subscribes (or is added to the chain).",
            unit="s",
            minimum=0,
            maximum=200,
        ),
    )
    differences = (
        "A delivery takes 20 ms and a call 10 ms here: AWS publishes no figure for either.",
        "The lengths of work are assumptions.",
        "The services of the chain are Lambda functions without cold starts, invoked one after the other.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Publish one message a second, and let the workers finish."""
        if p.design == TOPIC:
            self._topic(cloud, p)
        else:
            self._chain(cloud, p)

    @staticmethod
    def _topic(cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        sns, sqs = cloud.client("sns"), cloud.client("sqs")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        names = NAMES[: p.subscribers]
        hidden_s = str(math.ceil(2 * p.slow_work_s) + 30)
        queues = {name: new_queue(sqs, name, VisibilityTimeout=hidden_s) for name in names}
        for name, queue in queues.items():
            let_in(sqs, queue, topic)
            if name != names[-1] or not p.late_after_s:
                subscribe(sns, topic, queue)

        def publish() -> None:
            begin_s = time.monotonic()
            for number in range(1, p.messages + 1):
                sns.publish(TopicArn=topic, Message=f"order {number}")
                time.sleep(max(0.0, begin_s + number * EVERY_S - time.monotonic()))

        def join() -> None:
            time.sleep(p.late_after_s - EVERY_S / 2)  # between two messages
            subscribe(sns, topic, queues[names[-1]])

        def serve(url: str, work_s: float) -> None:
            while True:
                reply = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=POLL_S)
                for message in reply.get("Messages", ()):
                    time.sleep(work_s)
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                if "Messages" not in reply and shop.done:
                    return

        shop = cloud.spawn(publish, name="shop")
        if p.late_after_s:
            cloud.spawn(join, name="operator")
        for name, queue in queues.items():
            slow = name == NAMES[0]
            for worker in range(1, 1 + (p.slow_workers if slow else 1)):
                work_s = p.slow_work_s if slow else QUICK_S
                cloud.spawn(serve, queue.url, work_s, name=f"{name} worker {worker}")
        cloud.run()

    @staticmethod
    def _chain(cloud: Cloud, p: Values) -> None:
        cloud.plane("lambda").models.init_s = 0.0
        functions = cloud.client("lambda")
        names = NAMES[: p.subscribers]
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        iam = cloud.client("iam")
        rights = iam.create_role(RoleName="services", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        for name in names:
            functions.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=rights,
                Handler="lambda_function.handler",
                Code={"ZipFile": zipped(SOURCE)},
                Timeout=60,
            )

        def call() -> None:
            begin_s = time.monotonic()
            for number in range(1, p.messages + 1):
                for name in names:
                    if name == names[-1] and time.monotonic() - begin_s < p.late_after_s:
                        continue
                    event = {"order": f"order {number}", "work_s": work_of(p, name)}
                    functions.invoke(FunctionName=name, Payload=json.dumps(event))
                time.sleep(max(0.0, begin_s + number * EVERY_S - time.monotonic()))

        cloud.spawn(call, name="shop")
        cloud.run()

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """When each message was published, reached each service and was worked on."""
        rows = calls(trail)
        names = NAMES[: p.subscribers]
        if p.design == TOPIC:
            begun = {row.parameters["Message"]: row.start_s for row in rows if row.operation == "Publish"}
            sent = {one.body: (begun[one.body], one.time_s) for one in published(rows)}
            services = [_queue(rows, name) for name in names]
        else:
            sent = _called(rows, p)
            services = [_function(rows, name) for name in names]
        last_s = max(begun_s for begun_s, _ in sent.values())
        deliveries = sum(row.operation == "SendMessage" and bool(row.response) for row in rows)
        if p.design == CHAIN:
            deliveries = sum(len(one.arrived) for one in services)
        others = [one for service in services[1:] for one in service.work]
        first, last = services[0], services[-1]
        left = [one for one in first.work if first.arrived[one.body] <= last_s + SLACK_S < one.end_s]
        took = [ended_s - begun_s for begun_s, ended_s in sent.values()]
        summary: dict[str, int | float | str] = {
            "messages": len(sent),
            "deliveries": deliveries,
            "publish_takes_s": round(max(took), 2),
            "last_publish_s": round(last_s - min(begun_s for begun_s, _ in sent.values()), 2),
            "slow_left": len(left),
            "slow_longest_wait_s": round(first.longest_wait_s, 2),
            "others_longest_s": round(max((one.end_s - sent[one.body][0] for one in others), default=0.0), 2),
            "others_last_done_s": round(max((one.end_s for one in others), default=0.0), 2),
            "slow_last_done_s": round(max((one.end_s for one in first.work), default=0.0), 2),
            "last_one_got": len(last.arrived),
            "last_one_missed": len(sent) - len(last.arrived),
        }
        ends = [one.end_s for service in services for one in service.work]
        return Measured(sent, tuple(services), deliveries, max([*ends, last_s + 1]), summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane for the publisher and for each worker; what waits in each queue below."""
        from helpers.sections.s19_sns.experiments import fanout_picture

        return fanout_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def apart(p: Values, m: Measured) -> Finding:
        """With a topic neither the publisher nor the other queues feel the slow one."""
        if p.design != TOPIC:
            return not_applicable("There is no topic in a chain of calls.")
        took, others = float(m.summary["publish_takes_s"]), float(m.summary["others_longest_s"])
        said = f"With {p.slow_work_s:g} s of work at the first queue a publish takes {took} s"
        if p.subscribers > 1:
            said += f", and the other services are done with a message {others} s after it began"
        return (true if took <= SLACK_S and others <= QUICK_S + SLACK_S else false)(said + ".")

    @staticmethod
    def since(p: Values, m: Measured) -> Finding:
        """A queue holds exactly what was published after its subscription."""
        if p.design != TOPIC:
            return not_applicable("Nobody subscribes in a chain of calls.")
        for service in m.services:
            due = {body for body, (_, ended_s) in m.sent.items() if ended_s > service.since_s}
            if set(service.arrived) != due:
                return false(
                    f"{service.name} subscribed before {plural(len(due), 'message')} and got {len(service.arrived)}."
                )
        last = m.services[-1]
        missed = int(m.summary["last_one_missed"])
        if missed:
            return true(f"{last.name} got {len(last.arrived)} messages; the {missed} from before never came.")
        return true(f"Each queue was subscribed first, and got all {len(m.sent)} messages.")

    @staticmethod
    def copies(p: Values, m: Measured) -> Finding:
        """One publish, a copy for each subscription."""
        if p.design != TOPIC:
            return not_applicable("There is no topic in a chain of calls.")
        due = sum(ended_s > service.since_s for _, ended_s in m.sent.values() for service in m.services)
        said = (
            f"{plural(len(m.sent), 'publish', 'publishes')} became {plural(m.deliveries, 'delivery', 'deliveries')} "
            f"to {plural(len(m.services), 'queue')}"
        )
        return true(said + ".") if m.deliveries == due else false(f"{said}; there should be {due}.")

    @staticmethod
    def pace(p: Values, m: Measured) -> Finding:
        """Workers for all the work that arrives in a second keep the first queue short."""
        if p.design != TOPIC:
            return not_applicable("There is no queue in a chain of calls.")
        wait_s, left = float(m.summary["slow_longest_wait_s"]), m.summary["slow_left"]
        need = workers_needed(p)
        said = (
            f"{plural(p.slow_workers, 'worker')} for {p.slow_work_s:g} s of work a second: "
            f"a message waits at most {wait_s} s, and {plural(int(left), 'message')} "
            f"{'is' if left == 1 else 'are'} not done at the last publish"
        )
        if p.slow_workers >= need:
            return true(said + ".") if wait_s <= SLACK_S else false(said + ".")
        return false(f"{said}; it takes {need}.")

    @staticmethod
    def chain(p: Values, m: Measured) -> Finding:
        """In a chain the publisher spends the sum of the work on each message."""
        if p.design != CHAIN:
            return not_applicable("The publisher calls the topic only.")
        took = float(m.summary["publish_takes_s"])
        with_last = m.services[-1].arrived
        due = sum(work_of(p, one.name) for one in (m.services if with_last else m.services[:-1]))
        said = (
            f"The services work {due:g} s on a message, one after the other, and the publisher takes {took} s"
        )
        return (true if due <= took + 1e-6 <= due + SLACK_S * p.subscribers else false)(said + ".")


def work_of(p: Values, name: str) -> float:
    """How long the service of that name works on a message."""
    return float(p.slow_work_s if name == NAMES[0] else QUICK_S)


def workers_needed(p: Values) -> int:
    """Workers that keep up with one message a second, their calls included."""
    number: int = math.ceil((p.slow_work_s + 0.05) / EVERY_S)
    return number


def _queue(rows: list[CallRow], name: str) -> Service:
    """What the trail says of a queue and its workers."""
    url = url_of(rows, name)
    since_s = next(
        (
            row.end_s
            for row in rows
            if row.operation == "Subscribe" and row.parameters["Endpoint"].endswith(f":{name}")
        ),
        math.inf,
    )
    bodies: dict[str, tuple[str, float]] = {}
    work = []
    for row in rows:
        if row.parameters.get("QueueUrl") != url:
            continue
        if row.operation == "ReceiveMessage":
            for message in row.response.get("Messages", ()):
                bodies[message["ReceiptHandle"]] = message["Body"], row.end_s
        elif row.operation == "DeleteMessage":
            body, start_s = bodies[row.parameters["ReceiptHandle"]]
            work.append(Work(body, row.actor, start_s, row.start_s))
    arrived = {one.body: one.time_s for one in delivered(rows, url)}
    return Service(name, since_s, arrived, tuple(work))


def _function(rows: list[CallRow], name: str) -> Service:
    """What the trail says of a function that the publisher calls."""
    arrived, work = {}, []
    for row in rows:
        if row.operation == "Invoke" and row.parameters["FunctionName"] == name:
            body = json.loads(row.parameters["Payload"])["order"]
            arrived[body] = row.start_s
            work.append(Work(body, name, row.start_s, row.end_s))
    return Service(name, min(arrived.values(), default=math.inf), arrived, tuple(work))


def _called(rows: list[CallRow], p: Values) -> dict[str, tuple[float, float]]:
    """Message -> from the first to the last call about it. A shop without a service to call takes no time."""
    spans: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.operation == "Invoke":
            spans[json.loads(row.parameters["Payload"])["order"]] += [row.start_s, row.end_s]
    known = {body: (min(times), max(times)) for body, times in spans.items()}
    begin_s = min((start_s for start_s, _ in known.values()), default=0.0)
    for number in range(1, p.messages + 1):
        at_s = begin_s + (number - 1) * EVERY_S
        known.setdefault(f"order {number}", (at_s, at_s))
    return known


Fanout.claims = (
    Claim(
        "apart",
        "With a topic, neither the publisher nor the other queues notice how slow one service is.",
        ("sns.fanout.decoupled", "sns.fanout.once", "sns.fanout.workers"),
        Fanout.apart,
        "the design is a topic with queues",
        lambda p: p.design == TOPIC,
    ),
    Claim(
        "since",
        "A queue gets exactly the messages that are published after its subscription.",
        ("sns.pubsub.not_persisted", "sns.fanout.add_later", "sns.pubsub.all_get"),
        Fanout.since,
        "the design is a topic with queues",
        lambda p: p.design == TOPIC,
    ),
    Claim(
        "copies",
        "The publisher publishes each message once, and every subscription gets a copy of it.",
        ("sns.pubsub.one_to_many", "sns.fanout.once"),
        Fanout.copies,
        "the design is a topic with queues",
        lambda p: p.design == TOPIC,
    ),
    Claim(
        "pace",
        "A queue stays short if it has a worker for each second of work that arrives in a second.",
        ("sns.fanout.workers", "sns.fanout.sqs_gives"),
        Fanout.pace,
        "the first queue has that many workers",
        lambda p: p.design == TOPIC and p.slow_workers >= workers_needed(p),
    ),
    Claim(
        "chain",
        "In a chain of calls each message costs the publisher the work of all services together.",
        ("sns.fanout.decoupled", "sns.pubsub.one_topic"),
        Fanout.chain,
        "the design is a chain of calls",
        lambda p: p.design == CHAIN,
    ),
)

Fanout.scenes = (
    Scene(
        "slow",
        "One service becomes slow",
        {"slow_work_s": 0.2},
        "Three services hear of each order, each from its own queue behind one topic.",
        Prediction(
            "The work on invoices grows from 0.2 s to 3 s a message. What changes for the others?",
            (
                Option(
                    "held_up",
                    "The other queues get their messages later and later",
                    "slow_subscriber_blocks",
                    "SNS puts each copy into its queue and knows nothing of the work behind it.",
                    true_if=lambda p, m: m.summary["others_longest_s"] > 0.5,
                ),
                Option(
                    "alone",
                    "Nothing: only the queue of the invoices grows",
                    None,
                    "Each queue holds its own copies. Stock and mails are done 0.2 s after each publish, as before.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["others_longest_s"] < 0.5
                        and m.summary["publish_takes_s"] < 0.5
                        and m.summary["slow_left"] > 5
                    ),
                ),
                Option(
                    "publisher",
                    "The publisher has to wait until the invoices are done",
                    "slow_subscriber_blocks",
                    "Publish answers as soon as SNS has the message, before any worker has seen it.",
                    true_if=lambda p, m: m.summary["publish_takes_s"] > 0.5,
                ),
            ),
        ),
        {"slow_work_s": 3},
        ("slow_work_s", "subscribers"),
        "apart",
        (
            "sns.pubsub.one_to_many",
            "sns.fanout.once",
            "sns.fanout.decoupled",
            "sns.fanout.sqs_gives",
            "sns.pubsub.push",
        ),
    ),
    Scene(
        "chain",
        "Without a topic",
        {},
        "Without SNS the publisher calls the three services itself, one after the other.",
        Prediction(
            "The design becomes a chain of calls. How long is the publisher busy with one message?",
            number="publish_takes_s",
            unit="s",
            tolerance=0.3,
            reply="The sum of the work, 3 + 0.2 + 0.2 s: the publisher cannot keep one message a second any more.",
        ),
        {"design": CHAIN},
        ("design", "slow_work_s", "subscribers"),
        "chain",
        ("sns.fanout.decoupled", "sns.pubsub.one_topic", "sns.fanout.once"),
    ),
    Scene(
        "late",
        "A service joins later",
        {},
        "The third service is new: its queue is subscribed while the shop is open.",
        Prediction(
            "It subscribes 12 s after the first message; 20 are published, one a second. What does it get?",
            (
                Option(
                    "all",
                    "All 20 messages: the topic hands over the earlier ones first",
                    "topic_keeps_messages",
                    "A standard topic keeps nothing: what was published before has been delivered and is gone.",
                    true_if=lambda p, m: m.summary["last_one_got"] == m.summary["messages"],
                ),
                Option(
                    "rest",
                    "The last 8, those published from then on",
                    None,
                    "A subscription counts from the moment it is made. The publisher was not changed for it.",
                    right=True,
                    true_if=lambda p, m: m.summary["last_one_got"] == 8,
                ),
                Option(
                    "old",
                    "The 12 old ones, as the other queues have shared the rest",
                    "subscribers_share",
                    "Subscribers do not share: each gets its own copy of every message from its subscription on.",
                    true_if=lambda p, m: m.summary["last_one_got"] == 12,
                ),
            ),
        ),
        {"late_after_s": 12},
        ("late_after_s", "messages"),
        "since",
        ("sns.pubsub.not_persisted", "sns.fanout.add_later", "sns.pubsub.all_get", "sns.pubsub.one_to_many"),
    ),
    Scene(
        "goal",
        "Enough workers",
        {},
        "A message a second, 3 s of work on each invoice: the queue of the invoices grows with a single worker.",
        Prediction(
            "A second worker reads the queue of the invoices. What becomes of its backlog?",
            (
                Option(
                    "twice",
                    "It is as long: now both of the workers get every message",
                    "workers_get_copies",
                    "Copies are made for subscriptions, not for workers: those of one queue share its messages.",
                    true_if=lambda p, m: m.summary["slow_left"] >= 13,
                ),
                Option(
                    "slower",
                    "It still grows, at about half the pace",
                    None,
                    "Two workers finish two messages in 3 s, in which three arrive: one in three is left over.",
                    right=True,
                    true_if=lambda p, m: 5 <= m.summary["slow_left"] < 12,
                ),
                Option(
                    "others",
                    "It vanishes, at the cost of the other two queues",
                    "slow_subscriber_blocks",
                    "Queues do not compete for deliveries, so none of them can win at the cost of another.",
                    true_if=lambda p, m: m.summary["others_longest_s"] > 0.5,
                ),
            ),
        ),
        {"slow_workers": 2},
        (),
        "pace",
        ("sns.fanout.workers", "sns.fanout.sqs_gives", "sns.fanout.decoupled", "sns.fanout.once"),
        Goal(
            "With a topic and at least 3 s of work on each invoice, let no invoice wait longer than 0.1 s, "
            "with no more workers than that takes.",
            lambda p, m: (
                p.design == TOPIC
                and p.slow_work_s >= 3
                and m.summary["slow_longest_wait_s"] <= SLACK_S
                and p.slow_workers <= workers_needed(p)
            ),
            {"slow_workers": 4},
        ),
    ),
)
