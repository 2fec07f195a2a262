"""An event: the record that CloudTrail makes of a call.

Page: GUIDE/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.cloud.trail import Row
from helpers.dataplane.cloudtrail import names, resources
from helpers.dataplane.cloudtrail.data_events import NOT_RECORDED, data_events_of
from helpers.dataplane.cloudtrail.identities import Identities, Identity

VERSION = "1.11"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GLOBAL = frozenset({"cloudfront", "iam", "organizations", "route53"})
LEADER = "us-east-1"
"""Where the events of global services are recorded."""


@dataclass(frozen=True, slots=True)
class Event:
    """A call as CloudTrail sees it. `at_us` is when it ended, in microseconds since 1970."""

    row: Row
    at_us: int
    region: str
    identity: Identity
    data_type: str
    """The type of resource of a data event, "" for a management event."""
    resources: tuple[resources.Resource, ...]
    read_only: bool
    seed: int

    @property
    def management(self) -> bool:
        """Whether it is a management event, otherwise a data event."""
        return not self.data_type

    @property
    def name(self) -> str:
        """The eventName."""
        return names.event_name(self.row.service, self.row.operation)

    @property
    def source(self) -> str:
        """The eventSource."""
        return names.event_source(self.row.service)

    @property
    def id(self) -> str:
        """The eventID."""
        return self._id("event")

    @property
    def time(self) -> datetime:
        """When the call was completed; CloudTrail shows whole seconds."""
        return _EPOCH + timedelta(seconds=self.at_us // 1_000_000)

    def record(self) -> dict[str, Any]:
        """The record as log files, lookups and EventBridge have it."""
        row, service = self.row, self.identity.service
        told = {
            "eventVersion": VERSION,
            "userIdentity": self.identity.element,
            "eventTime": f"{self.time:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": service or "192.0.2.1",
            "userAgent": service or "Boto3",
            "errorCode": row.error,
            "requestParameters": names.parameters(row.service, row.operation, row.parameters),
            "responseElements": None
            if self.read_only or self.data_type or row.error
            else names.response(row.response),
            "requestID": self._id("request"),
            "eventID": self.id,
            "readOnly": self.read_only,
            "resources": [
                {"accountId": self.identity.account_id, "type": each.type, "ARN": each.arn}
                for each in self.resources
                if each.arn
            ],
            "eventType": "AwsApiCall",
            "managementEvent": self.management,
            "recipientAccountId": self.identity.account_id,
            "eventCategory": "Management" if self.management else "Data",
        }
        for optional in ("errorCode", "resources"):
            if not told[optional]:
                del told[optional]
        return told

    def _id(self, kind: str) -> str:
        """An id of its own that no other id of the account depends on."""
        named = f"{kind}/{self.seed}/{self.row.call}/{self.row.attempt}"
        return str(uuid.UUID(bytes=hashlib.sha256(named.encode()).digest()[:16], version=4))


def event_of(row: Row, identities: Identities, opened_us: int, seed: int) -> Event | None:
    """The event of an attempt; None for what CloudTrail does not record. `opened_us` is when the Cloud was opened, in
    microseconds since 1970, `seed` its seed.
    """
    if not row.region or (row.service, row.operation) in NOT_RECORDED:
        return None
    identity = identities.of(row)
    region = LEADER if row.service in _GLOBAL or row.region == "aws-global" else row.region
    kind = data_events_of(row.service, row.operation)
    if kind is None:
        found = resources.named(row.service, row.parameters)
    else:
        found = resources.touched(kind.type, row.parameters, region, identity.account_id)
    return Event(
        row,
        opened_us + row.end_us,
        region,
        identity,
        "" if kind is None else kind.type,
        tuple(found),
        names.is_read(row.operation),
        seed,
    )
