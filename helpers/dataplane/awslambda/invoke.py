"""The Invoke call.

Page: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any, NoReturn

from botocore.response import StreamingBody

from helpers.cloud import Account, Call
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.chains import Chains
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.awslambda.limits import ASYNCHRONOUS_BYTES, SYNCHRONOUS_BYTES
from helpers.dataplane.awslambda.logs import tail
from helpers.dataplane.awslambda.request_ids import RequestIds


class Invoke:
    """Answers Invoke: waits for the run (RequestResponse), hands the event on (Event), or only checks (DryRun)."""

    def __init__(
        self,
        account: Account,
        functions: Functions,
        invoker: Invoker,
        ids: RequestIds,
        chains: Chains,
        accept: Callable[[Invocation], None],
    ) -> None:
        self._account = account
        self._functions = functions
        self._invoker = invoker
        self._ids = ids
        self._chains = chains
        self._accept = accept

    def __call__(self, call: Call) -> dict[str, Any]:
        given = call.parameters
        kind = given.get("InvocationType", "RequestResponse")
        payload = _text(given.get("Payload"))
        limit = ASYNCHRONOUS_BYTES if kind == "Event" else SYNCHRONOUS_BYTES
        if len(payload) > limit:
            raise errors.too_large(limit)
        route = self._functions.route(
            given["FunctionName"], given.get("Qualifier"), region=call.region, account_id=call.account_id
        )
        invocation = Invocation(
            function=route.arn,
            version=route.version,
            payload=_checked(payload),
            kind=kind,
            request_id=self._ids.next(),
            qualifier=route.qualifier,
            client_context=_decoded(given.get("ClientContext")),
            chain=self._chains.of_caller(),
        )
        if kind == "DryRun":
            return _answer(204, invocation)
        if kind == "Event":
            self._accept(invocation)
            return _answer(202, invocation)
        ending = self._run(invocation)
        answer = _answer(200, invocation, ending.payload.encode())
        answer["ExecutedVersion"] = route.version
        if ending.function_error is not None:
            answer["FunctionError"] = ending.function_error
        if given.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(tail(ending.log)).decode()
        return answer

    def old(self, call: Call) -> dict[str, Any]:
        """The deprecated InvokeAsync, which became Invoke with the type Event (API/API_InvokeAsync.html)."""
        event = {"InvocationType": "Event", "Payload": call.parameters["InvokeArgs"]}
        call.parameters = {"FunctionName": call.parameters["FunctionName"], **event}
        return {"Status": self(call)["StatusCode"]}

    def _run(self, invocation: Invocation) -> Ending:
        endings: list[Ending] = []
        over = self._account.signal()

        def done(ending: Ending) -> None:
            endings.append(ending)
            over.fire()

        self._invoker.start(invocation, done)
        over.wait()
        return endings[0]


def _answer(status: int, invocation: Invocation, payload: bytes = b"") -> dict[str, Any]:
    return {
        "StatusCode": status,
        "Payload": StreamingBody(io.BytesIO(payload), len(payload)),
        "ResponseMetadata": {
            "RequestId": invocation.request_id,
            "HTTPStatusCode": status,
            "HTTPHeaders": {
                "content-type": "application/json",
                "content-length": str(len(payload)),
                "x-amzn-requestid": invocation.request_id,
            },
            "RetryAttempts": 0,
        },
    }


def _text(payload: Any) -> bytes:
    if payload is None:
        return b""
    if hasattr(payload, "read"):
        payload = payload.read()
    return payload.encode() if isinstance(payload, str) else bytes(payload)


def _checked(payload: bytes) -> str:
    """The payload as JSON text; nothing at all is an empty object. Raises InvalidRequestContentException."""
    try:
        text = payload.decode() or "{}"
        json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise errors.invalid_content(str(error)) from None
    return text


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _decoded(client_context: str | None) -> str:
    """ClientContext is JSON in base 64. Raises InvalidRequestContentException."""
    if not client_context:
        return ""
    try:
        text = base64.b64decode(client_context, validate=True).decode()
        json.loads(text)
    except ValueError:
        raise errors.invalid_content("Client context must be a valid Base64-encoded JSON object.") from None
    return text
