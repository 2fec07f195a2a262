# fails: bothered
def connect_warehouse(sns, sqs, topic_arn, hook, dead_url, need):
    """Subscribe the web server of the warehouse to the topic, with retries and a dead-letter queue.

    need: {"restart_min": minutes, "soon_s": seconds, "requests": int, "stale_min": minutes}. Returns the ARN of the
    subscription.
    """
    known = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]
    # What counts is how long the retries last: a little longer than a restart. As far apart as an order may wait after
    # the restart, so that they are few.
    pause_s = max(10, need["restart_min"] * 60 // 98)
    retries = {
        "numRetries": need["restart_min"] * 60 // pause_s + 1,
        "minDelayTarget": pause_s,
        "maxDelayTarget": pause_s,
    }
    subscription = sns.subscribe(
        TopicArn=topic_arn,
        Protocol="https",
        Endpoint=hook,
        ReturnSubscriptionArn=True,
        Attributes={
            "DeliveryPolicy": json.dumps({"healthyRetryPolicy": retries}),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": known["QueueArn"]}),
        },
    )["SubscriptionArn"]
    source = topic_arn  # SNS delivers in the name of the topic, dead letters too
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": known["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=dead_url, Attributes={"Policy": policy})
    return subscription
