"""The failure labs of section 20 are fit to be taught."""

from __future__ import annotations

import pytest

from helpers.experiments import Diagnosis, verify_diagnosis
from helpers.sections.s20_kinesis.diagnoses import DIAGNOSES

each = pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda diagnosis: diagnosis.id)


@each
@pytest.mark.slow
def test_a_failure_lab_is_sound(diagnosis: Diagnosis) -> None:
    assert verify_diagnosis(diagnosis) == []


@each
def test_five_causes_are_beliefs(diagnosis: Diagnosis) -> None:
    beliefs = [cause.misconception for cause in diagnosis.causes if not cause.right]
    assert len(set(beliefs)) == 5
    assert all(beliefs)


@pytest.mark.slow
def test_the_rows_that_show_the_hot_key_are_there_in_every_second_and_name_it() -> None:
    lab = DIAGNOSES[0]
    trail = lab.broken.outcome().trail
    rows = trail.loc[lab.evidence(trail)]
    assert {round(at) for at in rows["time_s"]} == {0, 1, 2, 3, 4, 5}
    for given, reply in zip(rows["parameters"], rows["response"], strict=True):
        answers = zip(given["Records"], reply["Records"], strict=True)
        refused = [entry["PartitionKey"] for entry, answer in answers if "ErrorCode" in answer]
        assert refused.count("DE") >= 0.9 * len(refused) > 0


@pytest.mark.slow
def test_three_polls_a_second_are_refused_for_their_bytes() -> None:
    """The shard answers five calls a second, and three come; written is less than it takes."""
    lab = DIAGNOSES[1]
    trail = lab.broken.outcome().trail
    shown = trail.loc[lab.evidence(trail)]
    assert set(shown["operation"]) == {"GetRecords"}
    assert set(shown["error"]) == {"ProvisionedThroughputExceededException"}
    polls = trail[trail["operation"] == "GetRecords"]
    assert len(polls) <= 3 * 31
    puts = trail[trail["operation"] == "PutRecords"]
    assert puts["error"].isna().all()
    assert {reply["FailedRecordCount"] for reply in puts["response"]} == {0}
