"""Calls asked of moto's own handler, past botocore's serialiser, HTTP, and moto's parsers.

A call that a data plane forwards takes the whole way through HTTP, which is nine tenths of its cost. moto's handler of
DynamoDB works on a parsed request and returns a parsed answer, so the calls on items can be asked of it at once. Only a
success is answered here: how AWS words an error is known to the usual way, which is then taken instead. The answers are
compared with those of plain moto (tests/cloud/test_differential.py).
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from helpers.cloud.mock import ids
from helpers.cloud.trail import copied

_HANDLERS = {"dynamodb": "moto.dynamodb.responses:DynamoHandler"}
# Service -> the handler whose operations read `body` and return an ActionResult.

OPERATIONS = {
    "dynamodb": frozenset(
        {
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        }
    )
}


@functools.cache
def _handler(service: str) -> Any:
    module, _, name = _HANDLERS[service].partition(":")
    return getattr(import_module(module), name)


@functools.cache
def _method(operation: str) -> str:
    return camelcase_to_underscores(operation)


def answer(
    service: str, operation: str, parameters: dict[str, Any], region: str, account_id: str, members: Any
) -> dict[str, Any] | None:
    """What moto answers to the call, or None where the usual way must be taken: another operation, or an error.

    `members` are the names in the operation's output; the caller has made the Cloud's state the active one.
    """
    if operation not in OPERATIONS.get(service, ()):
        return None
    request = _own(parameters)
    handler = _handler(service)()
    handler.body = handler.params = request
    handler.region, handler.current_account = region, account_id
    drawn = ids.generator.getstate()
    try:
        found = getattr(handler, _method(operation))()
    except Exception:  # noqa: BLE001  # whatever it is, the usual way says it as AWS does
        ids.generator.setstate(drawn)
        return None
    if not isinstance(found, ActionResult) or not isinstance(found.result, dict):
        return None
    result = found.result
    answered: dict[str, Any] = copied(
        {name: result[name] for name in members if result.get(name) is not None}
    )
    return answered


def _own(value: Any) -> Any:
    """A copy of `value` that moto may keep and change, as its parsers make one."""
    if isinstance(value, dict):
        return {key: _own(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_own(item) for item in value]
    return bytes(value) if isinstance(value, bytearray) else value
