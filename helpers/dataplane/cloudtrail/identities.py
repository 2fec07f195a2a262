"""Who made a call: the userIdentity of an event. Page: GUIDE/cloudtrail-event-reference-user-identity.html"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from helpers.cloud.trail import Row

_SERVICES = frozenset(
    {
        "cloudformation", "cloudtrail", "cloudwatch", "dynamodb", "events", "firehose", "kinesis", "lambda", "logs",
        "s3", "scheduler", "sns", "sqs", "xray",
    }
)  # fmt: skip
"""Callers in the trail that are services acting by themselves."""


class Identity(NamedTuple):
    """The userIdentity element, the name that lookups know the caller by, and the account that the event belongs to."""

    element: dict[str, Any]
    name: str
    account_id: str

    @property
    def service(self) -> str:
        """The service that called by itself, such as events.amazonaws.com; "" for anybody else."""
        return str(self.element.get("invokedBy", ""))


class Identities:
    """The callers of an account. Whoever uses the account's own credentials counts as an IAM user with the name of the
    actor: the cells of a notebook are "main".
    """

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._by_key: dict[str, Identity] = {}

    def learn(self, rows: Iterable[Row]) -> None:
        """Note the access keys that these calls gave out."""
        for row in rows:
            if row.response is None:
                continue
            if row.operation.startswith("AssumeRole") and row.service == "sts":
                self._assumed(row.response)
            elif row.operation == "CreateAccessKey" and row.service == "iam":
                key = row.response["AccessKey"]
                self._by_key[key["AccessKeyId"]] = self._user(key["UserName"], key["AccessKeyId"])

    def of(self, row: Row) -> Identity:
        """Who made the call."""
        if row.access_key in self._by_key:
            return self._by_key[row.access_key]
        if row.actor in _SERVICES:
            invoker = f"{row.actor}.amazonaws.com"
            return Identity({"type": "AWSService", "invokedBy": invoker}, invoker, self._account_id)
        return self._user(row.actor, row.access_key)

    def _user(self, name: str, key: str) -> Identity:
        element = {
            "type": "IAMUser",
            "principalId": _unique("AIDA", name),
            "arn": f"arn:aws:iam::{self._account_id}:user/{name}",
            "accountId": self._account_id,
            "accessKeyId": key or _unique("AKIA", name),
            "userName": name,
        }
        return Identity(element, name, self._account_id)

    def _assumed(self, response: dict[str, Any]) -> None:
        key, arn = response["Credentials"]["AccessKeyId"], response["AssumedRoleUser"]["Arn"]
        account_id, (_, role, session) = arn.split(":")[4], arn.split(":")[5].split("/")
        principal = _unique("AROA", role)
        element = {
            "type": "AssumedRole",
            "principalId": f"{principal}:{session}",
            "arn": arn,
            "accountId": account_id,
            "accessKeyId": key,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": f"arn:aws:iam::{account_id}:role/{role}",
                    "accountId": account_id,
                    "userName": role,
                }
            },
        }
        self._by_key[key] = Identity(element, session, account_id)


def _unique(prefix: str, name: str) -> str:
    """An id that looks like AWS's, always the same for a name."""
    return prefix + hashlib.sha256(name.encode()).hexdigest()[:16].upper()
