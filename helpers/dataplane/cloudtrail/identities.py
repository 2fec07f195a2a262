"""Who made a call: the userIdentity of an event. Page: GUIDE/cloudtrail-event-reference-user-identity.html"""

from __future__ import annotations

import hashlib
import re
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

_ENVIRONMENT = re.compile(r"(.+?)-(?:poller(?:-\d+)?|\d+)")
# The function f runs as f-1, and is polled for as f-poller.


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
        self._roles: dict[str, str] = {}

    def learn(self, rows: Iterable[Row]) -> None:
        """Note the access keys that these calls gave out, and the roles of functions."""
        for row in rows:
            if row.response is None:
                continue
            if row.operation.startswith("AssumeRole") and row.service == "sts":
                self._assumed(row.response)
            elif row.operation == "CreateAccessKey" and row.service == "iam":
                key = row.response["AccessKey"]
                self._by_key[key["AccessKeyId"]] = self._user(key["UserName"], key["AccessKeyId"])
            elif (
                row.operation in ("CreateFunction", "UpdateFunctionConfiguration") and row.service == "lambda"
            ):
                self._roles[row.response["FunctionName"]] = row.response["Role"]

    def of(self, row: Row) -> Identity:
        """Who made the call."""
        if row.access_key in self._by_key:
            return self._by_key[row.access_key]
        if row.actor in _SERVICES:
            invoker = f"{row.actor}.amazonaws.com"
            return Identity({"type": "AWSService", "invokedBy": invoker}, invoker, self._account_id)
        environment = _ENVIRONMENT.fullmatch(row.actor)
        if environment and environment[1] in self._roles:
            return _session(self._roles[environment[1]], environment[1], _unique("ASIA", row.actor))
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
        self._by_key[key] = _session(f"arn:aws:iam::{account_id}:role/{role}", session, key)


def _session(role_arn: str, name: str, key: str) -> Identity:
    """Somebody who has assumed the role, under a session's name."""
    account_id, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    principal = _unique("AROA", role)
    element = {
        "type": "AssumedRole",
        "principalId": f"{principal}:{name}",
        "arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{name}",
        "accountId": account_id,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": role_arn,
                "accountId": account_id,
                "userName": role,
            }
        },
    }
    return Identity(element, name, account_id)


def _unique(prefix: str, name: str) -> str:
    """An id that looks like AWS's, always the same for a name."""
    return prefix + hashlib.sha256(name.encode()).hexdigest()[:16].upper()
