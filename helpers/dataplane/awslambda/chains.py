"""Chains of requests: how often one event has led to runs of the same function, so that an endless loop is stopped.

What a handler sends to a queue, a topic, a bucket or a function belongs to the chain of its own invocation.
Page: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from helpers.cloud import Call
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invocation import Chain, Invocation

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

MOST_RUNS = 16
"""Runs of a function in one chain. AWS says "approximately 16"."""

_ALLOW, _TERMINATE = "Allow", "Terminate"


class Chains:
    """Follows chains through environments and messages, and stops those that go round in circles."""

    def __init__(self, cloud: Cloud, functions: Functions) -> None:
        self._cloud = cloud
        self._functions = functions
        self._allowed: set[str] = set()
        self._at_work: dict[str, Chain] = {}
        self._messages: dict[str, Chain] = {}
        self._continued: Chain = ()
        cloud.amend("sqs", "SendMessage", self._sent)
        cloud.amend("sqs", "SendMessageBatch", self._sent)
        cloud.amend("sns", "Publish", self._sent)
        cloud.amend("sns", "PublishBatch", self._sent)
        cloud.answer("lambda", "PutFunctionRecursionConfig", self._put)
        cloud.answer("lambda", "GetFunctionRecursionConfig", self._get)

    # Along a chain

    def of_caller(self) -> Chain:
        """The chain of whoever makes a call now: that of the invocation it serves, if it is an environment."""
        return self._at_work.get(self._cloud.caller, self._continued)

    def of_messages(self, message_ids: Iterable[str]) -> Chain:
        """The chain of a batch of messages: that of the one that has gone round most often."""
        chains = [self._messages[one] for one in message_ids if one in self._messages]
        return max(chains, key=lambda chain: max(dict(chain).values()), default=())

    def of_event(self, event: Any) -> Chain:
        """The chain of an event from a service: that of its caller, or of the topic's message in it."""
        records = event.get("Records", []) if isinstance(event, dict) else []
        notices = [record["Sns"]["MessageId"] for record in records if "Sns" in record]
        return self.of_caller() or self.of_messages(notices)

    @contextmanager
    def continued(self, chain: Chain) -> Iterator[None]:
        """What the service sends meanwhile belongs to `chain`."""
        before, self._continued = self._continued, chain
        try:
            yield
        finally:
            self._continued = before

    def check(self, invocation: Invocation) -> None:
        """Raise RecursiveInvocationException if the function ran too often in this chain, unless it may."""
        runs = dict(invocation.chain).get(invocation.function, 0)
        if runs >= MOST_RUNS and invocation.function not in self._allowed:
            dimensions = {"FunctionName": invocation.name}
            self._cloud.telemetry.metric(
                "AWS/Lambda", "RecursiveInvocationsDropped", 1, dimensions=dimensions
            )
            raise errors.recursive()

    def begin(self, environment: str, invocation: Invocation) -> None:
        """An environment begins to serve an invocation."""
        self._at_work[environment] = lengthened(invocation)

    def end(self, environment: str) -> None:
        """The environment is free again."""
        del self._at_work[environment]

    def _sent(self, _call: Call, response: dict[str, Any]) -> None:
        chain = self.of_caller()
        if chain:
            for sent in response.get("Successful", [response]):
                self._messages[sent["MessageId"]] = chain

    # Settings

    def _put(self, call: Call) -> dict[str, Any]:
        arn = self._named(call)
        if call.parameters["RecursiveLoop"] == _ALLOW:
            self._allowed.add(arn)
        else:
            self._allowed.discard(arn)
        return self._get(call)

    def _get(self, call: Call) -> dict[str, Any]:
        return {"RecursiveLoop": _ALLOW if self._named(call) in self._allowed else _TERMINATE}

    def _named(self, call: Call) -> str:
        name = call.parameters["FunctionName"]
        return self._functions.route(name, region=call.region, account_id=call.account_id).arn


def lengthened(invocation: Invocation) -> Chain:
    """The chain of what an invocation causes: it has run its function once more."""
    runs = dict(invocation.chain)
    runs[invocation.function] = runs.get(invocation.function, 0) + 1
    return tuple(runs.items())
