"""The permission experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.cloud import ServiceError
from helpers.dataplane.sns.access import Access
from helpers.dataplane.sns.deliveries import Deliveries
from helpers.dataplane.sns.failure import Failure
from helpers.dataplane.sns.publishing import Publishing
from helpers.dataplane.sns.targets import Targets
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "19_sns.permission"
CLIENT = ("policy removed", "queue deleted")


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("19_sns")}) == []


# Results worked out by hand


@pytest.mark.parametrize("cause", CLIENT)
@pytest.mark.parametrize(("from_min", "for_min", "rate"), [(10, 20, 2), (0, 1, 1), (3, 5, 4)])
def test_what_comes_meanwhile_is_lost(cause: str, from_min: int, for_min: int, rate: int) -> None:
    s = outcome(
        ID, cause=cause, forbidden_from_min=from_min, forbidden_for_min=for_min, messages_per_min=rate
    ).summary
    assert s["published"] == rate * (from_min + for_min + 10) == s["other_queue_got"]
    assert (s["lost"], s["delivered"]) == (rate * for_min, rate * (from_min + 10))
    assert (s["most_attempts"], s["publish_errors"], s["in_dead_letter_queue"]) == (1, 0, 0)


def test_it_is_the_orders_of_those_minutes_that_are_lost() -> None:
    """Two a minute, at 15 s and 45 s: from 10 to 30 min these are the orders 21 to 60."""
    m = outcome(ID).measurements
    assert list(m.given_up) == [f"order {number}" for number in range(21, 61)]
    assert list(m.troubled) == [f"order {number}" for number in (*range(1, 21), *range(61, 81))]


def test_the_dead_letter_queue_holds_their_bodies() -> None:
    m = outcome(ID, dead_letter_queue=True).measurements
    assert list(m.kept) == [f"order {number}" for number in range(21, 61)]
    assert {one.kept for one in m.given_up.values()} == {True}
    assert m.summary["lost"] == 0


def test_a_server_error_ends_within_20_s_for_every_message() -> None:
    m = outcome(ID, cause="server error").measurements
    late = [m.troubled[one.body] - m.window_s[1] for one in m.meanwhile]
    assert len(late) == 40
    assert min(late) >= 0
    assert max(late) <= 20.1
    assert not m.given_up


def test_no_trouble_is_no_loss() -> None:
    s = outcome(ID, forbidden_for_min=0, dead_letter_queue=True).summary
    assert (s["delivered"], s["lost"], s["in_dead_letter_queue"]) == (s["published"], 0, 0)


# The claims

SIZES: dict[str, Strategy] = {
    "forbidden_from_min": st.integers(0, 5),
    "forbidden_for_min": st.integers(0, 8),
    "messages_per_min": st.integers(1, 3),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def try_client_errors_again(patch: Patch) -> None:
    """A client-side error is tried again like any other."""
    real = Deliveries._ended

    def ended(self: Deliveries, delivery: Any, failure: Failure | None) -> None:
        if failure is not None:
            failure.client_side = False
        real(self, delivery, failure)

    patch.setattr(Deliveries, "_ended", ended)


def let_everyone_in(patch: Patch) -> None:
    """No queue needs a policy."""
    patch.setattr(Access, "check_queue", lambda self, queue_arn, topic_arn: None)


def fail_the_publish(patch: Patch) -> None:
    """Publish fails if a queue does not let the topic in."""
    real = Publishing._accept

    def accept(self: Publishing, topic: Any, entry: Any) -> dict[str, Any]:
        for subscription in topic.subscriptions.values():
            access = self._fan_out.__self__._targets._access  # type: ignore[attr-defined]  # a bound method
            try:
                access.check_queue(subscription.endpoint, topic.arn)
            except Failure as failure:
                raise ServiceError(failure.code, failure.message, 403) from None
        return real(self, topic, entry)

    patch.setattr(Publishing, "_accept", accept)


def block_the_others(patch: Patch) -> None:
    """If one subscription fails, none gets the message."""

    def deliver(self: Deliveries, chosen: list[Any]) -> None:
        for delivery in chosen:
            try:
                self._targets._access.check_queue(delivery.subscription.endpoint, delivery.topic.arn)
            except Failure:
                return
        for delivery in chosen:
            self._attempt(delivery)

    patch.setattr(Deliveries, "_deliver", deliver)


def drop_dead_letters(patch: Patch) -> None:
    """A dead-letter queue is set, and nothing is sent there."""
    real = Targets.send

    def send(self: Targets, message: Any, subscription: Any, queue_arn: str) -> None:
        if queue_arn == subscription.endpoint:
            real(self, message, subscription, queue_arn)

    patch.setattr(Targets, "send", send)


def give_up_at_once(patch: Patch) -> None:
    """A server-side error is final, too."""
    patch.setattr(Deliveries, "_delay_s", lambda self, delivery, failure: None)


_SHUT = {
    "cause": st.sampled_from(CLIENT),
    "forbidden_for_min": st.integers(1, 8),
}

SEARCH = ClaimSearch(
    ID,
    {
        "once": _towards(**_SHUT),
        "green": _towards(),
        "total": _towards(),
        "dead_letters": _towards(**_SHUT, dead_letter_queue=st.just(True)),
        "late": _towards(cause=st.just("server error"), forbidden_for_min=st.integers(1, 8)),
    },
    (
        Break("once", try_client_errors_again),
        Break("once", let_everyone_in, {"cause": st.just("policy removed")}),
        Break("green", fail_the_publish, _SHUT),
        Break("total", block_the_others, _SHUT),
        Break("dead_letters", drop_dead_letters, {"dlq_lets_sns_in": st.just(True)}),
        Break("late", give_up_at_once),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
