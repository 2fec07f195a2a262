"""The labelled assumptions of the CloudWatch Logs data plane."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS does not publish about log groups. `cloud.plane("logs").models` holds it.

    Teaching assumptions:

    - `query_wait_s`: seconds for which a query of Logs Insights is Scheduled before it runs.
    - `query_run_s`: seconds for which it then is Running; on AWS it depends on the data, up to 60 minutes
      (logs/AnalyzingLogData.html).
    """

    query_wait_s: float = 0.1
    query_run_s: float = 0.9
