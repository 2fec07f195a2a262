"""The limits of a submission, each with what it is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    `cpu_s` is processor time of the student's processes for one cell, and again for one task's examination; ten times
    that in real time is the backstop, so that a busy machine changes no mark. `memory_mb` holds for all its processes
    together. `calls` are API calls in one trial.
    """

    cpu_s: float = 10.0
    memory_mb: int = 1024
    calls: int = 20_000
    grace_s: float = 1.0
    """Processor seconds that a process may go on after its first, friendly limit, before it is ended."""
    wall_factor: float = 10.0
    real_s: float = 900.0
    """Real seconds for all of a submission: one that sleeps in each of its cells ends in time, too."""
    restarts: int = 8
    """How often a submission gets a new process after its own has ended."""
