# fails: neighbours
def connect(sqs, lambda_, function_arn, need):
    aside = sqs.create_queue(QueueName="jobs-aside")["QueueUrl"]
    queue = sqs.create_queue(
        QueueName="jobs",
        Attributes={
            "VisibilityTimeout": str(6 * need["run_at_most_s"]),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn(sqs, aside), "maxReceiveCount": str(need["tries"])}),
        },
    )["QueueUrl"]
    lambda_.create_event_source_mapping(
        EventSourceArn=arn(sqs, queue),
        FunctionName=function_arn,
        BatchSize=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    return {"queue": queue, "aside": aside}


def arn(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
