"""The labelled assumptions of the Firehose data plane: what AWS leaves open, as parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS does not publish. `cloud.plane("firehose").models` holds it; a change counts from the next delivery
    on.

    - `unbuffered_s`: with a buffering interval of 0, records are delivered "within a few seconds"
      (GUIDE/create-configure-backup.html): so many.
    - `retry_s`: seconds until a delivery that failed is tried again. The guide says that it is, for 24 hours
      (GUIDE/retry.html), not how often.

    How a second of the put quotas is counted is an assumption too: it begins with the first call after the one before
    it ended. The guide calls the buffering hints hints; here they are kept exactly. That Firehose raises a quota by
    itself under throttling is not done.
    """

    unbuffered_s: float = 3.0
    retry_s: float = 60.0
