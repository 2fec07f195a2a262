# fails: busy
def create_alarms(cloudwatch, need):
    """Make an alarm for each printer.

    need: the numbers and names of the text, as a dict. Returns nothing.
    """
    for printer in need["printers"]:
        cloudwatch.put_metric_alarm(
            AlarmName=need["prefix"] + printer,
            Namespace="Pelican/Printers",
            MetricName="Pages",
            # All dimensions that the printers write: a metric is what its dimensions say, exactly.
            Dimensions=[{"Name": "Site", "Value": need["site"]}, {"Name": "Printer", "Value": printer}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1 + need["pause_min"] // 4,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
            # A stuck printer writes nothing, so it is the silence that has to count.
            TreatMissingData="breaching",
        )


def create_pager(events, sqs, need):
    """Bring the alarms of printers that fire to a queue, and return its URL."""
    url = sqs.create_queue(QueueName="pager")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    # The queue has to let EventBridge in. PutTargets does not look whether it does.
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        # Patterns compare letter by letter, also upper and lower case.
        "detail": {"alarmName": [{"prefix": need["prefix"]}], "state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name="pager", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="pager", Targets=[{"Id": "pager", "Arn": arn}])
    return url
