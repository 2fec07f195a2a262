"""The concurrency experiment: who gets what of the quota, in closed form; its claims over their ranges; every scene."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda import limits
from helpers.dataplane.awslambda.capacity import Capacity
from helpers.dataplane.awslambda.configuration import Configuration
from helpers.experiments import Verdict, find
from helpers.sections.s21_lambda.experiments.concurrency import BUSY, QUIET

ID = "21_lambda.concurrency"


def test_requests_times_duration_are_in_flight() -> None:
    """8/s x 5 s = 40, and the start of the first environments, 0.2 s, two more."""
    found = outcome(ID, thumbnails_per_s=8, thumbnail_s=5)
    assert found.summary["thumbnails_peak"] == 42
    assert found.findings["need"].verdict is Verdict.TRUE


def test_the_quota_is_full_when_rate_times_time_has_reached_it() -> None:
    """16/s and 2/s x 1.2 s take 150 after (150 - 2.4) / 16 = 9.2 s; every checkout after that finds no room."""
    found = outcome(ID, thumbnails_per_s=16)
    refused = [one.start_s for one in found.measurements.requests[QUIET] if one.end_s is None]
    assert refused[0] == pytest.approx(9.51)
    assert refused == pytest.approx([9.51 + 0.5 * number for number in range(9)])
    assert found.summary["peak"] == 150


def test_a_reservation_takes_from_the_pool_and_caps() -> None:
    found = outcome(ID, thumbnails_per_s=16, reserved_thumbnails="50")
    assert (found.measurements.reserved, found.measurements.pool) == ({BUSY: 50}, 100)
    assert found.summary["thumbnails_peak"] == 50
    assert found.summary["checkouts_throttled"] == 0


@pytest.mark.parametrize(
    ("limit", "reserved", "granted"),
    [(150, "50", True), (149, "50", False), (150, "80", False), (180, "80", True), (101, "0", True)],
)
def test_a_hundred_stay_unreserved(limit: int, reserved: str, granted: bool) -> None:
    found = outcome(ID, account_limit=limit, reserved_thumbnails=reserved, thumbnails_per_s=2)
    assert (BUSY in found.measurements.reserved) is granted
    assert found.measurements.refused == ("" if granted else "InvalidParameterValueException")


def test_zero_is_a_reservation_like_any_other() -> None:
    found = outcome(ID, reserved_thumbnails="0")
    assert found.summary["thumbnails_throttled"] == found.summary["thumbnails"] == 70
    assert found.summary["thumbnails_peak"] == 0


def test_asynchronous_uploads_get_no_error_and_wait() -> None:
    """Each of their throttled attempts is the service's; the callers were all told 202."""
    found = outcome(ID, thumbnails_per_s=16, thumbnails_are="asynchronous", reserved_checkout="10")
    invokes = found.trail[(found.trail["operation"] == "Invoke") & (found.trail["actor"] != "lambda")]
    uploads = [row for row in invokes.itertuples() if row.parameters["FunctionName"] == BUSY]
    assert {row.error for row in uploads} == {None}
    assert found.summary["thumbnails_throttled"] > 0
    assert found.summary["checkouts_throttled"] == 0


SMALL = {
    "account_limit": st.integers(101, 130),
    "thumbnails_per_s": st.sampled_from([0.0, 1.0, 5.0, 9.0]),
    "thumbnail_s": st.sampled_from([0.5, 3.0, 9.0, 20.0]),
    "checkouts_per_s": st.sampled_from([0.5, 2.0]),
    "checkout_s": st.sampled_from([0.3, 1.0, 4.0]),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def refuse_nobody(patch: Patch) -> None:
    """There is always one more environment."""
    patch.setattr(Capacity, "take_on_demand", lambda self, function, *, new_environment: None)
    patch.setattr(Capacity, "give_back", lambda self, *given, **more: None, raising=False)


def stop_after_a_second(patch: Patch) -> None:
    """Every function is stopped after a second, whatever its timeout."""
    real = Configuration.of
    patch.setattr(Configuration, "of", lambda *given, **more: replace(real(*given, **more), timeout_s=1))


def reserve_it_all(patch: Patch) -> None:
    """Nothing has to stay unreserved."""
    patch.setattr(limits, "UNRESERVED_MINIMUM", 0)


def forget_reservations(patch: Patch) -> None:
    """A reservation is kept in mind and changes nothing."""
    from helpers.dataplane.awslambda.functions import Functions

    patch.setattr(Functions, "reserved", lambda self, function: None)


def crowded(**narrowed: Strategy) -> Drawn:
    """So many thumbnails that the pool is full after a while."""
    high = {
        "account_limit": st.integers(101, 115),
        "reserved_thumbnails": st.just("none"),
        "reserved_checkout": st.just("none"),
        "thumbnails_per_s": st.sampled_from([14.0, 18.0]),
        "thumbnail_s": st.just(20.0),
        "thumbnails_are": st.just("synchronous"),
    }
    return settings_of(find(ID), **{**SMALL, **high, **narrowed})


def reserved(**narrowed: Strategy) -> Drawn:
    """A small reservation for many thumbnails."""
    return crowded(
        **{
            "account_limit": st.integers(130, 150),
            "reserved_thumbnails": st.sampled_from(["10", "30"]),
            **narrowed,
        }
    )


def roomy(**narrowed: Strategy) -> Drawn:
    """Room for all, and thumbnails of seconds."""
    high = {"thumbnails_per_s": st.sampled_from([2.0, 6.0]), "thumbnail_s": st.sampled_from([3.0, 7.0])}
    return crowded(**{**high, **narrowed})


def greedy(**narrowed: Strategy) -> Drawn:
    """Reservations of every size."""
    return crowded(
        **{
            "reserved_thumbnails": st.sampled_from(["0", "10", "50", "120"]),
            "thumbnails_per_s": st.just(2.0),
            **narrowed,
        }
    )


SEARCH = ClaimSearch(
    ID,
    {"full": crowded, "capped": reserved, "rest": reserved, "need": roomy, "minimum": greedy},
    (
        Break("full", refuse_nobody),
        Break("capped", refuse_nobody),
        Break("rest", forget_reservations, {"account_limit": st.just(130)}),
        Break("need", stop_after_a_second),
        Break("minimum", reserve_it_all),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
