"""Lambda as AWS documents it: a function's real Python handler, its environments, its limits, in virtual time.

moto keeps functions, versions, aliases and mappings; what happens when a function is invoked happens here. The rules
come from the Lambda Developer Guide (DG = https://docs.aws.amazon.com/lambda/latest/dg/) and the API reference
(API = https://docs.aws.amazon.com/lambda/latest/api/); each is named where it is carried out and listed in
`helpers.dataplane.rules`.
"""

from helpers.dataplane.awslambda.invocation import Ending, Invocation
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.package import zipped
from helpers.dataplane.awslambda.plane import Lambda

__all__ = ["Ending", "Invocation", "Lambda", "Models", "zipped"]
