"""The numbers of SQS, each with the page that gives it, and the checks of queue attributes.

GUIDE is https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/, API its sister APIReference/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from helpers.dataplane.sqs import errors

SECOND_US = 1_000_000

MAXIMUM_MESSAGE_BYTES = 1_048_576  # GUIDE/quotas-messages.html; a batch has the same limit in all
MAXIMUM_ATTRIBUTES = 10  # GUIDE/sqs-message-metadata.html
BATCH_ENTRIES = 10  # GUIDE/quotas-messages.html
RECEIVE_MESSAGES = 10  # API/API_ReceiveMessage.html
MAXIMUM_VISIBILITY_S = 43_200  # GUIDE/quotas-messages.html
MAXIMUM_DELAY_S = 900  # GUIDE/quotas-queues.html
MAXIMUM_WAIT_S = 20  # GUIDE/quotas-queues.html
DEDUPLICATION_US = 300 * SECOND_US  # GUIDE/using-messagededuplicationid-property.html
ATTEMPT_US = 300 * SECOND_US  # API/API_ReceiveMessage.html, ReceiveRequestAttemptId
PURGE_US = 60 * SECOND_US  # API/API_PurgeQueue.html
NAME_REUSE_US = 60 * SECOND_US  # API/API_DeleteQueue.html
MOVE_RATE = 500  # messages a second, API/API_StartMessageMoveTask.html
FIFO_CALLS = 300  # calls a second and action, GUIDE/quotas-messages.html

# High throughput for FIFO queues, calls a second and action without batching (GUIDE/quotas-messages.html).
HIGH_THROUGHPUT_CALLS = {
    "us-east-1": 70_000, "us-west-2": 70_000, "eu-west-1": 70_000,
    "us-east-2": 19_000, "eu-central-1": 19_000,
    "ap-south-1": 9_000, "ap-southeast-1": 9_000, "ap-southeast-2": 9_000, "ap-northeast-1": 9_000,
    "eu-west-2": 4_500, "sa-east-1": 4_500,
}  # fmt: skip
HIGH_THROUGHPUT_ELSEWHERE = 2_400

# API/API_CreateQueue.html, API/API_SetQueueAttributes.html
RANGES: dict[str, tuple[int, int]] = {
    "VisibilityTimeout": (0, MAXIMUM_VISIBILITY_S),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, MAXIMUM_DELAY_S),
    "ReceiveMessageWaitTimeSeconds": (0, MAXIMUM_WAIT_S),
    "MaximumMessageSize": (1_024, MAXIMUM_MESSAGE_BYTES),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "FifoQueue": ("true", "false"),
    "ContentBasedDeduplication": ("true", "false"),
    "SqsManagedSseEnabled": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
OTHERS = ("Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId")
FIFO_ONLY = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")

TOKEN = re.compile(r"[a-zA-Z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
"""Group, deduplication and attempt ids: 1 to 128 letters, digits and punctuation marks (API/API_SendMessage.html)."""

ENTRY_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
"""Id of a batch entry: 1 to 80 letters, digits, hyphens and underscores (GUIDE/quotas-messages.html)."""

SYSTEM_ATTRIBUTES = (
    "SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
    "MessageDeduplicationId", "MessageGroupId", "AWSTraceHeader", "SequenceNumber", "DeadLetterQueueSourceArn",
)  # fmt: skip
"""Message system attributes that ReceiveMessage returns, in the order of moto's reply."""


def check_attributes(attributes: Mapping[str, Any], fifo: bool) -> None:
    """Refuse attributes that CreateQueue or SetQueueAttributes must not accept for a queue of this type.

    Raises InvalidAttributeName for an attribute that SQS does not know (or knows on FIFO queues only), and
    InvalidAttributeValue for a value out of range. AWS: API/API_CreateQueue.html.
    """
    for name, value in attributes.items():
        if name in RANGES:
            _check_range(name, value)
        elif name in CHOICES:
            if name in FIFO_ONLY and not fifo:
                raise errors.unknown_attribute(name)
            if str(value) not in CHOICES[name]:
                raise errors.invalid_attribute(name)
        elif name not in OTHERS:
            raise errors.unknown_attribute(name)


def check_high_throughput(scope: str, limit: str) -> None:
    """The per-group throughput limit is allowed only with deduplication per group (API/API_CreateQueue.html)."""
    if limit == "perMessageGroupId" and scope != "messageGroup":
        raise errors.invalid_attribute("FifoThroughputLimit")


def _check_range(name: str, value: Any) -> None:
    low, high = RANGES[name]
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise errors.invalid_attribute(name) from None
    if not low <= number <= high:
        raise errors.invalid_attribute(name)


def as_json(name: str, text: str) -> dict[str, Any]:
    """A policy attribute as a dictionary; "" is an empty one. Raises InvalidAttributeValue if it is no JSON object."""
    try:
        policy = json.loads(text) if text else {}
    except ValueError:
        raise errors.invalid_attribute(name) from None
    if not isinstance(policy, dict):
        raise errors.invalid_attribute(name)
    return policy


def high_throughput_calls(region: str) -> int:
    """Calls a second and action that a FIFO queue in high-throughput mode takes in this Region."""
    return HIGH_THROUGHPUT_CALLS.get(region, HIGH_THROUGHPUT_ELSEWHERE)
