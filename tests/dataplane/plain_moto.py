"""Plain boto3 over plain moto, in a process of its own: one JSON line of operations in, one line of replies out.

The course's package is not imported here, so nothing of moto or botocore is replaced. Both sides share `replay`.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

START = "2026-01-05T09:00:00+00:00"


def replay(sqs: Any, advance: Callable[[float], None], steps: list[dict[str, Any]]) -> list[Any]:
    """Make the calls in order and return their replies. `$n` stands for a receipt handle that is valid then."""
    from botocore.exceptions import ClientError

    valid = Valid()
    replies: list[Any] = []
    for step in steps:
        if "advance" in step:
            advance(step["advance"])
            valid.now += step["advance"]
            continue
        parameters = valid.filled(step["with"])
        try:
            reply = getattr(sqs, step["call"])(**parameters)
            valid.learn(step["call"], parameters, reply)
        except ClientError as error:
            reply = error.response
        replies.append(json.loads(json.dumps(reply, default=lambda b: base64.b64encode(b).decode())))
    return replies


class Valid:
    """The receipt handles whose message is in flight, each with the time its timeout ends."""

    def __init__(self) -> None:
        self.now = 0.0
        self.visibility_s = 30.0
        self.ends: dict[str, float] = {}

    def learn(self, call: str, parameters: dict[str, Any], reply: dict[str, Any]) -> None:
        """Follow a call that succeeded."""
        if call == "create_queue":
            self.visibility_s = float(parameters.get("Attributes", {}).get("VisibilityTimeout", 30))
        elif call == "receive_message":
            span = parameters.get("VisibilityTimeout", self.visibility_s)
            for message in reply.get("Messages", []):
                self.ends[message["ReceiptHandle"]] = self.now + span
        elif call == "purge_queue":
            self.ends.clear()
        for entry in parameters.get("Entries", [parameters]):
            handle = entry.get("ReceiptHandle")
            if handle in self.ends and call.startswith("delete"):
                del self.ends[handle]
            elif handle in self.ends:
                self.ends[handle] = self.now + entry["VisibilityTimeout"]

    def filled(self, value: Any) -> Any:
        """The parameters with handles in the place of `$n`."""
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner) for inner in value]
        if isinstance(value, str) and value.startswith("$"):
            handles = [handle for handle, end in self.ends.items() if end > self.now]
            return handles[int(value[1:]) % len(handles)] if handles else f"none-{value[1:]}"
        return value


def serve() -> None:
    """Answer lines until the input ends."""
    import boto3
    import moto
    import time_machine
    from moto.moto_api._internal import mock_random

    for line in sys.stdin:
        request = json.loads(line)
        with moto.mock_aws(), time_machine.travel(START, tick=False) as traveller:
            mock_random.seed(request["seed"])
            sqs = boto3.client("sqs", region_name="us-east-1")
            replies = replay(sqs, traveller.shift, request["steps"])
        sys.stdout.write(json.dumps(replies) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
