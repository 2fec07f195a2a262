"""Which messages a filter policy lets through, and where the others go."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
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
from helpers.sections.s19_sns.experiments.reading import (
    GUIDE,
    delivered,
    let_in,
    new_queue,
    subscribe,
    url_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

ATTRIBUTES, BODY = "attributes", "body"
NONE, ONE, TWO, NOT, PREFIX, NUMERIC = (
    "none", "one attribute", "two keys", "anything-but", "prefix", "numeric range",
)  # fmt: skip
POLICIES: Mapping[str, dict[str, Any]] = {
    NONE: {},
    ONE: {"state": ["cancelled"]},
    TWO: {"state": ["placed", "paid"], "region": ["eu"]},
    NOT: {"state": [{"anything-but": ["cancelled"]}]},
    PREFIX: {"item": [{"prefix": "book-"}]},
    NUMERIC: {"amount": [{"numeric": [">=", 100, "<", 500]}]},
}
WANTED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    NONE: lambda seen: True,
    ONE: lambda seen: seen.get("state") == "cancelled",
    TWO: lambda seen: seen.get("state") in ("placed", "paid") and seen.get("region") == "eu",
    NOT: lambda seen: "state" in seen and seen["state"] != "cancelled",
    PREFIX: lambda seen: str(seen.get("item", "")).startswith("book-"),
    NUMERIC: lambda seen: 100 <= seen.get("amount", 0) < 500,
}
"""Each policy once more, as plain Python over what it may look at."""

METRIC = "NumberOfNotificationsFilteredOut"
REASONS = ("MessageAttributes", "NoMessageAttributes", "MessageBody", "InvalidMessageBody")
BATCH = 10


class Order(NamedTuple):
    """A published message: its body, its attributes by name, and the body as JSON (None if it is none)."""

    body: str
    attributes: dict[str, str]
    parsed: dict[str, Any] | None

    def seen(self, scope: str) -> Mapping[str, Any] | None:
        """What a policy of that scope may look at; None if there is nothing."""
        return (self.attributes or None) if scope == ATTRIBUTES else self.parsed


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the orders, and for each why it was kept from the queue ("" if it was delivered).

    `metrics` is what CloudWatch counted, by the end of the metric's name.
    """

    orders: tuple[Order, ...]
    fates: tuple[str, ...]
    metrics: dict[str, int]
    everything: int
    summary: dict[str, int | float | str]


