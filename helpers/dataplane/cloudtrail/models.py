"""The labelled assumptions of the CloudTrail data plane."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS does not promise about events. `cloud.plane("cloudtrail").models` holds them.

    Teaching assumptions:

    - `history_delay_s`: seconds from the end of a call until LookupEvents shows it.
    - `log_delay_s`: seconds from a call until the log file that holds it is in the bucket. AWS says about 5 minutes on
      average, not guaranteed (GUIDE/get-and-view-cloudtrail-log-files.html); the same is assumed for the history.
    - `bus_delay_s`: seconds until the event is on EventBridge's default bus; AWS names no figure.
    - `retry_s`: seconds between attempts to deliver a log file again; AWS says that it tries for 30 days.

    A documented rule that a comparison may switch off:

    - `check_policies`: the bucket must allow cloudtrail.amazonaws.com
      (GUIDE/create-s3-bucket-policy-for-cloudtrail.html).
    """

    history_delay_s: float = 300.0
    log_delay_s: float = 300.0
    bus_delay_s: float = 10.0
    retry_s: float = 3600.0
    check_policies: bool = True
