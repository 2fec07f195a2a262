"""Subscription filters: matching events go on to a function, a stream or a Firehose.

Pages: LOGS/SubscriptionFilters.html, https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/ (Put- and
DescribeSubscriptionFilter)
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from botocore.exceptions import ClientError

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane import function_policy
from helpers.dataplane.cloudwatch.logs.pattern import Pattern
from helpers.dataplane.service_clients import ServiceClients

MOST_FILTERS = 2
"""Subscription filters of one log group."""


class Subscriptions:
    """The subscription filters of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._clients = ServiceClients(account)
        self.filters: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._patterns: dict[str, Pattern] = {}

    def put(self, call: Call) -> dict[str, Any]:
        """Make or change a filter. Raises ServiceError as AWS refuses it."""
        asked = call.parameters
        group, name, target = asked["logGroupName"], asked["filterName"], asked["destinationArn"]
        self._account.ask("logs", "DescribeLogStreams", {"logGroupName": group}, region=call.region)
        pattern = Pattern(asked["filterPattern"])
        self._check(target, call, group)
        filters = self.filters.setdefault((call.region, group), {})
        if name not in filters and len(filters) >= MOST_FILTERS:
            raise ServiceError("LimitExceededException", "Resource limit exceeded.")
        self._patterns[asked["filterPattern"]] = pattern
        filters[name] = {
            "filterName": name,
            "logGroupName": group,
            "filterPattern": asked["filterPattern"],
            "destinationArn": target,
            "distribution": asked.get("distribution", "ByLogStream"),
            "creationTime": self._account.timestamp_ms,
            **({"roleArn": asked["roleArn"]} if "roleArn" in asked else {}),
        }
        return {}

    def describe(self, call: Call) -> dict[str, Any]:
        """The filters of a group."""
        filters = self.filters.get((call.region, call.parameters["logGroupName"]), {})
        prefix = call.parameters.get("filterNamePrefix", "")
        return {"subscriptionFilters": [filters[name] for name in sorted(filters) if name.startswith(prefix)]}

    def delete(self, call: Call) -> dict[str, Any]:
        """Drop a filter."""
        filters = self.filters.get((call.region, call.parameters["logGroupName"]), {})
        if filters.pop(call.parameters["filterName"], None) is None:
            raise ServiceError(
                "ResourceNotFoundException", "The specified subscription filter does not exist."
            )
        return {}

    def hear(
        self, region: str, account_id: str, group: str, stream: str, events: list[dict[str, Any]]
    ) -> None:
        """New events, each with id, timestamp and message: those that match go on, as calls of "logs"."""
        for each in self.filters.get((region, group), {}).values():
            pattern = self._patterns[each["filterPattern"]]
            matching = [event for event in events if pattern.find(event["message"]) is not None]
            if matching:
                payload = {
                    "messageType": "DATA_MESSAGE",
                    "owner": account_id,
                    "logGroup": group,
                    "logStream": stream,
                    "subscriptionFilters": [each["filterName"]],
                    "logEvents": matching,
                }
                data = gzip.compress(json.dumps(payload, separators=(",", ":")).encode(), mtime=0)
                self._account.at(0, lambda each=each, data=data: self._send(each, stream, data), name="logs")  # type: ignore[misc]  # bound now

    def _send(self, each: dict[str, Any], stream: str, data: bytes) -> None:
        target = each["destinationArn"]
        service, name = target.split(":")[2], target.rpartition("/")[2]
        client = self._clients.of(target)
        try:
            if service == "lambda":
                event = {"awslogs": {"data": base64.b64encode(data).decode()}}
                client.invoke(FunctionName=target, InvocationType="Event", Payload=json.dumps(event))
            elif service == "kinesis":
                client.put_record(StreamName=name, Data=data, PartitionKey=stream)
            else:
                client.put_record(DeliveryStreamName=name, Record={"Data": data})
        except ClientError:
            return  # dropped: retries of throttled deliveries are not done

    def _check(self, target: str, call: Call, group: str) -> None:
        service = target.split(":")[2]
        if service not in ("lambda", "kinesis", "firehose"):
            raise ServiceError(
                "InvalidParameterException", "destinationArn must name a function, stream or Firehose."
            )
        if service != "lambda" and "roleArn" not in call.parameters:
            raise ServiceError("InvalidParameterException", "destinationArn for this vendor needs a roleArn.")
        source = f"arn:aws:logs:{call.region}:{call.account_id}:log-group:{group}:*"
        if service == "lambda" and not function_policy.allows(
            self._account, target, "logs.amazonaws.com", source
        ):
            raise ServiceError(
                "InvalidParameterException",
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
                "your function.",
            )
