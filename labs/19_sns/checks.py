"""What the tasks of section 19's lab need, and whether the student's system does it.

A `draw_<task>` draws a need; an `examine_<task>` publishes to topics behind which the student's system stands, lets
virtual time pass and looks at what arrived. Spans are in seconds (`_s`) or minutes (`_min`), sizes in bytes or KB.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from helpers.cloud import Call, ServiceError
from helpers.dataplane import policy
from helpers.experiments.calls import CallRow
from helpers.labs import Bench, Finding, Need, Trial, failed, passed
from helpers.labs.care import Findings, careful, is_queue, tried

HOUR_S, MINUTE_S = 3_600, 60
LIMIT_BYTES, LIMIT_ENTRIES = 262_144, 10  # of a batch: API/API_PublishBatch.html
ARRIVED_S = 1  # after so long a message is where it goes, if nothing is in its way


# ---- what the checks share


def is_topic(trial: Trial, arn: Any) -> bool:
    """Whether the student gave the ARN of a topic that is there."""
    try:
        trial.cloud.ask("sns", "GetTopicAttributes", {"TopicArn": arn})
    except Exception:  # noqa: BLE001  # anything may come back from a student's function
        return False
    return isinstance(arn, str)


def arn_of(sqs: Any, url: str) -> str:
    """The ARN of a queue."""
    known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(known["Attributes"]["QueueArn"])


def let_in(sqs: Any, url: str, topic: str) -> None:
    """Give a queue a policy that lets one topic in."""
    allowing = policy.of_queue(arn_of(sqs, url), "sns.amazonaws.com", topic)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowing})


def subscribed(sns: Any, sqs: Any, topic: str, url: str, **attributes: str) -> str:
    """Subscribe a queue; the ARN of the subscription."""
    made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn_of(sqs, url), Attributes=attributes)
    return str(made["SubscriptionArn"])


def drain(trial: Trial, url: str) -> list[dict[str, Any]]:
    """All messages of a queue, once what was published has arrived; they are hidden for an hour then."""
    sqs, found = trial.client("sqs"), list[dict[str, Any]]()
    trial.cloud.run(trial.cloud.now + ARRIVED_S)
    asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": HOUR_S}
    while got := sqs.receive_message(**asked, MessageAttributeNames=["All"]).get("Messages"):
        found += got
    return found


def parsed(text: Any) -> dict[str, Any]:
    """A JSON object, or an empty one for anything else."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def published_text(message: Mapping[str, Any]) -> str:
    """What was published, whether it lies in the queue raw or in SNS's envelope."""
    body = str(message["Body"])
    return str(parsed(body).get("Message", body))


