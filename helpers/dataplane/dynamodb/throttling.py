"""Requests that are throttled: why, and what the caller is told.

AWS: GUIDE/throttling-diagnosing-workflow.html, GUIDE/Programming.Errors.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from helpers.cloud import ServiceError
from helpers.dataplane.dynamodb.modes import Limit, Provisioned
from helpers.dataplane.dynamodb.supply import Supply

_MESSAGES = {
    Limit.PROVISIONED: "The level of configured provisioned throughput for the {0} was exceeded",
    Limit.KEY_RANGE: "Throughput exceeds what one partition of the {0} takes: its key range is hot",
    Limit.MAXIMUM: "Throughput exceeds the maximum OnDemandThroughput configured on table or index",
    Limit.ACCOUNT: "Throughput exceeds the current throughput quota for your account",
}


class Refusal(NamedTuple):
    """Why a request is throttled: which limit of which supply."""

    supply: Supply
    limit: Limit

    @property
    def reason(self) -> str:
        """As in ThrottlingReasons, such as IndexWriteProvisionedThroughputExceeded."""
        kind = "Table" if self.supply.resource.index is None else "Index"
        return f"{kind}{self.supply.direction}{self.limit}"


class Throttled(ServiceError):
    """A read or write of an item, or of a page, that a limit does not let pass now; `refusals` say which.

    ProvisionedThroughputExceededException on a table with provisioned throughput; on demand ThrottlingException, or
    RequestLimitExceeded where it is the account's quota.
    """

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        first = refusals[0]
        resource = first.supply.resource
        message = _MESSAGES[first.limit].format("table" if resource.index is None else "index")
        if isinstance(first.supply.mode, Provisioned):
            code, member = "ProvisionedThroughputExceededException", "ThrottlingReasons"
        elif first.limit is Limit.ACCOUNT:
            code, member = "RequestLimitExceeded", "ThrottlingReasons"
        else:
            code, member = "ThrottlingException", "throttlingReasons"
        reasons = [{"reason": each.reason, "resource": each.supply.resource.arn} for each in refusals]
        error = {"Message": message, "Code": code, "Type": "Sender"}
        super().__init__(code, message, parsed={"Error": error, "message": message, member: reasons})
        self.refusals = refusals

    @property
    def cancellation(self) -> str:
        """The code of the cancellation reason that it is in a transaction (API/API_TransactWriteItems.html)."""
        provisioned = self.code == "ProvisionedThroughputExceededException"
        return "ProvisionedThroughputExceeded" if provisioned else "ThrottlingError"
