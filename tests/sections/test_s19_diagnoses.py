"""The failure labs of section 19 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import verify_diagnosis
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s19_sns.diagnoses import DIAGNOSES


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
@pytest.mark.slow
def test_a_failure_lab_is_sound(diagnosis: object) -> None:
    beliefs = [one.id for one in load_misconceptions("19_sns")]
    assert verify_diagnosis(diagnosis, beliefs) == []
