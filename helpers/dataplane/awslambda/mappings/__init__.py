"""Event source mappings: Lambda reads queues and streams, and invokes functions with batches of records."""

from helpers.dataplane.awslambda.mappings.registry import Mappings

__all__ = ["Mappings"]
