from __future__ import annotations

import os
import threading
import time

from helpers.ui.worker import Job, Worker, worker


def test_jobs_run_in_one_thread_in_the_order_asked() -> None:
    line = Worker()
    seen: list[tuple[str, str]] = []
    for name in "abc":
        line.submit(Job(name, lambda job: seen.append((str(job.owner), threading.current_thread().name))))
    for name in "abc":
        assert line.wait(name, 5)
    assert seen == [("a", "course-runs"), ("b", "course-runs"), ("c", "course-runs")]


def test_a_newer_job_of_the_same_owner_replaces_the_older_ones() -> None:
    line = Worker()
    started, gate, seen = threading.Event(), threading.Event(), []

    def long(job: Job) -> None:
        started.set()
        assert gate.wait(5)
        seen.append("stopped" if job.stop.is_set() else "not stopped")

    line.submit(Job("panel", long))
    assert started.wait(5)
    skipped = line.submit(Job("panel", lambda job: seen.append("never")))
    line.submit(Job("panel", lambda job: seen.append("last")))
    gate.set()
    assert line.wait("panel", 5)
    assert seen == ["stopped", "last"]
    assert skipped.done.is_set()
    assert not skipped.started


def test_owners_do_not_stop_each_other() -> None:
    line = Worker()
    gate, seen = threading.Event(), []

    def patient(job: Job) -> None:
        assert gate.wait(5)
        seen.append(job.stop.is_set())

    line.submit(Job("a", patient))
    line.submit(Job("b", lambda job: seen.append("b")))
    assert line.busy("a")
    assert line.busy("b")
    assert not line.wait("b", 0.05)
    gate.set()
    assert line.wait("b", 5)
    assert seen == [False, "b"]


def test_an_urgent_job_goes_first() -> None:
    line = Worker()
    gate, seen = threading.Event(), []
    line.submit(Job("first", lambda job: gate.wait(5)))
    line.submit(Job("slow", lambda job: seen.append("slow")))
    line.submit(Job("cell", lambda job: seen.append("cell"), urgent=True))
    gate.set()
    assert line.wait("slow", 5)
    assert seen == ["cell", "slow"]


def test_stop_without_an_owner_ends_everything() -> None:
    line = Worker()
    started = threading.Event()

    def long(job: Job) -> None:
        started.set()
        assert job.stop.wait(5)

    line.submit(Job("a", long))
    waiting = line.submit(Job("b", lambda job: None))
    assert started.wait(5)
    line.stop()
    assert line.wait("a", 5)
    assert waiting.stop.is_set()
    assert not waiting.started


def test_the_thread_outlives_an_error() -> None:
    line = Worker()

    def broken(job: Job) -> None:
        raise SystemExit("never mind")

    job = line.submit(Job("a", broken))
    assert job.done.wait(5)
    assert isinstance(job.error, SystemExit)
    after = line.submit(Job("a", lambda job: None))
    assert after.done.wait(5)
    assert after.error is None


def test_progress_is_shown_for_a_long_run_only() -> None:
    line = Worker()
    ticks: list[float] = []
    line.submit(Job("quick", lambda job: job.stop.wait(0.1), tick=lambda job: ticks.append(-1)))

    def long(job: Job) -> None:
        job.progress(60)
        job.stop.wait(1.0)

    line.submit(Job("long", long, tick=lambda job: ticks.append(job.reached_s)))
    assert line.wait("long", 5)
    assert ticks
    assert set(ticks) == {60}


def test_a_forked_child_has_a_worker_of_its_own() -> None:
    worker().submit(Job("a", lambda job: None)).done.wait(5)
    child = os.fork()
    if child == 0:
        job = worker().submit(Job("a", lambda job: None))
        os._exit(0 if job.done.wait(5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_is_loaded_is_looked_through_once() -> None:
    import gc

    before = gc.get_freeze_count()
    fresh = Worker()
    done = fresh.submit(Job(object(), lambda job: None)).done
    assert done.wait(20)
    deadline = time.monotonic() + 20
    while gc.get_freeze_count() <= before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gc.get_freeze_count() > before
    gc.unfreeze()
