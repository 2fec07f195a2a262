"""Amazon SQS as AWS documents it: the messages, their timeouts, order, limits and moves, in virtual time.

moto keeps the queues and their attributes; what happens to messages happens here. The rules come from the SQS Developer
Guide (GUIDE = https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/) and the API reference
(API = .../latest/APIReference/); each is named where it is carried out and listed in `helpers.dataplane.rules`.
"""

from helpers.dataplane.sqs.models import Models
from helpers.dataplane.sqs.plane import Sqs

__all__ = ["Models", "Sqs"]
