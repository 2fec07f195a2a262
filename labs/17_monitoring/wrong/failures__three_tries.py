# fails: shut
def route_failures(events, sqs, bus_name, need):
    """Bring failed deployments to a queue, and keep what happened for a replay.

    need: the states and numbers of the text, as a dict. Returns {"queue": URL, "failures": URL}.
    """
    queue, queue_arn = open_queue(sqs, "failed-deployments")
    failures, failures_arn = open_queue(sqs, "undelivered")
    pattern = {
        "source": ["pelican.deploy"],
        "detail-type": ["Deployment"],
        "detail": {"state": need["states"]},
    }
    events.put_rule(Name=RULE, EventBusName=bus_name, EventPattern=json.dumps(pattern))
    target = {
        "Id": "queue",
        "Arn": queue_arn,
        "RetryPolicy": {"MaximumEventAgeInSeconds": need["stale_min"] * 60, "MaximumRetryAttempts": 3},
        "DeadLetterConfig": {"Arn": failures_arn},
    }
    events.put_targets(Rule=RULE, EventBusName=bus_name, Targets=[target])

    bus = events.describe_event_bus(Name=bus_name)["Arn"]
    events.create_archive(
        ArchiveName=bus_name,
        EventSourceArn=bus,
        EventPattern=json.dumps(pattern),
        RetentionDays=need["replay_days"],
    )
    return {"queue": queue, "failures": failures}


def replay(events, bus_name, start, end):
    """Let the failed deployments of a window come again."""
    rule = events.describe_rule(Name=RULE, EventBusName=bus_name)["Arn"]
    events.start_replay(
        ReplayName=f"again-{time.time():.0f}",  # a name is used once
        EventSourceArn=events.describe_archive(ArchiveName=bus_name)["ArchiveArn"],
        EventStartTime=start,
        EventEndTime=end,
        # To our rule only: the board has seen them.
        Destination={"Arn": events.describe_event_bus(Name=bus_name)["Arn"], "FilterArns": [rule]},
    )


RULE = "failed-deployments"


def open_queue(sqs, name):
    """A queue to which EventBridge may send: its URL and ARN."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn
