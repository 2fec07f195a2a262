"""Amazon EventBridge as AWS documents it: buses, rules, targets, retries, dead letters, schedules, archives.

moto holds the configuration; what happens to events happens here. The rules come from the EventBridge User Guide
(GUIDE = https://docs.aws.amazon.com/eventbridge/latest/userguide/) and the API reference
(API = .../latest/APIReference/).
"""

from helpers.dataplane.events.models import Models
from helpers.dataplane.events.plane import EventBridge

__all__ = ["EventBridge", "Models"]
