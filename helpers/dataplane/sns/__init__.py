"""Amazon SNS: what moto leaves out of topics. moto keeps topics and subscriptions, this package delivers.

GUIDE is https://docs.aws.amazon.com/sns/latest/dg/, API its sister api/.
"""

from helpers.dataplane.sns.models import Models
from helpers.dataplane.sns.plane import Sns

__all__ = ["Models", "Sns"]
