"""Whether a queue or a function lets a topic in, by its own policy.

Pages: GUIDE/sns-access-policy-use-cases.html, https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html.
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane import function_policy, policy
from helpers.dataplane.queue_url import queue_url
from helpers.dataplane.sns.failure import Failure, refused

_SNS = policy.service("sns.amazonaws.com")
_CHANGES = {
    "sqs": ("CreateQueue", "DeleteQueue", "SetQueueAttributes", "AddPermission", "RemovePermission"),
    "lambda": ("CreateFunction", "DeleteFunction", "AddPermission", "RemovePermission"),
    "cloudformation": ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet"),
}


class Access:
    """Reads policies once, and again after any call that may change them."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._failures: dict[tuple[str, str], Failure | None] = {}
        for service, operations in _CHANGES.items():
            for operation in operations:
                account.amend(service, operation, self._changed)

    def check_queue(self, queue_arn: str, topic_arn: str) -> None:
        """Raise a client-side Failure if the queue is missing or does not let the topic send."""
        self._check("sqs", queue_arn, topic_arn)

    def check_function(self, function_arn: str, topic_arn: str) -> None:
        """Raise a client-side Failure if the function does not let the topic invoke it, or is missing."""
        self._check("lambda", function_arn, topic_arn)

    def _check(self, service: str, target_arn: str, topic_arn: str) -> None:
        key = target_arn, topic_arn
        if key not in self._failures:
            self._failures[key] = self._judged(service, target_arn, topic_arn)
        failure = self._failures[key]
        if failure is not None:
            raise failure

    def _judged(self, service: str, target_arn: str, topic_arn: str) -> Failure | None:
        try:
            text = self._queue_policy(target_arn) if service == "sqs" else self._function_policy(target_arn)
        except ServiceError as error:
            return refused(error.code, error.message, error.status)
        action = "sqs:SendMessage" if service == "sqs" else "lambda:InvokeFunction"
        context = {
            "aws:SourceArn": topic_arn,
            "aws:SourceAccount": topic_arn.split(":")[4],
            "aws:SecureTransport": "true",
        }
        try:
            if text and policy.allows(text, _SNS, action, target_arn, context):
                return None
        except policy.UnreadablePolicy as error:
            return refused("AccessDenied", str(error), 403)
        return refused("AccessDenied", f"The policy of {target_arn} does not let {topic_arn} in.", 403)

    def _queue_policy(self, arn: str) -> str:
        _, _, _, region, account_id, _ = arn.split(":", 5)
        asked = {"QueueUrl": queue_url(arn), "AttributeNames": ["All"]}
        reply = self._account.ask("sqs", "GetQueueAttributes", asked, region=region, account_id=account_id)
        return str(reply["Attributes"].get("Policy", ""))

    def _function_policy(self, arn: str) -> str:
        _, _, _, region, account_id, _, name, *_ = arn.split(":")
        # Raises if the function is missing.
        self._account.ask(
            "lambda", "GetFunctionConfiguration", {"FunctionName": name}, region=region, account_id=account_id
        )
        return function_policy.text_of(self._account, arn)

    def _changed(self, call: Call, response: dict[str, Any]) -> None:
        self._failures.clear()
