"""Calls asked of moto's own handler, past botocore's serialiser, HTTP, and moto's parsers.

A call that a data plane forwards takes the whole way through HTTP, which is nine tenths of its cost. moto's handlers of
DynamoDB and SQS work on a parsed request and return a parsed answer, so they can be asked at once. Only a
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

_HANDLERS = {"dynamodb": "moto.dynamodb.responses:DynamoHandler", "sqs": "moto.sqs.responses:SQSResponse"}
# Service -> the handler whose operations read `body` or `params` and return an ActionResult.

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
    ),
    "sqs": frozenset({"CreateQueue", "GetQueueAttributes", "GetQueueUrl", "ListDeadLetterSourceQueues"}),
}

_READING = frozenset(
    {
        "BatchGetItem",
        "GetItem",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "Query",
        "Scan",
        "TransactGetItems",
    }
)
_DRAWING = frozenset({"CreateQueue", "TransactWriteItems"})
# Operations that may have drawn ids for what they wrote when they find out that they fail.


def knows(service: str, operation: str) -> bool:
    """True if moto's handler can be asked for the operation."""
    return operation in OPERATIONS.get(service, ())


def only_reads(service: str, operation: str) -> bool:
    """True if the handler, asked for the operation, neither writes anything nor draws an id."""
    return knows(service, operation) and operation in _READING


@functools.cache
def _handler(service: str) -> Any:
    module, _, name = _HANDLERS[service].partition(":")
    return getattr(import_module(module), name)


@functools.cache
def _method(operation: str) -> str:
    return camelcase_to_underscores(operation)


def answer(
    service: str,
    operation: str,
    parameters: dict[str, Any],
    region: str,
    account_id: str,
    members: Any,
    endpoint: str,
) -> dict[str, Any] | None:
    """What moto answers to the call, one of those it `knows`, or None where the usual way must be taken: an error.

    `members` are the names in the operation's output, `endpoint` is the URL that the call would go to; the caller has
    made the Cloud's state the active one.
    """
    request = _own(parameters)
    handler = _handler(service)()
    handler.body = handler.params = request
    handler.region, handler.current_account, handler.uri = region, account_id, endpoint
    handler.uri_match = {}
    drawn = ids.generator.getstate() if operation in _DRAWING else None
    try:
        found = getattr(handler, _method(operation))()
    except Exception:  # noqa: BLE001  # whatever it is, the usual way says it as AWS does
        if drawn is not None:
            ids.generator.setstate(drawn)
        return None
    if not isinstance(found, ActionResult) or not isinstance(found.result, dict):
        return None
    result = found.result
    return {name: result[name] for name in members if result.get(name) is not None}


def _own(value: Any) -> Any:
    """A copy of `value` that moto may keep and change, as its parsers make one."""
    if isinstance(value, dict):
        return {key: _own(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_own(item) for item in value]
    return bytes(value) if isinstance(value, bytearray) else value
