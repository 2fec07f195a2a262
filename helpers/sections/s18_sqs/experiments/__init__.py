"""The experiments of section 18, in the order in which its notebook uses them."""

from helpers.sections.s18_sqs.experiments.asg import Asg
from helpers.sections.s18_sqs.experiments.fifo_groups import FifoGroups
from helpers.sections.s18_sqs.experiments.poison import Poison
from helpers.sections.s18_sqs.experiments.polling import Polling
from helpers.sections.s18_sqs.experiments.visibility import Visibility

EXPERIMENTS = (Visibility(), Poison(), Polling(), FifoGroups(), Asg())
