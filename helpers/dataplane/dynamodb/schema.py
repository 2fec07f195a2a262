"""Which secondary indexes a table can have.

AWS: GUIDE/ServiceQuotas.html, GUIDE/LSI.html, API/API_CreateTable.html, API/API_Projection.html.
"""

from __future__ import annotations

from typing import Any

from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.limits import (
    GLOBAL_INDEXES,
    INCLUDED_ATTRIBUTES,
    INCLUDED_PER_INDEX,
    LOCAL_INDEXES,
)

_INVALID = "One or more parameter values were invalid: "


def check_indexes(
    schema: list[dict[str, str]], local: list[dict[str, Any]], of_global: list[dict[str, Any]]
) -> None:
    """Refuse more indexes, or other ones, than a table can have (GUIDE/ServiceQuotas.html, GUIDE/LSI.html)."""
    if len(of_global) > GLOBAL_INDEXES:
        raise errors.invalid(
            f"{_INVALID}GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES}"
        )
    if len(local) > LOCAL_INDEXES:
        raise errors.invalid(
            f"{_INVALID}Number of LocalSecondaryIndexes exceeds per-table limit of {LOCAL_INDEXES}"
        )
    names = [index["IndexName"] for index in (*local, *of_global)]
    for name in names:
        if names.count(name) > 1:
            raise errors.invalid(f"{_INVALID}Duplicate index name: {name}")
    for index in local:
        if len(schema) < 2:
            raise errors.invalid(
                f"{_INVALID}Table KeySchema does not have a range key, which is required when specifying a "
                "LocalSecondaryIndex"
            )
        if index["KeySchema"][0] != schema[0]:
            raise errors.invalid(
                f"{_INVALID}Index KeySchema does not have the same leading hash key as table KeySchema for "
                f"index: {index['IndexName']}"
            )
    _check_projections([*local, *of_global])


def _check_projections(indexes: list[dict[str, Any]]) -> None:
    included = [len(index["Projection"].get("NonKeyAttributes") or ()) for index in indexes]
    for index, number in zip(indexes, included):
        kind = index["Projection"].get("ProjectionType")
        if bool(number) != (kind == "INCLUDE"):
            raise errors.invalid(
                f"{_INVALID}ProjectionType is {kind}, "
                f"{'but NonKeyAttributes is specified' if number else 'but NonKeyAttributes is not specified'}"
            )
    if max(included, default=0) > INCLUDED_PER_INDEX or sum(included) > INCLUDED_ATTRIBUTES:
        raise errors.invalid(
            f"{_INVALID}NonKeyAttributes: at most {INCLUDED_PER_INDEX} for an index and {INCLUDED_ATTRIBUTES} for "
            "all indexes of a table"
        )
