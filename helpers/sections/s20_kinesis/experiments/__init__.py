"""The experiments of section 20, in the order in which its notebook uses them."""

from helpers.sections.s20_kinesis.experiments.firehose import Firehose
from helpers.sections.s20_kinesis.experiments.hot_shard import HotShard
from helpers.sections.s20_kinesis.experiments.kcl import Kcl
from helpers.sections.s20_kinesis.experiments.on_demand import OnDemand
from helpers.sections.s20_kinesis.experiments.readers import Readers
from helpers.sections.s20_kinesis.experiments.reshard import Reshard
from helpers.sections.s20_kinesis.experiments.trucks import Trucks

EXPERIMENTS = (HotShard(), Readers(), Kcl(), Reshard(), Firehose(), Trucks(), OnDemand())
