"""The calls about queues themselves. moto answers them; here is what it does not check and what only we can count."""

from __future__ import annotations

import json
from typing import Any

from helpers.cloud import Call
from helpers.dataplane.sqs import errors, limits
from helpers.dataplane.sqs.queues import Queues

COUNTS = {
    "ApproximateNumberOfMessages": "visible",
    "ApproximateNumberOfMessagesDelayed": "delayed",
    "ApproximateNumberOfMessagesNotVisible": "in_flight",
}
_READ_ONLY = ("QueueArn", "CreatedTimestamp", "LastModifiedTimestamp")
_READABLE = {"All", *COUNTS, *_READ_ONLY, *limits.RANGES, *limits.CHOICES, *limits.OTHERS}
_ALLOW = "RedriveAllowPolicy"
_MAXIMUM_RECEIVES = 1_000


class Control:
    """Checks what moto lets pass, and keeps the message plane in step with the configuration."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._account = queues.account
        self._allow_policies: dict[str, str] = {}
        self._deleted_us: dict[str, int] = {}

    # CreateQueue, SetQueueAttributes

    def check_create(self, call: Call) -> None:
        """Refuse what AWS refuses (API/API_CreateQueue.html), a name within 60 s of its delete included."""
        given = dict(call.parameters.get("Attributes") or {})
        name = call.parameters["QueueName"]
        arn = self._arn(name, call)
        deleted_us = self._deleted_us.get(arn)
        if deleted_us is not None and self._account.now_us - deleted_us < limits.NAME_REUSE_US:
            raise errors.deleted_recently()
        fifo = given.get("FifoQueue") == "true"
        if name.endswith(".fifo") and not fifo:
            raise errors.invalid_parameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            )
        limits.check_attributes(given, fifo)
        scope, limit = given.get("DeduplicationScope", "queue"), given.get("FifoThroughputLimit", "perQueue")
        limits.check_high_throughput(scope, limit)
        self._check_redrive(arn, fifo, given)
        self._keep_allow_policy(arn, given)
        if given:
            call.parameters = {**call.parameters, "Attributes": given}

    def check_set(self, call: Call) -> None:
        """Refuse what AWS refuses (API/API_SetQueueAttributes.html)."""
        given = dict(call.parameters.get("Attributes") or {})
        queue = self._queues.of(call).queue
        now = queue.configuration
        if "FifoQueue" in given and given["FifoQueue"] != str(now.fifo).lower():
            raise errors.invalid_attribute("FifoQueue")
        limits.check_attributes(given, now.fifo)
        merged = {**now.attributes, **given}
        limits.check_high_throughput(
            merged.get("DeduplicationScope", ""), merged.get("FifoThroughputLimit", "")
        )
        self._check_redrive(now.arn, now.fifo, given)
        self._keep_allow_policy(now.arn, given)
        if "Policy" in now.attributes:  # moto drops a policy that is not set again
            given.setdefault("Policy", now.attributes["Policy"])
        call.parameters = {**call.parameters, "Attributes": given}

    def _check_redrive(self, arn: str, fifo: bool, given: dict[str, Any]) -> None:
        """The target is of the same type, in the same account and Region, and willing. Fills in the default of 10.

        AWS: API/API_CreateQueue.html (RedrivePolicy, RedriveAllowPolicy), GUIDE/sqs-dead-letter-queues.html.
        """
        policy = limits.as_json("RedrivePolicy", given.get("RedrivePolicy", ""))
        target_arn = policy.get("deadLetterTargetArn")
        if not target_arn:
            return
        if target_arn.split(":")[:5] != arn.split(":")[:5]:
            raise errors.invalid_parameter(
                f"Value {given['RedrivePolicy']} for parameter RedrivePolicy is invalid. "
                "Reason: Dead-letter queue must be in the account and the Region of its source queue."
            )
        policy.setdefault("maxReceiveCount", 10)
        try:
            receives = int(policy["maxReceiveCount"])
        except (TypeError, ValueError):
            receives = 0
        if not 1 <= receives <= _MAXIMUM_RECEIVES:
            raise errors.invalid_value(
                given["RedrivePolicy"], "RedrivePolicy", "maxReceiveCount is 1 to 1000."
            )
        given["RedrivePolicy"] = json.dumps(policy)
        target = self._queues.find(target_arn)
        if target is None:
            return  # moto says so
        if target.queue.configuration.fifo and not fifo:
            raise errors.invalid_parameter(
                f"Value {given['RedrivePolicy']} for parameter RedrivePolicy is invalid. "
                "Reason: Dead-letter queue must be same type of queue as the source."
            )
        if not self._allows(target_arn, arn):
            raise errors.invalid_parameter(
                f"Value {given['RedrivePolicy']} for parameter RedrivePolicy is invalid. "
                "Reason: Dead-letter queue does not allow this source queue (RedriveAllowPolicy)."
            )

    def _allows(self, target_arn: str, source_arn: str) -> bool:
        policy = limits.as_json(_ALLOW, self._allow_policies.get(target_arn, ""))
        permission = policy.get("redrivePermission", "allowAll")
        if permission == "byQueue":
            return source_arn in policy.get("sourceQueueArns", [])
        return bool(permission == "allowAll")

    def _keep_allow_policy(self, arn: str, given: dict[str, Any]) -> None:
        """Moto forgets this attribute; it is kept here and shown by GetQueueAttributes."""
        text = given.pop(_ALLOW, None)
        if text is None:
            return
        policy = limits.as_json(_ALLOW, text)
        permission, sources = policy.get("redrivePermission", "allowAll"), policy.get("sourceQueueArns")
        known = permission in ("allowAll", "denyAll", "byQueue")
        if not known or (permission == "byQueue") != bool(sources) or len(sources or ()) > 10:
            raise errors.invalid_value(
                text, _ALLOW, "byQueue names 1 to 10 sourceQueueArns; allowAll and denyAll none."
            )
        if policy:
            self._allow_policies[arn] = text
        else:
            self._allow_policies.pop(arn, None)

    # Afterwards

    def changed(self, call: Call, response: dict[str, Any]) -> None:
        """The queue's configuration is another one now."""
        self._queues.of(call).stale = True

    def all_changed(self, call: Call, response: dict[str, Any]) -> None:
        """CloudFormation may have made, changed or deleted queues."""
        self._queues.all_changed()

    def deleted(self, call: Call, response: dict[str, Any]) -> None:
        """The queue and its messages are gone; the name is free again after 60 s (API/API_DeleteQueue.html)."""
        arn = self._arn(call.parameters["QueueUrl"].rsplit("/", 1)[-1], call)
        self._queues.forget(arn)
        self._allow_policies.pop(arn, None)
        self._deleted_us[arn] = self._account.now_us

    def get_attributes(self, call: Call) -> dict[str, Any]:
        """The attributes of a queue, with the counts of its messages (API/API_GetQueueAttributes.html)."""
        names = call.parameters.get("AttributeNames", [])
        served = self._queues.of(call)
        queue = served.queue
        arn = queue.configuration.arn
        known = {**queue.configuration.attributes}
        if arn in self._allow_policies:
            known[_ALLOW] = self._allow_policies[arn]
        for name in names:
            if name not in _READABLE:
                raise errors.unknown_attribute(name)
        queue.settle(self._account.now_us)
        served.line.update()
        for name, count in COUNTS.items():
            known[name] = str(getattr(queue, count))
        for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
            known[name] = str(int(float(known[name])))
        if known.get("KmsMasterKeyId"):
            known["SqsManagedSseEnabled"] = "false"  # one kind of encryption per queue
        chosen = known if "All" in names else {name: known[name] for name in names if name in known}
        return {"Attributes": chosen} if chosen else {}

    @staticmethod
    def _arn(name: str, call: Call) -> str:
        return f"arn:aws:sqs:{call.region}:{call.account_id}:{name}"
