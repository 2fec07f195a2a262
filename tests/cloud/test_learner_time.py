"""Time in a learner's cell, outside runs."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time

import boto3
import pytest
from botocore.config import Config

from helpers import Cloud
from helpers.cloud import ServiceError, clock, learner


def test_the_wall_clock_of_the_cell_is_the_clouds():
    with Cloud() as cloud:
        cloud.advance(90)
        assert time.time() == 1_767_603_690
        assert dt.datetime.now(dt.UTC).isoformat() == "2026-01-05T09:01:30+00:00"
        assert cloud.datetime == dt.datetime.now(dt.UTC)


def test_stopwatches_of_the_cell_stay_real():
    with Cloud() as cloud:
        monotonic, perf_counter = time.monotonic(), time.perf_counter()
        cloud.advance(3600)
        assert time.monotonic() - monotonic < 60
        assert time.perf_counter() - perf_counter < 60


def test_sleep_in_the_cell_advances_the_cloud_and_lets_actors_run():
    log = []
    with Cloud() as cloud:
        cloud.spawn(lambda: (time.sleep(5), log.append(cloud.now)), name="a")
        real = time.monotonic()
        time.sleep(60)
        assert time.monotonic() - real < 10
        assert cloud.now == 60
    assert log == [5.0]


def test_nested_clouds_each_keep_their_time():
    with Cloud() as outer:
        time.sleep(10)
        with Cloud() as inner:
            time.sleep(1)
            assert (outer.now, inner.now) == (10, 1)
        time.sleep(10)
        assert outer.now == 20


def test_a_cloud_opened_between_cells_leaves_the_real_clock_behind():
    """A widget's callback runs there; the notebook's own Cloud is out of sight until its next cell."""
    with Cloud() as cloud:
        learner._cell_ends()
        with Cloud(start="2030-01-01T00:00Z"):
            assert time.gmtime().tm_year == 2030
        assert clock.shown_to_learner() is None
        learner._cell_starts()
        assert clock.shown_to_learner() is cloud


def test_a_long_poll_in_the_cell_waits_in_virtual_time():
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]

        def send():
            time.sleep(4)
            sqs.send_message(QueueUrl=queue, MessageBody="m")

        cloud.spawn(send)
        assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]["Body"] == "m"
        assert cloud.now == pytest.approx(4.02)
        assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)
        assert cloud.now == pytest.approx(24.03)


def test_a_waiter_waits_in_virtual_time():
    with Cloud() as cloud:
        dynamodb = cloud.client("dynamodb")

        def create():
            time.sleep(45)
            dynamodb.create_table(
                TableName="t",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )

        cloud.spawn(create)
        dynamodb.get_waiter("table_exists").wait(TableName="t")
        assert 45 < cloud.now <= 66  # the waiter looks every 20 s
        assert list(cloud.trail.operation).count("DescribeTable") == 4


@pytest.mark.parametrize(
    ("mode", "attempts"),
    [("legacy", 5), ("standard", 3), ("adaptive", 3)],
)
def test_botocores_retries_play_out_in_virtual_time(mode, attempts):
    with Cloud() as cloud:

        def throttle(call):
            raise ServiceError("ThrottlingException", "Slow down.")

        cloud.answer("sqs", "ListQueues", throttle)
        cloud._attached.add("sqs")
        client = boto3.client("sqs", config=Config(retries={"mode": mode}))
        real = time.monotonic()
        with pytest.raises(client.exceptions.ClientError, match="ThrottlingException") as refused:
            client.list_queues()
        assert time.monotonic() - real < 10
        assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == attempts - 1
        trail = cloud.trail
        assert list(trail.attempt) == list(range(1, attempts + 1))
        assert set(trail.call) == {1}
        assert set(trail.error) == {"ThrottlingException"}
        assert cloud.now > 0.01 * attempts


def test_adaptive_retries_of_an_actor_wait_in_virtual_time():
    with Cloud() as cloud:
        answers = iter(range(100))

        def throttle_at_first(call):
            if next(answers) < 4:
                raise ServiceError("ThrottlingException", "Slow down.")
            return {}

        cloud.answer("sqs", "ListQueues", throttle_at_first)
        cloud._attached.add("sqs")

        def work():
            client = boto3.client("sqs", config=Config(retries={"mode": "adaptive", "max_attempts": 8}))
            for _ in range(5):
                client.list_queues()

        cloud.spawn(work)
        real = time.monotonic()
        cloud.run()
        assert time.monotonic() - real < 10
        assert cloud.now > 1


def test_other_threads_keep_real_time():
    seen = {}

    def look():
        seen["year"] = dt.datetime.now(dt.UTC).year
        before = time.perf_counter()
        time.sleep(0.05)
        seen["slept"] = time.perf_counter() - before

    with Cloud(start="1999-01-01T00:00Z") as cloud:
        thread = threading.Thread(target=look)
        thread.start()
        cloud.spawn(time.sleep, 1000)
        cloud.run()
        thread.join()
    assert seen["year"] >= 2026
    assert 0.05 <= seen["slept"] < 5


def test_jupyters_own_machinery_keeps_the_real_date():
    asked = "from datetime import datetime, timezone\ndef now():\n    return datetime.now(timezone.utc)\n"
    jupyter: dict = {"__name__": "jupyter_client.session"}
    learner: dict = {"__name__": "__main__"}
    exec(asked, jupyter)  # a function that lives in a module of that name
    exec(asked, learner)
    with Cloud(start="1999-01-01T00:00Z"):
        assert jupyter["now"]().year >= 2026
        assert learner["now"]().year == 1999


def test_log_records_of_the_cell_are_stamped_with_the_clouds_time():
    with Cloud(start="1999-01-01T00:00Z"):
        record = logging.LogRecord("lab", logging.INFO, __file__, 1, "m", None, None)
    assert dt.datetime.fromtimestamp(record.created, dt.UTC).year == 1999


def test_after_closing_the_clocks_are_real_again():
    with Cloud(start="1999-01-01T00:00Z"):
        pass
    assert dt.datetime.now(dt.UTC).year >= 2026
    assert clock.shown_to_learner() is None
