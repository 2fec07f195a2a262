"""The failure labs of section 22 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import verify_diagnosis
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s22_dynamodb.diagnoses import DIAGNOSES

MISCONCEPTIONS = [one.id for one in load_misconceptions("22_dynamodb")]


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)
def test_a_failure_lab_is_sound(diagnosis: object) -> None:
    assert verify_diagnosis(diagnosis, MISCONCEPTIONS) == []


def test_the_evidence_of_the_tickets_is_each_second_sale_to_a_buyer() -> None:
    """28 accepted writes for 24 sales: four of them are evidence, and each follows a repeated call that was refused."""
    tickets = next(one for one in DIAGNOSES if one.id == "22_dynamodb.tickets_gone")
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
