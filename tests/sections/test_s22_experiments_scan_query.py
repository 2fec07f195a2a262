"""The scan experiment: closed forms of units and pages, its claims and every scene."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.cloud import Call
from helpers.dataplane.dynamodb import reading
from helpers.dataplane.dynamodb.metering import Metering
from helpers.dataplane.dynamodb.reading import Reading
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.experiments import Verdict, find

ID = "22_dynamodb.scan_query"
METHODS = ("query", "index", "scan", "parallel_scan")


def test_a_scan_of_3_200_kb_takes_four_pages_and_400_units() -> None:
    """32 orders of 32 KB are 1 MB, and 1 MB is 256 times 4 KB, half a unit each."""
    seen = outcome(ID, method="scan")
    pages = [(page.scanned, page.units, page.last) for page in seen.measurements.scan.pages]
    assert pages == [(32, 128, False), (32, 128, False), (32, 128, False), (4, 16, True)]
    assert seen.summary["scan_units"] == 400
    assert seen.summary["scan_s"] == 0.04


def test_a_page_ends_before_the_order_that_would_exceed_1_mb() -> None:
    """25 orders of 40 KB are 1,000 KB, 26 would be 1,040."""
    seen = outcome(ID, method="scan", item_kb=40)
    assert [(page.scanned, page.units) for page in seen.measurements.scan.pages] == [(25, 125)] * 4


@pytest.mark.parametrize("method", METHODS)
def test_all_methods_find_the_same_orders(method: str) -> None:
    seen = outcome(ID, method=method, customer_percent=30, open_percent=40)
    assert len(seen.measurements.chosen.orders) == 12
    assert seen.measurements.chosen.orders == seen.measurements.scan.orders


@pytest.mark.parametrize(
    ("method", "scanned", "needed"),
    [("query", 8, 32), ("index", 4, 16), ("scan", 100, 400), ("parallel_scan", 100, 400)],
)
def test_what_each_method_reads(method: str, scanned: int, needed: float) -> None:
    seen = outcome(ID, method=method)
    assert (seen.summary["scanned"], seen.summary["units"]) == (scanned, needed)


def test_the_units_of_a_query_are_rounded_once_a_page() -> None:
    """Eight orders of 1.5 KB are 12 KB, 1.5 units; read one by one, half a unit each."""
    assert outcome(ID, item_kb=1.5).summary["units"] == 1.5
    assert outcome(ID, item_kb=1.5, page_limit=1).summary["units"] == 8 * 0.5


def test_limit_counts_before_the_filter() -> None:
    """38 orders stand before the 24 of the customer, so three pages of ten bring nothing and the fourth one some."""
    pages = outcome(ID, method="scan", customer_percent=24, page_limit=10).measurements.scan.pages
    assert [page.scanned for page in pages] == [10] * 10
    assert [page.returned for page in pages[:3]] == [0, 0, 0]
    assert sum(page.returned for page in pages) == 12
    assert [page.last for page in pages] == [False] * 9 + [True]


def test_a_query_that_finds_nothing_costs_half_a_unit() -> None:
    assert outcome(ID, customer_percent=0).summary["units"] == 0.5


def test_one_segment_is_a_scan() -> None:
    seen = outcome(ID, method="parallel_scan", segments=1)
    assert seen.measurements.chosen == seen.measurements.scan


def test_the_busiest_segment_decides_how_long_it_takes() -> None:
    """All orders under one key lie in one segment: seven workers have nothing to do."""
    seen = outcome(ID, method="parallel_scan", segments=8, customer_percent=100)
    assert sorted(sum(page.scanned for page in lane) for lane in seen.measurements.chosen.lanes) == [
        0
    ] * 7 + [100]
    assert seen.summary["took_s"] == seen.summary["scan_s"]
    assert seen.summary["units"] == 400 + 7 * 0.5


def test_nothing_is_throttled_even_at_the_upper_end() -> None:
    seen = outcome(ID, method="parallel_scan", segments=20, customer_percent=100, orders=200, item_kb=40)
    assert seen.trail["error"].isna().all()
    replies = seen.trail.loc[seen.trail["operation"] == "BatchWriteItem", "response"]
    assert [reply["UnprocessedItems"] for reply in replies] == [{}] * 8
    assert seen.summary["scan_units"] == 1000


SMALL: dict[str, Strategy] = {
    "orders": st.integers(20, 60),
    "item_kb": st.sampled_from([0.5, 1, 1.5, 3.9, 7, 20, 40]),
    "segments": st.integers(1, 6),
    "page_limit": st.sampled_from([0, 0, 1, 3, 10, 25, 200]),
    "customer_percent": st.integers(0, 100),
    "open_percent": st.integers(0, 100),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL))
@settings(max_examples=15)
def test_units_are_those_of_what_is_read_and_no_claim_is_false_in_its_range(values: dict[str, Any]) -> None:
    found = outcome(ID, **values)
    m = found.measurements
    size = round(values["item_kb"] * 1024)
    full = min(1_048_576 // size, values["page_limit"] or values["orders"])
    assert m.scan.scanned == values["orders"]
    assert len(m.scan.pages) in (ceil(values["orders"] / full), values["orders"] // full + 1)
    for page in m.scan.pages + m.chosen.pages:
        assert page.units == max(0.5, ceil(page.scanned * size / 4096) / 2)
        assert page.scanned <= full
    assert counterexamples(found) == []
    assert found.png()


@pytest.mark.slow
def test_the_corners_can_be_drawn() -> None:
    for values in (
        {"method": "parallel_scan", "orders": 100, "segments": 20, "page_limit": 1, "item_kb": 0.5},
        {"method": "query", "orders": 20, "customer_percent": 0},
        {"method": "index", "open_percent": 0},
        {"method": "scan", "customer_percent": 100, "open_percent": 100},
    ):
        found = outcome(ID, **values)
        assert found.png()
        assert counterexamples(found) == []


# ---- the claims, searched for a counterexample


def charge_what_comes_back(patch: Patch) -> None:
    """What a filter drops costs nothing."""
    patch.setattr(reading, "_NARROWING", ())


def charge_each_item(patch: Patch) -> None:
    """Query and Scan round each item up to 4 KB by itself."""
    real = Metering.page

    def page(self: Metering, state: Any, index: Any, items: Sequence[Item], *more: Any) -> Any:
        padded = [
            {**item, "body": {"S": item["body"]["S"] + "x" * (-item_size(item) % 4096)}} for item in items
        ]
        return real(self, state, index, padded, *more)

    patch.setattr(Metering, "page", page)


def ask_otherwise(patch: Patch, operation: str, *left_out: str) -> None:
    """Answer the call as if the caller had left some members out."""
    real = getattr(Reading, operation)

    def answer(self: Reading, call: Call) -> Any:
        for member in left_out:
            call.parameters.pop(member, None)
        return real(self, call)

    patch.setattr(Reading, operation, answer)


def read_the_table_in_each_segment(patch: Patch) -> None:
    """A segment is the whole table."""
    ask_otherwise(patch, "scan", "Segment", "TotalSegments")


def ignore_the_limit(patch: Patch) -> None:
    """Limit is not obeyed: a page goes on to 1 MB."""
    ask_otherwise(patch, "scan", "Limit")


def query_the_table_instead(patch: Patch) -> None:
    """A query of an index reads the table."""
    ask_otherwise(patch, "query", "IndexName")


def small(**narrowed: Strategy) -> Drawn:
    """Settings of a small run."""
    return settings_of(find(ID), **{**SMALL, **narrowed})


def towards(*methods: str) -> Any:
    """Settings of a small run by one of these methods."""
    return lambda **narrowed: small(**{"method": st.sampled_from(methods), **narrowed})


MOST_DROPPED = {"customer_percent": st.integers(5, 40), "open_percent": st.integers(5, 50)}

SEARCH = ClaimSearch(
    ID,
    {
        "whole": small,
        "filtered": towards("query", "scan", "parallel_scan"),
        "key": towards("query", "index"),
        "parallel": towards("parallel_scan"),
        "paged": small,
    },
    (
        Break("whole", charge_what_comes_back),
        Break("whole", charge_each_item),
        Break("filtered", charge_what_comes_back, MOST_DROPPED),
        Break("key", charge_each_item, {"item_kb": st.just(1.5), **MOST_DROPPED}),
        Break("key", query_the_table_instead, {"method": st.just("index"), **MOST_DROPPED}),
        Break("parallel", read_the_table_in_each_segment, {"segments": st.integers(2, 6)}),
        Break("paged", ignore_the_limit, {"page_limit": st.sampled_from([1, 3, 10])}),
    ),
    examples=12,
)


class TestClaims(SearchedClaims):
    search = SEARCH


def test_the_methods_are_told_apart() -> None:
    verdicts = {method: outcome(ID, method=method).findings for method in METHODS}
    assert {method: found["key"].verdict for method, found in verdicts.items()} == {
        "query": Verdict.TRUE,
        "index": Verdict.TRUE,
        "scan": Verdict.NOT_APPLICABLE,
        "parallel_scan": Verdict.NOT_APPLICABLE,
    }
