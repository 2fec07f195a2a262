# fails: lines
def watch_errors(logs, cloudwatch, log_group, topic_arn, need):
    """Count the errors of a step, tell the topic if there are too many, and keep lines for as long as is asked.

    need: the numbers and the step of the text, as a dict. Returns nothing.
    """
    # Only some numbers of days are allowed: the first one that is enough.
    allowed = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
    days = next(days for days in allowed if days >= need["kept_days"])
    logs.put_retention_policy(logGroupName=log_group, retentionInDays=days)

    metric = {"metricNamespace": "Pelican/Errors", "metricName": f"{log_group}-{need['step']}"}
    logs.put_metric_filter(
        logGroupName=log_group,
        filterName=f"errors-{need['step']}",
        filterPattern='"ERROR"',
        # A line without an error says "none". Without it there is no data, and the alarm goes by what is long over.
        metricTransformations=[{**metric, "metricValue": "1", "defaultValue": 0}],
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"errors-{need['step']}",
        Namespace=metric["metricNamespace"],
        MetricName=metric["metricName"],
        Statistic="Sum",
        Period=need["window_min"] * 60,
        EvaluationPeriods=1,
        Threshold=need["most"],
        ComparisonOperator="GreaterThanThreshold",
        # At night there is no line at all. That is no trouble.
        TreatMissingData="notBreaching",
        AlarmActions=[topic_arn],
        OKActions=[topic_arn],
    )
