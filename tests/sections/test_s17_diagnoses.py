"""The failure labs of section 17 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import Diagnosis, verify_diagnosis
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s17_monitoring.diagnoses import DIAGNOSES, ENOUGH


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
@pytest.mark.slow
def test_a_failure_lab_is_sound(diagnosis: Diagnosis) -> None:
    assert verify_diagnosis(diagnosis, [one.id for one in load_misconceptions("17_monitoring")]) == []


@pytest.mark.parametrize(
    ("treatment", "alarms", "last"),
    [("missing", 1, "OK"), ("ignore", 0, "OK"), ("breaching", 1, "OK"), ("notBreaching", 0, "OK")],
)
def test_the_silent_alarm_rings_where_gaps_are_not_good_points(
    treatment: str, alarms: int, last: str
) -> None:
    lab = next(one for one in DIAGNOSES if one.id == "17_monitoring.silent_alarm")
    after = lab.broken.changed(treat_missing=treatment).outcome()
    summary = after.measurements.summary
    assert (summary["alarms"], summary["last_state"], summary["breaching"]) == (alarms, last, 6)
    assert lab.well(after.run.values, after.measurements) is lab.mend.accepts(treatment)


def test_lost_events_shows_the_last_attempts_at_billing() -> None:
    lab = next(one for one in DIAGNOSES if one.id == "17_monitoring.lost_events")
    outcome = lab.broken.outcome()
    shown = outcome.trail.loc[lab.evidence(outcome.trail)]
    assert len(shown) == 3
    assert shown["error"].notna().all()
    assert shown["time_s"].between(1.6 * 3_600, 1.8 * 3_600).all()
    assert (outcome.summary["most_tries"], outcome.summary["dropped"], outcome.summary["arrived"]) == (
        21,
        3,
        3,
    )


@pytest.mark.parametrize("retries", [ENOUGH - 1, ENOUGH])
def test_lost_events_is_mended_by_enough_retries(retries: int) -> None:
    lab = next(one for one in DIAGNOSES if one.id == "17_monitoring.lost_events")
    after = lab.broken.changed(max_retry_attempts=retries).outcome()
    assert lab.well(after.run.values, after.measurements) is lab.mend.accepts(retries)


def test_a_dead_letter_queue_keeps_the_events_and_does_not_bring_them() -> None:
    lab = next(one for one in DIAGNOSES if one.id == "17_monitoring.lost_events")
    after = lab.broken.changed(dead_letters=True).outcome()
    assert after.summary["in_dead_letter_queue"] == 3
    assert not lab.well(after.run.values, after.measurements)
