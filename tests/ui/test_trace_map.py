"""The map of a cloud's traces as a picture."""

from __future__ import annotations

from helpers import Cloud, trace_map
from helpers.dataplane.xray import traces


def test_the_map_names_who_called_whom() -> None:
    with Cloud(seed=17) as cloud:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="work")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x")
        sqs.send_message(QueueUrl=url, MessageBody="y")
        still = trace_map(traces(cloud)).still()
    assert still.text == still.alt == "2 traces, 2 services and resources. main to work, 2; no failures."
    assert still.png is not None
    assert still.png.startswith(b"\x89PNG")


def test_no_trace_is_an_empty_map() -> None:
    assert trace_map([]).still().text == "0 traces, 0 services and resources. no calls; no failures."
