"""List prices of AWS requests, each with its date and source, and what a trail would cost at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Price:
    """What a million requests of one kind cost.

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
_SQS_STATUS = "unverified: AWS pricing page"

PRICES: dict[str, Price] = {
    price.kind: price
    for price in (
        Price("SQS standard request", 0.40, "2026-11-21", _SQS_PRICING, _SQS_STATUS),
        Price("SQS FIFO request", 0.50, "2026-11-21", _SQS_PRICING, _SQS_STATUS),
    )
}
"""Kind of request -> price."""

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
    """One attempt of a call on the bill: its kind, and how many requests it counts as."""

    kind: str
    requests: int


def _message_bytes(message: Mapping[str, Any]) -> int:
    """Body and message attributes (names, types and values), as SQS counts a message's size."""
    size = len(str(message.get("MessageBody", message.get("Body", ""))).encode())
    for name, attribute in (message.get("MessageAttributes") or {}).items():
        size += len(name.encode()) + len(attribute.get("DataType", "").encode())
        size += len(attribute.get("StringValue", "").encode()) + len(attribute.get("BinaryValue", b""))
    return size


def _sqs(operation: str, parameters: Mapping[str, Any], response: Mapping[str, Any]) -> Charge:
    if operation == "SendMessage":
        payload = _message_bytes(parameters)
    elif operation == "SendMessageBatch":
        payload = sum(map(_message_bytes, parameters.get("Entries", ())))
    elif operation == "ReceiveMessage":
        payload = sum(map(_message_bytes, response.get("Messages", ())))
    else:
        payload = 0
    fifo = operation in _FIFO_OPERATIONS and str(parameters.get("QueueUrl", "")).endswith(".fifo")
    return Charge("SQS FIFO request" if fifo else "SQS standard request", max(1, -(-payload // CHUNK_BYTES)))


_CHARGES: dict[str, Callable[[str, Mapping[str, Any], Mapping[str, Any]], Charge]] = {"sqs": _sqs}
# Service -> what an attempt counts as. A service that is not here has no price in the course yet.


def charge(
    service: str, operation: str, parameters: Mapping[str, Any], response: Mapping[str, Any] | None
) -> Charge | None:
    """What one attempt of a call counts as on the bill; None where the course has no price for the service."""
    rule = _CHARGES.get(service)
    return None if rule is None else rule(operation, parameters, response or {})


def cost(trail: pd.DataFrame) -> pd.DataFrame:
    """The calls of a trail at list price, without the free tier; a row per operation and kind.

    Columns: `operation`, `kind`, `calls` (attempts), `requests` (as billed), `usd_per_million`, `usd`,
    `list_price` (date and status of the price). What a service does by itself (its actor bears the service's
    name) is not billed. `attrs["usd"]` is the total, `attrs["note"]` says in sentences what the figures mean.
    """
    import pandas as pd

    lines: dict[tuple[str, str], list[int]] = {}
    unpriced: set[str] = set()
    columns = (trail[name] for name in ("actor", "service", "operation", "parameters", "response"))
    for actor, service, operation, parameters, response in zip(*columns, strict=True):
        if actor == service:
            continue
        charged = charge(
            service, operation, parameters or {}, response if isinstance(response, dict) else None
        )
        if charged is None:
            unpriced.add(service)
            continue
        line = lines.setdefault((operation, charged.kind), [0, 0])
        line[0] += 1
        line[1] += charged.requests
    rows = []
    for (operation, kind), (calls, requests) in sorted(lines.items()):
        price = PRICES[kind]
        usd = round(requests * price.usd_per_million / 1e6, 12)
        said = f"{price.date}, {price.status}"
        rows.append((operation, kind, calls, requests, price.usd_per_million, usd, said))
    names = ["operation", "kind", "calls", "requests", "usd_per_million", "usd", "list_price"]
    frame = pd.DataFrame(rows, columns=names)
    frame.attrs["usd"] = round(sum(row[5] for row in rows), 12)
    frame.attrs["note"] = _note(sum(row[3] for row in rows), frame.attrs["usd"], unpriced)
    return frame


def _note(requests: int, usd: float, unpriced: set[str]) -> str:
    words = (
        f"In all {requests:,} requests, {usd:.9f}".rstrip("0") + " USD. "
        "List prices of us-east-1 after the free tier, with the date on which they were looked up. "
        "Each 64 KiB of payload counts as a request. A surcharge for fair queues and data transfer are not counted."
    )
    if unpriced:
        words += f" Not priced here: {', '.join(sorted(unpriced))}."
    return words
