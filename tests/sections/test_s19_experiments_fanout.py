"""The fan-out experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.sns.deliveries import Deliveries
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "19_sns.fanout"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("19_sns")}) == []


# Results worked out by hand


def test_each_queue_gets_each_body_once_and_in_order() -> None:
    found = outcome(ID, messages=10, subscribers=4).measurements
    bodies = [f"order {number}" for number in range(1, 11)]
    assert [list(service.arrived) for service in found.services] == [bodies] * 4
    assert [[one.body for one in service.work] for service in found.services] == [bodies] * 4


@pytest.mark.parametrize("slow_work_s", [0.2, 3, 30])
def test_the_others_are_done_at_the_same_time_whatever_the_first_does(slow_work_s: float) -> None:
    """Call 10 ms, delivery 20 ms, reply 10 ms, work 200 ms: 0.24 s from the beginning of a publish."""
    found = outcome(ID, slow_work_s=slow_work_s, messages=10)
    for service in found.measurements.services[1:]:
        took = [one.end_s - found.measurements.sent[one.body][0] for one in service.work]
        assert took == pytest.approx([took[0]] * 10, abs=1e-6)
        assert took[0] == pytest.approx(0.235, abs=0.011)
    assert found.summary["publish_takes_s"] == 0.01


@pytest.mark.parametrize(("after_s", "missed"), [(0, 0), (1, 1), (7, 7), (10, 10), (60, 10)])
def test_a_queue_misses_what_was_published_before_it_joined(after_s: int, missed: int) -> None:
    """Messages at 0, 1, 2 ... s; it joins half a second before the next full second."""
    found = outcome(ID, messages=10, late_after_s=after_s)
    assert (found.summary["last_one_missed"], found.summary["last_one_got"]) == (missed, 10 - missed)
    assert found.summary["deliveries"] == 2 * 10 + 10 - missed


def test_a_chain_adds_up() -> None:
    """3 + 0.2 + 0.2 s, and a call of 10 ms to each."""
    found = outcome(ID, design="chain of calls", messages=10)
    assert found.summary["publish_takes_s"] == pytest.approx(3.43, abs=0.011)
    assert found.summary["last_publish_s"] == pytest.approx(9 * 3.43, abs=0.1)
    assert "Publish" not in set(found.trail.operation)


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_the_backlog_grows_by_what_the_workers_leave(workers: int) -> None:
    """40 messages in 39 s: a worker does one in 3.04 s, but no more than there are."""
    found = outcome(ID, messages=40, slow_workers=workers)
    done = min(39 / 3.04 * workers, 37)
    assert found.summary["slow_left"] == pytest.approx(40 - done, abs=2.5)


def test_a_shop_without_subscribers_publishes_all_the_same() -> None:
    found = outcome(ID, subscribers=1, late_after_s=200)
    assert (found.summary["messages"], found.summary["deliveries"]) == (20, 0)


# The claims

SIZES: dict[str, Strategy] = {
    "messages": st.sampled_from([10, 20]),
    "late_after_s": st.integers(0, 30),
    "slow_work_s": st.integers(1, 100).map(lambda tenths: tenths / 10),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=8, deadline=None)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.summary["messages"] == values["messages"]


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, "messages": st.just(10), **narrowed, **more})


def deliver_one_after_the_other(patch: Patch) -> None:
    """Each subscription has to wait for the one before it."""

    def deliver(self: Deliveries, chosen: list[Any]) -> None:
        for place, delivery in enumerate(chosen):
            self._cloud.at(place, partial(self._attempt, delivery), name="sns")

    patch.setattr(Deliveries, "_deliver", deliver)


def keep_the_messages(patch: Patch) -> None:
    """A topic keeps what it had, and hands it to those who come later."""
    real = Deliveries.fan_out

    def fan_out(self: Deliveries, topic: Any, message: Any) -> None:
        past, known = self.__dict__.setdefault("past", ([], set()))
        for arn, subscription in topic.subscriptions.items():
            if arn not in known:
                known.add(arn)
                for old in past:
                    self._cloud.at(0.1, partial(self._targets.queue, old, subscription), name="sns")
        past.append(message)
        real(self, topic, message)

    patch.setattr(Deliveries, "fan_out", fan_out)


def deliver_twice(patch: Patch) -> None:
    """Each subscription gets two copies."""
    real = Deliveries._deliver
    patch.setattr(Deliveries, "_deliver", lambda self, chosen: real(self, [*chosen, *chosen]))


def deliver_in_bursts(patch: Patch) -> None:
    """Messages are delivered together, every 20 s."""
    real = Deliveries._deliver

    def deliver(self: Deliveries, chosen: list[Any]) -> None:
        self._cloud.at(20 - self._cloud.now % 20, partial(real, self, chosen), name="sns")

    patch.setattr(Deliveries, "_deliver", deliver)


def start_late(patch: Patch) -> None:
    """A function begins a second after it was called."""
    real = Invoker.start

    def start(self: Invoker, *given: Any) -> None:
        self._account.at(1, partial(real, self, *given), name="lambda")

    patch.setattr(Invoker, "start", start)


_TOPIC = {"design": st.just("topic and queues")}

SEARCH = ClaimSearch(
    ID,
    {
        "apart": _towards(**_TOPIC),
        "since": _towards(**_TOPIC),
        "copies": _towards(**_TOPIC),
        "pace": _towards(
            **_TOPIC, slow_work_s=st.sampled_from([0.1, 0.9, 2.9]), slow_workers=st.integers(3, 10)
        ),
        "chain": _towards(design=st.just("chain of calls")),
    },
    (
        Break("apart", deliver_one_after_the_other, {"subscribers": st.integers(3, 6)}),
        Break(
            "since", keep_the_messages, {"subscribers": st.integers(2, 4), "late_after_s": st.integers(2, 8)}
        ),
        Break("copies", deliver_twice, {"late_after_s": st.just(0)}),
        Break("pace", deliver_in_bursts, {"late_after_s": st.just(0), "slow_workers": st.just(3)}),
        Break("chain", start_late),
    ),
    examples=4,
)


class TestClaims(SearchedClaims):
    search = SEARCH
