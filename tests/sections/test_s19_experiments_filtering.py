"""The filtering experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.sns.deliveries import Deliveries
from helpers.dataplane.sns.failure import refused
from helpers.dataplane.sns.filter_policy import FilterPolicy, Verdict
from helpers.dataplane.sns.metrics import Metrics
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s19_sns.experiments.filtering import POLICIES

ID = "19_sns.filtering"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("19_sns")}) == []


# Results worked out by hand


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("one attribute", lambda order: order["state"] == "cancelled"),
        ("two keys", lambda order: order["state"] != "cancelled" and order["region"] == "eu"),
        ("anything-but", lambda order: order["state"] in ("placed", "paid")),
        ("prefix", lambda order: order["item"][:5] == "book-"),
        ("numeric range", lambda order: order["amount"] in range(100, 500)),
    ],
)
def test_a_policy_for_the_body_takes_the_orders_it_describes(
    policy: str, wanted: Callable[..., bool]
) -> None:
    m = outcome(ID, policy=policy, scope="body", attributes_on_percent=0).measurements
    due = [order.body for order in m.orders if order.parsed and wanted(order.parsed)]
    passed = [order.body for order, fate in zip(m.orders, m.fates, strict=True) if not fate]
    assert passed == due
    assert 0 < len(due) < 100


def test_attributes_and_body_say_the_same_so_the_scopes_agree() -> None:
    for policy in ("one attribute", "two keys", "anything-but", "prefix"):
        by_attributes, by_body = (outcome(ID, policy=policy, scope=scope) for scope in ("attributes", "body"))
        assert by_attributes.measurements.fates.count("") == by_body.measurements.fates.count("")


@pytest.mark.parametrize(("percent", "without"), [(0, 100), (35, 65), (100, 0)])
def test_messages_without_attributes_are_counted_apart(percent: int, without: int) -> None:
    m = outcome(ID, attributes_on_percent=percent).measurements
    assert m.metrics["NoMessageAttributes"] == without
    assert m.metrics["InvalidMessageBody"] == m.metrics["MessageBody"] == 0


def test_plain_text_is_counted_apart_in_the_scope_of_the_body() -> None:
    m = outcome(ID, scope="body", json_percent=70, attributes_on_percent=0).measurements
    assert (m.metrics["InvalidMessageBody"], m.metrics["NoMessageAttributes"]) == (30, 0)


def test_no_policy_filters_nothing() -> None:
    s = outcome(ID, policy="none", attributes_on_percent=0, json_percent=0).summary
    assert (s["delivered"], s["filtered_out"], s["queue_without_policy"]) == (100, 0, 100)


# The claims

SIZES: dict[str, Strategy] = {"messages": st.sampled_from([20, 40])}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def join_keys_by_or(patch: Patch) -> None:
    """One key that matches is enough."""
    real = FilterPolicy.judge

    def judge(self: FilterPolicy, message: Any) -> Verdict:
        whole = self._policy
        verdicts = []
        for key, rules in whole.items():
            self._policy = {key: rules}
            verdicts.append(real(self, message))
        self._policy = whole
        return Verdict.ACCEPTED if Verdict.ACCEPTED in verdicts else verdicts[0]

    patch.setattr(FilterPolicy, "judge", judge)


def look_into_both(patch: Patch) -> None:
    """A policy looks at attributes first, and then into the body."""
    real = FilterPolicy.judge

    def judge(self: FilterPolicy, message: Any) -> Verdict:
        first = real(self, message)
        scope, self.scope = self.scope, "MessageBody"
        second = real(self, message)
        self.scope = scope
        return second if first and not second else first

    patch.setattr(FilterPolicy, "judge", judge)


def count_as_failed(patch: Patch) -> None:
    """A rejected message is a failed delivery, and goes to the dead-letter queue."""
    real = Deliveries.fan_out

    def fan_out(self: Deliveries, topic: Any, message: Any) -> None:
        from helpers.dataplane.sns.deliveries import _Delivery

        for subscription in topic.subscriptions.values():
            policy = subscription.filter_at(self._cloud.now_us)
            if policy is not None and policy.judge(message):
                self._give_up(_Delivery(topic, message, subscription, 1), refused("Filtered", "rejected"))
        real(self, topic, message)

    patch.setattr(Deliveries, "fan_out", fan_out)


def filter_for_the_topic(patch: Patch) -> None:
    """A message that one subscription rejects goes to nobody."""
    real = Deliveries.fan_out

    def fan_out(self: Deliveries, topic: Any, message: Any) -> None:
        for subscription in topic.subscriptions.values():
            policy = subscription.filter_at(self._cloud.now_us)
            if policy is not None and policy.judge(message):
                return
        real(self, topic, message)

    patch.setattr(Deliveries, "fan_out", fan_out)


def forget_the_reason(patch: Patch) -> None:
    """All rejected messages count as rejected by their attributes."""
    real = Metrics.filtered
    patch.setattr(Metrics, "filtered", lambda self, topic, verdict: real(self, topic, Verdict.ATTRIBUTES))


_SOME = {"policy": st.sampled_from([name for name in POLICIES if name != "none"])}

SEARCH = ClaimSearch(
    ID,
    {
        "exact": _towards(),
        "total": _towards(),
        "others": _towards(),
        "scoped": _towards(policy=st.just("numeric range"), scope=st.just("attributes")),
        "reasons": _towards(**_SOME),
    },
    (
        Break(
            "exact", join_keys_by_or, {"policy": st.just("two keys"), "attributes_on_percent": st.just(100)}
        ),
        Break("exact", look_into_both, {**_SOME, "attributes_on_percent": st.just(0)}),
        Break("total", count_as_failed, _SOME),
        Break("others", filter_for_the_topic, _SOME),
        Break("scoped", look_into_both, {"json_percent": st.just(100)}),
        Break("reasons", forget_the_reason),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
