"""The locking experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.cloud import Call, ServiceError
from helpers.dataplane.dynamodb.metering import Cost, Metering
from helpers.dataplane.dynamodb.transactions import Action, Transactions
from helpers.dataplane.dynamodb.writing import Writing
from helpers.experiments import Verdict, find
from helpers.sections.s22_dynamodb.experiments.locking import COUNTER, PLAIN, TRANSACTION, VERSION

ID = "22_dynamodb.locking"
LATENCY_S = 0.01


# Results worked out by hand


@pytest.mark.parametrize("strategy", [PLAIN, VERSION, COUNTER, TRANSACTION])
def test_one_clerk_counts_exactly_whichever_way_the_stock_is_written(strategy: str) -> None:
    found = outcome(ID, strategy=strategy, clerks=1, sales_each=5)
    shown = [found.summary[name] for name in ("sales", "stock_left", "missing", "counted_twice", "refused")]
    assert shown == [5, 95, 0, 0, 0]


def test_a_sale_takes_a_read_the_time_to_think_and_a_write() -> None:
    found = outcome(ID, clerks=1, sales_each=1, think_s=0)
    (one,) = found.measurements.attempts
    assert one.ended_s - one.began_s == pytest.approx(2 * LATENCY_S)


@pytest.mark.parametrize("seed", range(3))
def test_the_stock_shows_the_last_write_and_the_last_one_before_its_read_and_so_on(seed: int) -> None:
    """Ten clerks sell one ticket each, and take long between their read and their write."""
    found = outcome(ID, seed=seed, clerks=10, sales_each=1, think_s=5, pause_s=0)
    read_s = {one.ended_s: one.began_s + LATENCY_S for one in found.measurements.attempts}
    chain, at = 1, max(read_s)
    while earlier := [written_s for written_s in read_s if written_s < read_s[at]]:
        chain, at = chain + 1, max(earlier)
    assert found.summary["stock_fell_by"] == chain
    assert found.summary["missing"] == 10 - chain
    assert chain < 5


def test_a_strong_read_changes_nothing_about_it() -> None:
    """The clerks' times are drawn from the seed alone, so both runs differ in the reads only."""
    weak, strong = (outcome(ID, consistent_read=strong) for strong in (False, True))
    assert weak.summary["missing"] == strong.summary["missing"] > 0
    assert weak.summary["makespan_s"] == strong.summary["makespan_s"]


def test_a_version_condition_loses_nothing_and_pays_for_each_try() -> None:
    found = outcome(ID, strategy=VERSION)
    assert (found.summary["stock_fell_by"], found.summary["given_up"]) == (24, 0)
    assert found.summary["writes"] == 24 + found.summary["refused"] == found.summary["reads"]
    assert found.summary["write_units"] == found.summary["writes"]  # of 1 KB or less: one unit each
    assert found.summary["refused"] > 10


@pytest.mark.parametrize("percent", [0, 25, 50])
def test_a_counter_counts_each_repeated_call(percent: int) -> None:
    """24 sales of which a quarter or half are asked for twice."""
    found = outcome(ID, strategy=COUNTER, lost_reply_percent=percent)
    assert found.summary["stock_fell_by"] == found.summary["writes"] == 24 + 24 * percent // 100
    assert found.summary["counted_twice"] == 24 * percent // 100


def test_a_counter_goes_below_zero() -> None:
    found = outcome(ID, strategy=COUNTER, tickets=20)
    assert (found.summary["sales"], found.summary["stock_left"]) == (24, -4)
    assert found.findings["in_stock"].verdict is Verdict.FALSE


def test_a_transaction_sells_the_last_tickets_once_although_replies_are_lost() -> None:
    found = outcome(ID, strategy=TRANSACTION, tickets=20, lost_reply_percent=25)
    shown = [found.summary[name] for name in ("sales", "stock_left", "sales_on_record", "counted_twice")]
    assert shown == [20, 0, 20, 0]


def test_transactions_that_overlap_are_cancelled_and_asked_for_again() -> None:
    """Two clerks at one item, each transaction 1 s long: with pauses that double the second comes through in time."""
    found = outcome(
        ID, strategy=TRANSACTION, clerks=2, sales_each=1, think_s=0, pause_s=0, transaction_s=0.5, tries=8
    )
    first, *others = sorted(found.measurements.attempts, key=lambda one: one.began_s)
    assert first.accepted
    assert first.ended_s - first.began_s == pytest.approx(0.5 + LATENCY_S)
    refused = [one for one in others if not one.accepted]
    assert all(one.ended_s <= first.ended_s + LATENCY_S for one in refused)
    assert found.summary["refused"] == len(refused) >= 1
    assert found.summary["stock_fell_by"] == 2


def test_a_clerk_gives_up_after_the_last_try() -> None:
    found = outcome(ID, strategy=VERSION, tries=1)
    assert found.summary["given_up"] == found.summary["refused"] == 24 - found.summary["sales"] > 0
    assert found.findings["exact"].verdict is Verdict.TRUE


def test_who_undid_whom_is_told() -> None:
    found = outcome(ID)
    shown = found.measurements.attempts
    undone = [one for one in shown if one.fate == "undone"]
    assert {one.sale for one in undone} == found.measurements.missing
    for one in undone:
        by = shown[one.undone_by]
        assert by.began_s < one.ended_s < by.ended_s
        assert one.sale in by.between


# The claims

