"""One run at a time, stopped from anywhere."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Iterator

import boto3
import pytest

from helpers import Cloud
from helpers.cloud import Stopped
from helpers.cloud.clock import real_monotonic, real_sleep


def for_ever():
    while True:
        time.sleep(0.001)


def later(delay_s, act):
    """Do `act` after `delay_s` of real time; returns a list that then holds the moment at which it was done."""
    moments = []

    def do():
        moments.append(real_monotonic())
        act()

    threading.Timer(delay_s, do).start()
    return moments


def test_a_second_run_waits_for_the_first_and_says_so(capsys):
    order = []

    def run_long():
        with Cloud() as cloud:
            cloud.spawn(for_ever)
            started.set()
            with pytest.raises(Stopped):
                cloud.run(limit_s=1e9)
            order.append("first")

    started = threading.Event()
    thread = threading.Thread(target=run_long)
    thread.start()
    started.wait()
    real_sleep(0.1)
    from helpers.cloud import scheduler

    with Cloud() as second:
        second.spawn(time.sleep, 5)
        threading.Timer(1.0, lambda: scheduler_run_of(scheduler).stop()).start()
        second.run()
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "Another run is going on" in capsys.readouterr().err


def scheduler_run_of(scheduler):
    """The run in progress, found as the Stop button finds it: by its Cloud."""
    return next(run for run in RUNS if run.account._run is run)


RUNS: list = []


@pytest.fixture(autouse=True)
def remember_runs(monkeypatch):
    from helpers.cloud import scheduler

    RUNS.clear()
    init = scheduler.Run.__init__

    def remembered(self, *arguments, **options):
        init(self, *arguments, **options)
        RUNS.append(self)

    monkeypatch.setattr(scheduler.Run, "__init__", remembered)


def test_all_actors_live_in_one_thread():
    threads = set()

    def look():
        threads.add(threading.current_thread().name)
        time.sleep(1)
        threads.add(threading.current_thread().name)

    def run_one():
        with Cloud() as cloud:
            cloud.spawn(look)
            cloud.run()

    run_one()
    thread = threading.Thread(target=run_one)
    thread.start()
    thread.join()
    assert threads == {"helpers-scheduler"}


def test_stop_ends_a_run_within_half_a_second():
    with Cloud() as cloud:
        cloud.spawn(for_ever)
        asked = later(0.2, cloud.stop)
        with pytest.raises(Stopped, match=r"Stopped at [\d.]+ s of virtual time"):
            cloud.run(limit_s=1e9)
        assert real_monotonic() - asked[0] < 0.5
        cloud.advance(1)  # and the Cloud lives on


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, also where a shell started the tests in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_run_and_is_raised():
    with Cloud() as cloud:
        worker = cloud.spawn(for_ever)
        asked = later(0.2, _thread.interrupt_main)
        with pytest.raises(KeyboardInterrupt):
            cloud.run(limit_s=1e9)
        assert real_monotonic() - asked[0] < 0.5
        assert not worker.done
        cloud.advance(1)


def test_stop_without_a_run_does_nothing():
    with Cloud() as cloud:
        cloud.stop()
        cloud.advance(1)
        assert cloud.now == 1


def test_a_callback_in_another_thread_works_in_the_notebooks_cloud():
    found = []
    with Cloud() as cloud:
        cloud.client("sqs").create_queue(QueueName="q")
        thread = threading.Thread(target=lambda: found.extend(boto3.client("sqs").list_queues()["QueueUrls"]))
        thread.start()
        thread.join()
    assert [url.rpartition("/")[2] for url in found] == ["q"]


def test_clouds_of_two_threads_do_not_meet():
    def work(seed, results):
        with Cloud(seed=seed) as cloud:
            sqs = boto3.client("sqs")
            queue = sqs.create_queue(QueueName=f"q{seed}")["QueueUrl"]
            for number in range(100):
                sqs.send_message(QueueUrl=queue, MessageBody=str(number))
            results[seed] = cloud.trail.to_json()

    alone: dict = {}
    for seed in (1, 2):
        work(seed, alone)
    together: dict = {}
    threads = [threading.Thread(target=work, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone
    assert together[1] != together[2]


@pytest.mark.slow
def test_a_run_that_waits_for_its_turn_can_be_stopped(capsys):
    started = threading.Event()

    def run_long():
        with Cloud() as cloud:
            cloud.spawn(for_ever)
            threading.Timer(2.0, cloud.stop).start()
            started.set()
            with pytest.raises(Stopped):
                cloud.run(limit_s=1e9)

    thread = threading.Thread(target=run_long)
    thread.start()
    started.wait()
    real_sleep(0.1)
    with Cloud() as second:
        second.spawn(time.sleep, 5)
        threading.Timer(0.8, second.stop).start()
        with pytest.raises(Stopped, match="while it waited"):
            second.run()
        assert thread.is_alive()
    thread.join()
    assert "Another run is going on" in capsys.readouterr().err
