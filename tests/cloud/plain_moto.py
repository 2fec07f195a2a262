"""The same calls on plain moto: run as a script, without the course, under a frozen clock and a seeded id stream.

Reads a JSON list of [service, operation, parameters] from standard input, with "$name.path" for a part of an earlier
answer, and writes the answers, errors included, as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def play(calls: list[Any], client_of: Any) -> list[Any]:
    """Make the calls one after the other; answers are what boto3 returns, or the response of its ClientError."""
    from botocore.exceptions import ClientError

    answers: list[Any] = []
    for service, operation, parameters in calls:
        try:
            answer = getattr(client_of(service), operation)(**filled(parameters, answers))
        except ClientError as error:
            answer = {"raised": type(error).__name__, **error.response}
        answers.append(json.loads(json.dumps(answer, default=plain)))
    return answers


def filled(value: Any, answers: list[Any]) -> Any:
    """`value` with each "$3.Messages.0.ReceiptHandle" replaced by that part of the answer number 3, and each
    {"$bytes": "text"} by bytes.
    """
    if isinstance(value, dict):
        if "$bytes" in value:
            return value["$bytes"].encode()
        return {key: filled(item, answers) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, answers) for item in value]
    if isinstance(value, str) and value.startswith("$"):
        found: Any = answers
        for step in value[1:].split("."):
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found
    return value


def plain(value: Any) -> Any:
    """What JSON has no word for: times, bytes and streams."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.read().decode() if hasattr(value, "read") else value.decode()


def main() -> None:
    """Play what standard input asks for."""
    import os

    os.environ.update(
        AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION="us-east-1"
    )
    import boto3
    import time_machine
    from moto import mock_aws
    from moto.moto_api._internal import mock_random

    request = json.load(sys.stdin)
    simulated = mock_aws(config={"core": {"mock_credentials": False, "reset_boto3_session": False}})
    with simulated, time_machine.travel(request["start"], tick=False) as traveller:
        for service in request["services"]:  # importing a service may draw ids
            boto3.client(service)
            from moto.backends import get_backend

            get_backend(service)
        mock_random.seed(request["seed"])
        clients: dict[str, Any] = {}

        def client_of(service: str) -> Any:
            if service not in clients:
                clients[service] = boto3.client(service)
            return clients[service]

        answers: list[Any] = []
        for part in request["parts"]:
            if isinstance(part, (int, float)):
                traveller.shift(part)
            else:
                answers += play_on(part, client_of, answers)
    json.dump(answers, sys.stdout)


def play_on(calls: list[Any], client_of: Any, before: list[Any]) -> list[Any]:
    """`play`, where the calls may refer to answers given before."""
    answers = list(before)
    for call in calls:
        answers += play([[call[0], call[1], filled(call[2], answers)]], client_of)
    return answers[len(before) :]


if __name__ == "__main__":
    main()
