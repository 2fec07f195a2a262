"""The labelled assumptions of the Lambda data plane: what AWS leaves open, as parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS does not publish, or sets for each account. `cloud.plane("lambda").models` holds them; a change counts
    from the next call on. Times are virtual seconds unless they say otherwise.

    Quotas, which AWS raises on request (DG/gettingstarted-limits.html):

    - `account_concurrency`: concurrent executions of all functions of an account in a Region. New accounts may have
      less.

    Teaching assumptions:

    - `init_s`: how long an environment takes to start (sandbox and runtime), beside the module's own code. AWS says
      that cold starts take under 100 ms to over 1 s (DG/lambda-runtime-environment.html).
    - `idle_s`: how long an idle environment is kept. AWS: "for some time" (the same page). Of several idle environments
      the one used last serves next, so that the others get idle.
    - `memory_used_mb`: what the REPORT line shows as Max Memory Used. Memory is not measured here.
    - `provisioned_start_s`: how long the preparation of provisioned concurrency takes; AWS: "a minute or two"
      (DG/lambda-concurrency.html).
    - `patience_s`: REAL seconds that a handler may compute. After that it is taken for an endless loop and does nothing
      more until its timeout ends it. Computing takes no virtual time: use `helpers.cpu` for work that does.
    """

    account_concurrency: int = 1_000
    init_s: float = 0.8
    idle_s: float = 600.0
    memory_used_mb: int = 36
    provisioned_start_s: float = 90.0
    patience_s: float = 2.0
