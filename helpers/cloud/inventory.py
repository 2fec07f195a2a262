"""What is in an account, and who waits for what: the table behind `cloud.show()`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.cloud.account import Account

# Where moto keeps what a learner creates: service -> attributes of its backend that are dicts by name.
_COLLECTIONS: dict[str, tuple[str, ...]] = {
    "cloudwatch": ("alarms",),
    "dynamodb": ("tables",),
    "events": ("event_buses",),
    "iam": ("roles", "users"),
    "kinesis": ("streams",),
    "lambda": ("_lambdas._functions", "_event_source_mappings"),
    "logs": ("groups",),
    "s3": ("buckets",),
    "secretsmanager": ("secrets",),
    "sns": ("topics",),
    "sqs": ("queues",),
    "stepfunctions": ("state_machines",),
}


@dataclass(frozen=True)
class Inventory:
    """Resources as (service, region, kind, name) and waiting actors as (name, seconds at which it wakes or
    None).
    """

    resources: tuple[tuple[str, str, str, str], ...]
    actors: tuple[tuple[str, float | None], ...]

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for service, region, kind, name in self.resources:
            yield service, name, f"{kind} in {region}"
        for name, wakes_s in self.actors:
            yield "actor", name, "waits for a signal" if wakes_s is None else f"wakes at {wakes_s:g} s"

    def __repr__(self) -> str:
        rows = list(self._rows())
        if not rows:
            return "The account is empty and nobody waits."
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows)

    def _repr_html_(self) -> str:
        rows = list(self._rows())
        if not rows:
            return f"<p>{self!r}</p>"
        cells = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        head = "<tr><th>Service</th><th>Name</th><th>State</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{cells}</tbody></table>"


def take_inventory(account: Account) -> Inventory:
    """Look into the account without leaving a trace."""
    from helpers.cloud.mock import state

    found: set[tuple[str, str, str, str]] = set()
    with state.lock:
        account._state.activate()  # type: ignore[union-attr]  # show() has checked that it is open
        for backends in state.in_use():
            for place in _COLLECTIONS.get(backends.service_name, ()):
                kind = place.rpartition(".")[2].strip("_")
                for _, region, backend in backends.iter_backends():
                    collection: Any = attrgetter(place)(backend)
                    found |= {(backends.service_name, region, kind, str(name)) for name in collection}
    waiting = tuple(
        (actor.name, None if actor.wakes_at_us is None else actor.wakes_at_us / 1e6)
        for actor in account._actors
        if not actor.done
    )
    return Inventory(tuple(sorted(found)), waiting)
