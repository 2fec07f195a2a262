"""The URL of a queue, by which the SQS API names it.

Page: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
"""

from __future__ import annotations


def queue_url(arn: str) -> str:
    """The URL of the queue with this ARN. Raises ValueError if that is none."""
    _, _, _, region, account_id, name = arn.split(":", 5)
    return f"https://sqs.{region}.amazonaws.com/{account_id}/{name}"
