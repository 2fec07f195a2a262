"""Work for the processor, in virtual time.

Computing takes no virtual time in this course, since how long it takes depends on the machine. `cpu` says how much
there is to compute; how long that takes follows from a function's memory (DG/configuration-memory.html).
"""

from __future__ import annotations

import os
import time

from helpers.dataplane.awslambda.limits import MEMORY_OF_A_VCPU_MB


def cpu(vcpu_seconds: float, threads: int = 1) -> None:
    """Compute for as long as one vCPU would need `vcpu_seconds`, spread over `threads` equal threads.

    In a Lambda function the processor is shared out in proportion to memory: 1,769 MB are one vCPU, 884 MB half of
    one, so half the memory takes twice the time. One thread never has more than one vCPU: beyond 1,769 MB only more
    threads help. Outside a function there is one vCPU.

    Raises ValueError for a negative amount of work or fewer than one thread.
    """
    if vcpu_seconds < 0 or threads < 1:
        raise ValueError("cpu() needs an amount of work that is not negative, and at least one thread.")
    time.sleep(vcpu_seconds / min(_vcpus(), threads))


def _vcpus() -> float:
    memory_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")  # only an environment has it
    return 1.0 if memory_mb is None else int(memory_mb) / MEMORY_OF_A_VCPU_MB
