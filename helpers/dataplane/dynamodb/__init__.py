"""DynamoDb as AWS documents it."""

from helpers.dataplane.dynamodb.plane import DynamoDb

__all__ = ["DynamoDb"]
