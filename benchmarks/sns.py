"""How fast a topic fans out, against a goal. The exit code says whether it holds.

Run it with `make bench`, or `python benchmarks/sns.py`. The figure is the best of a few runs: other work on the machine
only ever adds to it.
"""

from __future__ import annotations

import json
import sys
import time

from helpers import Cloud

MESSAGES, QUEUES = 10_000, 5
MOST_S = 6.0  # real seconds for all 50,000 deliveries
RUNS = 2


def fan_out() -> float:
    """Real seconds from the first publish to the last delivery."""
    with Cloud(seed=1) as cloud:
        sns, sqs = cloud.client("sns"), cloud.client("sqs")
        topic = sns.create_topic(Name="orders")["TopicArn"]
        urls = []
        for number in range(QUEUES):
            arn = f"arn:aws:sqs:us-east-1:{cloud.account_id}:q{number}"
            allow = {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
            }
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
            urls.append(sqs.create_queue(QueueName=f"q{number}", Attributes={"Policy": policy})["QueueUrl"])
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def publisher() -> None:
            for number in range(MESSAGES):
                sns.publish(TopicArn=topic, Message=str(number))

        began = time.perf_counter()
        cloud.spawn(publisher)
        cloud.run()
        cloud.advance(1)
        took = time.perf_counter() - began
        for url in urls:
            held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            if held["Attributes"]["ApproximateNumberOfMessages"] != str(MESSAGES):
                raise SystemExit(f"{url} holds {held['Attributes']} instead of {MESSAGES:,} messages")
        return took


def main() -> None:
    took = min(fan_out() for _ in range(RUNS))
    good = took <= MOST_S
    said = "" if good else "   MISSED"
    print(f"{MESSAGES:,} messages to {QUEUES} queues   {took:5.1f} s   (goal: at most {MOST_S:g}){said}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
