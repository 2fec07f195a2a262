"""What AWS does not publish about X-Ray, as labelled assumptions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """Assumptions of the course. AWS names no numbers for them.

    `active_s`: a service takes its share of a rule's reservoir for as long as it has reported within so many seconds.
    """

    active_s: float = 60.0
