"""What a trail delivers: log files to its bucket, events to its log group and to EventBridge.

Pages: GUIDE/cloudtrail-log-file-examples.html (names of files), GUIDE/get-and-view-cloudtrail-log-files.html (keys),
GUIDE/send-cloudtrail-events-to-cloudwatch-logs.html,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import gzip
import json
import string
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from helpers.cloud import Account, NotMocked, ServiceError, ids
from helpers.dataplane import policy
from helpers.dataplane.cloudtrail.event import Event
from helpers.dataplane.cloudtrail.limits import DAY_US, REDELIVERY_DAYS
from helpers.dataplane.cloudtrail.models import Models
from helpers.dataplane.cloudtrail.trails import Trail

_PRINCIPAL = "cloudtrail.amazonaws.com"
_UNIQUE = string.ascii_letters + string.digits
DETAIL_TYPE = "AWS API Call via CloudTrail"


class Delivery:
    """Brings the events of trails to where they belong."""

    def __init__(self, account: Account, models: Models) -> None:
        self._account = account
        self._models = models
        self._random = account.random_for("cloudtrail")
        self._waiting: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def take(self, trail: Trail, event: Event) -> None:
        """The trail logs the event: it is in a file soon."""
        key = trail.arn, event.region
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = []
            write = partial(self._write, trail, event.region)
            self._account.at(self._models.log_delay_s, write, name="cloudtrail")
        waiting.append(event.record())

    def announce(self, event: Event) -> None:
        """Some trail logs the event: it is on the default bus of its Region soon."""
        self._account.at(self._models.bus_delay_s, partial(self._announce, event), name="cloudtrail")

    def check_bucket(self, trail_arn: str, bucket: str, prefix: str) -> None:
        """Raises ServiceError unless the bucket, if it is there, lets CloudTrail write log files."""
        if not self._models.check_policies:
            return
        try:
            answer = self._account.ask("s3", "GetBucketPolicy", {"Bucket": bucket})
        except ServiceError as error:
            if error.code == "NoSuchBucket":
                return
            answer = {"Policy": '{"Statement": []}'}
        account_id = trail_arn.split(":")[4]
        context = {
            "aws:SourceArn": trail_arn,
            "aws:SourceAccount": account_id,
            "s3:x-amz-acl": "bucket-owner-full-control",
        }
        caller, arn = policy.service(_PRINCIPAL), f"arn:aws:s3:::{bucket}"
        file = f"{arn}/{_folder(prefix)}AWSLogs/{account_id}/CloudTrail/file"
        try:
            allowed = all(
                policy.allows(answer["Policy"], caller, action, resource, context)
                for action, resource in (("s3:GetBucketAcl", arn), ("s3:PutObject", file))
            )
        except policy.UnreadablePolicy as error:
            raise NotMocked(str(error)) from None
        if not allowed:
            raise ServiceError(
                "InsufficientS3BucketPolicyException",
                f"Incorrect S3 bucket policy is detected for bucket: {bucket}",
            )

    # Files

    def _write(self, trail: Trail, region: str) -> None:
        records = self._waiting.pop((trail.arn, region))
        now = self._account.datetime
        unique = "".join(self._random.choices(_UNIQUE, k=16))
        name = f"{trail.account_id}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"
        folder = f"{_folder(trail.settings.get('S3KeyPrefix') or '')}AWSLogs/{trail.account_id}/CloudTrail"
        key = f"{folder}/{region}/{now:%Y/%m/%d}/{name}"
        body = gzip.compress(json.dumps({"Records": records}, separators=(",", ":")).encode(), mtime=0)
        self._put(trail, key, body, self._account.epoch_us)
        self._log(trail, region, records)

    def _put(self, trail: Trail, key: str, body: bytes, since_us: int) -> None:
        """Put the file, and try again for 30 days."""
        bucket = trail.settings["S3BucketName"]
        try:
            self.check_bucket(trail.arn, bucket, trail.settings.get("S3KeyPrefix") or "")
            self._account.shared_client("s3", trail.home).put_object(
                Bucket=bucket, Key=key, Body=body, ContentType="application/json", ContentEncoding="gzip"
            )
        except (ClientError, ServiceError) as error:
            code = "AccessDenied" if isinstance(error, ServiceError) else error.response["Error"]["Code"]
            trail.delivery_error = code
            if self._account.epoch_us - since_us < REDELIVERY_DAYS * DAY_US:
                again = partial(self._put, trail, key, body, since_us)
                self._account.at(self._models.retry_s, again, name="cloudtrail")
            return
        trail.delivered, trail.delivery_error = self._account.datetime, ""

    # The log group

    def _log(self, trail: Trail, region: str, records: list[dict[str, Any]]) -> None:
        arn = trail.settings.get("CloudWatchLogsLogGroupArn")
        if not arn:
            return
        group = arn.split(":log-group:")[1].removesuffix(":*")
        names = {"logGroupName": group, "logStreamName": f"{trail.account_id}_CloudTrail_{region}"}
        logs = self._account.shared_client("logs", trail.home)
        at_ms = self._account.timestamp_ms
        events = [
            {"timestamp": at_ms, "message": json.dumps(each, separators=(",", ":"))} for each in records
        ]
        try:
            try:
                logs.create_log_stream(**names)
            except logs.exceptions.ResourceAlreadyExistsException:
                pass
            logs.put_log_events(**names, logEvents=events)
        except ClientError:
            return  # the group is gone

    # EventBridge

    def _announce(self, event: Event) -> None:
        record = event.record()
        account_id = event.identity.account_id
        told = {
            "version": "0",
            "id": ids.uuid4(),
            "detail-type": DETAIL_TYPE,
            "source": f"aws.{event.source.removesuffix('.amazonaws.com')}",
            "account": account_id,
            "time": record["eventTime"],
            "region": event.region,
            "resources": [],
            "detail": record,
        }
        self._account.deliver("events", f"arn:aws:events:{event.region}:{account_id}:event-bus/default", told)


def _folder(prefix: str) -> str:
    return f"{prefix.strip('/')}/" if prefix else ""
