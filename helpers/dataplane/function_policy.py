"""Whether a function's resource policy lets a service invoke it.

Page: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

from helpers.cloud import Account, ServiceError
from helpers.dataplane import policy


def allows(account: Account, function_arn: str, principal: str, source_arn: str) -> bool:
    """True if the policy of the function (its ARN, a version or alias included) allows the service `principal`, such as
    "events.amazonaws.com", to invoke it on behalf of `source_arn`. Raises `policy.UnreadablePolicy`.
    """
    text = text_of(account, function_arn)
    if not text:
        return False
    context = {"aws:SourceArn": source_arn, "aws:SourceAccount": source_arn.split(":")[4]}
    caller = policy.service(principal)
    return policy.allows(text, caller, "lambda:InvokeFunction", function_arn, context)


def text_of(account: Account, function_arn: str) -> str:
    """The policy of the function (its ARN, a version or alias included) as JSON; "" if it has none, or is missing."""
    _, _, _, region, account_id, _, name, *qualifier = function_arn.split(":")
    asked = {"FunctionName": name, **({"Qualifier": qualifier[0]} if qualifier else {})}
    try:
        return str(account.ask("lambda", "GetPolicy", asked, region=region, account_id=account_id)["Policy"])
    except ServiceError:
        return ""
