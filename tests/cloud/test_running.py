"""run, advance and the clock."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import Cloud
from helpers.cloud import StillRunning


def test_run_until_includes_what_is_due_then():
    log = []
    with Cloud() as cloud:
        cloud.spawn(lambda: (time.sleep(10), log.append(cloud.now)), name="a")
        cloud.run(until=9.999999)
        assert (cloud.now, log) == (9.999999, [])
        cloud.run(until=10)
        assert (cloud.now, log) == (10, [10.0])


def test_run_until_now_runs_what_is_due_now():
    log = []
    with Cloud() as cloud:
        cloud.spawn(log.append, 1)
        cloud.run(until=0)
        assert (cloud.now, log) == (0, [1])


def test_the_past_is_refused():
    with Cloud() as cloud:
        cloud.advance(5)
        with pytest.raises(ValueError, match="5 s already"):
            cloud.run(until=4)
        assert cloud.now == 5


def test_advance_moves_the_clock_even_if_nothing_happens():
    with Cloud() as cloud:
        cloud.advance(86_400)
        assert cloud.now == 86_400
        assert cloud.datetime.isoformat() == "2026-01-06T09:00:00+00:00"


def test_run_ends_when_the_foreground_is_done():
    def heartbeat():
        while True:
            time.sleep(1)

    with Cloud() as cloud:
        background = cloud.spawn(heartbeat, background=True)
        cloud.spawn(time.sleep, 7.5)
        cloud.run()
        assert cloud.now == 7.5
        assert not background.done


def test_the_limit_names_who_still_runs():
    def for_ever():
        while True:
            time.sleep(60)

    with Cloud() as cloud:
        cloud.spawn(for_ever, name="worker-1")
        cloud.spawn(time.sleep, 1)
        with pytest.warns(StillRunning, match="After 600 s of virtual time worker-1 still runs"):
            cloud.run(limit_s=600)
        assert cloud.now == 600


def test_the_default_limit_is_seven_days():
    def for_ever():
        while True:
            time.sleep(3600)

    with Cloud() as cloud:
        cloud.spawn(for_ever)
        with pytest.warns(StillRunning):
            cloud.run()
        assert cloud.now == 7 * 86_400


def test_suspended_actors_go_on_in_the_next_run():
    log = []

    def work():
        for step in range(4):
            log.append((step, cloud.now))
            time.sleep(10)

    with Cloud() as cloud:
        actor = cloud.spawn(work)
        cloud.advance(15)
        assert log == [(0, 0), (1, 10)]
        cloud.advance(15)
        assert log == [(0, 0), (1, 10), (2, 20), (3, 30)]
        cloud.run()
        assert actor.done


def test_run_inside_an_actor_raises():
    with Cloud() as cloud:
        cloud.spawn(cloud.run, name="a")
        with pytest.raises(RuntimeError, match="inside an actor"):
            cloud.run()
        cloud.spawn(lambda: cloud.advance(1), name="b")
        with pytest.raises(RuntimeError, match="inside an actor"):
            cloud.run()


@given(st.lists(st.floats(0, 1000), max_size=20))
def test_time_is_kept_in_whole_microseconds(durations):
    with Cloud() as cloud:

        def work():
            for duration in durations:
                time.sleep(duration)

        cloud.spawn(work)
        cloud.run()
        assert cloud.now_us == sum(round(duration * 1e6) for duration in durations)


def test_a_call_takes_the_api_latency():
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        sqs.list_queues()
        assert cloud.now == 0.01
        cloud.api_latency_s = 0.25
        sqs.list_queues()
        assert cloud.now == 0.26
        cloud.api_latency_s = 0
        sqs.list_queues()
        assert cloud.now == 0.26


def test_s3_versions_are_in_order_because_calls_take_time():
    with Cloud() as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="bucket", Key="k", Body=b"1")
        s3.put_object(Bucket="bucket", Key="k", Body=b"2")
        s3.delete_object(Bucket="bucket", Key="k")
        assert s3.list_object_versions(Bucket="bucket")["DeleteMarkers"][0]["IsLatest"]


def test_a_short_polling_loop_makes_progress():
    def poll(sqs, queue):
        polls = 0
        while not sqs.receive_message(QueueUrl=queue).get("Messages"):
            polls += 1
        return polls

    def send(sqs, queue):
        time.sleep(1)
        sqs.send_message(QueueUrl=queue, MessageBody="m")

    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        poller = cloud.spawn(poll, sqs, queue)
        cloud.spawn(send, sqs, queue)
        cloud.run()
        assert poller.result == 100  # a call every 10 ms; the message is there 1.01 s after the start
