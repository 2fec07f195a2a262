"""Rows of a trail, as experiments read them."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from helpers import Cloud
from helpers.experiments import CallRow, calls, plural
from helpers.experiments.calls import call_rows


def test_a_row_holds_what_was_asked_and_what_came_back() -> None:
    with Cloud() as cloud:
        cloud.api_latency_s = 0.5
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
        with pytest.raises(ClientError):
            sqs.get_queue_url(QueueName="none")
        made, refused = calls(cloud.trail)
    assert made.response["QueueUrl"] == url
    assert made[:6] == (0.0, 0.5, "main", "sqs", "CreateQueue", {"QueueName": "jobs"})
    code = "AWS.SimpleQueueService.NonExistentQueue"
    assert refused == CallRow(0.5, 1.0, "main", "sqs", "GetQueueUrl", {"QueueName": "none"}, {}, code, 1)


def test_rows_are_the_same_without_the_table() -> None:
    with Cloud() as cloud:
        cloud.api_latency_s = 0.1
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="jobs")["QueueUrl"]

        def worker() -> None:
            time.sleep(1 / 3)
            sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2)

        for _ in range(3):
            cloud.spawn(worker)
        cloud.run(5)
        assert len(call_rows(cloud.attempts)) == 4
        assert call_rows(cloud.attempts) == calls(cloud.trail)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (plural(0, "message"), "no messages"),
        (plural(1, "message"), "1 message"),
        (plural(3, "try", "tries"), "3 tries"),
    ],
)
def test_a_number_has_its_word(words: str, said: str) -> None:
    assert words == said
