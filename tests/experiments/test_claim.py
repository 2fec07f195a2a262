"""Findings: a verdict that JSON can write, and its explanation."""

from __future__ import annotations

import json

from helpers.experiments import Finding, Verdict, false, not_applicable, true


def test_findings() -> None:
    assert true("Yes.") == Finding(Verdict.TRUE, "Yes.")
    assert false("No.") == Finding(Verdict.FALSE, "No.")
    assert not_applicable("Neither.") == Finding(Verdict.NOT_APPLICABLE, "Neither.")


def test_verdicts_are_texts() -> None:
    assert json.dumps(list(Verdict)) == '["true", "false", "not applicable"]'