class Filtering(Experiment):
    """A topic with two queues, one of them with a filter policy; see the module."""

    id = "19_sns.filtering"
    title = "What a filter policy lets through"
    question = "Which messages does a filter policy let through, and where do the others go?"
    parameters = (
        Choice(
            "policy",
            ONE,
            "filter policy",
            "The policy of one subscription: cancelled orders; placed or paid ones in the EU; any but the cancelled; "
            "items that begin with book-; amounts from 100 to 499.",
            choices=tuple(POLICIES),
            source=GUIDE + "sns-subscription-filter-policies.html",
        ),
        Choice(
            "scope",
            ATTRIBUTES,
            "scope",
            "FilterPolicyScope: whether the policy looks at the message attributes or into the body.",
            choices=(ATTRIBUTES, BODY),
            source=GUIDE + "sns-message-filtering-scope.html",
        ),
        Int(
            "attributes_on_percent",
            100,
            "with attributes",
            "Share of the messages on which the publisher sets attributes (state, region and item; never the amount).",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
        ),
        Int(
            "json_percent",
            100,
            "with a JSON body",
            "Share of the messages whose body is JSON (with all four); the others are plain text.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
        ),
        Int("messages", 100, "messages", "Orders that are published.", minimum=20, maximum=500, step=10),
    )
    differences = (
        "The policy counts at once here; on AWS a new or changed one may take up to 15 minutes.",
        "Which orders there are is drawn at random: half placed, three in ten paid, two in ten cancelled.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Publish all orders in batches, and ask CloudWatch what was filtered out."""
        sns, sqs = cloud.client("sns"), cloud.client("sqs")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        some, everything, letters = (new_queue(sqs, name) for name in ("some", "everything", "dead-letters"))
        for queue in (some, everything, letters):
            let_in(sqs, queue, topic)
        settings = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": letters.arn})}
        if POLICIES[p.policy]:
            settings["FilterPolicyScope"] = "MessageBody" if p.scope == BODY else "MessageAttributes"
            settings["FilterPolicy"] = json.dumps(POLICIES[p.policy])
        subscribe(sns, topic, some, **settings)
        subscribe(sns, topic, everything)
        orders = _orders(cloud, p)
        for first in range(0, len(orders), BATCH):
            entries = [
                {"Id": str(place), **order} for place, order in enumerate(orders[first : first + BATCH])
            ]
            sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        cloud.advance(60)
        now = cloud.datetime
        cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {
                    "Id": f"m{place}",
                    "Label": reason,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SNS",
                            "MetricName": f"{METRIC}-{reason}",
                            "Dimensions": [{"Name": "TopicName", "Value": "orders"}],
                        },
                        "Period": 3600,
                        "Stat": "Sum",
                    },
                }
                for place, reason in enumerate(REASONS)
            ],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )
        sqs.get_queue_attributes(QueueUrl=letters.url, AttributeNames=["ApproximateNumberOfMessages"])

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """What became of each order, and what the metrics say."""
        rows = calls(trail)
        orders = [_read(entry) for row in rows for entry in _entries(row)]
        arrived = Counter(one.body for one in delivered(rows, url_of(rows, "some")))
        fates = tuple("" if arrived[one.body] else _reason(one, p.scope) for one in orders)
        everything = len({one.body for one in delivered(rows, url_of(rows, "everything"))})
        metrics = dict.fromkeys(REASONS, 0)
        letters = 0
        for row in rows:
            if row.operation == "GetMetricData":
                for found in row.response["MetricDataResults"]:
                    metrics[found["Label"]] = round(sum(found["Values"]))
            elif row.operation == "GetQueueAttributes" and "QueueArn" not in row.response["Attributes"]:
                letters = int(row.response["Attributes"]["ApproximateNumberOfMessages"])
        summary: dict[str, int | float | str] = {
            "published": len(orders),
            "delivered": sum(arrived.values()),
            "filtered_out": sum(metrics.values()),
            "filtered_unseen": metrics["NoMessageAttributes"] + metrics["InvalidMessageBody"],
            "without_attributes": sum(not one.attributes for one in orders),
            "without_json": sum(one.parsed is None for one in orders),
            "in_dead_letter_queue": letters,
            "queue_without_policy": everything,
            "meant": sum(WANTED[p.policy]({**(one.parsed or {}), **one.attributes}) for one in orders),
            "meant_by_any_key": sum(
                _any_key(POLICIES[p.policy], {**(one.parsed or {}), **one.attributes}) for one in orders
            ),
        }
        return Measured(tuple(orders), fates, metrics, everything, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A mark for each message; below how many ended where."""
        from helpers.sections.s19_sns.experiments import filtering_picture

        return filtering_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def exact(p: Values, m: Measured) -> Finding:
        """The queue gets exactly the messages that match every key, by one of its values."""
        wrong = 0
        for order, fate in zip(m.orders, m.fates, strict=True):
            seen = order.seen(p.scope)
            due = p.policy == NONE or (seen is not None and WANTED[p.policy](seen))
            wrong += due is not (fate == "")
        said = f"{m.summary['delivered']} of {m.summary['published']} messages were delivered"
        if wrong:
            return false(f"{said}; {plural(wrong, 'message')} went the wrong way.")
        return true(f"{said}, exactly those that the policy describes.")

    @staticmethod
    def total(p: Values, m: Measured) -> Finding:
        """Delivered and filtered out make up all, and nothing is a dead letter."""
        s = m.summary
        said = (
            f"{s['published']} published = {s['delivered']} delivered + {s['filtered_out']} filtered out; "
            f"the dead-letter queue holds {s['in_dead_letter_queue']}"
        )
        well = (
            int(s["delivered"]) + int(s["filtered_out"]) == s["published"] and not s["in_dead_letter_queue"]
        )
        return (true if well else false)(said + ".")

    @staticmethod
    def others(p: Values, m: Measured) -> Finding:
        """A policy belongs to one subscription: the other queue gets everything."""
        said = f"The queue without a policy got {m.everything} of {m.summary['published']} messages"
        return (true if m.everything == m.summary["published"] else false)(said + ".")

    @staticmethod
    def scoped(p: Values, m: Measured) -> Finding:
        """A key that is only in the body matches nothing in the scope of attributes."""
        if p.policy != NUMERIC or p.scope != ATTRIBUTES:
            return not_applicable("The policy looks where its keys are.")
        number = int(m.summary["delivered"])
        said = f"No message has an attribute called amount: {plural(number, 'message')} delivered"
        return (false if number else true)(said + ".")

    @staticmethod
    def reasons(p: Values, m: Measured) -> Finding:
        """Messages a policy cannot look at are counted in a metric of their own."""
        if p.policy == NONE:
            return not_applicable("There is no policy.")
        due = Counter(fate for fate in m.fates if fate)
        said = ", ".join(f"{number} {reason}" for reason, number in m.metrics.items() if number) or "nothing"
        well = all(m.metrics[reason] == due[reason] for reason in REASONS)
        return (true if well else false)(f"The metrics of filtering count {said}.")


def _orders(cloud: Cloud, p: Values) -> list[dict[str, Any]]:
    """The entries to publish, without their ids."""
    random = cloud.random
    numbers = range(p.messages)
    tagged = set(random.sample(numbers, round(p.messages * p.attributes_on_percent / 100)))
    plain = set(random.sample(numbers, p.messages - round(p.messages * p.json_percent / 100)))
    orders: list[dict[str, Any]] = []
    for number in numbers:
        (state,) = random.choices(("placed", "paid", "cancelled"), (5, 3, 2))
        texts = {
            "state": state,
            "region": random.choice(("eu", "us", "asia")),
            "item": random.choice(("book-", "toy-", "tool-")) + str(random.randint(10, 99)),
        }
        amount = random.randint(1, 900)
        body = json.dumps({"order": number + 1, **texts, "amount": amount})
        order: dict[str, Any] = {"Message": f"order {number + 1}" if number in plain else body}
        if number in tagged:
            order["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": text} for name, text in texts.items()
            }
        orders.append(order)
    return orders


def _entries(row: CallRow) -> list[dict[str, Any]]:
    """The entries of a batch that SNS accepted."""
    if row.operation != "PublishBatch":
        return []
    accepted = {entry["Id"] for entry in row.response.get("Successful", ())}
    return [entry for entry in row.parameters["PublishBatchRequestEntries"] if entry["Id"] in accepted]


def _read(entry: dict[str, Any]) -> Order:
    attributes = {name: one["StringValue"] for name, one in (entry.get("MessageAttributes") or {}).items()}
    body = entry["Message"]
    return Order(body, attributes, json.loads(body) if body.startswith("{") else None)


def _reason(order: Order, scope: str) -> str:
    """Why an order that was not delivered was filtered out, as the metrics name it."""
    if order.seen(scope) is None:
        return "NoMessageAttributes" if scope == ATTRIBUTES else "InvalidMessageBody"
    return "MessageAttributes" if scope == ATTRIBUTES else "MessageBody"


def _any_key(policy: Mapping[str, list[Any]], order: Mapping[str, Any]) -> bool:
    """Whether any key has one of the plain values of the policy."""
    return any(
        order.get(key) in [rule for rule in rules if isinstance(rule, str)] for key, rules in policy.items()
    )


Filtering.claims = (
    Claim(
        "exact",
        "The queue gets exactly the messages in which every key of the policy matches, by any of its values.",
        ("sns.filter.and_or", "sns.filter.policy", "sns.filter.new"),
        Filtering.exact,
        "always",
        lambda p: True,
    ),
    Claim(
        "total",
        "Delivered and filtered out make up all that was published; nothing goes to the dead-letter queue.",
        ("sns.filter.unmatched", "sns.security.dlq"),
        Filtering.total,
        "always",
        lambda p: True,
    ),
    Claim(
        "others",
        "The subscription without a policy gets every message.",
        ("sns.filter.none", "sns.filter.policy"),
        Filtering.others,
        "always",
        lambda p: True,
    ),
    Claim(
        "scoped",
        "A policy in the scope of attributes does not see what stands in the body only.",
        ("sns.filter.scope",),
        Filtering.scoped,
        "the policy asks for the amount, in the scope of attributes",
        lambda p: p.policy == NUMERIC and p.scope == ATTRIBUTES,
    ),
    Claim(
        "reasons",
        "Messages without attributes, or without a JSON body, are filtered out and counted in a metric of their own.",
        ("sns.filter.unmatched", "sns.filter.scope"),
        Filtering.reasons,
        "there is a policy",
        lambda p: p.policy != NONE,
    ),
)

Filtering.scenes = (
    Scene(
        "one",
        "One subscription chooses",
        {"policy": NONE},
        "Two queues get all 100 orders. One of them belongs to a team that looks after cancelled orders only.",
        Prediction(
            "Its subscription gets a filter policy for cancelled orders. What changes for the queues?",
            (
                Option(
                    "both",
                    "Both of the queues get the cancelled orders only",
                    "filter_on_topic",
                    "A filter policy is an attribute of one subscription, and the topic knows nothing of it.",
                    true_if=lambda p, m: m.everything < m.summary["published"],
                ),
                Option(
                    "one",
                    "Its own gets the cancelled ones, the other everything",
                    None,
                    "SNS looks at each message for each subscription; one without a policy takes whatever comes.",
                    right=True,
                    true_if=lambda p, m: (
                        0 < m.summary["delivered"] < 50 and m.everything == m.summary["published"]
                    ),
                ),
                Option(
                    "letters",
                    "The orders that it rejects go to its dead-letter queue",
                    "filtered_goes_to_dlq",
                    "A rejected message is no failed one: it counts in a metric, and goes nowhere.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] > 0,
                ),
            ),
        ),
        {"policy": ONE},
        ("policy", "messages"),
        "others",
        ("sns.filter.policy", "sns.filter.none", "sns.filter.unmatched", "sns.pubsub.all_get"),
    ),
    Scene(
        "two_keys",
        "Two keys",
        {},
        "A policy may name several keys, and several values for each.",
        Prediction(
            "The policy becomes state: placed or paid, region: eu. Which orders does the queue get?",
            (
                Option(
                    "any",
                    "Those that are placed or paid, and also all that come from the EU",
                    "filter_keys_or",
                    "Every key has to match: an order from elsewhere is rejected, whatever its state.",
                    true_if=lambda p, m: m.summary["delivered"] == m.summary["meant_by_any_key"],
                ),
                Option(
                    "all",
                    "Those from the EU that are either placed or paid",
                    None,
                    "Keys are joined by and, the values of one key by or: about a quarter of the orders.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["delivered"] == m.summary["meant"],
                ),
                Option(
                    "none",
                    "None, since no order is both placed and paid at once",
                    "filter_values_and",
                    "One value of a key is enough: the list says which values are welcome.",
                    true_if=lambda p, m: m.summary["delivered"] == 0,
                ),
            ),
        ),
        {"policy": TWO},
        ("policy",),
        "exact",
        ("sns.filter.and_or", "sns.filter.policy", "sns.filter.new"),
    ),
    Scene(
        "scope",
        "Where the policy looks",
        {},
        "Each order has its amount in the JSON body. The attributes carry state, region and item, but no amount.",
        Prediction(
            "The policy asks for amounts from 100 to 499, in the default scope. Which orders does the queue get?",
            (
                Option(
                    "amount",
                    "Those with such an amount, as the body says it",
                    "scope_is_automatic",
                    "The scope is MessageAttributes unless it is set: then a policy never looks into the body.",
                    true_if=lambda p, m: 0 < m.summary["delivered"] == m.summary["meant"],
                ),
                Option(
                    "none",
                    "None, as there is no attribute of that name",
                    None,
                    "The key is missing where the policy looks, so it cannot match. FilterPolicyScope would mend it.",
                    right=True,
                    true_if=lambda p, m: m.summary["delivered"] == 0,
                ),
                Option(
                    "all",
                    "All, as a key that is missing rules nothing out",
                    "missing_key_passes",
                    "A key of the policy must be there and match; only keys of the message are free to be more.",
                    true_if=lambda p, m: m.summary["delivered"] == m.summary["published"],
                ),
            ),
        ),
        {"policy": NUMERIC},
        ("policy", "scope"),
        "scoped",
        ("sns.filter.scope", "sns.filter.and_or", "sns.filter.new"),
    ),
    Scene(
        "goal",
        "A publisher that forgets",
        {"policy": NOT},
        "The policy takes all but the cancelled orders, by an attribute that the publisher sets on each message.",
        Prediction(
            "A new version of the publisher sets attributes on 60 of the 100 messages only. Where do the other 40 go?",
            (
                Option(
                    "queue",
                    "To the queue: nothing says that they are cancelled",
                    "missing_key_passes",
                    "Even anything-but wants the key to be there: a message without attributes matches no policy.",
                    true_if=lambda p, m: m.summary["delivered"] >= 70,
                ),
                Option(
                    "letters",
                    "To the dead-letter queue, since nobody could judge them",
                    "filtered_goes_to_dlq",
                    "The dead-letter queue takes failed deliveries. This one was never begun.",
                    true_if=lambda p, m: m.summary["in_dead_letter_queue"] > 0,
                ),
                Option(
                    "nowhere",
                    "Nowhere: only a metric of filtering counts them",
                    None,
                    "NumberOfNotificationsFilteredOut-NoMessageAttributes shows 40, and no error is seen anywhere.",
                    right=True,
                    true_if=lambda p, m: (
                        m.metrics["NoMessageAttributes"] == 40 and not m.summary["in_dead_letter_queue"]
                    ),
                ),
            ),
        ),
        {"attributes_on_percent": 60},
        (),
        "reasons",
        ("sns.filter.unmatched", "sns.filter.scope", "sns.filter.none"),
        Goal(
            "With attributes on at most half of the messages, let exactly the placed or paid orders from the EU "
            "through, all of them.",
            lambda p, m: (
                p.policy == TWO
                and p.attributes_on_percent <= 50
                and m.summary["filtered_unseen"] == 0
                and m.summary["delivered"] == m.summary["meant"]
            ),
            {"policy": TWO, "scope": BODY, "attributes_on_percent": 50},
        ),
    ),
)
