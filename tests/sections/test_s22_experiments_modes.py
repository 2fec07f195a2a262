"""The modes experiment: the ratio of the prices, auto scaling's delay, what is refused, its claims, every scene."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.dynamodb import metering, modes, plane, scaling
from helpers.dataplane.dynamodb.models import Models
from helpers.experiments import find
from helpers.sections.s22_dynamodb.experiments.modes import (
    FIXED,
    MINUTES,
    ON_DEMAND,
    SCALED,
    break_even,
    rate,
)

ID = "22_dynamodb.modes"


def test_a_unit_on_demand_costs_as_much_as_3_46_provisioned_ones() -> None:
    """ondemand_ratio: 0.625 USD a million against 0.00065 / 3600 x 1e6; older notes say 2.5. So they meet at 28.9 %.

    Full use of one unit for an hour, both ways: the bills stand as 3.46 to 1.
    """
    found = outcome(ID, pattern="steady", mean_per_s=1, provisioned_wcu=1)
    assert found.summary["utilisation_percent"] == 100
    assert found.measurements.usd[ON_DEMAND] / found.measurements.usd[FIXED] == pytest.approx(3.46, abs=0.005)
    assert break_even(find(ID).values()) == pytest.approx(0.289, abs=0.0005)


@pytest.mark.parametrize(("mean_per_s", "cheaper"), [(2.8, ON_DEMAND), (3.0, FIXED)])
def test_the_bills_change_places_where_the_prices_meet(mean_per_s: float, cheaper: str) -> None:
    """Of 10 units 2.89 a second are the same bill either way."""
    usd = outcome(ID, pattern="steady", mean_per_s=mean_per_s).measurements.usd
    assert min((FIXED, ON_DEMAND), key=lambda name: usd[name]) == cheaper


def test_a_month_of_steady_traffic_costs_what_the_list_says() -> None:
    """730 h: 10 units x 0.00065 USD; 3 writes a second x 0.625 USD a million."""
    usd = outcome(ID, pattern="steady").measurements.usd
    assert usd[FIXED] == pytest.approx(10 * 730 * 0.00065)
    assert usd[ON_DEMAND] == pytest.approx(3 * 3600 * 730 * 0.625 / 1e6)


def test_the_scaled_table_shrinks_after_fifteen_minutes_and_the_two_of_the_update() -> None:
    """2 writes a second at 70 % are 3 units: in the 15th minute below 10 units it is decided, 2 minutes later done."""
    minutes = outcome(ID, pattern="steady", mean_per_s=2).measurements.minutes[SCALED]
    assert [one.provisioned for one in minutes] == [10.0] * 17 + [3.0] * (MINUTES - 17)


def test_the_spike_meets_a_table_that_has_shrunk() -> None:
    """10.5 / s for ten minutes. 10 units: 300 more than they give, of 3,000 saved. 3 units: 900 saved, gone at once.

    From minute 34 on there are 15 units; until then 4 x 630 are wanted, and 900 + 4 x 180 are there.
    """
    found = outcome(ID, pattern="spike")
    assert found.summary["fixed_lost"] == 0
    assert found.summary["raised_after_min"] == 34
    assert found.summary["scaled_lost"] == pytest.approx(4 * 630 - 900 - 4 * 180, abs=10)


@pytest.mark.parametrize("pattern", ["steady", "wave", "spike", "batch"])
def test_each_pattern_asks_for_its_mean(pattern: str) -> None:
    values = find(ID).values(pattern=pattern)
    assert sum(rate(values, minute) for minute in range(MINUTES)) / MINUTES == pytest.approx(3)
    assert outcome(ID, pattern=pattern).summary["asked_units"] == pytest.approx(3 * 60 * MINUTES, rel=0.005)


SMALL = {
    "mean_per_s": st.sampled_from([0.5, 1.0, 2.5, 4.0]),
    "provisioned_wcu": st.integers(1, 40),
    "usd_wcu_hour": st.sampled_from([0.0005, 0.00065, 0.002]),
    "usd_million_wru": st.sampled_from([0.1, 0.625, 1.25]),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 9))
@settings(max_examples=10)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.summary["on_demand_lost"] == 0
    assert found.png()


# ---- the claims, searched for a counterexample


def charge_twice(patch: Patch) -> None:
    """A write costs two units for each KB."""
    real = metering.write_units
    patch.setattr(metering, "write_units", lambda *given, **more: 2 * real(*given, **more))


def scale_at_once(patch: Patch) -> None:
    """Auto scaling acts on a single minute, and the update takes no time."""
    patch.setattr(scaling, "_OUT_MINUTES", 1)
    patch.setattr(plane, "Models", partial(Models, scaling_delay_s=0))


def refuse_large_writes_on_demand(patch: Patch) -> None:
    """An on-demand table refuses each write of more than 20 units."""
    limit = modes.Limit.MAXIMUM
    patch.setattr(modes.OnDemand, "refusal", lambda self, units, now_us: limit if units > 20 else None)


def keep_nothing(patch: Patch) -> None:
    """What is not used in its second is gone."""
    patch.setattr(plane, "Models", partial(Models, burst_s=0))


def anywhere(**narrowed: Strategy) -> Drawn:
    """Runs that differ in traffic and capacity."""
    return settings_of(find(ID), **{**SMALL, **narrowed})


def jumps(**narrowed: Strategy) -> Drawn:
    """Traffic that jumps above the capacity."""
    high = {
        "pattern": st.sampled_from(["spike", "batch"]),
        "mean_per_s": st.sampled_from([8.5, 9.5, 10.0]),
        "provisioned_wcu": st.integers(13, 18),
    }
    return anywhere(**{**high, **narrowed})


PRICED = {"usd_wcu_hour": st.just(0.00065), "usd_million_wru": st.just(0.625), "mean_per_s": st.just(2.0)}

SEARCH = ClaimSearch(
    ID,
    {"break_even": anywhere, "lag": jumps, "on_demand": anywhere, "fixed": jumps},
    (
        Break("break_even", charge_twice, {**PRICED, "provisioned_wcu": st.integers(8, 13)}),
        Break("lag", scale_at_once),
        Break("on_demand", refuse_large_writes_on_demand),
        Break("fixed", keep_nothing, {"pattern": st.just("spike"), "mean_per_s": st.just(4.0)}),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
