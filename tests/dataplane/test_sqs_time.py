"""Retention, delays and long polls: one test a rule, named after it."""

from __future__ import annotations

import pytest

from helpers import Cloud

from .conftest import Queue, refused


def test_retention_counts_drop_at_expiry(cloud: Cloud) -> None:
    queue = Queue(cloud, MessageRetentionPeriod=60)
    queue.send("waiting")
    queue.send("delayed", DelaySeconds=900)
    queue.send("flying")
    queue.receive(VisibilityTimeout=0)
    queue.change(queue.receive(2, VisibilityTimeout=900)[1], 0)
    assert queue.counts() == (1, 1, 1)
    cloud.advance(59.999)
    assert queue.counts() == (1, 1, 1)
    cloud.advance(0.001)
    assert queue.counts() == (0, 0, 0)
    assert queue.bodies() == []


def test_retention_shortened_expires_older_messages(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("old")
    cloud.advance(100)
    queue.send("new")
    queue.set(MessageRetentionPeriod=60)
    assert queue.counts() == (1, 0, 0)
    assert queue.bodies() == ["new"]


def test_retention_default_is_four_days(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    cloud.advance(345_599)
    assert queue.counts() == (1, 0, 0)
    cloud.advance(1)
    assert queue.counts() == (0, 0, 0)


def test_delay_of_the_queue(cloud: Cloud) -> None:
    queue = Queue(cloud, DelaySeconds=10)
    queue.send("a")
    assert queue.counts() == (0, 1, 0)
    cloud.advance(9.999)
    assert queue.bodies() == []
    cloud.advance(0.001)
    assert queue.bodies() == ["a"]


def test_delay_of_the_message_beats_the_queue(cloud: Cloud) -> None:
    queue = Queue(cloud, DelaySeconds=10)
    queue.send("now", DelaySeconds=0)
    queue.send("later", DelaySeconds=20)
    assert queue.bodies() == ["now"]
    cloud.advance(10)
    assert queue.bodies() == []
    cloud.advance(10)
    assert queue.bodies() == ["later"]


def test_delay_range(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a", DelaySeconds=900)
    for seconds in (-1, 901):
        assert refused(queue.send, "a", DelaySeconds=seconds) == "InvalidParameterValue"
    assert queue.counts() == (0, 1, 0)


def test_delay_changed_later_leaves_standard_messages(cloud: Cloud) -> None:
    queue = Queue(cloud, DelaySeconds=10)
    queue.send("a")
    queue.set(DelaySeconds=100)
    queue.send("b")
    cloud.advance(10)
    assert queue.bodies() == ["a"]
    assert queue.counts() == (0, 1, 1)


def test_delay_changed_later_moves_fifo_messages(cloud: Cloud) -> None:
    queue = Queue(cloud, "q.fifo", DelaySeconds=10)
    queue.send("a", "g", "1")
    cloud.advance(5)
    queue.set(DelaySeconds=50)
    cloud.advance(44.9)
    assert queue.bodies() == []
    cloud.advance(0.1)
    assert (cloud.now, queue.bodies()) == (50, ["a"])
    queue.send("b", "h", "2")
    queue.set(DelaySeconds=0)
    assert queue.bodies() == ["b"]


def test_delay_raised_hides_waiting_fifo_messages(cloud: Cloud) -> None:
    queue = Queue(cloud, "q.fifo")
    for number in range(3):
        queue.send(str(number), "g", str(number))
    cloud.advance(5)
    queue.set(DelaySeconds=20)
    assert queue.counts() == (0, 3, 0)
    cloud.advance(15)
    assert queue.bodies() == ["0", "1", "2"]


def arrivals(
    cloud: Cloud, queue: Queue, wait_s: int | None, count: int = 1
) -> list[tuple[str, float, list[str]]]:
    """`count` consumers receive once; who got what when."""
    log: list[tuple[str, float, list[str]]] = []
    options = {} if wait_s is None else {"WaitTimeSeconds": wait_s}

    def receive(name: str) -> None:
        bodies = queue.bodies(1, **options)
        log.append((name, cloud.now, bodies))

    for number in range(count):
        cloud.spawn(receive, f"r{number}")
    return log


def test_long_poll_ends_at_its_time(cloud: Cloud) -> None:
    queue = Queue(cloud)
    log = arrivals(cloud, queue, 20)
    cloud.run()
    assert log == [("r0", 20, [])]


def test_long_poll_of_the_queue_and_of_the_call(cloud: Cloud) -> None:
    queue = Queue(cloud, ReceiveMessageWaitTimeSeconds=7)
    log = arrivals(cloud, queue, None)
    cloud.run()
    assert log == [("r0", 7, [])]
    log = arrivals(cloud, queue, 0)
    cloud.run()
    assert log == [("r0", 7, [])]
    log = arrivals(cloud, queue, 3)
    cloud.run()
    assert log == [("r0", 10, [])]


def test_long_poll_outside_a_run_moves_the_clock(cloud: Cloud) -> None:
    queue = Queue(cloud)
    assert queue.bodies(WaitTimeSeconds=4) == []
    assert cloud.now == 4
    queue.send("a", DelaySeconds=2)
    assert queue.bodies(WaitTimeSeconds=20) == ["a"]
    assert cloud.now == 6


@pytest.mark.parametrize("fifo", [False, True])
def test_long_poll_wakes_on_a_send(cloud: Cloud, fifo: bool) -> None:
    queue = Queue(cloud, "q.fifo" if fifo else "q")
    log = arrivals(cloud, queue, 20)
    cloud.run(until=6.5)
    queue.send("a", *(("g", "1") if fifo else ()))
    cloud.run()
    assert log == [("r0", 6.5, ["a"])]


def test_long_poll_wakes_at_the_end_of_a_delay(cloud: Cloud) -> None:
    queue = Queue(cloud)
    log = arrivals(cloud, queue, 20, count=2)
    cloud.run(until=1)
    queue.send("late", DelaySeconds=9)
    queue.send("soon", DelaySeconds=4)
    cloud.run()
    assert log == [("r0", 5, ["soon"]), ("r1", 10, ["late"])]


def test_long_poll_wakes_at_the_end_of_a_timeout(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=12)
    queue.send("a")
    queue.receive()
    log = arrivals(cloud, queue, 20)
    cloud.run()
    assert log == [("r0", 12, ["a"])]


def test_long_poll_wakes_on_a_release_and_on_a_shorter_timeout(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=600)
    queue.send("a")
    queue.send("b")
    first, second = queue.receive(2)
    log = arrivals(cloud, queue, 20, count=2)
    cloud.run(until=3)
    queue.change(first, 0)
    queue.change(second, 5)
    cloud.run()
    assert log == [("r0", 3, ["a"]), ("r1", 8, ["b"])]


def test_long_poll_wakes_when_a_group_is_unlocked(cloud: Cloud) -> None:
    queue = Queue(cloud, "q.fifo")
    queue.send("a", "g", "1")
    queue.send("b", "g", "2")
    (message,) = queue.receive()
    log = arrivals(cloud, queue, 20)
    cloud.run(until=4)
    queue.delete(message)
    cloud.run()
    assert log == [("r0", 4, ["b"])]


def test_long_poll_gets_what_is_there_at_once(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    queue.send("b")
    assert queue.bodies(10, WaitTimeSeconds=20) == ["a", "b"]
    assert cloud.now == 0


def test_long_poll_is_first_come_first_served(cloud: Cloud) -> None:
    queue = Queue(cloud)
    log = arrivals(cloud, queue, 20, count=3)
    for number, when in enumerate((1, 2, 3)):
        cloud.run(until=when)
        queue.send(f"m{number}")
    cloud.run()
    assert log == [("r0", 1, ["m0"]), ("r1", 2, ["m1"]), ("r2", 3, ["m2"])]


@pytest.mark.parametrize("woken", [False, True])
def test_long_poll_of_a_stopped_consumer_loses_no_wake(cloud: Cloud, woken: bool) -> None:
    queue = Queue(cloud)
    log: list[tuple[str, float, list[str]]] = []

    def receive(name: str) -> None:
        log.append((name, cloud.now, queue.bodies(1, WaitTimeSeconds=20)))

    def receive_and_note() -> None:
        receive("r1")
        ended.append(cloud.now)

    ended: list[float] = []
    first = cloud.spawn(receive, "r0")
    cloud.spawn(receive_and_note)
    cloud.run(until=2)
    if not woken:
        first.stop()
    queue.send("a")
    if woken:
        first.stop()  # its wake is on the way
    cloud.run(until=3)
    assert ([(name, bodies) for name, _, bodies in log], ended) == ([("r1", ["a"])], [2])


def test_long_poll_fails_when_the_queue_is_deleted(cloud: Cloud) -> None:
    queue = Queue(cloud)
    codes: list[tuple[float, str]] = []

    def receive() -> None:
        code = refused(queue.receive, WaitTimeSeconds=20)
        codes.append((cloud.now, code))

    cloud.spawn(receive)
    cloud.run(until=5)
    queue.sqs.delete_queue(QueueUrl=queue.url)
    cloud.run()
    assert codes == [(5, "AWS.SimpleQueueService.NonExistentQueue")]


def test_long_poll_range(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for seconds in (-1, 21):
        assert refused(queue.receive, WaitTimeSeconds=seconds) == "InvalidParameterValue"
    assert cloud.now == 0
