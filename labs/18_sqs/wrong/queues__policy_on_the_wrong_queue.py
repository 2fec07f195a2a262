# fails: aside, kept
def create_queues(sqs, need):
    retention = str((need["closed_days"] + need["readable_days"]) * 86_400)
    timeout_s = need["at_once"] * need["job_s"] + 5
    attributes = {"VisibilityTimeout": str(timeout_s), "MessageRetentionPeriod": retention}
    orders = sqs.create_queue(QueueName="orders", Attributes=attributes)["QueueUrl"]
    known = sqs.get_queue_attributes(QueueUrl=orders, AttributeNames=["QueueArn"])
    # the queue of failures says where its messages come from
    redrive = {"deadLetterTargetArn": known["Attributes"]["QueueArn"], "maxReceiveCount": need["tries"]}
    failures = sqs.create_queue(
        QueueName="order-failures",
        Attributes={"MessageRetentionPeriod": retention, "RedrivePolicy": json.dumps(redrive)},
    )["QueueUrl"]
    return {"orders": orders, "failures": failures}
