"""Lambda as AWS documents it."""

from helpers.dataplane.awslambda.plane import Lambda

__all__ = ["Lambda"]
