"""The FIFO experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.sns import deduplication, publishing
from helpers.dataplane.sns.deduplication import Deduplication
from helpers.dataplane.sns.deliveries import Deliveries
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "19_sns.fifo"
STANDARD = "standard queue"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("19_sns")}) == []


# Results worked out by hand


def by_group(received: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in received:
        found.setdefault(one.group, []).append(one.step)
    return found


@pytest.mark.parametrize("groups", [1, 3, 20])
def test_each_group_comes_in_order_and_once(groups: int) -> None:
    m = outcome(ID, groups=groups).measurements
    lanes = by_group(m.received)
    assert all(steps == sorted(steps) for steps in lanes.values())
    assert sorted(step for steps in lanes.values() for step in steps) == list(range(1, 31))


@pytest.mark.parametrize("subscriber", ["FIFO queue", STANDARD])
@pytest.mark.parametrize("dedup", ["id", "content"])
@pytest.mark.parametrize(("after_s", "copies"), [(0, 0), (298, 0), (301, 6), (900, 6)])
def test_five_minutes_make_the_difference(subscriber: str, dedup: str, after_s: int, copies: int) -> None:
    """A fifth of 30 messages is sent again: 6, which come once more after 300 s."""
    s = outcome(ID, subscriber=subscriber, dedup=dedup, resend_after_s=after_s).summary
    assert (s["sent_again"], s["publish_errors"]) == (6, 0)
    assert (s["copies"], s["delivered"], s["received"]) == (copies, 30 + copies, 30 + copies)


def test_a_time_in_the_body_makes_it_another_message() -> None:
    assert outcome(ID, dedup="content with a time", resend_after_s=10).summary["copies"] == 6


def test_an_id_is_not_touched_by_what_else_is_sent() -> None:
    found = outcome(ID)
    sent = found.trail[found.trail.operation == "Publish"]
    answers: dict[str, set[str]] = {}
    for asked, answer in zip(sent.parameters, sent.response, strict=True):
        answers.setdefault(asked["MessageDeduplicationId"], set()).add(answer["SequenceNumber"])
    assert [len(numbers) for numbers in answers.values()] == [1] * 30


def test_a_standard_queue_gets_all_and_mixes_them() -> None:
    m = outcome(ID, subscriber=STANDARD, duplicate_percent=0).measurements
    assert sorted(one.step for one in m.received) == list(range(1, 31))
    assert m.summary["out_of_order"] > 0
    kept = outcome(ID, subscriber=STANDARD, duplicate_percent=0, disorder=1).measurements
    assert [one.step for one in kept.received] == list(range(1, 31))


# The claims

SIZES: dict[str, Strategy] = {"messages": st.sampled_from([20, 30]), "groups": st.integers(1, 6)}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def deliver_pairs_the_wrong_way_round(patch: Patch) -> None:
    """Every other message is delivered 5 s late."""
    real = Deliveries._deliver

    def deliver(self: Deliveries, chosen: list[Any]) -> None:
        number = self.__dict__["number"] = self.__dict__.get("number", 0) + 1
        if number % 2:
            self._cloud.at(5, lambda: real(self, chosen), name="sns")
        else:
            real(self, chosen)

    patch.setattr(Deliveries, "_deliver", deliver)


def forget_after_a_minute(patch: Patch) -> None:
    """The topic remembers for one minute, and the queue has no memory of its own."""
    patch.setattr(deduplication, "DEDUPLICATION_US", 60_000_000)


def never_forget(patch: Patch) -> None:
    """What a topic has had once is a duplicate for ever."""

    def first(self: Deduplication, deduplication_id: str, scope: str, now_us: int) -> Any:
        known = self._seen.get((scope, deduplication_id))
        return known[1] if known else None

    patch.setattr(Deduplication, "first", first)


def hash_half_of_the_body(patch: Patch) -> None:
    """The hash is taken of the first 11 bytes of the body."""

    class Short:
        @staticmethod
        def sha256(data: bytes) -> Any:
            import hashlib

            return hashlib.sha256(data.split(b",")[0])

    patch.setattr(publishing, "hashlib", Short)


def lose_one_in_ten(patch: Patch) -> None:
    """Every tenth message goes nowhere."""
    real = Deliveries.fan_out

    def fan_out(self: Deliveries, topic: Any, message: Any) -> None:
        number = self.__dict__["sent"] = self.__dict__.get("sent", 0) + 1
        if number % 10:
            real(self, topic, message)

    patch.setattr(Deliveries, "fan_out", fan_out)


_AGAIN = {"duplicate_percent": st.integers(10, 100)}
_TOLD = {"dedup": st.sampled_from(["id", "content"])}

SEARCH = ClaimSearch(
    ID,
    {
        "order": _towards(subscriber=st.just("FIFO queue")),
        "within": _towards(**_AGAIN, **_TOLD, resend_after_s=st.integers(0, 298)),
        "after": _towards(**_AGAIN, resend_after_s=st.integers(301, 900)),
        "content": _towards(**_AGAIN, dedup=st.just("content with a time")),
        "least": _towards(),
    },
    (
        Break("order", deliver_pairs_the_wrong_way_round, {"duplicate_percent": st.just(0)}),
        Break(
            "within",
            forget_after_a_minute,
            {"resend_after_s": st.integers(100, 200), "subscriber": st.just(STANDARD)},
        ),
        Break("after", never_forget, _TOLD),
        Break("content", hash_half_of_the_body, {"resend_after_s": st.integers(0, 200)}),
        Break("least", lose_one_in_ten, {"duplicate_percent": st.just(0)}),
    ),
    examples=5,
)


class TestClaims(SearchedClaims):
    search = SEARCH
