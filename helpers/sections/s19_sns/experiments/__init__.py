"""The experiments of section 19, in the order in which its notebook uses them."""

from helpers.sections.s19_sns.experiments.fanout import Fanout
from helpers.sections.s19_sns.experiments.fifo import Fifo
from helpers.sections.s19_sns.experiments.filtering import Filtering
from helpers.sections.s19_sns.experiments.permission import Permission
from helpers.sections.s19_sns.experiments.retry import Retry

EXPERIMENTS = (Fanout(), Filtering(), Retry(), Fifo(), Permission())
