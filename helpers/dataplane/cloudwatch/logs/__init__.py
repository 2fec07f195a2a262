"""What CloudWatch Logs does with events by itself: metric filters, embedded metrics, subscriptions, retention.

moto holds groups, streams and events. LOGS = https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/
"""

from helpers.dataplane.cloudwatch.logs.plane import Logs

__all__ = ["Logs"]
