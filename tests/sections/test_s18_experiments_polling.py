"""The polling experiment: call counts in closed form, its claims over their stated ranges, every scene."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.experiments import Verdict, find
from helpers.sections.s18_sqs.experiments.polling import surely_fewer

ID = "18_sqs.polling"


@pytest.mark.parametrize(("wait_s", "receives"), [(20, 14), (15, 19), (10, 29), (5, 59), (1, 297)])
def test_an_empty_queue_costs_one_receive_per_wait(wait_s: int, receives: int) -> None:
    """300 s / (wait + 10 ms of latency), whole polls only."""
    found = outcome(ID, arrivals_per_min=0, wait_time_s=wait_s)
    assert found.summary["long_receives"] == receives == int(300 / (wait_s + 0.01))


@pytest.mark.parametrize("interval_s", [0.5, 1, 5, 10])
def test_an_empty_queue_costs_one_short_poll_per_interval(interval_s: float) -> None:
    found = outcome(ID, arrivals_per_min=0, short_interval_s=interval_s)
    assert found.summary["short_receives"] == pytest.approx(300 / (interval_s + 0.01), abs=1)


@pytest.mark.slow
def test_random_arrivals_follow_the_formula() -> None:
    """Mean calls of a long poller: arrivals / (1 - exp(-rate x wait)); 3 a minute and 20 s give 4.75 a minute."""
    counts = [outcome(ID, seed, duration_min=10).summary["long_receives"] for seed in range(12)]
    assert sum(counts) / len(counts) / 10 == pytest.approx(3 / (1 - math.exp(-1)), rel=0.06)


def test_a_short_poller_finds_a_message_after_half_the_pause() -> None:
    found = outcome(ID, arrivals_per_min=60, short_interval_s=2, duration_min=5)
    assert found.summary["short_pickup_s"] == pytest.approx(1, rel=0.12)
    assert found.summary["long_pickup_s"] < 0.02


def test_at_120_messages_a_minute_the_short_poller_makes_fewer_calls() -> None:
    found = outcome(ID, arrivals_per_min=120)
    assert found.findings["fewer"].verdict is Verdict.FALSE
    assert found.summary["long_receives"] > 1.8 * found.summary["short_receives"]


def test_a_subset_of_servers_brings_empty_answers_and_loses_nothing() -> None:
    found = outcome(ID, servers_asked_percent=10)
    assert found.summary["short_missed"] > 20
    assert found.summary["long_missed"] == 0


@given(
    values=settings_of(
        find(ID),
        duration_min=st.integers(1, 6),
        arrivals_per_min=st.integers(0, 60),
        short_interval_s=st.sampled_from([0.5, 1, 2, 5, 10, 30]),
    ),
    seed=st.integers(0, 99),
)
@pytest.mark.slow
@settings(max_examples=50)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


def test_the_range_of_fewer_calls_ends_where_it_should() -> None:
    """At 3 a minute well inside, at 120 a minute outside; 45 a minute is the last whole rate inside it at defaults."""
    experiment = find(ID)
    inside = [rate for rate in range(121) if surely_fewer(experiment.values(arrivals_per_min=rate))]
    assert inside == list(range(max(inside) + 1))
    assert 50 <= max(inside) <= 58
