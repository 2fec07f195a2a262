"""CloudTrail: the event history, and trails that deliver events to a bucket, a log group and EventBridge.

moto holds the trails' settings; the events are the calls in the Cloud's own trail.
GUIDE = https://docs.aws.amazon.com/awscloudtrail/latest/userguide/,
API = https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/
"""

from helpers.dataplane.cloudtrail.plane import CloudTrail

__all__ = ["CloudTrail"]
