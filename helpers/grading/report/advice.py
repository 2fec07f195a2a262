"""What to try next after a check that did not pass: a station of the section's notebook, a run, and what is true."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from helpers.grading.record import CheckRecord
from helpers.sections.data import SectionError
from helpers.sections.misconceptions import Misconception, find_misconception
from helpers.sections.stations import stations


@dataclass(frozen=True)
class Advice:
    """The next steps after a check. A part that the lab does not name is empty.

    `station` is its title and `address` its place, as JupyterLab opens it; `shell` and `cell` make the same run, on
    the command line and in a notebook; `belief` is what learners often think, `truth` what is so.
    """

    station: str = ""
    address: str = ""
    shell: str = ""
    cell: str = ""
    belief: str = ""
    truth: str = ""

    def __bool__(self) -> bool:
        return self != Advice()


def advice(lab: str, check: CheckRecord) -> Advice:
    """The next steps that the check's record names, in the section that the lab belongs to ("18_sqs").

    An id that the section does not have (a lab of an instructor's own) is left out.
    """
    title = stations(lab).get(check.station, "")
    known = misconception(lab, check.misconception)
    run = check.run
    return Advice(
        station=title,
        address=f"notebooks/{lab}.ipynb#{title.replace(' ', '-')}" if title else "",
        shell=f"devlab run {shlex.quote(run)}" if run else "",
        cell=f"panel({json.dumps(run)})" if run else "",
        belief=known.belief if known else "",
        truth=known.truth if known else "",
    )


def misconception(lab: str, name: str) -> Misconception | None:
    """The misconception of that id in the lab's section; None if there is none."""
    if not name:
        return None
    try:
        return find_misconception(lab, name)
    except SectionError:
        return None
