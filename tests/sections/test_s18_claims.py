"""Each claim of section 18, searched for a counterexample in its stated range: there is none, and one is found as
soon as a rule of the data plane is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import s18_broken_rules as broken
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from s18_broken_rules import Patch, Rule
from s18_ranges import Strategy, within

from helpers.experiments import Finding, Run, Values, Verdict, catalog, find

pytestmark = pytest.mark.slow  # the quick gate does without a wide search


CLAIMS = [
    f"{name.partition('.')[2]}.{claim.id}"
    for name, experiment in catalog().items()
    if experiment.section == "18_sqs"
    for claim in experiment.claims
]
EXAMPLES = 25


@dataclass(frozen=True)
class Break:
    """With `rule` broken, `claim` is false somewhere in its range; `where` narrows the search for it."""

    claim: str
    rule: Rule
    where: dict[str, Strategy] = field(default_factory=dict)


BREAKS = [
    Break("visibility.once", broken.hide_for_half),
    Break("visibility.once", broken.ignore_deletes),
    Break(
        "visibility.once",
        broken.ignore_extensions,
        {"extend": st.just(True), "rare_duplicate_percent": st.just(0)},
    ),
    Break("visibility.recovery", broken.hide_for_half),
    Break("visibility.kept", broken.forget_at_the_timeout),
    Break("visibility.kept", broken.drop_one_in_three),
    Break("poison.receives", broken.allow_one_receive_more),
    Break("poison.receives", broken.allow_one_receive_less, {"max_receive_count": st.integers(2, 8)}),
    Break("poison.only_poison", broken.set_aside_one_in_three),
    Break("poison.move", broken.hide_for_half),
    Break("poison.move", broken.allow_one_receive_less, {"max_receive_count": st.integers(2, 8)}),
    Break("poison.full_retention", broken.keep_the_age_on_fifo),
    Break("poison.full_retention", broken.expire_at_half_the_retention),
    Break("polling.fewer", broken.never_wait, {"duration_min": st.just(1)}),
    Break("polling.sooner", broken.look_only_at_the_start),
    Break("polling.idle", broken.give_up_a_second_early, {"wait_time_s": st.integers(2, 20)}),
    Break("polling.complete", broken.look_only_at_the_start),
    Break("polling.complete", broken.ask_some_servers_only),
    Break("fifo_groups.order", broken.hand_out_locked_groups),
    Break("fifo_groups.order", broken.put_failures_last),
    Break("fifo_groups.alone", broken.hand_out_locked_groups),
    Break("fifo_groups.bound", broken.hand_out_locked_groups),
    Break("fifo_groups.own_group_only", broken.hand_out_locked_groups),
    Break("fifo_groups.own_group_only", broken.lock_the_whole_queue),
    Break("asg.in_time", broken.delay_by_ten_minutes),
    Break("asg.boot", broken.refuse_what_exceeds_twenty),
    Break("asg.kept", broken.drop_what_exceeds_twenty),
]
"""Claim, and the rule whose breach shows it false. A claim may rest on several rules."""


class Counterexample(AssertionError):
    """A run in the range of a claim that the claim does not describe."""


def search(claim: str, wrong: frozenset[Verdict], phases: tuple[Phase, ...], **where: Strategy) -> None:
    """Run the claim's experiment over its stated range. Raises Counterexample for a verdict in `wrong`."""
    name, _, short = claim.partition(".")
    experiment = find(f"18_sqs.{name}")

    @settings(max_examples=EXAMPLES, phases=phases)
    @given(values=within(name, short, **where), seed=st.integers(0, 99))
    def holds(values: Values, seed: int) -> None:
        run = Run(experiment, values, seed)
        found: Finding = run.outcome().findings[short]
        if found.verdict in wrong:
            raise Counterexample(f"{claim} is {found.verdict} at {run}: {found.explanation}")

    holds()


@pytest.mark.parametrize("claim", CLAIMS)
def test_there_is_no_counterexample_in_the_stated_range(claim: str) -> None:
    """Not one that is false, and none about which the claim has nothing to say."""
    search(claim, frozenset(Verdict) - {Verdict.TRUE}, (Phase.generate, Phase.shrink))


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: f"{case.claim}-{case.rule.__name__}")
def test_the_same_search_finds_a_counterexample_once_a_rule_is_broken(case: Any, monkeypatch: Patch) -> None:
    case.rule(monkeypatch)
    with pytest.raises(Counterexample):
        search(case.claim, frozenset({Verdict.FALSE}), (Phase.generate,), **case.where)


def test_each_claim_has_a_rule_that_can_break_it() -> None:
    assert {case.claim for case in BREAKS} == set(CLAIMS)


def test_each_rule_breaks_a_claim() -> None:
    rules = {
        one for name, one in vars(broken).items() if callable(one) and getattr(one, "__module__", "") == broken.__name__
        and not name.startswith("_")
    }  # fmt: skip
    assert rules == {case.rule for case in BREAKS}


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