def attributes(values: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Message attributes of type String."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}


def publish_all(sns: Any, topic: str, messages: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Publish small texts, each with its attributes."""
    for first in range(0, len(messages), LIMIT_ENTRIES):
        part = enumerate(messages[first : first + LIMIT_ENTRIES])
        entries = [
            {"Id": str(place), "Message": text, "MessageAttributes": attributes(values)}
            for place, (text, values) in part
        ]
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)


def given_up(trial: Trial) -> CallRow | None:
    """The first row in which SNS parts with a message that it could not deliver."""
    return next((row for row in trial.rows if row.operation == "GiveUp"), None)


def names(random: Random, prefix: str, count: int) -> list[str]:
    """Names that nobody can foresee."""
    return [f"{prefix}-{number}" for number in random.sample(range(100_000, 1_000_000), count)]


def a_name(random: Random, prefix: str) -> str:
    """One of them."""
    return names(random, prefix, 1)[0]


# ---- 1: teams

TEAMS = ("audit", "billing", "fraud", "invoices", "loyalty", "search", "shipping", "stock")


def draw_teams(random: Random) -> Need:
    """Three teams: which of them read the order itself, which one the time of its publishing, and who has a queue."""
    teams = random.sample(TEAMS, 3)
    timed = random.choice(teams)
    return {
        "teams": teams,
        "read_order": [team for team in teams if team != timed],
        "read_time": timed,
        "has_queue": random.choice(teams),
    }


@careful("copies", "programs", "door", "before", of="A queue or topic")
def examine_teams(bench: Bench, need: Need) -> Findings:
    """Orders to the student's queues; then other topics, to which somebody subscribes them too."""
    random = bench.random
    with bench.trial() as trial:
        sns, sqs = trial.client("sns"), trial.client("sqs")
        name = a_name(random, "orders")
        topic, other, returns = (
            sns.create_topic(Name=one)["TopicArn"]
            for one in (name, f"{name}-test", a_name(random, "returns"))
        )
        old = sqs.create_queue(QueueName=a_name(random, "inbox"))["QueueUrl"]
        let_in(sqs, old, returns)
        subscribed(sns, sqs, returns, old, RawMessageDelivery="true")
        urls = trial.student.call("connect_teams", sns, sqs, topic, old, need)
        queues = _queues(trial, urls, need["teams"])
        if not queues:
            said = "connect_teams did not return the URL of a queue for each team."
            for check in ("copies", "programs", "door", "before"):
                yield check, failed(said)
            return

        orders = {name: json.dumps({"order": name}) for name in names(random, "order", 3)}
        channel = {"channel": a_name(random, "shop")}
        publish_all(sns, topic, [(text, channel) for text in orders.values()])
        content = {url: drain(trial, url) for url in dict.fromkeys(queues.values())}
        got = {team: content[url] for team, url in queues.items()}
        yield "copies", _copies(trial, orders, got, shared=len(content) < len(queues))
        yield "programs", _programs(orders, channel, got, need)
        yield "door", _door(random, trial, topic, other, queues)
        yield "before", _before(random, trial, returns, old, queues[need["has_queue"]])


def _queues(trial: Trial, urls: Any, teams: Sequence[str]) -> dict[str, str]:
    if not isinstance(urls, dict) or not all(is_queue(trial, urls.get(team)) for team in teams):
        return {}
    return {team: urls[team] for team in teams}


def _copies(
    trial: Trial, orders: Mapping[str, str], got: Mapping[str, list[dict[str, Any]]], *, shared: bool
) -> Finding:
    if shared:
        return failed("Teams share a queue, so that an order is worked on by one of them only.")
    for messages in got.values():
        count = Counter(published_text(message) for message in messages)
        if any(not count[text] for text in orders.values()):
            return failed("An order did not arrive in the queue of a team.", given_up(trial))
        if any(count[text] > 1 for text in orders.values()):
            return failed("A queue holds an order more than once, while every team needs one copy.")
    return passed("Each team got one copy of each order.")


def _programs(
    orders: Mapping[str, str],
    channel: Mapping[str, str],
    got: Mapping[str, list[dict[str, Any]]],
    need: Need,
) -> Finding:
    """Whether the programs of the teams, which are as they are, can read what lies in their queues."""
    for team in need["read_order"]:
        if not got[team]:
            return failed("A program that reads orders found none in its queue.")
        for message in got[team]:
            sent = message.get("MessageAttributes", {}).get("channel", {}).get("StringValue")
            if message["Body"] not in orders.values():
                return failed("A program that reads the order from the body found something else in it.")
            if sent != channel["channel"]:
                return failed("A program looked for the channel of an order and did not find it.")
    messages = got[need["read_time"]]
    if not messages or not all("Timestamp" in parsed(message["Body"]) for message in messages):
        return failed("The program that reads the time of publishing did not find it in the body.")
    return passed("Each program found what it reads.")


def _door(random: Random, trial: Trial, topic: str, other: str, queues: Mapping[str, str]) -> Finding:
    """Somebody subscribes the queues to another topic, whose name begins like that of the right one."""
    sns, sqs = trial.client("sns"), trial.client("sqs")
    urls = dict.fromkeys(queues.values())
    for url in urls:
        subscribed(sns, sqs, other, url, RawMessageDelivery="true")
    wrong, right = names(random, "order", 2)
    sns.publish(TopicArn=other, Message=wrong)
    row = trial.rows[-1]
    sns.publish(TopicArn=topic, Message=right)
    for url in urls:
        texts = [published_text(message) for message in drain(trial, url)]
        if wrong in texts:
            return failed("What another topic published arrived in the queue of a team.", row)
        if right not in texts:
            return failed(
                "The queue of a team lets nobody in, not even the topic of the orders.", given_up(trial)
            )
    return passed("The queues let in the topic of the orders, and no other.")


def _before(random: Random, trial: Trial, returns: str, old: str, now: str) -> Finding:
    if now != old:
        return failed("A team that has a queue was given another one, which its program does not read.")
    text = a_name(random, "return")
    trial.client("sns").publish(TopicArn=returns, Message=text)
    row = trial.rows[-1]
    if text not in [published_text(message) for message in drain(trial, old)]:
        return failed("Returns, which a team got before, do not arrive in its queue any more.", row)
    return passed("The queue that was there before gets what it got, and the orders.")


# ---- 2: filters

STATES = ("placed", "paid", "packed", "sent", "cancelled", "returned")
COUNTRIES = ("AT", "BE", "CH", "DK", "FI", "FR", "IT", "NL", "NO", "PL")
PAYMENTS = ("card", "cheque", "invoice", "transfer", "voucher")


def draw_filters(random: Random) -> Need:
    """From which total on and by which payment billing wants an order; which states shipping packs, and for where."""
    return {
        "large_eur": random.randint(12, 60) * 10,
        "payment": random.choice(PAYMENTS),
        "states": random.sample(STATES, 2),
        "not_to": random.sample(COUNTRIES, 2),
    }


Order = tuple[dict[str, Any], dict[str, str]]
"""The body of an order, and its attributes."""


@careful("large", "home", "collected", "everything", of="A queue or topic")
def examine_filters(bench: Bench, need: Need) -> Findings:
    """A stream of orders, of all kinds and at the edges of what the teams want."""
    random = bench.random
    with bench.trial() as trial:
        sns, sqs = trial.client("sns"), trial.client("sqs")
        topic = sns.create_topic(Name=a_name(random, "orders"))["TopicArn"]
        queues, subscriptions = {}, {}
        for team in ("billing", "shipping", "audit"):
            queues[team] = sqs.create_queue(QueueName=team)["QueueUrl"]
            let_in(sqs, queues[team], topic)
            subscriptions[team] = subscribed(sns, sqs, topic, queues[team], RawMessageDelivery="true")
        left_over = {"AttributeName": "FilterPolicy", "AttributeValue": json.dumps({"state": ["cancelled"]})}
        sns.set_subscription_attributes(SubscriptionArn=subscriptions["audit"], **left_over)
        trial.student.call("set_filters", sns, subscriptions, need)

        orders = _stream(random, need)
        publish_all(sns, topic, [(json.dumps(body), given) for body, given in orders.values()])
        note = a_name(random, "note")
        sns.publish(TopicArn=topic, Message=note)
        got = {
            team: Counter(_named(published_text(one)) for one in drain(trial, url))
            for team, url in queues.items()
        }
        yield "large", _large(need, orders, got["billing"])
        yield "home", _home(need, orders, got["shipping"])
        yield "collected", _collected(need, orders, got["shipping"])
        yield "everything", _everything(orders, note, got["audit"])


def _named(text: str) -> str:
    return str(parsed(text).get("order", text))


def _stream(random: Random, need: Need) -> dict[str, Order]:
    """Orders by their names: first those at the edges, then any."""
    large, states, not_to = need["large_eur"], need["states"], need["not_to"]
    other_payments = [one for one in PAYMENTS if one != need["payment"]]
    other_states = [one for one in STATES if one not in states]
    near = [one for one in COUNTRIES if one not in not_to]

    def order(total: float, payment: str, state: str = "", country: str = "") -> Order:
        given = {name: value for name, value in (("state", state), ("country", country)) if value}
        return {"total": round(total, 2), "payment": payment, "customer": a_name(random, "customer")}, given

    pay = random.choice
    orders = [
        *(
            order(large + more, pay(other_payments), pay(STATES), pay(near))
            for more in (-0.01, 0, 0.01, 9 * large)
        ),
        *(order(large * less, need["payment"], pay(STATES), pay(near)) for less in (0.1, 0.7, 1.2)),
        *(
            order(large / 2, pay(other_payments), state, pay(near))
            for state in (*states, *states, *other_states)
        ),
        *(order(large / 3, pay(other_payments), state, country) for state in states for country in not_to),
        order(large / 3, pay(other_payments), pay(other_states), pay(not_to)),
        *(order(large / 4, pay(other_payments), state) for state in (*states, *other_states)),
        *(
            order(random.randint(1, 2 * large), pay(PAYMENTS)) for _ in range(3)
        ),  # of the old shop: no attributes
    ]
    random.shuffle(orders)
    found = {}
    for name, (body, given) in zip(names(random, "order", len(orders)), orders, strict=True):
        found[name] = {"order": name, **body}, given
    return found


def _compared(wanted: set[str], got: Counter[str], few: str, many: str, right: str) -> Finding:
    if wanted - set(got):
        return failed(few)
    if set(got) - wanted or got.total() > len(wanted):
        return failed(many)
    return passed(right)


def _large(need: Need, orders: Mapping[str, Order], got: Counter[str]) -> Finding:
    wanted = {
        name
        for name, (body, _) in orders.items()
        if body["total"] >= need["large_eur"] or body["payment"] == need["payment"]
    }
    return _compared(
        wanted,
        got,
        "An order that billing wants did not arrive there.",
        "Billing was sent an order that is neither large nor paid in that way.",
        "Billing got the orders that it wants, and no other.",
    )


def _home(need: Need, orders: Mapping[str, Order], got: Counter[str]) -> Finding:
    """Of the orders that go to some country."""
    with_country = {name: given for name, (_, given) in orders.items() if "country" in given}
    wanted = {
        name
        for name, given in with_country.items()
        if given["state"] in need["states"] and given["country"] not in need["not_to"]
    }
    return _compared(
        wanted,
        Counter({name: number for name, number in got.items() if name in with_country}),
        "An order that shipping has to pack and send did not arrive there.",
        "Shipping was sent an order in another state, or to a country that it does not serve.",
        "Shipping got the orders that it sends, and no other.",
    )


def _collected(need: Need, orders: Mapping[str, Order], got: Counter[str]) -> Finding:
    """Of the orders without a country."""
    without = {name: given for name, (_, given) in orders.items() if "country" not in given}
    wanted = {name for name, given in without.items() if given.get("state") in need["states"]}
    return _compared(
        wanted,
        Counter({name: number for name, number in got.items() if name not in orders or name in without}),
        "An order that a customer collects did not arrive at shipping.",
        "Shipping was sent an order that is collected, but is in another state or in none.",
        "Shipping got the orders that are collected, and no other.",
    )


def _everything(orders: Mapping[str, Order], note: str, got: Counter[str]) -> Finding:
    wanted = {*orders, note}
    return _compared(
        wanted,
        got,
        "Something was published that audit did not get.",
        "Audit got something twice.",
        "Audit got everything that was published.",
    )


# ---- 3: publish


def draw_publish(random: Random) -> Need:
    """How many orders the shop publishes at a time, and the largest of them."""
    return {"orders": random.randint(22, 34), "largest_kb": random.randint(100, 120)}


@careful("arrive", "calls", "again", "refused", of="A queue or topic")
def examine_publish(bench: Bench, need: Need) -> Findings:
    """Orders of very different sizes; then small ones, of which SNS cannot take one for a while; then two never."""
    random = bench.random
    with bench.trial() as trial:
        trial.cloud.api_latency_s = 0.2  # so that whoever publishes for ever soon runs out of time
        sns, sqs = trial.client("sns"), trial.client("sqs")
        topic = sns.create_topic(Name=a_name(random, "orders"))["TopicArn"]
        archive = sqs.create_queue(QueueName="archive")["QueueUrl"]
        let_in(sqs, archive, topic)
        subscribed(sns, sqs, topic, archive, RawMessageDelivery="true")
        # A topic with a mail subscriber cannot take larger messages: API/API_SetTopicAttributes.html.
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="orders@example.com")

        def publish(orders: Sequence[dict[str, Any]]) -> tuple[Any, Finding | None, list[CallRow]]:
            before = len(trial.rows)
            result, crash_finding = tried(
                lambda: trial.student.call("publish_orders", sns, topic, list(orders), within_s=120)
            )
            requests = [row for row in trial.rows[before:] if row.actor == "you"]
            return result, crash_finding, requests

        orders = _orders_of_all_sizes(random, need)
        _, crash_finding, requests = publish(orders)
        arrived = _arrivals(trial, archive)
        yield "arrive", crash_finding or _arrived(orders, arrived, requests)
        yield "calls", crash_finding or _requests(orders, requests)

        orders = [_small(random, name) for name in names(random, "order", 12)]
        _fail_twice(trial, orders[random.randrange(LIMIT_ENTRIES)]["text"])
        _, crash_finding, requests = publish(orders)
        yield "again", crash_finding or _published_again(orders, _arrivals(trial, archive), requests)

        orders = [_small(random, name) for name in names(random, "order", 8)]
        empty, large = random.sample(range(8), 2)
        orders[empty]["text"] = ""
        attributes_bytes = _size({**orders[large], "text": ""})
        orders[large]["text"] = "x" * (LIMIT_BYTES - attributes_bytes + random.randint(1, 5))
        result, crash_finding, _ = publish(orders)
        yield "refused", crash_finding or _refused(result, {empty, large}, orders, _arrivals(trial, archive))


def _small(random: Random, name: str) -> dict[str, Any]:
    given = {"state": random.choice(STATES), "country": random.choice(COUNTRIES)}
    return {"text": json.dumps({"order": name}), "attributes": given}


def _size(order: Mapping[str, Any]) -> int:
    """Bytes of the body and of the names, types and values of the attributes: GUIDE/sns-message-attributes.html."""
    given = sum(len((name + "String" + value).encode()) for name, value in order["attributes"].items())
    return len(order["text"].encode()) + given


def _orders_of_all_sizes(random: Random, need: Need) -> list[dict[str, Any]]:
    """At first three large orders that would fit into one batch exactly if attributes did not count; then small ones,
    and among them five large ones in a row, in a script of 3 bytes a character.
    """

    def order(size: int, letter: str = "") -> dict[str, Any]:
        made = _small(random, a_name(random, "order"))
        room = size - len(made["text"])
        text = letter * (room // 3) if letter else random.choice("abcdef") * room
        made["text"] = json.dumps({**json.loads(made["text"]), "greeting": text}, ensure_ascii=False)
        return made

    largest = need["largest_kb"] * 1_000
    small = [_small(random, name) for name in names(random, "order", need["orders"] - 8)]
    wide = [order(random.randint(largest - 9_000, largest - 200), random.choice("本店花")) for _ in range(5)]
    exact = [order(size) for size in (87_000, 87_000, 86_000)]
    bodies = sum(len(one["text"]) for one in exact)
    exact[1]["text"] = exact[1]["text"].replace('greeting": "', 'greeting": "' + "g" * (LIMIT_BYTES - bodies))
    place = random.randint(2, len(small) - 2)
    return [*exact, *small[:place], *wide, *small[place:]]


def _enough_requests(orders: Sequence[Mapping[str, Any]]) -> int:
    """The batches that come of filling each one in the order of the list."""
    requests, entries, size = 1, 0, 0
    for order in orders:
        if entries == LIMIT_ENTRIES or size + _size(order) > LIMIT_BYTES:
            requests, entries, size = requests + 1, 0, 0
        entries, size = entries + 1, size + _size(order)
    return requests


Sent = Counter[tuple[str, tuple[tuple[str, str], ...]]]
"""How often a text is there, with its attributes."""


def _sent(text: str, given: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return text, tuple(sorted(given.items()))


def _arrivals(trial: Trial, url: str) -> Sent:
    return Counter(
        _sent(
            message["Body"],
            {name: one.get("StringValue", "") for name, one in message.get("MessageAttributes", {}).items()},
        )
        for message in drain(trial, url)
    )


def _arrived(orders: Sequence[Mapping[str, Any]], arrived: Sent, requests: Sequence[CallRow]) -> Finding:
    row = requests[-1] if requests else None
    texts = Counter(text for text, _ in arrived.elements())
    if any(not texts[order["text"]] for order in orders):
        return failed("An order never arrived, or arrived changed.", row)
    if any(texts[order["text"]] > 1 for order in orders):
        return failed("An order was published more than once.", row)
    if any(not arrived[_sent(order["text"], order["attributes"])] for order in orders):
        return failed("An order arrived without its attributes, so that no filter can choose it.", row)
    return passed("Every order arrived once, with its attributes.")


def _requests(orders: Sequence[Mapping[str, Any]], requests: Sequence[CallRow]) -> Finding:
    enough = _enough_requests(orders)
    if len(requests) > enough:
        return failed("More calls were made than full batches need.", requests[enough])
    if not requests:
        return failed("No call was made.")
    return passed("No call too many was made.")


def _fail_twice(trial: Trial, text: str) -> None:
    """Let SNS fail to take the entry with this text in the first two requests that hold it.

    A batch answers 200 all the same: API/API_PublishBatch.html.
    """
    answer = trial.cloud.hooks.answers["sns", "PublishBatch"]
    left = [2]

    def fail_one(call: Call) -> dict[str, Any] | None:
        entries = call.parameters["PublishBatchRequestEntries"]
        unlucky = [entry for entry in entries if entry["Message"] == text]
        if not unlucky or not left[0]:
            return answer(call)
        left[0] -= 1
        rest = [entry for entry in entries if entry["Message"] != text]
        reply: dict[str, Any] = {"Successful": [], "Failed": []}
        if rest:
            call.parameters = {**call.parameters, "PublishBatchRequestEntries": rest}
            reply = answer(call) or reply
        sorry = {"SenderFault": False, "Code": "InternalError", "Message": "Try again later."}
        reply["Failed"] = [*reply["Failed"], {"Id": unlucky[0]["Id"], **sorry}]
        return reply

    def refuse_single(call: Call) -> None:
        if call.parameters["Message"] == text and left[0]:
            left[0] -= 1
            raise ServiceError("InternalError", "Try again later.", 500, sender_fault=False)

    trial.cloud.answer("sns", "PublishBatch", fail_one)
    trial.cloud.before("sns", "Publish", refuse_single)


def _published_again(
    orders: Sequence[Mapping[str, Any]], arrived: Sent, requests: Sequence[CallRow]
) -> Finding:
    texts = Counter(text for text, _ in arrived.elements())
    counts = [texts[order["text"]] for order in orders]
    if all(count == 1 for count in counts):
        return passed("What SNS could not take at first was published again, and nothing else.")
    shown = next((row for row in requests if row.response.get("Failed")), None)
    if not all(counts):
        return failed("The answer said that an entry had failed, and its order never arrived.", shown)
    return failed("An order that SNS had taken was published again together with one that it had not.", shown)


def _refused(result: Any, hopeless: set[int], orders: Sequence[Mapping[str, Any]], arrived: Sent) -> Finding:
    if not isinstance(result, list):
        return failed("publish_orders returned no list of the orders that SNS refuses.")
    texts = Counter(text for text, _ in arrived.elements())
    if any(texts[order["text"]] != 1 for place, order in enumerate(orders) if place not in hopeless):
        return failed("A good order did not arrive once because of one that SNS refuses.")
    if hopeless - {place for place in result if isinstance(place, int)}:
        return failed("An order that SNS refuses for good was not reported.")
    if len(result) != len(hopeless):
        return failed("Orders were reported as refused that SNS had taken.")
    return passed("The orders that SNS refuses were reported, and the others arrived.")


# ---- 4: history


def draw_history(random: Random) -> Need:
    """How long after the first a client may publish an event again."""
    return {"again_min": random.randint(2, 4)}


@careful("order", "again", "every", "search", of="A queue or topic")
def examine_history(bench: Bench, need: Need) -> Findings:
    """Events of customers, mixed; some of them again, at once and later; then a reader that holds what it works on."""
    random = bench.random
    with bench.trial() as trial:
        sns, sqs, cloud = trial.client("sns"), trial.client("sqs"), trial.cloud
        made = trial.student.call("create_history", sns, sqs)
        parts: dict[str, Any] = made if isinstance(made, dict) else {}
        topic, ledger, search = (parts.get(name, "") for name in ("topic", "ledger", "search"))
        if not (is_topic(trial, topic) and is_queue(trial, ledger) and is_queue(trial, search)):
            said = "create_history did not return a topic and two queues, as topic, ledger and search."
            for check in ("order", "again", "every", "search"):
                yield check, failed(said)
            return

        def publish(event: Mapping[str, Any]) -> None:
            trial.student.call("publish_event", sns, topic, dict(event))

        lines = _lines(random)
        mixed = _mixed(random, lines)
        for event in mixed:
            publish(event)
        early, late = random.sample(mixed, 2)
        publish({**early, "attempt": 2})
        cloud.run(cloud.now + need["again_min"] * MINUTE_S - 2)
        publish({**late, "attempt": 2})
        cloud.run(cloud.now + ARRIVED_S)

        rounds = _rounds(trial, ledger)
        got = [_event(message) for messages in rounds for message in messages]
        found = [_event(message) for message in drain(trial, search)]
        yield "order", _in_order(rounds, lines)
        yield "again", _not_again(got, found)
        yield "every", _every(got, mixed, given_up(trial))
        yield "search", _searched(search, got, found, given_up(trial))


Event = tuple[str, int]
"""The customer of an event, and its number."""


def _event(message: Mapping[str, Any]) -> Event:
    found = parsed(published_text(message))
    number = found.get("number")
    return str(found.get("customer")), number if isinstance(number, int) else 0


def _lines(random: Random) -> dict[str, int]:
    """The customers, and how many events each has."""
    return dict(zip(names(random, "customer", 3), random.sample((2, 3, 4), 3), strict=True))


def _mixed(random: Random, lines: Mapping[str, int]) -> list[dict[str, Any]]:
    """The events of all customers, those of each in order; one customer's differ in their numbers only."""
    whose = [customer for customer, count in lines.items() for _ in range(count)]
    random.shuffle(whose)
    kind, numbers = random.choice(STATES), Counter[str]()
    events = []
    for customer in whose:
        numbers[customer] += 1
        events.append({"customer": customer, "number": numbers[customer], "kind": kind, "attempt": 1})
    return events


def _rounds(trial: Trial, url: str) -> list[list[dict[str, Any]]]:
    """What a reader is handed that takes one message at a time, and deletes them when it is handed no more."""
    sqs, rounds = trial.client("sqs"), list[list[dict[str, Any]]]()
    for _ in range(12):
        held: list[dict[str, Any]] = []
        while len(held) < 24:
            reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=HOUR_S)
            if not reply.get("Messages"):
                break
            held += reply["Messages"]
        if not held:
            break
        rounds.append(held)
        for message in held:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return rounds


def _in_order(rounds: Sequence[Sequence[Mapping[str, Any]]], lines: Mapping[str, int]) -> Finding:
    """Whether each round has one event of every customer that has any left, in the order of their numbers."""
    if not rounds:
        return failed("Nothing arrived in the ledger's queue.")
    last, seen = Counter[str](), set[Event]()
    for place, messages in enumerate(rounds):
        events = [_event(message) for message in messages]
        held = Counter(customer for customer, _ in events)
        if any(count > 1 for count in held.values()):
            return failed("A customer's event was handed out while an earlier one was not done yet.")
        if any(event not in seen and event[1] < last[event[0]] for event in events):
            return failed("A customer's event was handed out after a later one.")
        later = {_event(message)[0] for messages in rounds[place + 1 :] for message in messages}
        if (later & set(lines)) - set(held):
            return failed("A customer's event waited for that of another customer.")
        seen |= set(events)
        last.update(
            {customer: number - last[customer] for customer, number in events if number > last[customer]}
        )
    return passed("Events of a customer came in their order, and waited for nobody else.")


def _not_again(got: Sequence[Event], found: Sequence[Event]) -> Finding:
    if not got:
        return failed("Nothing arrived in the ledger's queue.")
    if any(count > 1 for events in (got, found) for count in Counter(events).values()):
        return failed("An event that was published a second time arrived a second time.")
    return passed("An event that was published again arrived once.")


def _every(got: Sequence[Event], mixed: Sequence[Mapping[str, Any]], row: CallRow | None) -> Finding:
    if {(event["customer"], event["number"]) for event in mixed} - set(got):
        return failed(
            "An event never arrived in the ledger's queue, though it was published for the first time.", row
        )
    return passed("Every event arrived.")


def _searched(url: str, got: Sequence[Event], found: Sequence[Event], row: CallRow | None) -> Finding:
    if url.endswith(".fifo"):
        return failed("The queue of search is a FIFO queue, and its program reads a standard queue.")
    if not got or set(got) - set(found):
        return failed("An event that the ledger got did not arrive at search.", row)
    return passed("Search got what the ledger got.")


# ---- 5: warehouse


def draw_warehouse(random: Random) -> Need:
    """How long the warehouse restarts, how soon after it it wants orders, when they are stale, how often it may be
    bothered with one.
    """
    restart_min, soon_s = random.randint(7, 22), random.choice((35, 45, 60, 75, 90))
    return {
        "restart_min": restart_min,
        "soon_s": soon_s,
        "stale_min": round(restart_min * 1.4) + 2,
        "requests": restart_min * MINUTE_S * 3 // (2 * soon_s) + 4,
    }


HOOK = "https://warehouse.example.com/orders"


@careful("restart", "bothered", "kept", "door", of="A queue or topic")
def examine_warehouse(bench: Bench, need: Need) -> Findings:
    """A restart in which orders are published; then a warehouse that does not come back; then another topic."""
    random = bench.random
    with bench.trial() as trial:
        sns, sqs, cloud = trial.client("sns"), trial.client("sqs"), trial.cloud
        topic = sns.create_topic(Name=a_name(random, "orders"))["TopicArn"]
        dead = sqs.create_queue(QueueName="warehouse-dead")["QueueUrl"]
        tokens, arrived, down_until = list[str](), dict[str, float](), [0.0]

        def warehouse(headers: dict[str, str], body: str) -> int:
            if headers["x-amz-sns-message-type"] == "SubscriptionConfirmation":
                tokens.append(json.loads(body)["Token"])
                return 200
            if cloud.now < down_until[0]:
                return 503
            arrived.setdefault(published_text({"Body": body}), cloud.now)
            return 200

        cloud.plane("sns").endpoint(HOOK, warehouse)
        trial.student.call("connect_warehouse", sns, sqs, topic, HOOK, dead, need)
        cloud.run(cloud.now + ARRIVED_S)
        for token in tokens:
            sns.confirm_subscription(TopicArn=topic, Token=token)
        if not tokens:
            for check in ("restart", "bothered", "kept", "door"):
                yield check, failed("The warehouse was not subscribed to the topic.")
            return

        first, second = names(random, "order", 2)
        down_until[0] = cloud.now + need["restart_min"] * MINUTE_S
        sns.publish(TopicArn=topic, Message=first)
        cloud.run(cloud.now + random.randint(20, 40))
        sns.publish(TopicArn=topic, Message=second)
        cloud.run(down_until[0] + need["soon_s"] + ARRIVED_S)
        yield "restart", _after_restart(trial, arrived, (first, second))

        cloud.run(cloud.now + need["stale_min"] * MINUTE_S)  # nothing of this is under way any more
        early = [published_text(message) for message in drain(trial, dead)]
        taken = set(early) & set(arrived)
        down_until[0] = float("inf")
        lost, published_s, before = a_name(random, "order"), cloud.now, len(trial.rows)
        sns.publish(TopicArn=topic, Message=lost)
        cloud.run(published_s + HOUR_S + MINUTE_S)
        rows = trial.rows[before:]
        yield "bothered", _bothered(rows, published_s, need)
        texts = [published_text(message) for message in drain(trial, dead)]
        yield "kept", _kept(texts.count(lost), bool(taken), rows)
        yield "door", _dead_letters_door(random, trial, topic, dead)


def _after_restart(trial: Trial, arrived: Mapping[str, float], orders: Sequence[str]) -> Finding:
    if all(order in arrived for order in orders):
        return passed("Orders of the restart arrived soon after it.")
    if row := given_up(trial):
        return failed("SNS gave up an order while the warehouse was still restarting.", row)
    posts = [row for row in trial.rows if row.operation == "HttpPost" and row.error]
    return failed(
        "An order of the restart did not arrive soon enough after it.", posts[-1] if posts else None
    )


def _bothered(rows: Sequence[CallRow], published_s: float, need: Need) -> Finding:
    posts = [row for row in rows if row.operation == "HttpPost"]
    if not posts:
        return failed("The warehouse is not asked to take an order at all.")
    if len(posts) > need["requests"]:
        said = "A warehouse that was down was bothered more often with one order than it may be."
        return failed(said, posts[need["requests"]])
    if posts[-1].start_s > published_s + need["stale_min"] * MINUTE_S + ARRIVED_S:
        return failed("SNS still tried to deliver an order that was stale.", posts[-1])
    return passed("A warehouse that was down was left in peace.")


def _kept(count: int, taken: bool, rows: Sequence[CallRow]) -> Finding:
    row = next((row for row in rows if row.operation == "GiveUp"), None)
    if taken:
        return failed("An order that the warehouse had taken is in the dead-letter queue as well.")
    if not count:
        return failed("An order that SNS gave up is in no queue.", row)
    if count > 1:
        return failed("An order that SNS gave up is kept more than once.", row)
    return passed("An order that SNS gave up is kept.")


def _dead_letters_door(random: Random, trial: Trial, topic: str, dead: str) -> Finding:
    """The queue is subscribed to two topics, as a way to see which of them its policy lets in."""
    sns, sqs = trial.client("sns"), trial.client("sqs")
    other = sns.create_topic(Name=topic.rpartition(":")[2] + "-test")["TopicArn"]
    right, wrong = names(random, "order", 2)
    for one, text in ((topic, right), (other, wrong)):
        subscribed(sns, sqs, one, dead)
        sns.publish(TopicArn=one, Message=text)
    row = trial.rows[-1]
    texts = [published_text(message) for message in drain(trial, dead)]
    if right not in texts:
        return failed("The dead-letter queue lets nobody in, not even the topic whose orders it keeps.", row)
    if wrong in texts:
        return failed("The dead-letter queue lets in what another topic publishes.", row)
    return passed("The dead-letter queue lets in the topic of the orders, and no other.")
