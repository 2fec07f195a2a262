"""The expiry experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.cloud import Call
from helpers.dataplane.dynamodb.changes import Change
from helpers.dataplane.dynamodb.reading import Reading
from helpers.dataplane.dynamodb.stream import Stream
from helpers.dataplane.dynamodb.streams import Streams
from helpers.dataplane.dynamodb.ttl import TimeToLive
from helpers.experiments import find
from helpers.sections.s22_dynamodb.experiments.expiry import MILLISECONDS, SECONDS, TEXT

ID = "22_dynamodb.expiry"
HOUR_S = 3_600
ALONE = {"sessions": 1, "return_percent": 0, "logout_percent": 0}


# Results worked out by hand


def test_an_item_is_deleted_in_the_first_second_after_its_time_at_the_earliest() -> None:
    """Expired means: the attribute is less than the present time in whole seconds."""
    found = outcome(ID, **ALONE, delete_within_h=0)
    (one,) = found.measurements.sessions
    assert one.terms[0].expires_s == int(one.login_s) + 12 * HOUR_S
    assert one.removed_s == one.terms[0].expires_s + 1


def test_a_session_prolonged_in_time_stays_for_its_new_life() -> None:
    found = outcome(ID, **{**ALONE, "return_percent": 100}, delete_within_h=0)
    (one,) = found.measurements.sessions
    assert [back.accepted for back in one.returns] == [True]
    assert 0.54 * 12 * HOUR_S <= one.returns[0].time_s - one.login_s <= 0.66 * 12 * HOUR_S + 1
    assert one.removed_s == int(one.terms[1].from_s) + 12 * HOUR_S + 1


def test_the_stream_tells_an_items_life_in_order_and_who_ended_it() -> None:
    found = outcome(ID, sessions=2, return_percent=100, logout_percent=50)
    told = {one.name: [] for one in found.measurements.sessions}
    for record in found.measurements.records:
        told[record.session].append((record.change.event, record.change.by_service))
    assert sorted(told.values(), key=len) == [
        [("INSERT", False), ("REMOVE", False)],
        [("INSERT", False), ("MODIFY", False), ("REMOVE", True)],
    ]


def test_a_record_by_ttl_names_the_service_as_aws_spells_it() -> None:
    found = outcome(ID, **ALONE)
    replies = found.trail[found.trail.operation == "GetRecords"].response
    records = [record for reply in replies for record in reply["Records"]]
    identities = {record["eventName"]: record.get("userIdentity") for record in records}
    assert identities == {
        "INSERT": None,
        "REMOVE": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"},
    }
    assert records[-1]["dynamodb"]["OldImage"] == records[0]["dynamodb"]["NewImage"]


@pytest.mark.parametrize("every_h", [8, 23, 24, 25, 36, 72])
def test_the_consumer_gets_what_was_younger_than_24_hours_when_it_read(every_h: int) -> None:
    m = outcome(ID, stream_every_h=every_h).measurements
    changes = [change for one in m.sessions for change in one.changes]
    young = [
        change for change in changes if any(0 <= read_s - change.time_s < 24 * HOUR_S for read_s in m.read_s)
    ]
    assert len(m.records) == len(young)
    assert (len(young) == len(changes)) is (every_h <= 24)


@pytest.mark.parametrize("expires_as", [SECONDS, MILLISECONDS, TEXT])
def test_only_a_number_of_seconds_expires(expires_as: str) -> None:
    found = outcome(ID, expires_as=expires_as)
    assert found.summary["deleted_by_ttl"] == (9 if expires_as == SECONDS else 0)
    assert found.summary["deleted_by_ttl"] + found.summary["still_there"] == 9


@pytest.mark.parametrize("expires_as", [SECONDS, MILLISECONDS, TEXT])
def test_a_program_that_looks_at_the_time_meets_no_expired_session(expires_as: str) -> None:
    given = {"return_percent": 100, "return_at_percent": 150, "expires_as": expires_as}
    careless, careful = (outcome(ID, **given, check_expiry=check) for check in (False, True))
    assert careless.summary["expired_listed"] > careless.summary["expired_accepted"] > 0
    assert careful.summary["expired_listed"] == careful.summary["expired_accepted"] == 0
    assert careful.summary["refused"] == 9  # of 12; three have logged out


def test_ttl_deletes_are_free_and_others_are_not() -> None:
    """12 logins, 4 returns and 3 logouts of small items, a unit each; 9 deletes by TTL, none."""
    found = outcome(ID)
    shown = [found.summary[name] for name in ("changes", "deleted_by_ttl", "write_units")]
    assert shown == [28, 9, 19]


def test_an_expired_item_is_in_the_list_until_it_is_deleted() -> None:
    m = outcome(ID, **ALONE, list_every_h=1).measurements
    (one,) = m.sessions
    seen = [look.asked_s for look in m.looks if look.shown]
    assert seen[0] == pytest.approx(HOUR_S, abs=1)
    assert len(seen) == int(one.removed_s // HOUR_S)
    assert seen[-1] > one.terms[0].expires_s


def test_lists_and_returns_do_not_decide_when_ttl_deletes() -> None:
    often, seldom = (outcome(ID, list_every_h=every_h).measurements for every_h in (1, 24))
    assert [one.removed_s for one in often.sessions] == [one.removed_s for one in seldom.sessions]


# The claims

SMALL: dict[str, Strategy] = {
    "sessions": st.integers(1, 6),
    "login_every_h": st.sampled_from([0, 0.5, 2]),
    "life_h": st.integers(1, 8),
    "delete_within_h": st.sampled_from([0, 1, 6, 24]),
    "list_every_h": st.sampled_from([3, 5, 24]),
    "stream_every_h": st.sampled_from([4, 9, 20, 23, 23.5, 24, 30]),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_no_claim_is_false_in_its_range(values: dict[str, object], seed: int) -> None:
    assert counterexamples(outcome(ID, seed, **values)) == []


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=15)
def test_each_session_has_one_end_at_most(values: dict[str, Any], seed: int) -> None:
    s = outcome(ID, seed, **values).summary
    assert (
        s["deleted_by_ttl"] + s["deleted_by_program"] + s["still_there"]
        == s["sessions"]
        == values["sessions"]
    )
    assert s["longest_after_expiry_h"] <= values["delete_within_h"] + 0.01
    assert s["records_missing"] >= 0


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SMALL, **narrowed, **more})


def delete_an_hour_early(patch: Patch) -> None:
    """TTL deletes up to an hour before the time of expiry."""
    real = TimeToLive._due_us

    def early(self: TimeToLive, *given: Any) -> int | None:
        due_us = real(self, *given)
        return None if due_us is None else max(self._account.now_us, due_us - HOUR_S * 1_000_000)

    patch.setattr(TimeToLive, "_due_us", early)


def hide_expired_items(patch: Patch) -> None:
    """A Scan leaves out items whose number of seconds has passed."""
    real = Reading.scan

    def scan(self: Reading, call: Call) -> dict[str, Any]:
        reply = real(self, call)
        now = self._items._account.epoch_us // 1_000_000
        reply["Items"] = [item for item in reply["Items"] if int(item["expires_at"].get("N", now)) >= now]
        return reply

    patch.setattr(Reading, "scan", scan)


def understand_milliseconds(patch: Patch) -> None:
    """TTL takes a number that is far too large for milliseconds."""
    real = TimeToLive._due_us

    def lenient(self: TimeToLive, state: Any, key_id: Any, text: str) -> int | None:
        return real(self, state, key_id, text[:10])

    patch.setattr(TimeToLive, "_due_us", lenient)


def publish_twice(patch: Patch) -> None:
    """Each change makes two records."""
    real = Stream.append

    def append(self: Stream, *given: Any) -> bool:
        return real(self, *given) and real(self, *given)

    patch.setattr(Stream, "append", append)


def skip_modifications(patch: Patch) -> None:
    """A change of an item makes no record, only its creation and deletion do."""
    real = Stream.append

    def append(self: Stream, change: Change, *given: Any) -> bool:
        return not (change.before and change.after) and real(self, change, *given)

    patch.setattr(Stream, "append", append)


def keep_records_for_an_hour(patch: Patch) -> None:
    """A stream keeps its records for one hour."""
    patch.setattr("helpers.dataplane.dynamodb.shards.STREAM_RETENTION_US", HOUR_S * 1_000_000)


def do_not_say_who(patch: Patch) -> None:
    """The record of a delete by TTL looks like that of a program."""
    real = Streams.changed
    patch.setattr(Streams, "changed", lambda self, change: real(self, change._replace(by="user")))


def charge_for_ttl(patch: Patch) -> None:
    """A delete by TTL uses a write unit."""
    real = Streams.changed

    def changed(self: Streams, change: Change) -> None:
        real(self, change)
        if change.by == "ttl":
            names = {"TableName": change.table.table.name}
            self._account.telemetry.metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", 1, "Count", names)

    patch.setattr(Streams, "changed", changed)


_EXPIRING = {"expires_as": st.just(SECONDS), "logout_percent": st.sampled_from([0, 25])}
_READING = {"stream_every_h": st.sampled_from([4, 9, 20, 23, 23.5])}

SEARCH = ClaimSearch(
    ID,
    {
        "not_before": _towards(**_EXPIRING),
        "readable": _towards(),
        "only_seconds": _towards(expires_as=st.sampled_from([MILLISECONDS, TEXT])),
        "stream": _towards(**_READING),
        "who": _towards(**_READING),
        "free": _towards(**_EXPIRING),
    },
    (
        Break("not_before", delete_an_hour_early, {"delete_within_h": st.just(0)}),
        Break("readable", hide_expired_items, {**_EXPIRING, "check_expiry": st.just(False)}),
        Break("only_seconds", understand_milliseconds, {"expires_as": st.just(MILLISECONDS)}),
        Break("stream", publish_twice),
        Break("stream", skip_modifications, {"return_percent": st.just(100)}),
        Break("stream", keep_records_for_an_hour),
        Break("who", do_not_say_who, _EXPIRING),
        Break("free", charge_for_ttl),
    ),
    examples=12,
)


class TestClaims(SearchedClaims):
    search = SEARCH
