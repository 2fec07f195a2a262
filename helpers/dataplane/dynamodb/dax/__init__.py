"""DynamoDB Accelerator (DAX): a cluster of nodes that keep answers of DynamoDB in memory.

AWS: GUIDE/DAX.concepts.html, GUIDE/DAX.consistency.html, GUIDE/DAX.concepts.cluster.html (GUIDE as in
`helpers.dataplane.dynamodb`).
"""

from helpers.dataplane.dynamodb.dax.client import Dax

__all__ = ["Dax"]
