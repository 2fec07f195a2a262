"""The failure labs of section 18 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import verify_diagnosis
from helpers.sections.s18_sqs.diagnoses import DIAGNOSES


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
@pytest.mark.slow
def test_a_failure_lab_is_sound(diagnosis: object) -> None:
    assert verify_diagnosis(diagnosis) == []


@pytest.mark.slow
@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
def test_every_value_of_the_setting_is_judged_as_its_run_shows(diagnosis: object) -> None:
    """Not only those at even distances: every small value, where the answer turns."""
    broken = diagnosis.broken
    mend, well = diagnosis.mend, diagnosis.well
    for value in range(1, 9):
        after = broken.changed(**{mend.parameter: value}).outcome()
        assert well(after.run.values, after.measurements) is mend.accepts(value), value
