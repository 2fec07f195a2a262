"""Each check ends in exactly one finding, whatever the student's code does; and the bench repeats with its seed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from helpers.labs import (
    Bench,
    Check,
    Finding,
    NotAttempted,
    Status,
    StudentError,
    Task,
    crashed,
    earned,
    examine,
    failed,
    not_attempted,
    passed,
)
from helpers.labs.local import LocalHost

CHECKS = (Check("one", "The first.", 1), Check("two", "The second.", 2), Check("three", "The third.", 4))


def task(examine_) -> Task:
    return Task("t", "A task", ("f",), CHECKS, (), examine=examine_)


def bench(seed: int = 0) -> Bench:
    return Bench(LocalHost([], {}), seed, "t")


def test_findings_come_in_the_order_of_the_checks():
    def look(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        yield "three", passed()
        yield "one", failed("It is late.")
        yield "two", passed("In time.")

    found = examine(task(look), bench(), {})
    assert list(found) == ["one", "two", "three"]
    assert {name: (one.status, one.reason) for name, one in found.items()} == {
        "one": (Status.FAILED, "It is late."),
        "two": (Status.PASSED, "In time."),
        "three": (Status.PASSED, ""),
    }
    assert earned(task(look), found) == 6


@pytest.mark.parametrize(
    ("error", "rest"),
    [
        (NotAttempted("f"), not_attempted("f is not written yet.")),
        (
            StudentError("KeyError", "x", function="f", line=3, source="a[x]"),
            crashed("KeyError in f, line 3 (`a[x]`): x"),
        ),
    ],
)  # fmt: skip
def test_what_was_not_reached_shares_the_error(error, rest):
    def look(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        yield "two", passed()
        raise error

    found = examine(task(look), bench(), {})
    assert (found["one"], found["three"]) == (rest, rest)
    assert found["two"].status is Status.PASSED
    assert earned(task(look), found) == 2


def test_the_first_word_on_a_check_counts():
    def look(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        for name in ("one", "two", "three", "one"):
            yield name, failed("first") if name == "one" else passed()
            if name == "one":
                yield name, passed("later")

    assert examine(task(look), bench(), {})["one"].reason == "first"


def test_a_defect_of_the_check_is_raised():
    def silent(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        yield "one", passed()

    def unknown(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        yield "four", passed()

    def broken(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        yield "one", passed(need["missing"])

    with pytest.raises(LookupError, match="says nothing on two, three"):
        examine(task(silent), bench(), {})
    with pytest.raises(LookupError, match="has no check 'four'"):
        examine(task(unknown), bench(), {})
    with pytest.raises(KeyError):
        examine(task(broken), bench(), {})


def test_a_finding_knows_its_trial():
    def look(bench: Bench, need: dict) -> Iterator[tuple[str, Finding]]:
        yield "one", passed()
        with bench.trial():
            yield "two", passed()
        with bench.trial():
            pass
        yield "three", passed()

    found = examine(task(look), bench(), {})
    assert [one.trial for one in found.values()] == [-1, 0, 1]


def test_trials_are_fresh_and_repeat_with_the_seed():
    def urls(seed: int) -> list[tuple[str, float]]:
        found = []
        one = bench(seed)
        for _ in range(2):
            with one.trial() as trial:
                sqs = trial.cloud.client("sqs")
                assert "QueueUrls" not in sqs.list_queues()
                url = sqs.create_queue(QueueName="q")["QueueUrl"]
                found.append(
                    (sqs.send_message(QueueUrl=url, MessageBody="x")["MessageId"], one.random.random())
                )
        return found

    assert urls(1) == urls(1)
    assert len({message for message, _ in urls(1) + urls(2)}) == 4


def test_a_trial_can_be_read_when_it_is_over():
    one = bench()
    with one.trial() as trial:
        trial.cloud.client("sqs").create_queue(QueueName="q")
    assert trial.cloud.closed
    assert [row.operation for row in one.trials[0].rows] == ["CreateQueue"]
