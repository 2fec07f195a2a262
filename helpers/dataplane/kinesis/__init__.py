"""Amazon Kinesis Data Streams as AWS documents it: shards, their limits and records, resharding and enhanced fan-out.

moto keeps the streams and their tags; what happens in their shards happens here. The rules come from the developer
guide (GUIDE = https://docs.aws.amazon.com/streams/latest/dev/) and the API reference (API =
https://docs.aws.amazon.com/kinesis/latest/APIReference/); each is named where it is carried out and listed in
`helpers.dataplane.rules`. `Worker` is an application of the account that reads a stream as the Kinesis Client Library
does.
"""

from helpers.dataplane.kinesis.models import Models
from helpers.dataplane.kinesis.plane import Kinesis
from helpers.dataplane.kinesis.worker import Worker

__all__ = ["Kinesis", "Models", "Worker"]
