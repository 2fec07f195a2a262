# fails: door
def connect_teams(sns, sqs, topic_arn, old_queue_url, need):
    """Give each team a queue behind the topic.

    need: {"teams": [...], "read_order": [...], "read_time": team, "has_queue": team}. Returns {team: queue URL}.
    """
    urls = {}
    for team in need["teams"]:
        if team == need["has_queue"]:
            urls[team] = old_queue_url
        else:
            urls[team] = sqs.create_queue(QueueName=f"{team}-orders")["QueueUrl"]
        arn = open_queue(sqs, urls[team], topic_arn)
        # Raw delivery puts the order itself into the body. The envelope has the time of publishing as well.
        raw = "true" if team in need["read_order"] else "false"
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})
    return urls


def open_queue(sqs, url, topic_arn):
    """Let the topic send to the queue, beside whoever may send already. Returns the queue's ARN."""
    known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])["Attributes"]
    # A queue has one policy: setting it replaces the old one, so the old statements go into the new one.
    policy = json.loads(known.get("Policy") or '{"Version": "2012-10-17", "Statement": []}')
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": known["QueueArn"],
            "Condition": {"ArnLike": {"aws:SourceArn": topic_arn + "*"}},
        }
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return known["QueueArn"]
