"""The experiments of section 22, in the order in which its notebook uses them."""

from helpers.sections.s22_dynamodb.experiments.capacity import Capacity
from helpers.sections.s22_dynamodb.experiments.expiry import Expiry
from helpers.sections.s22_dynamodb.experiments.hot_key import HotKey
from helpers.sections.s22_dynamodb.experiments.locking import Locking
from helpers.sections.s22_dynamodb.experiments.modes import Modes
from helpers.sections.s22_dynamodb.experiments.scan_query import ScanQuery
from helpers.sections.s22_dynamodb.experiments.throttle import Throttle

EXPERIMENTS = (Capacity(), Throttle(), HotKey(), Modes(), ScanQuery(), Locking(), Expiry())
