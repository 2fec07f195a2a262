"""The labelled assumptions of the EventBridge data plane."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS leaves open about deliveries. `cloud.plane("events").models` holds them.

    Teaching assumptions:

    - `delivery_delay_s`: seconds between an event and its first delivery; AWS names no figure.
    - `first_retry_s`, `retry_factor`, `longest_retry_s`: the waits between attempts. AWS says that they grow
      exponentially, with jitter, up to 185 of them in 24 hours (GUIDE/eb-rule-retry-policy.html), and no more. With
      nine minutes at most, an event is tried until its 24 hours are over, which takes fewer than 185 retries.
    - `retry_jitter`: the share of a wait, 0 to 1, that is drawn at random.

    A documented rule that a comparison may switch off:

    - `check_policies`: queues, topics and functions must allow events.amazonaws.com
      (GUIDE/eb-use-resource-based.html).
    """

    delivery_delay_s: float = 0.0
    first_retry_s: float = 1.0
    retry_factor: float = 2.0
    longest_retry_s: float = 540.0
    retry_jitter: float = 0.1
    check_policies: bool = True
