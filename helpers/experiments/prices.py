"""List prices of AWS requests, each with its date and source, and what a trail would cost at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Price:
    """What a million of one kind cost: requests, request units or GB-seconds, as the kind's name says.

    `usd_per_million` is the list price in US dollars in `region` after the free tier; `date` is the day on
    which `source` (an address) was looked up; `status` says what the look-up confirmed.
    """

    kind: str
    usd_per_million: float
    date: str
    source: str
    status: str
    region: str = "us-east-1"


_SQS_PRICING = "https://aws.amazon.com/sqs/pricing/"
_LAMBDA_PRICING = "https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/lambda.html"
_DYNAMODB_PRICING = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
_UNVERIFIED = "unverified: AWS pricing page"
_VERIFIED = "read on AWS's page"

PRICES: dict[str, Price] = {
    price.kind: price
    for price in (
        Price("SQS standard request", 0.40, "2026-11-21", _SQS_PRICING, _UNVERIFIED),
        Price("SQS FIFO request", 0.50, "2026-11-21", _SQS_PRICING, _UNVERIFIED),
        Price("Lambda request", 0.20, "2026-11-27", _LAMBDA_PRICING, _VERIFIED),
        Price("Lambda GB-second", 16.6667, "2026-11-27", _LAMBDA_PRICING, _VERIFIED),
        Price("DynamoDB read request unit", 0.125, "2026-11-27", _DYNAMODB_PRICING, _UNVERIFIED),
        Price("DynamoDB write request unit", 0.625, "2026-11-27", _DYNAMODB_PRICING, _UNVERIFIED),
    )
}
"""Kind -> price."""

CHUNK_BYTES = 64 * 1024
"""Each 64 KiB of payload, begun or full, counts as one SQS request (https://aws.amazon.com/sqs/features/)."""

_FIFO_OPERATIONS = (
    "SendMessage",
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
)
# Taken to be charged at the FIFO price on a FIFO queue, every other action at the standard price (not verified).


@dataclass(frozen=True)
class Charge:
    """A line that one attempt of a call puts on the bill: its kind, and how many of the kind it counts as."""

    kind: str
    amount: float


def _message_bytes(message: Mapping[str, Any]) -> int:
    """Body and message attributes (names, types and values), as SQS counts a message's size."""
    size = len(str(message.get("MessageBody", message.get("Body", ""))).encode())
    for name, attribute in (message.get("MessageAttributes") or {}).items():
        size += len(name.encode()) + len(attribute.get("DataType", "").encode())
        size += len(attribute.get("StringValue", "").encode()) + len(attribute.get("BinaryValue", b""))
    return size


def _sqs(operation: str, parameters: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[Charge, ...]:
    if operation == "SendMessage":
        payload = _message_bytes(parameters)
    elif operation == "SendMessageBatch":
        payload = sum(map(_message_bytes, parameters.get("Entries", ())))
    elif operation == "ReceiveMessage":
        payload = sum(map(_message_bytes, response.get("Messages", ())))
    else:
        payload = 0
    fifo = operation in _FIFO_OPERATIONS and str(parameters.get("QueueUrl", "")).endswith(".fifo")
    kind = "SQS FIFO request" if fifo else "SQS standard request"
    return (Charge(kind, max(1, -(-payload // CHUNK_BYTES))),)


def _lambda(operation: str, parameters: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[Charge, ...]:
    """A run of a handler: one request, and the time billed (in steps of 1 ms) times the memory.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    if operation != "Invocation" or "BilledDurationMs" not in response:
        return ()
    gb_s = response["BilledDurationMs"] / 1000 * response["MemorySizeMB"] / 1024
    return Charge("Lambda request", 1), Charge("Lambda GB-second", gb_s)


_DYNAMODB_WRITES = ("BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem")


def _dynamodb(
    operation: str, parameters: Mapping[str, Any], response: Mapping[str, Any]
) -> tuple[Charge, ...]:
    """The units that the answer says were consumed, at the on-demand price; calls without them are not counted."""
    consumed = response.get("ConsumedCapacity") or ()
    units = sum(one["CapacityUnits"] for one in ([consumed] if isinstance(consumed, Mapping) else consumed))
    if not units:
        return ()
    kind = "write" if operation in _DYNAMODB_WRITES else "read"
    return (Charge(f"DynamoDB {kind} request unit", units),)


_BY_SERVICE = {"lambda"}
# Services whose bill is what they do by themselves, not the calls that the user makes.

_CHARGES: dict[str, Callable[[str, Mapping[str, Any], Mapping[str, Any]], tuple[Charge, ...]]] = {
    "dynamodb": _dynamodb,
    "lambda": _lambda,
    "sqs": _sqs,
}
# Service -> what an attempt counts as. A service that is not here has no price in the course yet.


def charges(
    service: str, operation: str, parameters: Mapping[str, Any], response: Mapping[str, Any] | None
) -> tuple[Charge, ...] | None:
    """What one attempt of a call puts on the bill; None where the course has no price for the service."""
    rule = _CHARGES.get(service)
    return None if rule is None else rule(operation, parameters, response or {})


def cost(trail: pd.DataFrame) -> pd.DataFrame:
    """The calls of a trail at list price, without the free tier; a row per operation and kind.

    Columns: `operation`, `kind`, `calls` (attempts), `billed` (how many of the kind), `usd_per_million`, `usd`,
    `list_price` (date and status of the price). What a service does by itself (its actor bears the service's
    name) is not billed, but for the runs of a Lambda function. `attrs["usd"]` is the total, `attrs["note"]`
    says in sentences what the figures mean.
    """
    import pandas as pd

    lines: dict[tuple[str, str], list[float]] = {}
    unpriced: set[str] = set()
    columns = (trail[name] for name in ("actor", "service", "operation", "parameters", "response"))
    for actor, service, operation, parameters, response in zip(*columns, strict=True):
        if actor == service and service not in _BY_SERVICE:
            continue
        charged = charges(
            service, operation, parameters or {}, response if isinstance(response, dict) else None
        )
        if charged is None:
            unpriced.add(service)
            continue
        for charge in charged:
            line = lines.setdefault((operation, charge.kind), [0, 0])
            line[0] += 1
            line[1] += charge.amount
    rows = []
    for (operation, kind), (calls, amount) in sorted(lines.items()):
        price = PRICES[kind]
        usd = round(amount * price.usd_per_million / 1e6, 12)
        said = f"{price.date}, {price.status}"
        rows.append((operation, kind, int(calls), round(amount, 9), price.usd_per_million, usd, said))
    names = ["operation", "kind", "calls", "billed", "usd_per_million", "usd", "list_price"]
    frame = pd.DataFrame(rows, columns=names)
    frame.attrs["usd"] = round(sum(row[5] for row in rows), 12)
    frame.attrs["note"] = _note(frame, unpriced)
    return frame


_NOTES = {
    "sqs": "Each 64 KiB of payload counts as a request; a surcharge for fair queues is not counted.",
    "dynamodb": "Request units are those of on-demand tables, where a call asked for ReturnConsumedCapacity.",
}


def _note(frame: pd.DataFrame, unpriced: set[str]) -> str:
    words = (
        f"In all {frame.attrs['usd']:.9f}".rstrip("0")
        + " USD, at list prices of us-east-1 after the free tier, "
        "with the date on which they were looked up. Data transfer is not counted."
    )
    services = {kind.split()[0].lower() for kind in frame["kind"]}
    words += "".join(f" {note}" for service, note in _NOTES.items() if service in services)
    if unpriced:
        words += f" Not priced here: {', '.join(sorted(unpriced))}."
    return words
