"""Run: an experiment with values and a seed, written as one string, and carried out in a Cloud of its own.

`18_sqs.visibility?visibility_timeout_s=10&seed=3` is a run string: the experiment, then the values that
differ from the defaults in declared order, then the seed if it is not 0. Panel, command line, quiz and
feedback accept it.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from helpers.cloud import Stopped
from helpers.cloud.clock import real_monotonic
from helpers.dataplane import Cloud
from helpers.experiments.experiment import Experiment
from helpers.experiments.parameter import Int, ParameterError
from helpers.experiments.values import Values

if TYPE_CHECKING:
    from helpers.experiments.outcome import Outcome

Progress = Callable[[float], object]
"""Called now and then, from another thread, with the virtual seconds that a run has come to."""

Stop = threading.Event | Callable[[], bool]
"""Asks a run to end: an event that is set, or a function that returns True."""

SEED = Int("seed", 0, "seed", "Same seed, same run.", minimum=0, maximum=2**32 - 1)
"""What a seed may be."""

_GLANCE_S = 0.02  # real seconds between two looks at `stop`
_REPORT_S = 0.1  # real seconds between two reports of progress


@dataclass(frozen=True)
class Run:
    """An experiment, its values and a seed. Two runs that are equal have the same outcome.

    `values` may also be a mapping of some values; the others take their defaults. Raises ParameterError for a
    value or a seed that is not possible.
    """

    experiment: Experiment
    values: Values
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.experiment.values(**self.values))
        object.__setattr__(self, "seed", SEED.check(self.seed))

    @classmethod
    def parse(cls, text: str) -> Run:
        """The run that a run string names.

        Raises UnknownExperiment for an id that no section has, ParameterError for a name or value that is not
        possible.
        """
        from helpers.experiments.catalog import find

        name, _, query = text.strip().partition("?")
        experiment = find(unquote(name))
        given: dict[str, str] = {}
        for pair in query.split("&") if query else []:
            key, sign, value = pair.partition("=")
            if not sign or not key:
                raise ParameterError(f"In {text!r}, {pair!r} is not of the form name=value.")
            if key in given:
                raise ParameterError(f"In {text!r}, {key} is set twice.")
            given[key] = unquote(value)
        return cls.of_texts(experiment, given)

    @classmethod
    def of_texts(cls, experiment: Experiment, given: Mapping[str, str]) -> Run:
        """The run whose values (and "seed") are spelled by texts. Raises ParameterError as `parse` does."""
        texts = dict(given)
        seed = SEED.parse(texts.pop("seed")) if "seed" in texts else 0
        known = {parameter.name: parameter for parameter in experiment.parameters}
        # A name that is not known passes as it is: `values` refuses it with the names that come close.
        return cls(
            experiment,
            experiment.values(
                **{name: known[name].parse(text) if name in known else text for name, text in texts.items()}
            ),
            seed,
        )

    def __str__(self) -> str:
        parts = [
            f"{one.name}={quote(one.format(self.values[one.name]), safe=' .:,+')}"
            for one in self.experiment.parameters
            if self.values[one.name] != one.default
        ]
        if self.seed:
            parts.append(f"seed={self.seed}")
        return self.experiment.id + ("?" + "&".join(parts) if parts else "")

    def changed(self, **settings: Any) -> Run:
        """This run with other values (and "seed"). Raises ParameterError for those that are not possible."""
        seed = settings.pop("seed", self.seed)
        return Run(self.experiment, self.experiment.values(**{**self.values, **settings}), seed)

    def outcome(self, progress: Progress | None = None, stop: Stop | None = None) -> Outcome:
        """Carry the run out and measure it.

        `progress` is called about ten times a real second with the virtual time reached; `stop` ends the run
        soon: it then raises `helpers.cloud.Stopped`, with the virtual time in its sentence.
        """
        from helpers.experiments.outcome import Outcome

        began = real_monotonic()
        # Not entered: code that runs beside this run goes on to see the Cloud that is open there.
        cloud = Cloud(seed=self.seed)
        try:
            with _watched(cloud, progress, stop), _collected_afterwards():
                self.experiment.run(cloud, self.values)
                return Outcome(self, cloud.trail, cloud.now, real_monotonic() - began)
        finally:
            cloud.close()


@contextmanager
def _collected_afterwards() -> Iterator[None]:
    """No garbage is collected while the block runs: looking through what a kernel holds is a tenth of a run.

    What the run before it left is young and goes first: grown old, it would stay until all is looked through.
    """
    collects = gc.isenabled()
    gc.collect(1)
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def _watched(cloud: Cloud, progress: Progress | None, stop: Stop | None) -> Iterator[None]:
    """Report progress and hear `stop` while the block runs. The clock of the watching thread is the real one."""
    if progress is None and stop is None:
        yield
        return
    asked = stop.is_set if isinstance(stop, threading.Event) else stop
    over = threading.Event()
    stopping = threading.Event()

    def watch() -> None:
        reported = real_monotonic()
        while not over.wait(_GLANCE_S):
            if asked is not None and asked():
                stopping.set()
            if stopping.is_set():
                cloud.stop()  # again and again: an experiment may run the Cloud several times
            elif progress is not None and real_monotonic() - reported >= _REPORT_S:
                reported = real_monotonic()
                progress(cloud.now)

    if asked is not None and asked():
        raise Stopped(f"Stopped at {cloud.now:g} s of virtual time.")
    watcher = threading.Thread(target=watch, name="run-watch", daemon=True)
    watcher.start()
    try:
        yield
        if stopping.is_set():  # it came too late to end the run, but nobody waits for its outcome
            raise Stopped(f"Stopped at {cloud.now:g} s of virtual time.")
    finally:
        over.set()
        watcher.join()
        if progress is not None:
            progress(cloud.now)
