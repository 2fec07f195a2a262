"""The numbers of SNS, each with the page that gives it.

GUIDE is https://docs.aws.amazon.com/sns/latest/dg/, API its sister api/, QUOTAS is
https://docs.aws.amazon.com/general/latest/gr/sns.html.
"""

from __future__ import annotations

import re

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US

MESSAGE_BYTES = 262_144  # QUOTAS; the default of MaximumMessageSize (API/API_SetTopicAttributes.html)
MESSAGE_BYTES_RANGE = (1_024, 1_048_576)  # API/API_SetTopicAttributes.html, MaximumMessageSize
LARGE_TOPIC_SUBSCRIPTIONS = 100  # the same, for topics that take more than 256 KiB
LARGE_TOPIC_PROTOCOLS = ("sqs", "firehose", "lambda")
BATCH_ENTRIES = 10  # API/API_PublishBatch.html
SUBJECT_CHARACTERS = 100  # API/API_Publish.html: "less than"; the service itself takes 100
RAW_ATTRIBUTES = 10  # GUIDE/sns-large-payload-raw-message-delivery.html, for queues
ATTRIBUTE_NAME_CHARACTERS = 256  # GUIDE/sns-message-attributes.html
DEDUPLICATION_US = 300 * SECOND_US  # GUIDE/fifo-message-dedup.html
TOKEN_US = 2 * DAY_US  # API/API_Subscribe.html: confirmation tokens are valid for two days
FIFO_SUBSCRIPTIONS = 100  # QUOTAS, of a FIFO topic
FILTER_POLICIES = 200  # QUOTAS, of a topic
FIREHOSE_SUBSCRIPTIONS = 5  # QUOTAS, of a topic and subscription owner
HTTP_TIMEOUT_S = 15.0  # GUIDE/SendMessageToHttp.prepare.html: approximately
EMAILS_PER_S = 10  # QUOTAS, of an e-mail subscription
FIFO_TOPIC_MESSAGES = 3_000  # QUOTAS, per second, FifoThroughputScope Topic
FIFO_TOPIC_BYTES = 20_000_000  # the same; read as 20 million bytes
FIFO_GROUP_MESSAGES = 300  # QUOTAS, per second and message group

# QUOTAS: messages per second, account and Region, to standard and to FIFO topics.
_MESSAGES = {"us-east-1": (30_000, 30_000), "us-west-2": (9_000, 9_000), "eu-west-1": (9_000, 9_000)} | dict.fromkeys(
    (
        "us-east-2", "us-west-1", "ap-south-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2",
        "ap-northeast-1", "eu-central-1",
    ),
    (1_500, 3_000),
)  # fmt: skip
_MESSAGES_ELSEWHERE = (300, 3_000)

TOKEN = re.compile(r"[a-zA-Z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
"""Group and deduplication ids: 1 to 128 letters, digits and punctuation marks (API/API_Publish.html)."""

ENTRY_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
"""Id of a batch entry (API/API_PublishBatchRequestEntry.html)."""


def messages_per_s(region: str, *, fifo: bool) -> int:
    """Messages that an account may publish per second in this Region, to topics of this type."""
    return _MESSAGES.get(region, _MESSAGES_ELSEWHERE)[fifo]
