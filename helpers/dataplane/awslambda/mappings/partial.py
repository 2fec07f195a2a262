"""Partial batch responses: which items of a batch the function says it failed.

Pages (https://docs.aws.amazon.com/lambda/latest/dg/): services-sqs-errorhandling.html,
services-kinesis-batchfailurereporting.html, services-ddb-batchfailurereporting.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

RESPONSE_TYPE = "ReportBatchItemFailures"


def failed_items(answer: str, items: Sequence[str]) -> list[str]:
    """The identifiers in the batch `items` that a function's answer (JSON text) reports as failed, in the order of the
    batch.

    None are failed if the answer, or its list, is empty or null. All are failed if the answer is no JSON object, if an
    identifier is empty, null or under another key, or names nothing in the batch. (For streams AWS does not say what an
    unknown identifier does; it is taken to fail the batch there, too.)
    """
    whole = list(items)
    try:
        document = json.loads(answer) if answer else None
    except ValueError:
        return whole
    if document is None or document == "":
        return []
    if not isinstance(document, dict):
        return whole
    failures = document.get("batchItemFailures")
    if failures is None:
        return []
    if not isinstance(failures, list):
        return whole
    known = set(items)
    named = {_identifier(failure) for failure in failures}
    if not named <= known:
        return whole
    return [item for item in items if item in named]


def _identifier(failure: Any) -> str | None:
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    return identifier if isinstance(identifier, str) else None
