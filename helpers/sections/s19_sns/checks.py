"""Live checks of section 19: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by quiet questions and by its trail, changes nothing and leaves no row in the trail. It
judges a need ("no message lost in 10 minutes"), so several settings pass where AWS has several that serve, and one
that is too large fails like one that is too small. The docstring of each says what the notebook's cell has to ask for
and which names it uses.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from helpers.cloud import Account, ServiceError
from helpers.dataplane import policy
from helpers.dataplane.sns.retries import HTTP_DEFAULT, DeliveryPolicy
from helpers.experiments import CallRow, calls, plural
from helpers.sections.checks import Check, Result, failed, not_attempted, passed

TEAMS = ("billing-worker", "shipping-worker")


def look_topic(account: Account) -> Result:
    """The topic `shop`: both teams work on every order, and no queue fills up.

    The cell subscribes the queues of its choice to a topic called `shop`, publishes six orders, and lets the actors
    `billing-worker` and `shipping-worker` receive and delete. The decision left blank is which queues are
    subscribed: one for each team.
    """
    topic = _topic(account, "shop")
    if topic is None:
        return not_attempted("There is no topic called shop yet.")
    rows = calls(account.trail)
    orders = {row.parameters["Message"] for row in rows if _published(row, topic)}
    if not orders:
        return not_attempted("No order was published to shop yet.")
    worked = {team: _worked(rows, team) & orders for team in TEAMS}
    for team, seen in worked.items():
        if len(seen) < len(orders):
            return failed(
                f"The {team} worked on {len(seen)} of {plural(len(orders), 'order')}: workers of one queue share its "
                "messages."
            )
    for name in _subscribed(account, topic):
        if left := len(_delivered(rows, name)) - _deleted(rows, name):
            return failed(f"The queue {name} keeps {plural(left, 'message')} that nobody reads.")
    return passed(f"Both workers worked on all {len(orders)} orders, each from a queue of its own.")


REPORTS, PUBLISH_CALLS = 100, 18


def look_message(account: Account) -> Result:
    """The topic `reports`: 100 large texts arrive, with few calls.

    The cell publishes 100 texts of 30 KiB to a topic called `reports`, to which a queue called `archive` is
    subscribed. The decision left blank is the number of messages in a batch (6 to 8 are right: at most 18 calls, and
    a batch of nine is larger than 256 KiB).
    """
    topic = _topic(account, "reports")
    if topic is None:
        return not_attempted("There is no topic called reports yet.")
    rows = calls(account.trail)
    made = [
        row
        for row in rows
        if row.operation in ("Publish", "PublishBatch") and row.parameters.get("TopicArn") == topic
    ]
    if not made:
        return not_attempted("Nothing was published to reports yet.")
    bodies = _delivered(rows, "archive")
    arrived = len(set(bodies))
    refused = sorted({str(row.error) for row in made if row.error})
    if arrived < REPORTS:
        why = f"calls were refused with {refused[0]}" if refused else "not all were published"
        return failed(f"{arrived} of {REPORTS} texts are in the archive: {why}.")
    if len(bodies) > REPORTS:
        return failed(f"{plural(len(bodies) - REPORTS, 'copy', 'copies')} too many went to the archive.")
    if len(made) > PUBLISH_CALLS:
        return failed(
            f"All {REPORTS} texts are in the archive, with {len(made)} calls; {PUBLISH_CALLS} are enough."
        )
    return passed(f"All {REPORTS} texts are in the archive after {len(made)} calls.")


REFUNDED, ABOVE = ("cancelled", "returned"), 100


def look_filter(account: Account) -> Result:
    """The queue `refunds`: it holds the orders it wants, and no other.

    The cell publishes orders as JSON bodies with `order`, `state` and `amount` to a topic called `shop`, to which a
    queue called `refunds` is subscribed, raw. It should hold each order that was cancelled or returned, with an amount
    above 100. The decision left blank is the filter policy.
    """
    topic = _topic(account, "shop")
    if topic is None:
        return not_attempted("There is no topic called shop yet.")
    rows = calls(account.trail)
    orders = [_json(row.parameters["Message"]) for row in rows if _published(row, topic)]
    if not any("amount" in order for order in orders):
        return not_attempted("No order was published to shop yet.")
    wanted = {
        order["order"] for order in orders if order.get("state") in REFUNDED and order["amount"] > ABOVE
    }
    arrived = {_json(body).get("order") for body in _delivered(rows, "refunds")}
    if missing := wanted - arrived:
        return failed(
            f"{len(missing)} of the {len(wanted)} orders are missing in refunds: the policy asks too much."
        )
    if more := arrived - wanted:
        return failed(
            f"refunds holds the {len(wanted)} orders and {len(more)} more that it does not want: every key must be "
            "asked for."
        )
    return passed(f"refunds holds the {len(wanted)} orders that it wants, of {len(orders)}.")


RESTART_S, WORTHLESS_S = 600, 1_200


def look_delivery(account: Account) -> Result:
    """The topic `news`: an outage of 10 minutes loses nothing, and nothing older than 20 minutes is delivered.

    The cell subscribes an HTTPS endpoint to a topic called `news`, confirms it, and gives the subscription a delivery
    policy. Retries must reach beyond 10 minutes and end within 20. The decision left blank is the number of retries,
    20 s apart (31 to 60 are right).
    """
    topic = _topic(account, "news")
    if topic is None:
        return not_attempted("There is no topic called news yet.")
    found = account.ask("sns", "ListSubscriptionsByTopic", {"TopicArn": topic})["Subscriptions"]
    web = [one["SubscriptionArn"] for one in found if one["Protocol"] in ("http", "https")]
    if not web:
        return not_attempted("No web server is subscribed to news yet.")
    asked = account.ask("sns", "GetSubscriptionAttributes", {"SubscriptionArn": web[0]})["Attributes"]
    set_ = DeliveryPolicy.read(asked.get("DeliveryPolicy"))
    retries = set_.retries if set_ else HTTP_DEFAULT
    patience = f"{plural(retries.retries, 'retry', 'retries')} in {retries.total_s:g} s"
    if retries.total_s <= RESTART_S:
        refused = any(
            row.operation == "SetSubscriptionAttributes" and row.error for row in calls(account.trail)
        )
        why = "AWS refused the policy, so it is still " if refused and set_ is None else ""
        return failed(f"{why}{patience}: a message at the start of a restart of {RESTART_S} s is lost.")
    if retries.total_s > WORTHLESS_S:
        return failed(f"{patience}: SNS still delivers what is older than {WORTHLESS_S} s, and worthless.")
    return passed(f"{patience}: longer than a restart, and over before a message is worthless.")


def look_fifo(account: Account) -> Result:
    """The topic `parcels.fifo`: order within each customer, and no customer waits for another.

    The cell publishes events as JSON bodies with `event`, `shop`, `customer` and `kind` to a FIFO topic called
    `parcels.fifo`. The decision left blank is the field that becomes the MessageGroupId.
    """
    topic = _topic(account, "parcels.fifo")
    if topic is None:
        return not_attempted("There is no topic called parcels.fifo yet.")
    groups: dict[str, set[str]] = defaultdict(set)
    for row in calls(account.trail):
        if _published(row, topic):
            customer = _json(row.parameters["Message"]).get("customer")
            if customer is not None:
                groups[customer].add(row.parameters["MessageGroupId"])
    if len(groups) < 2:
        return not_attempted("No events of two customers were published to parcels.fifo yet.")
    torn = next((customer for customer, names in groups.items() if len(names) > 1), None)
    if torn:
        return failed(
            f"The events of {torn} are in {len(groups[torn])} groups, and groups may overtake each other."
        )
    if len({name for names in groups.values() for name in names}) < len(groups):
        return failed("Customers share a group: an event that fails for one holds up the other.")
    return passed(f"Each of the {len(groups)} customers has a group, and keeps its own order.")


LET_IN, SHUT_OUT = ("shop-orders", "shop-returns"), "newsletter"


def look_access(account: Account) -> Result:
    """The queue `ledger`: two topics may send to it, and no other.

    The cell makes a queue called `ledger` with a policy, subscribes it to the topics `shop-orders`, `shop-returns` and
    `newsletter`, and publishes to each. The decision left blank is the `aws:SourceArn` of the policy.
    """
    asked = _attributes(account, "ledger")
    if asked is None:
        return not_attempted("There is no queue called ledger yet.")
    text, arn = asked.get("Policy", ""), asked["QueueArn"]
    if not text:
        return not_attempted("ledger has no policy yet.")
    topics = {name: _topic(account, name) for name in (*LET_IN, SHUT_OUT)}
    home = arn.split(":")[3:5]

    def may(topic_arn: str) -> bool:
        context = {"aws:SourceArn": topic_arn, "aws:SourceAccount": topic_arn.split(":")[4]}
        return policy.allows(text, policy.service("sns.amazonaws.com"), "sqs:SendMessage", arn, context)

    try:
        for name in LET_IN:
            if not may(topics[name] or ":".join(("arn:aws:sns", *home, name))):
                return failed(f"The topic {name} may not send: what it publishes is lost at once.")
        if may(topics[SHUT_OUT] or ":".join(("arn:aws:sns", *home, SHUT_OUT))):
            return failed(f"The topic {SHUT_OUT} may send too: the condition lets in every topic.")
        if may(f"arn:aws:sns:{home[0]}:999999999999:shop"):
            return failed("Topics of other accounts may send too.")
    except policy.UnreadablePolicy as error:
        return failed(str(error))
    return passed(f"{LET_IN[0]} and {LET_IN[1]} may send to ledger, and {SHUT_OUT} may not.")


CHECKS = (
    Check("19_sns.topic", "Both teams work on every order, and no queue fills up.", look_topic),
    Check("19_sns.message", "All 100 texts are in the archive, after at most 18 calls.", look_message),
    Check(
        "19_sns.filter",
        "The queue refunds holds the orders that it wants, and no other.",
        look_filter,
        ("filter_keys_or",),
    ),
    Check(
        "19_sns.delivery",
        "A restart of 10 minutes loses nothing, and nothing older than 20 minutes is delivered.",
        look_delivery,
        ("http_retries_for_days",),
    ),
    Check(
        "19_sns.fifo",
        "Events of a customer stay in order, and no customer waits for another.",
        look_fifo,
    ),
    Check("19_sns.access", "Two topics may send to ledger, and no other.", look_access),
)


def _topic(account: Account, name: str) -> str | None:
    """The ARN of the topic of that name."""
    for one in account.ask("sns", "ListTopics", {}).get("Topics", ()):
        if one["TopicArn"].endswith(f":{name}"):
            return str(one["TopicArn"])
    return None


def _subscribed(account: Account, topic: str) -> list[str]:
    """The names of the queues that are subscribed to the topic."""
    found = account.ask("sns", "ListSubscriptionsByTopic", {"TopicArn": topic})["Subscriptions"]
    return [one["Endpoint"].rpartition(":")[2] for one in found if one["Protocol"] == "sqs"]


def _attributes(account: Account, queue: str) -> dict[str, str] | None:
    try:
        url = account.ask("sqs", "GetQueueUrl", {"QueueName": queue})["QueueUrl"]
    except ServiceError:
        return None
    asked = account.ask("sqs", "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]})
    return dict(asked["Attributes"])


def _published(row: CallRow, topic: str) -> bool:
    """Is the row a publish to the topic that was taken?"""
    return row.operation == "Publish" and row.parameters.get("TopicArn") == topic and bool(row.response)


def _delivered(rows: list[CallRow], queue: str) -> list[str]:
    """The bodies that SNS put into the queue."""
    return [
        row.parameters["MessageBody"]
        for row in rows
        if row.actor == "sns"
        and row.operation == "SendMessage"
        and row.parameters["QueueUrl"].endswith(f"/{queue}")
        and not row.error
    ]


def _deleted(rows: list[CallRow], queue: str) -> int:
    """How many messages were deleted from the queue."""
    return sum(
        row.operation == "DeleteMessage" and row.parameters["QueueUrl"].endswith(f"/{queue}") for row in rows
    )


def _worked(rows: list[CallRow], actor: str) -> set[str]:
    """The published texts that an actor received; out of their envelope, if they had one."""
    bodies = [
        message["Body"]
        for row in rows
        if row.actor == actor and row.operation == "ReceiveMessage"
        for message in row.response.get("Messages", ())
    ]
    return {str(_json(body).get("Message", body)) for body in bodies}


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
