"""The sampling experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.xray.header import Header
from helpers.dataplane.xray.recorder import Recorder, Recording
from helpers.dataplane.xray.sampler import Sampler
from helpers.experiments import find, verify
from helpers.sections.misconceptions import load_misconceptions
from helpers.sections.s17_monitoring.experiments.sampling import SERVICES, interval

ID = "17_monitoring.sampling"


def test_it_is_fit_to_be_taught() -> None:
    assert verify(find(ID), {one.id for one in load_misconceptions("17_monitoring")}) == []


# Results worked out by hand


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"requests_per_s": 30, "reservoir": 7, "rate": 0}, 7),  # the reservoir alone
        ({"requests_per_s": 5, "reservoir": 7, "rate": 0}, 5),  # fewer requests than the reservoir
        ({"requests_per_s": 30, "reservoir": 0, "rate": 0}, 0),
        ({"requests_per_s": 30, "reservoir": 3, "rate": 1}, 30),
        ({"requests_per_s": 1, "reservoir": 9, "rate": 0, "rule_on": "downstream"}, 1),  # the Default rule's
    ],
)
def test_what_is_kept_in_each_second(values: dict[str, Any], kept: int) -> None:
    found = outcome(ID, **values)
    assert found.measurements.kept == (kept,) * 10
    assert found.summary["expected"] == 10 * kept


def test_a_rule_for_the_last_service_changes_nothing() -> None:
    """The same draws decide by the Default rule, whatever the rule for stock says."""
    default = outcome(ID).measurements
    for values in ({"reservoir": 50, "rate": 1}, {"reservoir": 0, "rate": 0}):
        assert outcome(ID, rule_on="downstream", **values).measurements.kept == default.kept


def test_the_first_request_of_a_second_is_kept() -> None:
    found = outcome(ID, requests_per_s=40, rate=0).measurements
    assert [trace.start_s for trace in found.traces] == pytest.approx(range(10), abs=1e-6)


def test_the_service_graph_counts_what_was_kept() -> None:
    found = outcome(ID, rate=0.5, error_share=0.2)
    kept, failed = found.summary["kept"], found.summary["kept_failed"]
    assert [tuple(node) for node in map(_parts, found.measurements.nodes)] == [
        (name, kept, failed) for name in SERVICES
    ]
    assert found.measurements.edges == (("web", "orders"), ("orders", "stock"))
    assert 0 < int(failed) < int(found.summary["failed"])


def _parts(node: Any) -> tuple[str, int, int]:
    return node.name, node.total, node.faults


def test_wilsons_interval() -> None:
    """1 of 10: (0.1 + 0.192 +- 1.96 sqrt(0.009 + 0.0096)) / 1.384, and never outside of 0 to 1."""
    assert interval(1, 10) == pytest.approx((0.0179, 0.4042), abs=2e-4)
    assert interval(0, 10)[0] == 0
    assert interval(10, 10)[1] == 1
    assert interval(0, 0) == (0, 1)


def test_the_same_seed_gives_the_same_picture() -> None:
    first = outcome(ID, seed=3)
    assert outcome(ID, seed=3).png() == first.png()
    assert outcome(ID, seed=4).measurements.kept != first.measurements.kept


# The claims

SIZES: dict[str, Strategy] = {"requests_per_s": st.integers(1, 40)}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SIZES), seed=st.integers(0, 99))
@settings(max_examples=6)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    assert found.text


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SIZES, **narrowed, **more})


def forget_the_reservoir(patch: Patch) -> None:
    """Only the rate counts."""
    patch.setattr(Sampler, "_take", lambda self, use, now_s: self._draws.random() < use.rate)


def double_the_rate(patch: Patch) -> None:
    """The rate is taken twice."""
    real = Sampler._take

    def take(self: Sampler, use: Any, now_s: float) -> bool:
        return real(self, use, now_s) or self._draws.random() < use.rate

    patch.setattr(Sampler, "_take", take)


def decide_anew(patch: Patch) -> None:
    """Each service decides by its own rules, whatever the header says."""
    real = Header.parse.__func__  # type: ignore[attr-defined]  # of a class method

    def parse(text: str) -> Header:
        header: Header = real(Header, text)
        return header._replace(sampled=None)

    patch.setattr(Header, "parse", parse)


def keep_every_failure(patch: Patch) -> None:
    """A failed request is sent, sampled or not."""
    real = Recording.put_status

    def put_status(self: Recording, status: int) -> None:
        real(self, status)
        self.sampled = self.sampled or self.segment.fault

    patch.setattr(Recording, "put_status", put_status)


def lose_those_that_fail(patch: Patch) -> None:
    """A service in which a request failed sends no segment; the others do."""
    real = Recorder.closed

    def closed(self: Recorder, who: str, recording: Recording, began_us: int, *, inner: bool) -> None:
        if self.service == "stock" and recording.segment.fault:
            recording.sampled = False
        real(self, who, recording, began_us, inner=inner)

    patch.setattr(Recorder, "closed", closed)


_DOWNSTREAM: dict[str, Strategy] = {"rule_on": st.just("downstream")}
_FAILING: dict[str, Strategy] = {
    "requests_per_s": st.integers(40, 60),
    "error_share": st.floats(0.1, 0.2).map(lambda value: round(value, 2)),
}
_SOME: dict[str, Strategy] = {"reservoir": st.integers(1, 50)}
SEARCH = ClaimSearch(
    ID,
    {
        "keeps": _towards(),
        "whole": _towards(**_SOME),
        "first_decides": _towards(**_DOWNSTREAM),
        "blind": _towards(**_FAILING, **_SOME),
    },
    (
        Break("keeps", forget_the_reservoir),
        Break("keeps", double_the_rate, {"requests_per_s": st.integers(50, 60)}),
        Break("whole", decide_anew),
        Break("whole", lose_those_that_fail),
        Break("first_decides", decide_anew),
        Break("blind", keep_every_failure, {"rate": st.just(0.05), "reservoir": st.just(1)}),
    ),
    examples=6,
)


class TestClaims(SearchedClaims):
    search = SEARCH
