"""The dead-letter queues of functions: moto forgets a function's DeadLetterConfig, so it is kept here.

Page: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html (Adding a dead-letter queue).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from helpers.cloud import Account, Call

_SETTERS = ("CreateFunction", "UpdateFunctionConfiguration")
_SHOWERS = (*_SETTERS, "GetFunctionConfiguration", "GetFunction", "PublishVersion", "ListFunctions")


class DeadLetters:
    """Where the discarded events of each function go: a queue or a topic.

    It is set on the function only; a version has the target of the unpublished version.
    """

    def __init__(self, account: Account) -> None:
        self._targets: dict[str, str] = {}
        for operation in _SETTERS:
            account.amend("lambda", operation, self._set)
        for operation in _SHOWERS:
            account.amend("lambda", operation, self._show)
        account.amend("lambda", "DeleteFunction", self._deleted)

    def target(self, function_arn: str) -> str:
        """The ARN of the queue or topic; "" if the function has none. `function_arn` has no qualifier."""
        return self._targets.get(function_arn, "")

    def _set(self, call: Call, response: dict[str, Any]) -> None:
        setting = call.parameters.get("DeadLetterConfig")
        if setting is not None:
            self._targets[_function(response["FunctionArn"])] = setting.get("TargetArn", "")

    def _show(self, _call: Call, response: dict[str, Any]) -> None:
        for configuration in _configurations(response):
            target = self.target(_function(configuration["FunctionArn"]))
            if target:
                configuration["DeadLetterConfig"] = {"TargetArn": target}

    def _deleted(self, call: Call, _response: dict[str, Any]) -> None:
        name = call.parameters["FunctionName"]
        if "Qualifier" not in call.parameters:
            for arn in [arn for arn in self._targets if arn.endswith(f":function:{name}") or arn == name]:
                del self._targets[arn]


def _function(arn: str) -> str:
    return ":".join(arn.split(":")[:7])


def _configurations(response: dict[str, Any]) -> Iterable[dict[str, Any]]:
    listed: list[dict[str, Any]] = response.get("Functions", [response.get("Configuration", response)])
    return listed
