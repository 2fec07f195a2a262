"""Amazon Data Firehose as AWS documents it: records are buffered and delivered to S3 in virtual time.

moto keeps the Firehose streams; what happens to their records happens here. The rules come from the developer guide
(GUIDE = https://docs.aws.amazon.com/firehose/latest/dev/) and the API reference (API =
https://docs.aws.amazon.com/firehose/latest/APIReference/); each is named where it is carried out and listed in
`helpers.dataplane.rules`. Streams with another destination than S3 are left to moto.
"""

from helpers.dataplane.firehose.models import Models
from helpers.dataplane.firehose.plane import Firehose

__all__ = ["Firehose", "Models"]
