"""The firehose experiment: results worked out by hand, its claims over their stated ranges, every scene."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from claim_search import Break, ClaimSearch, Drawn, Patch, SearchedClaims, Strategy
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import counterexamples, outcome, settings_of

from helpers.dataplane.firehose import Firehose as Plane
from helpers.dataplane.firehose import destination
from helpers.dataplane.firehose.buffer import Buffer
from helpers.dataplane.firehose.destination import Destination
from helpers.experiments import find, verify

ID = "20_kinesis.firehose"
MIB, KIB = 1_048_576, 1_024


@pytest.mark.slow
def test_the_experiment_is_fit_to_be_taught() -> None:
    assert verify(find(ID)) == []


# Results worked out by hand


def test_size_over_rate_closes_a_file_at_the_defaults() -> None:
    """205 records of 10 KiB are the first with 2 MiB or more; at 10 records a second the last comes at 20.4 s."""
    first, *_ = outcome(ID).measurements.files
    assert (first.records, first.size_bytes, first.full) == (205, 205 * 10 * KIB, True)
    assert (first.opened_s, first.written_s) == (0, pytest.approx(20.4))


@pytest.mark.parametrize("buffer_s", [60, 300, 900])
def test_a_slow_stream_is_delivered_by_time(buffer_s: int) -> None:
    found = outcome(ID, rate_kib_s=1, record_kib=1, buffer_s=buffer_s)
    assert {one.took_s for one in found.measurements.files} == {buffer_s}
    assert found.summary["closed_by_size"] == 0


def test_no_buffer_time_means_three_seconds_here() -> None:
    found = outcome(ID, rate_kib_s=20, buffer_s=0)
    assert [one.took_s for one in found.measurements.files] == [3] * 8
    assert [one.records for one in found.measurements.files] == [6] * 8


@pytest.mark.parametrize(("line_breaks", "lines"), [(False, 1), (True, 205)])
def test_line_breaks_tell_records_apart(line_breaks: bool, lines: int) -> None:
    first = outcome(ID, line_breaks=line_breaks).measurements.files[0]
    assert first.lines == lines
    assert first.size_bytes == 205 * (10 * KIB + line_breaks)


def test_there_is_no_stream_to_read_again() -> None:
    found = outcome(ID)
    assert found.measurements.gone == "ResourceNotFoundException"
    assert found.summary["listed_files"] == found.summary["files"] == 3


# The claims

SMALL: dict[str, Strategy] = {
    "rate_kib_s": st.one_of(st.integers(1, 50), st.integers(1, 2_000)),
    "buffer_mib": st.integers(1, 2),
    "buffer_s": st.one_of(st.integers(0, 20), st.integers(0, 900)),
    "record_kib": st.one_of(st.integers(5, 40), st.integers(5, 500)),
}


@pytest.mark.slow
@given(values=settings_of(find(ID), **SMALL), seed=st.integers(0, 99))
@settings(max_examples=12)
def test_no_claim_is_false_in_its_range(values: dict[str, Any], seed: int) -> None:
    found = outcome(ID, seed, **values)
    assert counterexamples(found) == []
    files = found.measurements.files
    assert sum(one.records for one in files) == found.summary["records"]
    assert all(one.full or one.took_s > (values["buffer_s"] or 3) - 1e-6 for one in files)


def _towards(**narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: settings_of(find(ID), **{**SMALL, **narrowed, **more})


def wait_for_the_time_too(patch: Patch) -> None:
    """A full buffer still waits for its time."""
    patch.setattr(destination, "MIB", 2**40)


def lose_the_rest_of_a_call(patch: Patch) -> None:
    """What comes in the same call behind a record that fills the buffer is lost."""
    real = Buffer._flush

    def flush(self: Buffer) -> None:
        real(self)
        if self._waiting:
            self._waiting[-1].records.pop()

    patch.setattr(Buffer, "_flush", flush)


def join_without_line_breaks(patch: Patch) -> None:
    """The delimiter that was asked for is left out."""
    patch.setattr(Destination, "body", lambda self, records: b"".join(records))


def make_a_data_stream(patch: Patch) -> None:
    """A Firehose stream is a data stream of the same name, too."""
    real = Plane._created

    def created(self: Plane, call: Any, response: dict[str, Any]) -> None:
        real(self, call, response)
        name = call.parameters["DeliveryStreamName"]
        self._cloud.shared_client("kinesis").create_stream(StreamName=name, ShardCount=1)

    patch.setattr(Plane, "_created", created)


_BY_SIZE = {
    "rate_kib_s": st.integers(100, 500),
    "buffer_s": st.integers(100, 900),
    "record_kib": st.integers(5, 40),
}

SEARCH = ClaimSearch(
    ID,
    {
        "first": _towards(record_kib=st.integers(5, 20)),
        "delay": _towards(record_kib=st.integers(5, 20)),
        "whole": _towards(),
        "lines": _towards(),
        "nothing_kept": _towards(),
    },
    (
        Break("first", wait_for_the_time_too, _BY_SIZE),
        Break("delay", wait_for_the_time_too, _BY_SIZE),
        Break("whole", lose_the_rest_of_a_call, _BY_SIZE),
        Break("lines", join_without_line_breaks, {"line_breaks": st.just(True)}),
        Break("nothing_kept", make_a_data_stream),
    ),
    examples=4,
)


class TestClaims(SearchedClaims):
    search = SEARCH
