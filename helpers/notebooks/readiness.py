"""Is this environment ready for the course? The doctor's answer, for a notebook's first cell."""

from __future__ import annotations

import sys

from helpers import doctor

LEFT_OUT = ("sealed, clients",)
"""The doctor's checks that hold only while no Cloud is open: a learner may run the cell again later."""


def ready() -> None:
    """Say whether this environment can run the course: a line a check, the same words on every machine.

    Only a check that fails says more: what is wrong and, where the doctor knows it, what to do.
    """
    results = [result for result in doctor.examine(doctor.CHECKS) if result.check not in LEFT_OUT]
    for result in results:
        reason = "" if result.ok else f": {result.detail}"
        sys.stdout.write(f"{'✔' if result.ok else '✘'} {result.check}{reason}\n")
    failed = sum(not result.ok for result in results)
    if failed:
        sys.stdout.write(
            f"Not ready: {failed} of {len(results)} checks failed. Run `devlab doctor` for more.\n"
        )
    else:
        sys.stdout.write("Ready. Nothing you do here leaves this machine or costs money.\n")
