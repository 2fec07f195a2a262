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
    - `patience_s`: REAL seconds of the processor that a handler may compute for without the clock moving. After that it
      is taken for an endless loop and does nothing more until its timeout ends it. Computing takes no virtual time: use
      `helpers.cpu` for work that does.

    Teaching assumptions of the asynchronous queue and of event source mappings:

    - `backoff_factor`: by how much the wait between throttled attempts grows, from 1 s. AWS says that it grows
      exponentially, to 5 minutes (DG/invocation-async-error-handling.html), and does not publish the factor. A
      throttled attempt pauses the whole queue of its function: AWS reads a long queue more slowly (the same page).
    - `duplicate_event_probability`: chance that an event that was processed comes a second time. AWS says that it can
      happen (the same page), and gives no figure.
    - `mapping_s`: how long a mapping takes to begin, change or end. AWS: up to "several minutes"
      (DG/services-kinesis-create.html).
    - `poll_again_s`: how long a poller waits when the queue or stream refuses its call. A shard that is throttled is
      polled again after its usual interval.
    - `stream_backoff_s`: the longest wait before a batch of a stream is tried again; it grows from 1 s by
      `backoff_factor`. AWS does not publish it.
    - `tumbling_wait_s`: how long a tumbling window takes records after its end when none come any more. AWS: "up to 2
      minutes" (DG/services-kinesis-windows.html).
    """

    account_concurrency: int = 1_000
    init_s: float = 0.8
    idle_s: float = 600.0
    memory_used_mb: int = 36
    provisioned_start_s: float = 90.0
    patience_s: float = 2.0
    backoff_factor: float = 2.0
    duplicate_event_probability: float = 0.0
    mapping_s: float = 3.0
    poll_again_s: float = 60.0
    stream_backoff_s: float = 60.0
    tumbling_wait_s: float = 120.0
