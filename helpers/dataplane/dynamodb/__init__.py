"""Amazon DynamoDB as AWS documents it: units, throttling, indexes, streams, expiry and caches, in virtual time.

moto keeps the tables and their items and evaluates expressions; what that costs, when it is refused and what follows
from it happens here. The rules come from the DynamoDB Developer Guide (GUIDE =
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/) and the API reference (API = its
sister APIReference/); each is named where it is carried out and listed in `helpers.dataplane.rules`.
"""

from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.plane import DynamoDb

__all__ = ["DynamoDb", "Models"]