SMALL: dict[str, Strategy] = {
    "clerks": st.integers(1, 5),
    "sales_each": st.integers(1, 4),
    "think_s": st.sampled_from([0, 0.05, 0.3, 1]),
    "pause_s": st.sampled_from([0, 0.1, 0.5, 2]),
    "tickets": st.integers(1, 24),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_stock_is_what_the_accepted_writes_make_of_it(values: dict[str, Any], seed: int) -> None:
    """The attempts, read from the trail one by one, agree with the item that is read at the end."""
    found = outcome(ID, seed, **values)
    s = found.summary
    assert s["stock_fell_by"] == s["sales"] - s["missing"] + s["counted_twice"]
    assert found.measurements.levels[-1][1] == s["stock_left"]


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SMALL, **narrowed, **more})


def forget_conditions(patch: Patch) -> None:
    """An update is done whether its condition holds or not."""
    real = Writing.update_item

    def update_item(self: Writing, call: Call) -> dict[str, Any]:
        if call.parameters.pop("ConditionExpression", None):
            call.parameters["ExpressionAttributeValues"].pop(":read")
        return real(self, call)

    patch.setattr(Writing, "update_item", update_item)


def refuse_whatever_has_a_condition(patch: Patch) -> None:
    """The first condition of a sale fails, though it holds."""
    _refuse_once(patch, "ConditionalCheckFailedException")


def refuse_additions(patch: Patch) -> None:
    """The first addition of a sale is throttled, so that it takes a second try."""
    _refuse_once(patch, "ThrottlingException")


def _refuse_once(patch: Patch, code: str) -> None:
    real = Writing.update_item
    asked: dict[Writing, set[str]] = {}

    def update_item(self: Writing, call: Call) -> dict[str, Any]:
        sale, known = (
            call.parameters["ExpressionAttributeValues"][":sale"]["S"],
            asked.setdefault(self, set()),
        )
        if sale in known:
            return real(self, call)
        known.add(sale)
        raise ServiceError(code, "Refused")

    patch.setattr(Writing, "update_item", update_item)


def lose_additions(patch: Patch) -> None:
    """The addition of each clerk's first sale is answered and not done."""
    real = Writing.update_item

    def update_item(self: Writing, call: Call) -> dict[str, Any]:
        values = call.parameters["ExpressionAttributeValues"]
        if values[":sale"]["S"].endswith("-1"):
            values[":one_less"] = {"N": "0"}
        return real(self, call)

    patch.setattr(Writing, "update_item", update_item)


def carry_out_half_of_a_transaction(patch: Patch) -> None:
    """A transaction takes the ticket and keeps no record."""
    real = Transactions._try

    def only_updates(self: Transactions, action: Action) -> dict[str, Any]:
        return real(self, action) if action.kind == "Update" else {"Code": "None"}

    patch.setattr(Transactions, "_try", only_updates)


def forget_conditions_of_transactions(patch: Patch) -> None:
    """A transaction is done whether its conditions hold or not."""
    real = Transactions._as_one_call

    def unconditional(self: Transactions, action: Action) -> tuple[str, dict[str, Any]]:
        operation, given = real(self, action)
        given = {name: value for name, value in given.items() if name != "ConditionExpression"}
        if "ExpressionAttributeValues" in given:
            given["ExpressionAttributeValues"] = {":one_less": {"N": "-1"}}
        return operation, given

    patch.setattr(Transactions, "_as_one_call", unconditional)


def refuse_for_nothing(patch: Patch) -> None:
    """A write whose condition fails is free."""
    real = Metering.touch

    def free(self: Metering, *given: Any) -> Cost:
        cost = real(self, *given)
        cost.charges = []
        return cost

    patch.setattr(Metering, "touch", free)


_VERSION = {"strategy": st.just(VERSION)}
_MANY = {"clerks": st.integers(3, 5), "sales_each": st.integers(2, 4), "think_s": st.just(0.3)}
_SCARCE = {"tickets": st.integers(1, 3), "clerks": st.integers(2, 5), "sales_each": st.integers(3, 4)}
_TRANSACTION = {"strategy": st.just(TRANSACTION), "transaction_s": st.sampled_from([0, 0.02])}

SEARCH = ClaimSearch(
    ID,
    {
        "exact": _towards(lost_reply_percent=st.sampled_from([0, 0, 25, 50])),
        "between": _towards(strategy=st.sampled_from([PLAIN, VERSION])),
        "one_call": _towards(strategy=st.just(COUNTER), lost_reply_percent=st.just(0)),
        "in_stock": _towards(),
        "paid": _towards(),
    },
    (
        Break("exact", forget_conditions, {**_VERSION, **_MANY, "lost_reply_percent": st.just(0)}),
        Break("exact", lose_additions, {"strategy": st.just(COUNTER), "lost_reply_percent": st.just(0)}),
        Break("exact", carry_out_half_of_a_transaction, _TRANSACTION),
        Break(
            "exact", forget_conditions_of_transactions, {**_TRANSACTION, "lost_reply_percent": st.just(50)}
        ),
        Break("between", forget_conditions, {**_VERSION, **_MANY}),
        Break("between", refuse_whatever_has_a_condition, _VERSION),
        Break("one_call", refuse_additions),
        Break("in_stock", forget_conditions, {**_VERSION, **_SCARCE, "think_s": st.just(1)}),
        Break("in_stock", forget_conditions_of_transactions, {**_TRANSACTION, **_SCARCE}),
        Break("paid", refuse_for_nothing, {**_VERSION, **_MANY}),
    ),
    examples=12,
)


class TestClaims(SearchedClaims):
    search = SEARCH
