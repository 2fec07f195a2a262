"""The bench on which a task is examined: fresh accounts, the student's functions, and draws from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from helpers.cloud.randomness import stream_seed
from helpers.dataplane import Cloud
from helpers.experiments.calls import CallRow, call_rows
from helpers.labs.student import Student


@dataclass
class Trial:
    """One fresh account, and the student's code in it."""

    cloud: Cloud
    student: Student

    def client(self, service: str) -> Any:
        """A boto3 client for the check's own calls."""
        return self.cloud.shared_client(service)

    @property
    def rows(self) -> list[CallRow]:
        """The trail so far, oldest first."""
        return call_rows(self.cloud.attempts)


class Host(Protocol):
    """Whoever holds the student's code."""

    def student_in(self, cloud: Cloud) -> Student:
        """The student's functions, whose calls go to `cloud`."""

    def over(self, cloud: Cloud) -> None:
        """The trial in `cloud` ends."""


class Bench:
    """What `examine` works with.

    `random` draws what the need does not say (bodies, crash instants): it repeats with the seed. `trials` are the
    accounts so far, the present one last.
    """

    def __init__(self, host: Host, seed: int, task: str) -> None:
        self._host = host
        drawn = stream_seed(seed, task)
        self.random = random.Random(drawn)
        self._first_seed = random.Random(stream_seed(drawn, "trials")).getrandbits(31)
        self.trials: list[Trial] = []

    @contextmanager
    def trial(self) -> Iterator[Trial]:
        """A fresh account with nothing in it. Its trail can still be read when it is closed."""
        with Cloud(seed=self._first_seed + len(self.trials)) as cloud:
            trial = Trial(cloud, self._host.student_in(cloud))
            self.trials.append(trial)
            try:
                yield trial
            finally:
                self._host.over(cloud)
