"""The experiments of section 20, in the order in which its notebook uses them."""

from helpers.sections.s20_kinesis.experiments.hot_shard import HotShard

EXPERIMENTS = (HotShard(),)
