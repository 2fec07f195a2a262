"""The labelled assumptions of the CloudWatch data plane."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Models:
    """What AWS leaves open about alarms and metrics. `cloud.plane("cloudwatch").models` holds them.

    Teaching assumptions:

    - `metric_delay_s`: seconds that pass before an alarm sees a data point. AWS names no figure; 0 lets an alarm see
      everything up to the instant of its evaluation.
    - `extra_datapoints`: data points that an alarm looks at beyond its evaluation periods. AWS says that the number
      depends on period and resolution; its example looks at 5 for 3 (GUIDE/alarms-and-missing-data.html).
    - `service_quotas`: what SERVICE_QUOTA() gives for a usage metric, by the value of its dimension Resource.
    """

    metric_delay_s: float = 0.0
    extra_datapoints: int = 2
    service_quotas: dict[str, float] = field(default_factory=dict)
