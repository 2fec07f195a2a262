"""The visibility timeout, receipt handles and deletes: one test a rule, named after it."""

from __future__ import annotations

from helpers import Cloud

from .conftest import Queue, refused

NOT_IN_FLIGHT = "AWS.SimpleQueueService.MessageNotInflight"


def test_visibility_default(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    log = []
    for _ in range(4):
        log.append((cloud.now, queue.bodies(), queue.counts()))
        cloud.advance(15)
    assert log == [(0, ["a"], (0, 0, 1)), (15, [], (0, 0, 1)), (30, ["a"], (0, 0, 1)), (45, [], (0, 0, 1))]


def test_visibility_boundary(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=10)
    queue.send("a")
    queue.receive()
    cloud.advance(9.999999)
    assert (queue.bodies(), queue.counts()) == ([], (0, 0, 1))
    cloud.advance(0.000001)
    assert queue.counts() == (1, 0, 0)
    assert queue.bodies() == ["a"]


def test_visibility_of_the_receive_beats_the_queue(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=100)
    queue.send("a")
    queue.receive(VisibilityTimeout=5)
    cloud.advance(5)
    assert queue.bodies() == ["a"]
    assert queue.bodies(VisibilityTimeout=0) == []


def test_visibility_zero_on_receive_hides_nothing(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=0)
    queue.send("a")
    queue.send("b")
    assert [queue.bodies() for _ in range(2)] == [["a", "b"]] * 2
    assert queue.counts() == (2, 0, 0)


def test_visibility_from_now(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=60)
    queue.send("a")
    (message,) = queue.receive()
    cloud.advance(15)
    queue.change(message, 10)
    cloud.advance(9.9)
    assert queue.bodies() == []
    cloud.advance(0.1)
    assert (cloud.now, queue.bodies()) == (25, ["a"])


def test_visibility_release(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    (message,) = queue.receive()
    queue.change(message, 0)
    assert queue.counts() == (1, 0, 0)
    (again,) = queue.receive()
    assert (again["Body"], again["Attributes"]["ApproximateReceiveCount"]) == ("a", "2")


def test_visibility_not_remembered(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    (message,) = queue.receive()
    queue.change(message, 300)
    cloud.advance(300)
    assert queue.bodies() == ["a"]
    cloud.advance(29.9)
    assert queue.bodies() == []
    cloud.advance(0.1)
    assert queue.bodies() == ["a"]


def test_visibility_twelve_hours(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    cloud.advance(3_600)  # the time before the receive does not count
    (message,) = queue.receive(VisibilityTimeout=43_200)
    queue.change(message, 43_200)
    cloud.advance(100)
    assert refused(queue.change, message, 43_101) == "InvalidParameterValue"
    queue.change(message, 43_100)
    cloud.advance(43_099)
    assert queue.bodies() == []  # the refused call changed nothing
    cloud.advance(1)
    assert queue.bodies(VisibilityTimeout=43_200) == ["a"]  # the next receive starts anew


def test_visibility_range(cloud: Cloud) -> None:
    queue = Queue(cloud)
    queue.send("a")
    for seconds in (-1, 43_201):
        assert refused(queue.receive, VisibilityTimeout=seconds) == "InvalidParameterValue"
    (message,) = queue.receive()
    for seconds in (-1, 43_201):
        assert refused(queue.change, message, seconds) == "InvalidParameterValue"


def test_change_needs_a_message_in_flight(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=10)
    queue.send("a")
    (first,) = queue.receive()
    cloud.advance(10)
    assert refused(queue.change, first, 5) == NOT_IN_FLIGHT
    (second,) = queue.receive()
    assert refused(queue.change, first, 0) == NOT_IN_FLIGHT  # another receive holds it
    queue.change(second, 5)
    queue.delete(second)
    assert refused(queue.change, second, 5) == "ReceiptHandleIsInvalid"
    assert refused(queue.change, {"ReceiptHandle": "bogus"}, 5) == "ReceiptHandleIsInvalid"


def test_delete_by_the_latest_receive_only(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=10)
    queue.send("a")
    (first,) = queue.receive()
    cloud.advance(10)
    (second,) = queue.receive()
    queue.delete(first)  # succeeds, and the message stays
    assert queue.counts() == (0, 0, 1)
    queue.delete(second)
    queue.delete(second)
    queue.delete(first)
    assert queue.counts() == (0, 0, 0)
    assert refused(queue.delete, {"ReceiptHandle": "bogus"}) == "ReceiptHandleIsInvalid"


def test_delete_after_the_timeout_while_nobody_has_it(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=10)
    queue.send("a")
    (message,) = queue.receive()
    cloud.advance(60)
    queue.delete(message)
    assert queue.counts() == (0, 0, 0)
    assert queue.bodies() == []


def test_in_flight_limit(cloud: Cloud) -> None:
    cloud.plane("sqs").models.in_flight_limit = 12
    queue = Queue(cloud)
    for number in range(15):
        queue.send(str(number))
    assert len(queue.bodies(10)) == 10
    last = queue.receive(10)
    assert [m["Body"] for m in last] == ["10", "11"]
    assert refused(queue.receive) == "OverLimit"
    assert queue.bodies(WaitTimeSeconds=5) == []
    assert cloud.now == 5
    queue.delete(last[0])
    assert queue.bodies() == ["12"]


def test_in_flight_limit_ends_a_long_poll(cloud: Cloud) -> None:
    cloud.plane("sqs").models.in_flight_limit = 1
    queue = Queue(cloud)
    queue.send("a")
    queue.send("b")
    (message,) = queue.receive()
    log: list[tuple[float, list[str]]] = []

    def wait() -> None:
        log.append((cloud.now, queue.bodies(WaitTimeSeconds=20)))
        log.append((cloud.now, []))

    cloud.spawn(wait)
    cloud.run(until=7)
    queue.delete(message)
    cloud.run()
    assert log == [(0, ["b"]), (7, [])]


def test_in_flight_limit_of_fifo_gives_no_error(cloud: Cloud) -> None:
    cloud.plane("sqs").models.in_flight_limit = 1
    queue = Queue(cloud, "q.fifo")
    queue.send("a", "g1", "1")
    queue.send("b", "g2", "2")
    assert queue.bodies() == ["a"]
    assert queue.bodies() == []


def test_back_of_the_queue_after_three_receives(cloud: Cloud) -> None:
    queue = Queue(cloud, VisibilityTimeout=1)
    for body in "abc":
        queue.send(body)
    log = []
    for _ in range(5):
        log.append(queue.bodies(1))
        cloud.advance(1)
    assert log == [["a"], ["a"], ["a"], ["b"], ["b"]]


def test_purge(cloud: Cloud) -> None:
    queue = Queue(cloud)
    for body in "abc":
        queue.send(body)
    queue.send("late", DelaySeconds=60)
    (message,) = queue.receive()
    queue.sqs.purge_queue(QueueUrl=queue.url)
    assert queue.counts() == (0, 0, 0)
    queue.delete(message)
    cloud.advance(59.9)
    assert refused(queue.sqs.purge_queue, QueueUrl=queue.url) == "AWS.SimpleQueueService.PurgeQueueInProgress"
    cloud.advance(0.1)
    queue.sqs.purge_queue(QueueUrl=queue.url)
    assert queue.bodies() == []
