"""CloudWatch Logs Insights: queries over the events of log groups.

LOGS = https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/, API =
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
"""

from helpers.dataplane.cloudwatch.logs.insights.queries import Insights

__all__ = ["Insights"]
