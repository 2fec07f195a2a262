"""The cold start experiment: how many environments start, in closed form; its claims over their ranges; every scene."""

from __future__ import annotations

from math import floor
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda.environment import Environment
from helpers.dataplane.awslambda.environments import Environments
from helpers.dataplane.awslambda.process import Process
from helpers.dataplane.awslambda.provisioned import Provisioned
from helpers.experiments import Verdict, find

ID = "21_lambda.cold_start"


@pytest.mark.parametrize(
    ("rate_per_s", "work_s", "init_s"), [(3, 1, 1.5), (1, 1, 1.5), (8, 0.5, 1), (2, 3, 4), (0.5, 0.1, 0.1)]
)
def test_evenly_spaced_requests_start_rate_times_start_and_work(
    rate_per_s: float, work_s: float, init_s: float
) -> None:
    """A request starts an environment until the first one is free again, after start and work; later ones are warm.

    One that comes at the very instant at which it becomes free still starts another.
    """
    found = outcome(ID, arrivals="even", rate_per_s=rate_per_s, work_s=work_s, init_s=init_s)
    assert found.summary["cold"] == floor(rate_per_s * (init_s + work_s)) + 1
    assert found.summary["environments"] == found.summary["cold"]


def test_in_flight_is_rate_times_duration_in_the_mean_and_more_at_the_peak() -> None:
    """3/s x 1 s. Of a Poisson number of mean 3, less than one in a hundred exceeds 7."""
    found = outcome(ID)
    assert float(found.summary["mean_busy"]) == pytest.approx(3, rel=0.1)
    assert found.summary["peak"] >= 7


def test_a_cold_request_is_longer_by_the_start_which_is_billed() -> None:
    found = outcome(ID, arrivals="even", rate_per_s=1)
    assert found.summary["p50_s"] == pytest.approx(1.01)
    cold = [bar for bar in found.measurements.bars if bar.init_s]
    assert [round(bar.end_s - bar.start_s, 3) for bar in cold] == [2.5] * 3
    assert found.summary["billed_init_s"] == pytest.approx(4.5)


def test_provisioned_environments_are_ready_before_anybody_asks() -> None:
    assert outcome(ID, provisioned=20).summary["cold"] == 0
    assert outcome(ID, provisioned=20).findings["none"].verdict is Verdict.TRUE


def test_what_exceeds_them_starts_environments_on_demand() -> None:
    """5 at once, evenly: 3 ready ones take three in five, and the others start an environment or two for themselves."""
    found = outcome(ID, arrivals="even", rate_per_s=5, provisioned=3)
    assert 0 < found.summary["cold"] < floor(5 * 2.5) + 1


SMALL = {
    "rate_per_s": st.sampled_from([0.5, 1.0, 2.0, 3.5]),
    "work_s": st.sampled_from([0.1, 0.4, 1.0, 1.7]),
    "init_s": st.sampled_from([0.2, 1.0, 2.6]),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.png()


# ---- the claims, searched for a counterexample


def start_for_nothing(patch: Patch) -> None:
    """An environment needs no time to start."""
    real = Process.__init__
    patch.setattr(
        Process, "__init__", lambda self, *given, **more: real(self, *given, **{**more, "init_s": 0.0})
    )


def bill_the_run_only(patch: Patch) -> None:
    """The start of an environment is not billed."""
    real = Environment._over

    def cheaper(self: Environment, outcome: Any) -> None:
        run = self._run
        assert run is not None
        init_us, done = run.init_us, run.done
        run.init_us = 0

        def with_init(ending: Any) -> None:
            object.__setattr__(ending, "init_us", init_us)
            done(ending)

        run.done = with_init
        real(self, outcome)

    patch.setattr(Environment, "_over", cheaper)


def keep_nothing(patch: Patch) -> None:
    """An environment serves one request and ends."""
    patch.setattr(Environments, "free", lambda self, environment: environment.end())


def provision_ten_times(patch: Patch) -> None:
    """Ten times as many environments are made ready as were asked for."""
    real = Provisioned._shares

    def shares(self: Provisioned, arn: str, qualifier: str, requested: int) -> dict[str, int]:
        return real(self, arn, qualifier, 10 * requested)

    patch.setattr(Provisioned, "_shares", shares)


def ignore_the_provisioned(patch: Patch) -> None:
    """Requests never find the environments that were provisioned."""
    patch.setattr(Provisioned, "of", lambda self, invocation: None)


def even(**narrowed: Strategy) -> Drawn:
    """Evenly spaced requests without any provisioned concurrency."""
    return settings_of(
        find(ID), **{**SMALL, "arrivals": st.just("even"), "provisioned": st.just(0), **narrowed}
    )


def at_the_mean(**narrowed: Strategy) -> Drawn:
    """Random requests, with the mean provisioned or less."""
    high = {
        "arrivals": st.just("random"),
        "rate_per_s": st.sampled_from([2.0, 4.0, 6.0]),
        "work_s": st.sampled_from([0.6, 1.0]),
        "provisioned": st.integers(1, 4),
    }
    return settings_of(find(ID), **{**SMALL, **high, **narrowed})


def plenty(**narrowed: Strategy) -> Drawn:
    """Far more than the mean."""
    return settings_of(find(ID), **{**SMALL, "provisioned": st.integers(25, 40), **narrowed})


SEARCH = ClaimSearch(
    ID,
    {"starts": even, "longer": even, "wave": even, "mean": at_the_mean, "none": plenty},
    (
        Break("starts", start_for_nothing),
        Break("longer", bill_the_run_only),
        Break("wave", keep_nothing),
        Break("mean", provision_ten_times, {"provisioned": st.integers(2, 4)}),
        Break("none", ignore_the_provisioned),
    ),
    examples=8,
)


class TestClaims(SearchedClaims):
    search = SEARCH
