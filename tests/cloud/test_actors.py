"""Actors: plain functions in virtual time."""

from __future__ import annotations

import datetime as dt
import threading
import time
from time import monotonic as early_monotonic
from time import perf_counter as early_perf_counter
from time import sleep as early_sleep
from time import time as early_time

import boto3
import pytest

from helpers import Cloud
from helpers.cloud import Actor, Stopped
from helpers.cloud.actor import MAX_TURNS

NINE = 1_767_603_600  # 2026-01-05 09:00 UTC


def test_spawn_returns_an_actor():
    def work(a, b=0):
        time.sleep(2)
        return a + b

    with Cloud() as cloud:
        actor = cloud.spawn(work, 1, b=2)
        assert isinstance(actor, Actor)
        assert (actor.name, actor.done, actor.result, actor.error) == ("work", False, None, None)
        cloud.run()
        assert (actor.done, actor.result, actor.error) == (True, 3, None)
        assert cloud.now == 2


def test_names_are_unique():
    with Cloud() as cloud:
        names = [cloud.spawn(print, name=name).name for name in ("w", "w", None, "w")]
    assert names == ["w", "w-2", "print", "w-3"]


def test_spawn_needs_a_function():
    with Cloud() as cloud, pytest.raises(TypeError, match="needs a function"):
        cloud.spawn(3)


def test_every_clock_of_an_actor_is_virtual_however_it_was_imported():
    seen = []

    def look():
        early_sleep(100)
        seen.append(
            (
                time.time(),
                early_time(),
                time.time_ns(),
                time.monotonic(),
                early_monotonic(),
                time.perf_counter(),
                early_perf_counter(),
                time.monotonic_ns(),
                time.perf_counter_ns(),
                dt.datetime.now(dt.UTC),
                dt.date.today(),  # noqa: DTZ011  # that it is virtual too is the point
            )
        )

    with Cloud() as cloud:
        cloud.spawn(look)
        cloud.run()
    later = NINE + 100
    assert seen == [
        (
            later,
            later,
            later * 10**9,
            100.0,
            100.0,
            100.0,
            100.0,
            100 * 10**9,
            100 * 10**9,
            dt.datetime(2026, 1, 5, 9, 1, 40, tzinfo=dt.UTC),
            dt.date(2026, 1, 5),
        )
    ]


def test_outside_runs_the_clocks_are_the_originals():
    with Cloud() as cloud:
        cloud.spawn(early_sleep, 1000)
        cloud.run()
    before = early_monotonic()
    early_sleep(0.01)
    assert 0.01 <= early_monotonic() - before < 5
    assert abs(time.time() - dt.datetime.now(dt.UTC).timestamp()) < 1
    assert time.time() > NINE + 86_400


def test_computing_takes_no_virtual_time():
    with Cloud() as cloud:
        actor = cloud.spawn(lambda: sum(range(200_000)), name="sum")
        cloud.run()
        assert actor.result == 19_999_900_000
        assert cloud.now == 0


def test_sleep_refuses_what_it_always_refused():
    with Cloud() as cloud:
        cloud.spawn(time.sleep, -1)
        with pytest.raises(ValueError, match="non-negative"):
            cloud.run()


def test_actors_take_turns_in_the_order_in_which_they_wake():
    log = []

    def tick(name, every):
        for _ in range(3):
            time.sleep(every)
            log.append((time.monotonic(), name))

    with Cloud() as cloud:
        cloud.spawn(tick, "a", 2)
        cloud.spawn(tick, "b", 3)
        cloud.run()
    assert log == [(2.0, "a"), (3.0, "b"), (4.0, "a"), (6.0, "b"), (6.0, "a"), (9.0, "b")]


def test_an_actor_may_spawn_another():
    with Cloud() as cloud:

        def parent():
            time.sleep(1)
            return cloud.spawn(time.sleep, 5, name="child")

        actor = cloud.spawn(parent)
        cloud.run()
        assert cloud.now == 6
        assert actor.result.done


def test_clients_made_in_an_actor_belong_to_its_cloud():
    with Cloud() as outer:
        actor = outer.spawn(lambda: boto3.client("sqs").create_queue(QueueName="q"), name="maker")
        with Cloud():
            outer.run()
        assert actor.done
        assert "q" in outer.client("sqs").list_queues()["QueueUrls"][0]


def test_an_uncaught_exception_stops_the_run_and_is_the_original_object():
    error = ValueError("boo")

    def fail():
        time.sleep(3)
        raise error

    with Cloud() as cloud:
        bystander = cloud.spawn(time.sleep, 10, name="bystander")
        failing = cloud.spawn(fail)
        with pytest.raises(ValueError, match="boo") as raised:
            cloud.run()
        assert raised.value is error is failing.error
        assert error.__notes__ == ["Raised in actor fail at 3 s of virtual time."]
        assert "fail" in [entry.name for entry in raised.traceback]
        assert (cloud.now, bystander.done) == (3, False)
        cloud.run()
        assert (cloud.now, bystander.done) == (10, True)


def test_a_client_error_survives_with_its_response():
    def fail():
        boto3.client("sqs").get_queue_url(QueueName="missing")

    with Cloud() as cloud:
        cloud.spawn(fail)
        with pytest.raises(cloud.client("sqs").exceptions.QueueDoesNotExist) as raised:
            cloud.run()
        assert raised.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


def test_record_keeps_the_exception_in_the_actor():
    def fail():
        raise ValueError("boo")

    with Cloud() as cloud:
        actor = cloud.spawn(fail)
        other = cloud.spawn(time.sleep, 1)
        cloud.run(on_error="record")
        assert str(actor.error) == "boo"
        assert actor.done
        assert other.done


