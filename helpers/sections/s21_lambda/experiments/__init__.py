"""The experiments of section 21, in the order in which its notebook uses them."""

from helpers.sections.s21_lambda.experiments.async_retry import AsyncRetry
from helpers.sections.s21_lambda.experiments.canary import Canary
from helpers.sections.s21_lambda.experiments.cold_start import ColdStart
from helpers.sections.s21_lambda.experiments.concurrency import Concurrency
from helpers.sections.s21_lambda.experiments.memory import Memory
from helpers.sections.s21_lambda.experiments.sqs_esm import SqsEsm
from helpers.sections.s21_lambda.experiments.stream_errors import StreamErrors

EXPERIMENTS = (AsyncRetry(), SqsEsm(), StreamErrors(), Concurrency(), ColdStart(), Memory(), Canary())
