"""The failure labs of section 19 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import Diagnosis, verify_diagnosis
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s19_sns.diagnoses import DIAGNOSES

NO_DEAD_LETTERS, EIGHTY_RETRIES = DIAGNOSES


@pytest.mark.slow
@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
def test_a_failure_lab_is_sound(diagnosis: Diagnosis) -> None:
    beliefs = [one.id for one in load_misconceptions("19_sns")]
    assert verify_diagnosis(diagnosis, beliefs) == []


@pytest.mark.parametrize(
    ("without_delay", "attempts", "last_s", "well"), [(51, 81, 580, False), (50, 81, 600, True)]
)
def test_the_retries_that_wait_have_to_outlast_the_restart(
    without_delay: int, attempts: int, last_s: int, well: bool
) -> None:
    after = EIGHTY_RETRIES.broken.changed(without_delay=without_delay).outcome()
    assert (after.summary["attempts"], after.summary["last_attempt_s"]) == (attempts, last_s)
    assert EIGHTY_RETRIES.well(after.run.values, after.measurements) is well
    assert EIGHTY_RETRIES.mend.accepts(without_delay) is well


def test_the_rows_that_count_are_those_of_the_60_lost_orders_and_60_hasty_retries() -> None:
    for diagnosis in DIAGNOSES:
        assert len(diagnosis.evidence(diagnosis.broken.outcome().trail)) == 60
