"""Each claim of section 18, searched for a counterexample in its stated range: there is none, and one is found as
soon as a rule of the data plane is broken.
"""

from __future__ import annotations

import pytest
import s18_broken_rules as broken
from claim_search import Break, ClaimSearch, Patch
from hypothesis import strategies as st
from s18_ranges import TOWARDS

from helpers.experiments import Run, Verdict, catalog

pytestmark = pytest.mark.slow  # the quick gate does without a wide search

BREAKS = {
    "visibility": (
        Break(
            "once",
            broken.hide_for_half,
            {"extend": st.just(False), "consumers": st.integers(2, 6), "arrival_every_s": st.just(0)},
        ),
        Break("once", broken.ignore_deletes),
        Break(
            "once",
            broken.ignore_extensions,
            {"extend": st.just(True), "rare_duplicate_percent": st.just(0)},
        ),
        Break("recovery", broken.hide_for_half),
        Break("kept", broken.forget_at_the_timeout),
        Break("kept", broken.drop_one_in_three),
    ),
    "poison": (
        Break("receives", broken.allow_one_receive_more),
        Break("receives", broken.allow_one_receive_less, {"max_receive_count": st.integers(2, 8)}),
        Break("only_poison", broken.set_aside_one_in_three),
        Break("move", broken.hide_for_half),
        Break("move", broken.allow_one_receive_less, {"max_receive_count": st.integers(2, 8)}),
        Break("full_retention", broken.keep_the_age_on_fifo),
        Break("full_retention", broken.expire_at_half_the_retention),
    ),
    "polling": (
        Break("fewer", broken.never_wait, {"duration_min": st.just(1)}),
        Break("sooner", broken.look_only_at_the_start),
        Break("idle", broken.give_up_a_second_early, {"wait_time_s": st.integers(2, 20)}),
        Break("complete", broken.look_only_at_the_start),
        Break("complete", broken.ask_some_servers_only),
    ),
    "fifo_groups": (
        Break("order", broken.hand_out_locked_groups),
        Break("order", broken.put_failures_last),
        Break("alone", broken.hand_out_locked_groups),
        Break("bound", broken.hand_out_locked_groups),
        Break("own_group_only", broken.hand_out_locked_groups),
        Break("own_group_only", broken.lock_the_whole_queue),
    ),
    "asg": (
        Break("in_time", broken.delay_by_ten_minutes),
        Break("boot", broken.refuse_what_exceeds_twenty),
        Break("kept", broken.drop_what_exceeds_twenty),
    ),
}
"""By experiment: claim, and the rule whose breach shows it false. A claim may rest on several rules."""

SEARCHES = {name: ClaimSearch(f"18_sqs.{name}", TOWARDS[name], breaks) for name, breaks in BREAKS.items()}


def test_each_experiment_is_searched() -> None:
    assert [search.id for search in SEARCHES.values()] == [
        name for name, experiment in catalog().items() if experiment.section == "18_sqs"
    ]


@pytest.mark.parametrize(
    ("name", "claim"), [(name, claim) for name, search in SEARCHES.items() for claim in search.claims]
)
def test_there_is_no_counterexample_in_the_stated_range(name: str, claim: str) -> None:
    """Not one that is false, and none about which the claim has nothing to say."""
    SEARCHES[name].find_none(claim)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}.{case}")
        for name, search in SEARCHES.items()
        for case in search.breaks
    ],
)
def test_the_same_search_finds_a_counterexample_once_a_rule_is_broken(
    name: str, case: Break, monkeypatch: Patch
) -> None:
    SEARCHES[name].find_one(case, monkeypatch)


@pytest.mark.parametrize("name", SEARCHES)
def test_each_claim_has_a_rule_that_can_break_it(name: str) -> None:
    assert {case.claim for case in BREAKS[name]} == set(SEARCHES[name].claims)


def test_each_rule_breaks_a_claim() -> None:
    rules = {
        one
        for name, one in vars(broken).items()
        if callable(one) and getattr(one, "__module__", "") == broken.__name__ and not name.startswith("_")
    }
    assert rules == {case.rule for breaks in BREAKS.values() for case in breaks}


# Runs at which a claim once failed inside its stated range.
ONCE_FALSE = (
    ("idle", "18_sqs.polling?wait_time_s=3&arrivals_per_min=0&duration_min=15"),
    ("idle", "18_sqs.polling?wait_time_s=1&arrivals_per_min=0&duration_min=2.02"),
    ("idle", "18_sqs.polling?wait_time_s=1&arrivals_per_min=0&duration_min=10.1"),
    ("receives", "18_sqs.poison?max_receive_count=20&poison_percent=50&consumers=1&messages=100"),
)


@pytest.mark.parametrize(("claim", "run"), ONCE_FALSE)
def test_what_was_once_a_counterexample_is_none(claim: str, run: str) -> None:
    found = Run.parse(run).outcome().findings[claim]
    assert found.verdict is Verdict.TRUE, found.explanation
