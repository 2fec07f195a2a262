# fails: lasting
def create_alarm(cloudwatch, topic_arn, need):
    """Watch the backlog, and tell the topic.

    need: the numbers and names of the text, as a dict. Returns nothing.
    """
    bad = need["spell_min"] + 1
    cloudwatch.put_metric_alarm(
        AlarmName="orders-waiting",
        Namespace=need["namespace"],
        MetricName=need["metric"],
        Dimensions=[{"Name": name, "Value": value} for name, value in need["dimensions"].items()],
        Statistic="Average",
        Period=60,
        Threshold=need["limit"],
        ComparisonOperator="GreaterThanThreshold",
        DatapointsToAlarm=bad,
        EvaluationPeriods=bad,
        # The reporter reports always: silence means that it is dead.
        TreatMissingData="breaching",
        AlarmActions=[topic_arn],
        OKActions=[topic_arn],
    )
