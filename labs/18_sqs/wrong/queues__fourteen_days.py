# fails: kept
def create_queues(sqs, need):
    """Create the two queues of the shop.

    need: the numbers of the text, as a dict. Returns {"orders": URL, "failures": URL}.
    """
    # On a standard queue the age of a message counts from its first send, also in the dead-letter queue. So both
    # queues keep messages for the days of the holidays and the days to read them.
    retention = str(14 * 86_400)  # as long as possible
    failures = sqs.create_queue(
        QueueName="order-failures",
        Attributes={"MessageRetentionPeriod": retention},
    )["QueueUrl"]
    known = sqs.get_queue_attributes(QueueUrl=failures, AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": known["Attributes"]["QueueArn"], "maxReceiveCount": need["tries"]}

    # All orders of a receive are timed from that receive, and the last one waits for the others. Not much longer than
    # that: a crashed worker's orders stay hidden for the rest of the timeout.
    timeout_s = need["at_once"] * need["job_s"] + 5
    orders = sqs.create_queue(
        QueueName="orders",
        Attributes={
            "VisibilityTimeout": str(timeout_s),
            "MessageRetentionPeriod": retention,
            "RedrivePolicy": json.dumps(redrive),
        },
    )["QueueUrl"]
    return {"orders": orders, "failures": failures}
