"""The events experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.events import delivery
from helpers.dataplane.events.delivery import Delivery
from helpers.dataplane.events.pattern import Pattern
from helpers.dataplane.events.targets import Failure, Targets
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions

ID = "17_monitoring.events"


def caught(**values: Any) -> list[int]:
    """The numbers of the orders that the rule sent on, from 1."""
    found = outcome(ID, **{"down_min": 0, **values}).measurements.events
    return [number for number, event in enumerate(found, 1) if event.caught]


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("17_monitoring")}) == []


# Results worked out by hand


@pytest.mark.parametrize(
    ("pattern", "orders"),
    [
        ("state failed", [1, 3, 7]),
        ("failed or late", [1, 3, 6, 7, 8]),
        ("failed, 100 or more", [1, 7]),
        ("100 or more", [1, 4, 5, 7, 8]),
        ("shop begins with eu", [1, 4, 5]),
        ("anything but done", [1, 3, 4, 6, 7, 8]),
        ("has a voucher", [2, 5, 7]),
    ],
)
def test_what_each_pattern_catches(pattern: str, orders: list[int]) -> None:
    """Read off the eight orders: values of a list are alternatives, fields must all match, case counts."""
    assert caught(pattern=pattern) == orders


def test_events_from_before_the_rule_are_gone() -> None:
    assert caught(rule_made_after=5) == [7]


def test_the_waits_double_up_to_nine_minutes_less_a_tenth() -> None:
    """Down for ten minutes: waits of 1, 2, 4, ... 256, 512 and 540 seconds, each up to a tenth sooner."""
    for event in outcome(ID, down_min=10).measurements.events:
        for number, (before, after) in enumerate(pairwise(event.tries_s)):
            longest_s = min(540, 2**number)
            assert 0.9 * longest_s - 0.001 <= after - before <= longest_s + 0.001


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_one_attempt_and_its_retries(retries: int) -> None:
    found = outcome(ID, max_retry_attempts=retries, targets=3)
    assert [len(event.tries_s) for event in found.measurements.events if event.caught] == [retries + 1] * 3
    assert (found.summary["arrived"], found.summary["in_dead_letter_queue"]) == (6, 3)


@pytest.mark.slow
def test_a_target_down_for_25_hours_is_tried_until_24_hours_are_over() -> None:
    """Ten waits of up to 512 s, then waits of 486 to 540 s until the event is a day old."""
    found = outcome(ID, pattern="failed, 100 or more", down_min=1500)
    for event in found.measurements.events:
        assert len(event.tries_s) in range(*((168, 187) if event.caught else (0, 1)))
        if event.caught:
            assert 86_400 - 540 <= event.tries_s[-1] <= 86_400
            assert 86_400 - 540 <= (event.dead_s or 0) <= 86_400


def test_a_missing_permission_is_told_at_once() -> None:
    found = outcome(ID, problem="no permission").measurements
    assert [(event.tries_s, event.dead_s) for event in found.events if event.caught] == [((), 0)] * 3


def test_without_a_trace_only_the_count_of_eventbridge_is_left() -> None:
    found = outcome(ID, problem="no permission", targets=1, dead_letters=False)
    assert (found.summary["matched"], found.summary["dropped"], found.measurements.invocations) == (3, 3, 3)


def test_the_same_seed_gives_the_same_picture() -> None:
    assert outcome(ID, seed=3).png() == outcome(ID, seed=3).png()


# The claims

SIZES: dict[str, Strategy] = {
    "down_min": st.integers(0, 60),
    "max_retry_attempts": st.one_of(st.integers(0, 12), st.just(185)),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=10)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def match_everything(patch: Patch) -> None:
    """Patterns match whatever comes."""
    patch.setattr(Pattern, "matches", lambda self, event: True)


def serve_the_first_target_only(patch: Patch) -> None:
    """A rule sends to one of its targets."""
    real = Delivery.start

    def start(self: Delivery, rule: dict[str, Any], target: dict[str, Any], text: str) -> None:
        if target["Id"] == "billing":
            real(self, rule, target, text)

    patch.setattr(Delivery, "start", start)


def forget_some(patch: Patch) -> None:
    """What is given up is not counted as failed."""
    real = Delivery._count

    def count(self: Delivery, metric: str, rule: dict[str, Any]) -> None:
        if metric != "FailedInvocations":
            real(self, metric, rule)

    patch.setattr(Delivery, "_count", count)


def never_again(patch: Patch) -> None:
    """A failed delivery is not tried again."""
    patch.setattr(delivery, "MOST_RETRIES", 0)
    real = Targets.send

    def send(self: Targets, *given: Any) -> Failure | None:
        failure = real(self, *given)
        return failure and failure._replace(retriable=False)

    patch.setattr(Targets, "send", send)


def lose_dead_letters(patch: Patch) -> None:
    """Nothing reaches a dead-letter queue."""
    patch.setattr(Targets, "send_to_queue", lambda self, *given: False)


def retry_for_permission(patch: Patch) -> None:
    """A missing permission is retried as well."""
    real = Targets.send

    def send(self: Targets, *given: Any) -> Failure | None:
        failure = real(self, *given)
        return failure and failure._replace(retriable=True)

    patch.setattr(Targets, "send", send)


_SHORT = {"problem": st.just("down"), "down_min": st.integers(1, 60), "max_retry_attempts": st.just(185)}
_LONG = {
    "problem": st.just("down"),
    "down_min": st.integers(30, 60),
    "max_retry_attempts": st.integers(0, 10),
}
_NOT_ALLOWED = {"problem": st.just("no permission"), "max_retry_attempts": st.integers(1, 12)}
_SOME = {"rule_made_after": st.integers(0, 5)}
SEARCH = ClaimSearch(
    ID,
    {
        "matching": _towards(),
        "accounts": _towards(),
        "outage": _towards(**_SHORT, **_SOME),
        "given_up": _towards(**_LONG, **_SOME),
        "permission": _towards(**_NOT_ALLOWED, **_SOME),
    },
    (
        Break("matching", match_everything),
        Break("matching", serve_the_first_target_only, {"targets": st.integers(2, 5)}),
        Break("accounts", forget_some, _NOT_ALLOWED),
        Break("outage", never_again),
        Break("given_up", lose_dead_letters),
        Break("permission", retry_for_permission),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
