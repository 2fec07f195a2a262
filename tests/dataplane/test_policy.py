"""The policy of a queue behind a service, as the reader of policies understands it."""

from __future__ import annotations

import json

import pytest

from helpers.dataplane import policy

QUEUE = "arn:aws:sqs:us-east-1:123456789012:work"
ORDERS, OTHER = (f"arn:aws:sns:us-east-1:123456789012:{name}" for name in ("orders", "other"))


@pytest.mark.parametrize(
    ("source", "sender", "asks", "allowed"),
    [
        (ORDERS, "sns.amazonaws.com", ORDERS, True),
        (ORDERS, "sns.amazonaws.com", OTHER, False),
        (ORDERS, "events.amazonaws.com", ORDERS, False),
        ("", "sns.amazonaws.com", OTHER, True),
        ("", "events.amazonaws.com", OTHER, False),
    ],
)
def test_policy_of_a_queue_lets_one_service_in_and_its_source_if_one_is_named(
    source: str, sender: str, asks: str, allowed: bool
) -> None:
    text = policy.of_queue(QUEUE, "sns.amazonaws.com", source)
    caller, context = policy.service(sender), {"aws:SourceArn": asks}
    assert policy.allows(text, caller, "sqs:SendMessage", QUEUE, context) is allowed
    assert not policy.allows(text, caller, "sqs:DeleteMessage", QUEUE, context)
    assert not policy.allows(text, caller, "sqs:SendMessage", QUEUE + "2", context)


def test_policy_of_a_queue_names_no_condition_without_a_source() -> None:
    (statement,) = json.loads(policy.of_queue(QUEUE, "sns.amazonaws.com"))["Statement"]
    assert "Condition" not in statement
