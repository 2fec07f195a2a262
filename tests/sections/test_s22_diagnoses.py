"""The failure labs of section 22 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import Diagnosis, verify_diagnosis
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s22_dynamodb.diagnoses import DIAGNOSES

MISCONCEPTIONS = [one.id for one in load_misconceptions("22_dynamodb")]


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
@pytest.mark.slow
def test_a_failure_lab_is_sound(diagnosis: Diagnosis) -> None:
    assert verify_diagnosis(diagnosis, MISCONCEPTIONS) == []


def find(name: str) -> Diagnosis:
    return next(one for one in DIAGNOSES if one.id == f"22_dynamodb.{name}")


def test_the_index_is_judged_as_its_run_shows_where_the_answer_turns() -> None:
    """Ten quiet seconds save 10 r units for an index of r a second, and a rush of 150 s lacks 150 (30 - r)."""
    orders = find("half_used_and_throttled")
    assert min(r for r in range(1, 81) if 10 * r >= 150 * (30 - r)) == 29
    for value in (0, 27, 28, 29, 30, 31):
        after = orders.broken.changed(gsi_wcu=value).outcome()
        assert orders.well(after.run.values, after.measurements) is orders.mend.accepts(value), value


def test_no_other_setting_of_the_table_or_the_client_saves_the_orders() -> None:
    """What the replies to the wrong causes say."""
    broken = find("half_used_and_throttled").broken
    lost = broken.outcome().summary["lost"]
    assert broken.changed(wcu=80).outcome().summary["lost"] == lost
    assert broken.changed(attempts=6).outcome().summary["lost"] == lost


def test_the_evidence_of_the_tickets_is_each_second_sale_to_a_buyer() -> None:
    """28 accepted writes for 24 sales: four of them are evidence, and each follows a repeated call that was refused."""
    tickets = find("tickets_gone")
    outcome = tickets.broken.outcome()
    rows = tickets.evidence(outcome.trail)
    assert len(rows) == outcome.summary["counted_twice"] == 4
    for row in rows:
        again = outcome.trail.loc[row, "parameters"]["ExpressionAttributeValues"]
        of_clerk = outcome.trail[outcome.trail["actor"] == outcome.trail.loc[row, "actor"]].loc[: row - 1]
        writes = of_clerk[of_clerk["operation"] == "UpdateItem"]
        assert writes["error"].iloc[-1] == "ConditionalCheckFailedException"
        accepted = writes[writes["error"].isna()]["parameters"].iloc[-1]["ExpressionAttributeValues"]
        assert accepted[":sale"] == again[":sale"]
        assert accepted[":read"] != again[":read"]
