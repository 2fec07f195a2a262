"""The labelled assumptions of the SNS data plane: what AWS leaves open, as parameters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Models:
    """What AWS does not publish, or raises on request. `cloud.plane("sns").models` holds them; a change counts from the
    next message on. Times are virtual seconds.

    Quotas, which AWS raises on request (https://docs.aws.amazon.com/general/latest/gr/sns.html):

    - `messages_per_s`: messages that an account publishes per second in a Region; None is the Region's default.

    Teaching assumptions:

    - `delivery_s`: how long a message takes from the publish to the first attempt at each subscriber. AWS publishes no
      figure.
    - `filter_change_s`: how long a new or changed filter policy takes to have effect. AWS says up to 15 minutes
      (GUIDE/sns-subscription-filter-policies.html) and no more; 0 is at once.
    - `retry_jitter`: share of each delay between retries that is drawn at random, from 0 to 1. AWS says that it applies
      jitter, and not how much (GUIDE/sns-message-delivery-retries.html); 0 keeps the times of the policy.
    """

    messages_per_s: int | None = None
    delivery_s: float = 0.02
    filter_change_s: float = 0.0
    retry_jitter: float = 0.0
