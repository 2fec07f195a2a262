"""The experiments of section 18, in the order in which its notebook uses them."""

from helpers.sections.s18_sqs.experiments.visibility import Visibility

EXPERIMENTS = (Visibility(),)
