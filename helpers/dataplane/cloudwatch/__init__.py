"""Amazon CloudWatch as AWS documents it: metrics with their resolutions and statistics, alarms that are evaluated in
virtual time and act, and (`helpers.dataplane.cloudwatch.logs`) what CloudWatch Logs does with events by itself.

The rules come from the CloudWatch User Guide (GUIDE = https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/),
the API reference (API = .../latest/APIReference/) and the Logs guide (LOGS = .../latest/logs/); each is named where it
is carried out and listed in `helpers.dataplane.rules`.
"""

from helpers.dataplane.cloudwatch.models import Models
from helpers.dataplane.cloudwatch.plane import CloudWatch

__all__ = ["CloudWatch", "Models"]