def test_on_error_is_one_of_two():
    with Cloud() as cloud, pytest.raises(ValueError, match="'raise' or 'record'"):
        cloud.run(on_error="ignore")


def test_stop_ends_an_actor_where_it_waits():
    ends = []

    def work():
        try:
            while True:
                time.sleep(1)
        finally:
            ends.append(cloud.now)

    with Cloud() as cloud:
        actor = cloud.spawn(work)
        cloud.advance(5)
        actor.stop()
        assert actor.done
        assert actor.error is None
        cloud.run()
        assert cloud.now == 5
    assert ends == [5]


def test_finally_of_a_dropped_actor_reaches_no_account():
    calls = []

    def work(client, queue):
        try:
            time.sleep(1000)
        finally:
            try:
                client.send_message(QueueUrl=queue, MessageBody="too late")
            except BaseException as refused:
                calls.append(type(refused).__name__)
                raise

    with Cloud() as other:
        with Cloud() as cloud:
            client = cloud.client("sqs")
            cloud.spawn(work, client, client.create_queue(QueueName="q")["QueueUrl"])
            cloud.advance(1)
        assert len(cloud.trail) == 1
        assert len(other.trail) == 0
    assert calls == ["ActorDropped"]


def test_an_actor_that_swallows_everything_is_dropped_all_the_same():
    def stubborn():
        while True:
            try:
                time.sleep(1)
            except BaseException:  # noqa: BLE001  # that is the point
                pass

    with Cloud() as cloud:
        actor = cloud.spawn(stubborn, background=True)
        cloud.advance(3)
        actor.stop()
        assert actor.done


def test_a_thread_in_an_actor_is_refused_with_a_sentence():
    def work():
        threading.Thread(target=print).start()

    with Cloud() as cloud:
        cloud.spawn(work)
        with pytest.raises(RuntimeError, match=r"work tried to start a thread.*spawn another actor"):
            cloud.run()


def test_boto3_transfers_work_in_an_actor_and_count_as_its_calls(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(b"x" * (9 << 20))  # above boto3's threshold of 8 MiB: a multipart upload

    def upload():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.upload_file(str(source), "bucket", "key")
        s3.download_file("bucket", "key", str(tmp_path / "copy.bin"))

    with Cloud() as cloud:
        cloud.spawn(upload, name="uploader")
        cloud.run()
        assert set(cloud.trail.actor) == {"uploader"}
        assert list(cloud.trail.operation)[1:5] == [
            "CreateMultipartUpload",
            "UploadPart",
            "UploadPart",
            "CompleteMultipartUpload",
        ]
    assert (tmp_path / "copy.bin").read_bytes() == source.read_bytes()


def test_calls_without_progress_are_stopped_by_name():
    def spin():
        while True:
            try:
                time.sleep(0)
            except BaseException:  # noqa: BLE001  # it cannot be swallowed
                pass

    with Cloud() as cloud:
        actor = cloud.spawn(spin)
        with pytest.raises(RuntimeError, match=rf"spin made {MAX_TURNS:,} calls without the clock moving"):
            cloud.run()
        assert actor.done
        assert cloud.now == 0
        cloud.run()


def test_polling_without_latency_is_stopped_too():
    def poll(client, queue):
        while True:
            client.receive_message(QueueUrl=queue)

    with Cloud() as cloud:
        cloud.api_latency_s = 0
        client = cloud.client("sqs")
        cloud.spawn(poll, client, client.create_queue(QueueName="q")["QueueUrl"])
        with pytest.raises(RuntimeError, match="poll made"):
            cloud.run()


def test_computing_for_ever_is_stopped_by_name(monkeypatch):
    monkeypatch.setattr("helpers.cloud.scheduler.PATIENCE_S", 0.3)

    def spin():
        while True:
            try:
                sum(range(100))
            except BaseException:  # noqa: BLE001  # it cannot be swallowed
                pass

    with Cloud() as cloud:
        actor = cloud.spawn(spin)
        with pytest.raises(
            RuntimeError, match=r"spin computed for 0\.3 s of real time without the clock moving"
        ):
            cloud.run()
        assert actor.done
        after = cloud.spawn(time.sleep, 1, name="after")
        cloud.run()
        assert after.done


@pytest.mark.parametrize("swallow", [False, True])
def test_stop_from_another_thread_ends_a_computing_actor(swallow):
    def spin():
        while True:
            try:
                sum(range(100))
            except BaseException:
                if not swallow:
                    raise

    with Cloud() as cloud:
        cloud.spawn(spin)
        threading.Timer(0.2, cloud.stop).start()
        before = early_monotonic()
        with pytest.raises(Stopped, match="Stopped at 0 s"):
            cloud.run()
        assert early_monotonic() - before < 2


def test_one_actor_may_stop_another():
    log = []

    def victim():
        try:
            time.sleep(1000)
        finally:
            log.append(("victim", cloud.now))

    def killer(other):
        time.sleep(3)
        other.stop()
        time.sleep(4)
        log.append(("killer", cloud.now))

    with Cloud() as cloud:
        other = cloud.spawn(victim)
        cloud.spawn(killer, other)
        cloud.run()
        assert other.done
    assert log == [("victim", 3.0), ("killer", 7.0)]


def test_an_actor_may_stop_itself():
    with Cloud() as cloud:

        def suicide():
            me.stop()
            time.sleep(5)
            return "never"

        me = cloud.spawn(suicide)
        cloud.run()
        assert (me.done, me.result, cloud.now) == (True, None, 0)
