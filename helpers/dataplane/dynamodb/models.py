"""The labelled assumptions of the DynamoDB data plane: what AWS leaves open, or may change, as parameters."""

from __future__ import annotations

from dataclasses import dataclass

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"


@dataclass
class Models:
    """Switches of the DynamoDB model of one account.

    `cloud.plane("dynamodb").models` holds them; a change counts from the next call on.

    Streams:

    - `stream_shards`: open shards of a stream that is enabled from now on. AWS decides by itself, splits shards under
      load and replaces them now and then; here their number stays (GUIDE/Streams.html).
    """

    stream_shards: int = 1
