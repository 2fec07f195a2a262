"""A Dask cluster of two workers on this machine, for a test: a program of its own, as the tests' process is sealed.

Writes the scheduler's address, and kills a worker at each line "kill" that it reads.
"""

from __future__ import annotations

import os
import signal
import sys

from distributed import LocalCluster


def main() -> None:
    options = {"processes": True, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        for line in sys.stdin:
            if line == "kill\n":
                os.kill(cluster.workers[0].pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
