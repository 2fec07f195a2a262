"""The retry experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.sns import endpoints, retries
from helpers.dataplane.sns.deliveries import Deliveries
from helpers.dataplane.sns.failure import Failure
from helpers.dataplane.sns.metrics import Metrics
from helpers.dataplane.sns.retries import HTTP_DEFAULT
from helpers.dataplane.sns.subscription import Subscription
from helpers.dataplane.sns.targets import Targets
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "19_sns.retry"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("19_sns")}) == []


def starts(**values: Any) -> list[float]:
    return [round(one.start_s, 3) for one in outcome(ID, **values).measurements.attempts]


# Results worked out by hand


def test_a_server_without_an_answer_is_tried_every_35_s() -> None:
    """15 s of silence and 20 s of waiting; the last silence ends at 120 s."""
    assert starts(down_as="no answer") == [0, 35, 70, 105]
    assert outcome(ID, down_as="no answer").measurements.end_s == pytest.approx(120)


@pytest.mark.parametrize(
    ("backoff", "due"),
    [
        ("linear", [0, 10, 40, 90, 160]),
        ("arithmetic", [0, 10, 30, 70, 140]),
        ("exponential", [0, 10, 30, 70, 140]),
    ],
)
def test_delays_grow_from_the_first_to_the_last(backoff: str, due: list[float]) -> None:
    """10 to 70 s in 4 retries: in equal steps 10, 30, 50, 70; by steps of 10, 20, 30: 10, 20, 40, 70; doubled."""
    assert starts(num_retries=4, min_delay_s=10, max_delay_s=70, backoff=backoff) == due


def test_retries_without_delay_come_first() -> None:
    assert starts(num_retries=5, without_delay=3) == [0, 0, 0, 0, 20, 40]


@pytest.mark.parametrize(
    ("outage_min", "attempt", "end_s"), [(0, 1, 0), (1, 13, 73), (30, 100, 1813), (120, 370, 7213)]
)
def test_a_queue_is_tried_by_the_four_phases(outage_min: int, attempt: int, end_s: float) -> None:
    """3 at once, 2 after 1 s, 10 of 1, 2, 4, 8, 16 and five times 20 s (the end of which is at 133 s), then 20 s."""
    m = outcome(ID, endpoint="queue", outage_min=outage_min).measurements
    assert (m.fate, len(m.attempts), m.end_s) == ("delivered", attempt, pytest.approx(end_s))


@pytest.mark.parametrize(("max_delay_s", "fate"), [(36, "kept"), (37, "refused")])
def test_a_hundred_retries_last_an_hour_at_most(max_delay_s: int, fate: str) -> None:
    """100 x 36 s is the hour, 100 x 37 s is more."""
    m = outcome(
        ID, num_retries=100, min_delay_s=max_delay_s, max_delay_s=max_delay_s, outage_min=61
    ).measurements
    assert m.fate == fate
    assert m.said == ("InvalidParameter" if fate == "refused" else "")


@pytest.mark.parametrize("wrong", [{"min_delay_s": 30}, {"without_delay": 4}])
def test_a_policy_that_contradicts_itself_is_refused(wrong: dict[str, int]) -> None:
    found = outcome(ID, **wrong)
    assert found.summary["refused"] == 1
    assert "Publish" not in set(found.trail.operation)


@pytest.mark.parametrize(("status", "attempts"), [("503", 4), ("429", 4), ("404", 1)])
def test_only_some_answers_are_tried_again(status: str, attempts: int) -> None:
    found = outcome(ID, down_as=status)
    assert found.summary["attempts"] == found.summary["failed_metric"] == attempts


def test_the_last_retry_may_be_the_one() -> None:
    """Back after 1 min, last retry at 60 s."""
    assert outcome(ID, outage_min=1).summary["fate"] == "delivered"
    assert outcome(ID, outage_min=2).summary["fate"] == "kept"
    assert outcome(ID, outage_min=2, dead_letter_queue=False).summary["fate"] == "lost"


# The claims

SIZES: dict[str, Strategy] = {
    "outage_min": st.integers(0, 40),
    "num_retries": st.integers(0, 12),
    "without_delay": st.integers(0, 4),
    "min_delay_s": st.integers(1, 60),
    "max_delay_s": st.one_of(st.integers(20, 120), st.integers(1, 3600)),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=12, deadline=None)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def give_up_after_two(patch: Patch) -> None:
    """One retry is all there is."""
    real = Deliveries._delay_s

    def delay_s(self: Deliveries, delivery: Any, failure: Failure) -> float | None:
        return None if delivery.attempts >= 2 else real(self, delivery, failure)

    patch.setattr(Deliveries, "_delay_s", delay_s)


def retry_queues_like_servers(patch: Patch) -> None:
    """Every subscriber has the policy of HTTP."""
    patch.setattr(Subscription, "retries", lambda self, policy: HTTP_DEFAULT)


def forget_the_hour(patch: Patch) -> None:
    """Retries may last as long as they like."""
    patch.setattr(retries, "MOST_TOTAL_S", 10**9)


def wait_a_minute(patch: Patch) -> None:
    """No retry comes sooner than after a minute."""
    real = Deliveries._delay_s

    def delay_s(self: Deliveries, delivery: Any, failure: Failure) -> float | None:
        found = real(self, delivery, failure)
        return None if found is None else max(60.0, found)

    patch.setattr(Deliveries, "_delay_s", delay_s)


def retry_every_status(patch: Patch) -> None:
    """A 404 is tried again like a 503."""
    real = endpoints._judged

    def judged(status: int | None) -> Failure | None:
        failure = real(status)
        if failure is not None:
            failure.client_side = False
        return failure

    patch.setattr(endpoints, "_judged", judged)


def drop_dead_letters(patch: Patch) -> None:
    """A dead-letter queue is set, and nothing is sent there."""
    real = Targets.send

    def send(self: Targets, message: Any, subscription: Any, queue_arn: str) -> None:
        if queue_arn == subscription.endpoint:
            real(self, message, subscription, queue_arn)

    patch.setattr(Targets, "send", send)


def count_messages_only(patch: Patch) -> None:
    """The metric counts a message once, however often it failed."""
    real = Metrics.count

    def count(self: Metrics, topic: Any, metric: str) -> None:
        counted = self.__dict__.setdefault("counted", set())
        if metric != "NumberOfNotificationsFailed" or metric not in counted:
            real(self, topic, metric)
        counted.add(metric)

    patch.setattr(Metrics, "count", count)


_SERVER = {
    "endpoint": st.just("https"),
    "without_delay": st.just(0),
    "min_delay_s": st.integers(1, 20),
    "max_delay_s": st.integers(20, 60),
}
_DOWN = {"down_as": st.sampled_from(["503", "429", "no answer"]), "outage_min": st.integers(20, 60)}
_SOME = {"num_retries": st.integers(2, 6)}

SEARCH = ClaimSearch(
    ID,
    {
        "tries": _towards(**_SERVER, **_DOWN),
        "reach": _towards(**_SERVER, down_as=st.sampled_from(["503", "429", "no answer"])),
        "managed": _towards(endpoint=st.just("queue")),
        "hour": _towards(endpoint=st.just("https")),
        "at_once": _towards(
            endpoint=st.just("https"),
            num_retries=st.just(5),
            without_delay=st.just(5),
            down_as=st.sampled_from(["503", "429"]),
            min_delay_s=st.integers(1, 20),
            max_delay_s=st.integers(20, 60),
            outage_min=st.integers(1, 60),
        ),
        "permanent": _towards(**_SERVER, down_as=st.just("404"), outage_min=st.integers(1, 60)),
        "kept": _towards(**_SERVER, **_DOWN),
        "counted": _towards(**_SERVER),
    },
    (
        Break("tries", give_up_after_two, _SOME),
        Break("tries", wait_a_minute, _SOME),
        Break("reach", give_up_after_two, {"num_retries": st.just(12), "outage_min": st.just(2)}),
        Break("managed", retry_queues_like_servers, {"outage_min": st.integers(5, 30)}),
        Break("hour", forget_the_hour, {"num_retries": st.just(12), "max_delay_s": st.integers(1000, 3600)}),
        Break("at_once", wait_a_minute),
        Break("permanent", retry_every_status, _SOME),
        Break("kept", drop_dead_letters, {"dead_letter_queue": st.just(True)}),
        Break("counted", count_messages_only, {**_SOME, **_DOWN}),
    ),
    examples=5,
)


class TestClaims(SearchedClaims):
    search = SEARCH
