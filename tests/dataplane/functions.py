"""A function of a Cloud, in a few words: made from its source, invoked, looked at."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from helpers import Cloud, zipped

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def role(cloud: Cloud, name: str = "function-role") -> str:
    """The ARN of an execution role."""
    iam = cloud.client("iam")
    try:
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    except ClientError:
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    return arn


@dataclass
class Reply:
    """What a synchronous invocation was answered."""

    status: int
    payload: Any
    error: str | None
    version: str | None
    log: list[str]
    request_id: str


class Function:
    """One function of a Cloud through boto3."""

    def __init__(
        self,
        cloud: Cloud,
        source: Any,
        name: str = "f",
        handler: str = "lambda_function.handler",
        runtime: str = "python3.13",
        **configuration: Any,
    ) -> None:
        self.cloud, self.name = cloud, name
        self.client = cloud.client("lambda")
        code = source if isinstance(source, bytes) else zipped(source)
        self.arn = self.client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=role(cloud),
            Handler=handler,
            Code={"ZipFile": code},
            **configuration,
        )["FunctionArn"]

    def invoke(self, event: Any = None, **options: Any) -> Reply:
        """Invoke it and wait; the payload is read and decoded."""
        if event is not None:
            options["Payload"] = json.dumps(event)
        options.setdefault("FunctionName", self.name)
        answer = self.client.invoke(LogType="Tail", **options)
        text = answer["Payload"].read().decode()
        return Reply(
            answer["StatusCode"],
            json.loads(text) if text else None,
            answer.get("FunctionError"),
            answer.get("ExecutedVersion"),
            base64.b64decode(answer.get("LogResult", "")).decode().splitlines(),
            answer["ResponseMetadata"]["RequestId"],
        )

    def result(self, event: Any = None, **options: Any) -> Any:
        """What the handler returned; a failure is a failure of the test."""
        reply = self.invoke(event, **options)
        assert reply.error is None, reply.payload
        return reply.payload

    def change(self, **configuration: Any) -> None:
        """UpdateFunctionConfiguration."""
        self.client.update_function_configuration(FunctionName=self.name, **configuration)

    def change_code(self, source: Any) -> None:
        """UpdateFunctionCode."""
        self.client.update_function_code(FunctionName=self.name, ZipFile=zipped(source))

    def publish(self) -> str:
        """PublishVersion: the number of the version."""
        version: str = self.client.publish_version(FunctionName=self.name)["Version"]
        return version


def runs(cloud: Cloud, name: str | None = None) -> list[dict[str, Any]]:
    """The runs in the trail, in the order of their starts: parameters, response, error, time_s, duration_s in one."""
    trail = cloud.trail
    rows = trail[(trail.actor == "lambda") & (trail.operation == "Invocation")]
    return [
        {
            **row.parameters,
            **(row.response or {}),
            "error": row.error,
            "time_s": row.time_s,
            "duration_s": row.duration_s,
        }
        for row in rows.itertuples()
        if name in (None, row.parameters["FunctionName"])
    ]
