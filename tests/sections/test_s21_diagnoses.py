"""The failure labs of section 21 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import Diagnosis, verify_diagnosis
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s21_lambda.diagnoses import DIAGNOSES

MISCONCEPTIONS = [one.id for one in load_misconceptions("21_lambda")]


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
@pytest.mark.slow
def test_a_failure_lab_is_sound(diagnosis: Diagnosis) -> None:
    assert verify_diagnosis(diagnosis, MISCONCEPTIONS) == []


def find(name: str) -> Diagnosis:
    return next(one for one in DIAGNOSES if one.id == f"21_lambda.{name}")


def test_the_numbers_of_the_invoices_are_those_of_the_run() -> None:
    """100 orders, five bad, in different batches: 15 runs fail, and 5 × 9 good orders are set aside."""
    invoices = find("sent_twice")
    outcome = invoices.broken.outcome()
    assert len(invoices.evidence(outcome.trail)) == outcome.summary["failed_batches"] == 15
    assert (outcome.summary["set_aside"], outcome.summary["good_set_aside"]) == (50, 45)
    assert (outcome.summary["invoiced_twice"], outcome.summary["peak"]) == (29, 10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [{"visibility_timeout_s": 720}, {"max_receive_count": 5}, {"max_concurrency": "2"}, {"timeout_s": 60}],
    ids=str,
)
def test_no_other_setting_saves_the_good_orders(change: dict[str, object]) -> None:
    """What the replies to the wrong causes say."""
    after = find("sent_twice").broken.changed(**change).outcome()
    assert after.summary["good_set_aside"] == 45
    assert after.summary["invoiced_twice"] >= 29


def test_batches_of_one_order_would_cost_ten_times_the_connections() -> None:
    invoices = find("sent_twice")
    mended = invoices.broken.changed(partial_responses=True).outcome().summary
    single = invoices.broken.changed(batch_size=1).outcome()
    assert (single.summary["good_set_aside"], single.summary["invoiced_twice"]) == (0, 0)
    assert (mended["invocations"], single.summary["invocations"]) == (14, 110)
    assert not invoices.well(single.run.values, single.measurements)


@pytest.mark.slow
def test_every_number_of_retries_is_judged_as_its_run_shows() -> None:
    """Split in 12 s, the report waits 1, 2, 4, ... s more; what stands behind it is read up to a minute late with 5."""
    trucks = find("stuck_shard")
    for value in range(-1, 11):
        after = trucks.broken.changed(max_retries=value).outcome()
        assert trucks.well(after.run.values, after.measurements) is trucks.mend.accepts(value), value


def test_the_numbers_of_the_trucks_are_those_of_the_run() -> None:
    trucks = find("stuck_shard")
    outcome = trucks.broken.outcome()
    summary = outcome.summary
    assert len(trucks.evidence(outcome.trail)) == summary["tries_alone"] == 9
    assert (summary["tries"], summary["held_trucks"], summary["told"]) == (12, 8, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [{"max_record_age_s": "60"}, {"max_record_age_s": "120"}, {"parallelization": 10}, {"batch_size": 1}],
    ids=str,
)
def test_no_other_setting_of_the_mapping_keeps_the_map_young_and_whole(change: dict[str, object]) -> None:
    trucks = find("stuck_shard")
    after = trucks.broken.changed(**change).outcome()
    assert not trucks.well(after.run.values, after.measurements)
    if "max_record_age_s" in change:
        assert after.summary["good_given_up"] > 0
