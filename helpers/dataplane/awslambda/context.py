"""The context object that a handler gets as its second argument.

Page: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from __future__ import annotations

import json
import time
from typing import Any


class Identity:
    """Who called, for a call by the AWS Mobile SDK with Amazon Cognito; None otherwise."""

    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


class Client:
    """The mobile application that called."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.installation_id = given.get("installation_id")
        self.app_title = given.get("app_title")
        self.app_version_name = given.get("app_version_name")
        self.app_version_code = given.get("app_version_code")
        self.app_package_name = given.get("app_package_name")


class ClientContext:
    """What the caller gave as ClientContext."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.client = Client(given.get("client") or {})
        self.custom = given.get("custom")
        self.env = given.get("env")


class Context:
    """What a handler can ask about its invocation."""

    def __init__(
        self,
        *,
        request_id: str,
        function_name: str,
        version: str,
        arn: str,
        memory_mb: int,
        log_group: str,
        log_stream: str,
        deadline_us: int,
        client_context: str = "",
    ) -> None:
        self.aws_request_id = request_id
        self.function_name = function_name
        self.function_version = version
        self.invoked_function_arn = arn
        self.memory_limit_in_mb = str(memory_mb)
        self.log_group_name = log_group
        self.log_stream_name = log_stream
        self.identity = Identity()
        self.client_context = ClientContext(json.loads(client_context)) if client_context else None
        self.tenant_id: str | None = None
        self._deadline_ms = deadline_us // 1_000

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the timeout."""
        return max(0, self._deadline_ms - int(time.time() * 1_000))

    def log(self, message: object) -> None:
        """Write to the function's log."""
        print(message)  # noqa: T201  # standard output is the log

    def __repr__(self) -> str:
        return (
            f"LambdaContext([aws_request_id={self.aws_request_id},log_group_name={self.log_group_name},"
            f"log_stream_name={self.log_stream_name},function_name={self.function_name},"
            f"memory_limit_in_mb={self.memory_limit_in_mb},function_version={self.function_version},"
            f"invoked_function_arn={self.invoked_function_arn},client_context={self.client_context}])"
        )
