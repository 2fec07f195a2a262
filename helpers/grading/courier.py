"""Carries submissions to the workers of a Dask cluster, and records back: `python -P courier.py ADDRESS`.

It imports nothing of the course: that would seal the process, and a cluster is reached over the network. For the same
reason its classes go to the workers by value, and each worker has stations mark (`helpers.grading.station`), processes
of their own. It knows one address, that of the scheduler which the instructor named.

Standard input: a line that is the stations' order, then a line for each submission. Standard output: {"ready": {worker:
level}}, then {"number": n, "answer": a station's} for each submission as it is done, {"said": sentence} for what an
instructor should know, and {"refused": sentence, "unsafe": bool} as the last line if it cannot go on.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import subprocess
import sys
import time
import uuid
from typing import Any

from dask import config
from distributed import Client, Future, Worker, WorkerPlugin, get_worker

PATIENCE_S = 60.0
"""Real seconds without a worker after which the run is given up."""

LOOK_S = 2.0
"""Real seconds between two looks at which workers are there."""

TRIES = 3
"""How many stations may be lost over one submission."""

Refusal = tuple[str, bool]
"""A sentence, and whether it is about isolation."""


class Lost(Exception):
    """A station ended and did not answer."""


class Station:
    """A process on a worker. `order` is its first line; raises Lost if it ends without an answer."""

    def __init__(self, order: str) -> None:
        command = [sys.executable, "-m", "helpers.grading.station"]
        self._process = subprocess.Popen(  # noqa: S603  # this Python, on the worker's clone of the course
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )
        try:
            self.answer = self.ask(order)
        except Lost:
            said = "The course does not run there: install it from the same commit."
            self.answer = json.dumps({"refused": said, "unsafe": False})

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, line: str) -> str:
        """The answer to a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        if not answer.endswith("\n"):
            raise Lost("The process that marks was ended.")
        return answer

    def end(self) -> None:
        """Let it end; it may take as long as the submission that it is at."""
        assert self._process.stdin is not None
        self._process.stdin.close()


class Stations(WorkerPlugin):
    """The stations of one worker: one for each of its threads that marks."""

    def __init__(self, order: str) -> None:
        self._order = order

    def setup(self, worker: Worker) -> None:
        """There are none yet."""
        self._idle: queue.SimpleQueue[Station] = queue.SimpleQueue()

    def teardown(self, worker: Worker) -> None:
        """End those that wait; one that marks ends with its worker, or when nobody asks it any more."""
        while not self._idle.empty():
            self._idle.get().end()

    def mark(self, work: str | None = None) -> str:
        """A station's answer to a submission; to its order, if there is none. Raises Lost."""
        station = self._station()
        answer = station.answer
        if work is not None and "ready" in json.loads(answer):
            answer = station.ask(work)
        self._idle.put(station)
        return answer

    def _station(self) -> Station:
        while True:
            try:
                station = self._idle.get_nowait()
            except queue.Empty:
                return Station(self._order)
            if station.alive:
                return station


async def ready(name: str, dask_worker: Worker) -> str:
    """Run on a worker: start its first station."""
    plugin: Stations = dask_worker.plugins[name]  # type: ignore[assignment]  # it is registered under this name
    return await asyncio.to_thread(plugin.mark)


def marked(name: str, work: str) -> str:
    """Run on a worker, in one of its threads: have a submission marked. Raises Lost."""
    plugin: Stations = get_worker().plugins[name]  # type: ignore[assignment]  # as above
    return plugin.mark(work)


class Refused(Exception):
    """It cannot go on: a sentence, and whether it is about isolation."""

    def __init__(self, sentence: str, unsafe: bool = False) -> None:
        super().__init__(sentence)
        self.unsafe = unsafe


def say(line: dict[str, Any]) -> None:
    """Write a line of JSON."""
    print(json.dumps(line, ensure_ascii=True), flush=True)  # noqa: T201  # that is how it talks


class Courier:
    """One run on the cluster that `client` is connected to."""

    def __init__(self, client: Client, order: str) -> None:
        self._client = client
        self._name = f"devlab-{uuid.uuid4().hex}"
        self._order = order
        self._workers: set[str] = set()
        self._seen_s = self._looked_s = time.monotonic()

    def open(self) -> None:
        """Have each worker start a station. Raises Refused if one of them cannot mark."""
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE_S)
        except TimeoutError:
            raise Refused("The scheduler has no workers.") from None
        self._client.register_plugin(Stations(self._order), name=self._name)
        answers = {
            worker: json.loads(answer) for worker, answer in self._client.run(ready, self._name).items()
        }
        for worker, answer in answers.items():
            if "ready" not in answer:
                raise Refused(f"{worker}: {answer['refused']}", answer["unsafe"])
        self._workers = set(answers)
        say({"ready": {worker: answer["ready"] for worker, answer in answers.items()}})

    def carry(self, works: list[str]) -> None:
        """Have each submission marked. Raises Refused."""
        done: queue.SimpleQueue[Future[str]] = queue.SimpleQueue()
        numbers = {}
        for number, work in enumerate(works):
            future = self._client.submit(
                marked, self._name, work, key=f"{self._name}-{number}", retries=TRIES - 1
            )
            future.add_done_callback(done.put)
            numbers[future.key] = number, future
        while numbers:
            if time.monotonic() - self._looked_s > LOOK_S:
                self._look()
            try:
                future = done.get(timeout=LOOK_S)
            except queue.Empty:
                continue
            number, _ = numbers.pop(future.key)
            try:
                answer = json.loads(future.result())
            except Exception as error:
                raise Refused(
                    f"The processes that marked a submission ended {TRIES} times ({type(error).__name__})."
                ) from error
            if "refused" in answer:
                raise Refused(answer["refused"], answer["unsafe"])
            if not numbers:
                self._look()  # before the last answer: nobody listens after it
            say({"number": number, "answer": answer})

    def close(self) -> None:
        """End the stations."""
        self._client.unregister_worker_plugin(self._name)

    def _look(self) -> None:
        """Say which workers are gone. Raises Refused if none has been there for a while."""
        now = set(self._client.nthreads())
        for worker in sorted(self._workers - now):
            say({"said": f"The worker {worker} is gone; what it was marking goes to another one."})
        self._workers = now
        self._looked_s = time.monotonic()
        if now:
            self._seen_s = self._looked_s
        elif self._looked_s - self._seen_s > PATIENCE_S:
            raise Refused("The scheduler has no workers any more.")


def run(address: str) -> None:
    """Do what standard input says. Raises Refused."""
    order = sys.stdin.readline().strip()
    try:
        client = Client(address, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Refused(f"No Dask scheduler answers at {address}.") from error
    with client:
        courier = Courier(client, order)
        try:
            courier.open()
            courier.carry([line.strip() for line in sys.stdin])
        finally:
            courier.close()


def main() -> int:
    """`python -P courier.py ADDRESS`."""
    logging.getLogger("distributed").setLevel(
        logging.CRITICAL
    )  # it says itself what an instructor should know
    config.set({"distributed.comm.timeouts.connect": "10s"})
    try:
        run(sys.argv[1])
    except Refused as refused:
        say({"refused": str(refused), "unsafe": refused.unsafe})
    except (BrokenPipeError, KeyboardInterrupt):
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
