"""A reader of resource policies: may this principal do that? For deliveries to queues and functions, and for checks.
And the policy that experiments and labs give to a queue behind a service.

It knows what such a policy needs: Effect, Principal, Action, Resource, and the string and ARN conditions.
AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class UnreadablePolicy(ValueError):
    """The policy has something that this reader does not know; the message is one sentence."""


class Caller(NamedTuple):
    """Who asks: kind "Service" or "AWS", and the names under which a policy may mean it."""

    kind: str
    names: tuple[str, ...]


def service(name: str) -> Caller:
    """A service principal, such as s3.amazonaws.com."""
    return Caller("Service", (name,))


def user(account: str, name: str) -> Caller:
    """An IAM user of an account."""
    return Caller("AWS", (f"arn:aws:iam::{account}:user/{name}", f"arn:aws:iam::{account}:root", account))


def of_queue(queue_arn: str, sender: str, source_arn: str = "") -> str:
    """The policy of a queue, as JSON text, that lets the service `sender`, such as sns.amazonaws.com, send to it; on
    behalf of `source_arn` alone, if that is given.

    Pages: https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html,
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": sender},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
    }
    if source_arn:
        statement["Condition"] = {"ArnEquals": {"aws:SourceArn": source_arn}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allows(text: str, caller: Caller, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether the policy (as JSON text) allows it: some statement does, and none denies it.

    `context` are the condition keys that the request carries. Raises UnreadablePolicy.
    """
    try:
        statements = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise UnreadablePolicy("The access policy is not a JSON object with a Statement.") from None
    effects = [
        one.get("Effect") for one in _listed(statements) if _matches(one, caller, action, resource, context)
    ]
    return "Allow" in effects and "Deny" not in effects


def _matches(
    one: dict[str, Any], caller: Caller, action: str, resource: str, context: Mapping[str, str]
) -> bool:
    for key in ("NotPrincipal", "NotAction", "NotResource"):
        if key in one:
            raise UnreadablePolicy(f"This check does not read {key}: say what is allowed instead.")
    actions = [str(name).lower() for name in _listed(one.get("Action", ()))]
    return (
        _is_meant(one.get("Principal"), caller)
        and any(fnmatchcase(action.lower(), name) for name in actions)
        and any(fnmatchcase(resource, str(name)) for name in _listed(one.get("Resource", "*")))
        and all(_holds(operator, wanted, context) for operator, wanted in one.get("Condition", {}).items())
    )


def _is_meant(principal: Any, caller: Caller) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if "*" in _listed(principal.get("AWS", ())):  # in a resource policy the same as a bare "*"
        return True
    names = [str(name) for name in _listed(principal.get(caller.kind, ()))]
    return any(name == "*" or name in caller.names for name in names)


def _holds(operator: str, wanted: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    if_exists = operator.endswith("IfExists")
    base = operator.removesuffix("IfExists")
    if base not in _OPERATORS:
        raise UnreadablePolicy(f"This check does not read the condition operator {operator}.")
    keys = {key.lower(): value for key, value in context.items()}
    for key, values in wanted.items():
        if key.lower() not in keys:
            if if_exists:
                continue
            return False
        if not any(_OPERATORS[base](keys[key.lower()], str(value)) for value in _listed(values)):
            return False
    return True


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda have, want: have == want,
    "StringEqualsIgnoreCase": lambda have, want: have.lower() == want.lower(),
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,  # as ArnLike does, it takes * and ?
    "ArnLike": fnmatchcase,
    "Bool": lambda have, want: have.lower() == want.lower(),
}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
