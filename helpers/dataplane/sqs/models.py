"""The labelled assumptions of the SQS data plane: what AWS leaves open or calls rare, as parameters."""

from __future__ import annotations

from dataclasses import dataclass

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"


@dataclass
class Models:
    """Switches of the SQS model of one account. Every default is the documented rule, or "off" where there is none.

    `cloud.plane("sqs").models` holds them; a change counts from the next call on.

    Teaching assumptions (off by default, because the documentation says "may" and gives no figure):

    - `rare_duplicate_probability`: chance that one receive on a standard queue leaves a copy of the message behind,
      which another receive then hands out, even after the delete (GUIDE/standard-queues.html).
    - `disorder_window`: a standard queue hands out any of the first so many available messages, not always the
      oldest (GUIDE/standard-queues.html). 0 or 1 keeps the order of sending.
    - `short_poll_sample`: share of the servers that a short poll asks, from 0 to 1; 0 switches the model off, and
      a short poll then sees every message (GUIDE/sqs-short-and-long-polling.html).
    - `short_poll_servers`: how many servers hold the messages in that model.

    Documented rules that a comparison with plain moto has to switch off:

    - `back_of_queue_after`: a message of a standard queue that was received this often without a delete goes to the
      back of the queue (GUIDE/sqs-available-cloudwatch-metrics.html). 0 switches it off.
    - `fair_queues`: message groups on standard queues share the receives (GUIDE/sqs-fair-queues.html).
    - `stale_handle_deletes`: False means that an old receipt handle of a standard queue leaves the message where it is
      (the DeleteMessage page: the call succeeds, "the message might not be deleted").
    - `in_flight_limit`: messages in flight that one queue allows (GUIDE/quotas-queues.html).
    """

    rare_duplicate_probability: float = 0.0
    disorder_window: int = 0
    short_poll_sample: float = 0.0
    short_poll_servers: int = 10
    back_of_queue_after: int = 3
    fair_queues: bool = True
    stale_handle_deletes: bool = False
    in_flight_limit: int = 120_000
