# fails: every
def create_history(sns, sqs):
    """Create the topic and the queues of ledger and search. Returns {"topic": ARN, "ledger": URL, "search": URL}."""
    topic = sns.create_topic(Name="history.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    return {
        "topic": topic,
        # Only a FIFO queue keeps the order of the topic, and holds a customer's next event back.
        "ledger": queue_behind(sns, sqs, topic, "ledger.fifo", {"FifoQueue": "true"}),
        "search": queue_behind(sns, sqs, topic, "search", {}),
    }


def queue_behind(sns, sqs, topic_arn, name, attributes):
    """Create a queue that lets the topic in, and subscribe it. Returns its URL."""
    arn = topic_arn.replace(":sns:", ":sqs:").rpartition(":")[0] + ":" + name
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    url = sqs.create_queue(QueueName=name, Attributes={**attributes, "Policy": policy})["QueueUrl"]
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn)
    return url


def publish_event(sns, topic_arn, event):
    """Publish one event (a dict) to the topic."""
    sns.publish(
        TopicArn=topic_arn,
        Message=json.dumps(event),
        MessageGroupId=event["customer"],  # one line a customer
        MessageDeduplicationId=str(event["number"]),
    )
