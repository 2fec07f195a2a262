"""`host`: somebody's code as an actor, in surroundings of its own."""

from __future__ import annotations

import random
import time

import pytest

from helpers.cloud import Account, ServiceError


class Surroundings:
    """Counts how often it is entered and left, and says whether it stands now."""

    def __init__(self) -> None:
        self.stands = False
        self.entered = 0

    def enter(self) -> None:
        assert not self.stands
        self.stands = True
        self.entered += 1

    def leave(self) -> None:
        assert self.stands
        self.stands = False


@pytest.fixture
def account():
    with Account(seed=1) as account:
        account.api_latency_s = 0
        yield account


def host(account, function, *, name="hosted", patience_s=0.2, evicted=None, **options):
    surroundings = Surroundings()
    told = [] if evicted is None else evicted
    actor = account.host(
        function,
        name=name,
        surroundings=surroundings,
        patience_s=patience_s,
        when_evicted=lambda: told.append((account.now, surroundings.stands)),
        **options,
    )
    return actor, surroundings


def test_surroundings_stand_while_the_actor_is_in_control(account):
    seen = []

    def work():
        seen.append(surroundings.stands)
        time.sleep(1)
        seen.append(surroundings.stands)

    def other():
        seen.append(surroundings.stands)
        time.sleep(0.5)
        seen.append(surroundings.stands)

    _, surroundings = host(account, work)
    account.spawn(other)
    account.advance(2)
    assert seen == [True, False, False, True]
    assert (surroundings.stands, surroundings.entered) == (False, 2)


def test_surroundings_are_away_while_a_service_works_for_the_actor(account):
    seen = []

    def answer(call):
        seen.append((call.actor, surroundings.stands))
        if call.parameters["QueueNamePrefix"] == "wait":
            signal.wait(3)
            seen.append(("after", surroundings.stands))
        if call.parameters["QueueNamePrefix"] == "refuse":
            raise ServiceError("Refused", "No.")
        return {}

    def work():
        sqs = account.client("sqs")
        for prefix in ("at once", "wait"):
            sqs.list_queues(QueueNamePrefix=prefix)
            seen.append(surroundings.stands)
        with pytest.raises(sqs.exceptions.ClientError):
            sqs.list_queues(QueueNamePrefix="refuse")
        seen.append(surroundings.stands)
        account.client("s3").list_buckets()  # answered by moto
        seen.append(surroundings.stands)

    signal = account.signal()
    account.answer("sqs", "ListQueues", answer)
    _, surroundings = host(account, work, patience_s=30)
    account.advance(10)
    assert seen == [
        ("hosted", False),
        True,
        ("hosted", False),
        ("after", False),
        True,
        ("hosted", False),
        True,
        True,
    ]
    assert not surroundings.stands


def test_code_that_computes_without_end_is_evicted(account):
    told = []

    def endless():
        time.sleep(5)
        while True:
            sum(range(9))

    ticks = []

    def tick():
        while True:
            time.sleep(2)
            ticks.append(account.now)

    actor, surroundings = host(account, endless, evicted=told)
    account.spawn(tick, background=True)
    account.advance(10)  # raises nothing, and goes on
    assert told == [(5.0, False)]
    assert ticks == [2, 4, 6, 8, 10]
    assert (actor.done, actor.error, surroundings.stands) == (True, None, False)


def test_eviction_is_patient_with_code_that_lets_the_clock_move(account):
    def work():
        for _ in range(5):
            end = time.process_time() + 0.1
            while time.process_time() < end:
                pass
            time.sleep(1)

    actor, _ = host(account, work, patience_s=1)
    account.advance(10)
    assert (actor.done, actor.error) == (True, None)


def test_eviction_cannot_be_swallowed_and_ends_a_finally(account):
    told, called = [], []

    def stubborn():
        while True:
            try:
                while True:
                    sum(range(9))
            except:  # noqa: E722  # as stubborn code has it
                called.append(account.calls)

    def tidy():
        try:
            while True:
                sum(range(9))
        finally:
            account.client("sqs").create_queue(QueueName="never")

    for function in (stubborn, tidy):
        host(account, function, name=function.__name__, evicted=told)
    account.advance(1)
    assert len(told) == 2
    assert "QueueUrls" not in account.client("sqs").list_queues()


def test_endless_recursion_is_noticed_after_an_eviction(account):
    def stubborn():
        while True:
            try:
                while True:
                    sum(range(9))
            except:  # noqa: E722  # as stubborn code has it
                pass

    def deep(n):
        return deep(n + 1)

    errors = []

    def recurse():
        time.sleep(1)
        try:
            deep(0)
        except RecursionError as error:
            errors.append(error)

    host(account, stubborn)
    account.spawn(recurse)
    account.run()
    assert len(errors) == 1


def test_too_many_turns_at_one_instant_evict(account):
    told, turns = [], []

    def poll():
        time.sleep(3)
        while True:
            time.sleep(0)
            turns.append(account.now)

    host(account, poll, patience_s=60, evicted=told)
    account.advance(5)
    assert told == [(3.0, False)]
    assert turns == [3.0] * 10_000


def test_stop_unwinds_in_the_surroundings_at_once(account):
    seen = []

    def work():
        try:
            time.sleep(100)
        finally:
            seen.append((account.now, surroundings.stands))

    actor, surroundings = host(account, work)
    account.at(5, lambda: (actor.stop(), seen.append("stopped")))
    account.advance(10)
    assert seen == [(5.0, True), "stopped"]
    assert not surroundings.stands


def test_stream_of_random_numbers_has_a_name_of_its_own(account):
    drawn = {}

    def draw(key):
        drawn[key] = random.random()

    for key, options in (
        ("a", {}),
        ("b", {"stream": "one"}),
        ("c", {"stream": "two"}),
        ("d", {"stream": "one"}),
    ):
        host(account, lambda key=key: draw(key), name="same", **options)
        account.advance(1)
    assert drawn["b"] == drawn["d"]
    assert len(set(drawn.values())) == 3


def test_hosted_code_that_raises_ends_the_run_as_any_actor(account):
    def work():
        raise ValueError("a defect of whoever hosts it")

    _, surroundings = host(account, work)
    with pytest.raises(ValueError, match="a defect"):
        account.advance(1)
    assert not surroundings.stands


def test_run_does_not_wait_for_hosted_code(account):
    host(account, lambda: time.sleep(1_000))
    account.spawn(time.sleep, 3, name="work")
    account.run()
    assert account.now == 3
