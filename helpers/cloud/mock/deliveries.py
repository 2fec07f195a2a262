"""What moto itself would put into a service, handed to that service's data plane.

SNS, EventBridge and S3 deliver to SQS inside moto by calling the queue's backend, past the API. A data plane
that holds the messages must hear of them. In the same way S3, SNS, EventBridge and CloudWatch Logs run a
function inside moto, and a queue, a table or a stream with an event source mapping runs it in the middle of
the write. A data plane that runs functions hears of the former, and polls the latter by itself; it hears when a
Kinesis stream with a mapping has another record.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Message, SQSBackend

from helpers.cloud.touch import replace

_put_into_moto = SQSBackend.send_message


def _send_message(
    self: SQSBackend,
    queue_name: str,
    message_body: str,
    message_attributes: dict[str, Any] | None = None,
    delay_seconds: int | None = None,
    deduplication_id: str | None = None,
    group_id: str | None = None,
    system_attributes: dict[str, Any] | None = None,
    validate_group_id: bool = True,
) -> Message:
    from helpers.cloud.transport import account_at_work

    account = account_at_work()
    if account is not None:
        account.use("sqs")
    receiver = account.hooks.deliveries.get("sqs") if account is not None else None
    if receiver is None:
        return _put_into_moto(
            self,
            queue_name,
            message_body,
            message_attributes,
            delay_seconds,
            deduplication_id,
            group_id,
            system_attributes,
            validate_group_id,
        )
    queue = self.get_queue(queue_name)
    message_id = receiver(
        queue.queue_arn,
        {
            "body": message_body,
            "attributes": message_attributes or {},
            "delay_seconds": delay_seconds,
            "deduplication_id": deduplication_id,
            "group_id": group_id,
            "system_attributes": system_attributes or {},
        },
    )
    message = Message(str(message_id), message_body, system_attributes)
    message.message_attributes = message_attributes or {}
    return message


def _receiver(service: str) -> Callable[..., Any] | None:
    from helpers.cloud.transport import account_at_work

    account = account_at_work()
    if account is None:
        return None
    account.use(service)
    return account.hooks.deliveries.get(service)


def watch_functions() -> None:
    """Wrap the methods by which moto's services run a function. Called when moto's Lambda is loaded."""
    from moto.awslambda.models import LambdaBackend, LambdaFunction

    run_in_moto = LambdaFunction.invoke

    def invoke(self: LambdaFunction, body: str, request_headers: Any, response_headers: Any) -> str | bytes:
        receiver = _receiver("lambda")
        if receiver is None:
            return run_in_moto(self, body, request_headers, response_headers)
        receiver(self.function_arn, json.loads(body) if body else {})
        return b""

    replace(LambdaFunction, "invoke", invoke, because="what moto hands to a function is run in virtual time")

    def left_to_the_poller(name: str, answer: Any) -> None:
        in_moto = getattr(LambdaBackend, name)

        def deliver(self: LambdaBackend, *arguments: Any, **options: Any) -> Any:
            return in_moto(self, *arguments, **options) if _receiver("lambda") is None else answer

        replace(LambdaBackend, name, deliver, because="a mapping's poller reads its source in virtual time")

    left_to_the_poller("send_sqs_batch", False)
    left_to_the_poller("send_dynamodb_items", None)
    run_for_kinesis = LambdaBackend.send_kinesis_message

    def written(self: LambdaBackend, *, kinesis_stream: str, kinesis_shard_id: str, **options: Any) -> None:
        receiver = _receiver("kinesis")
        if receiver is not None:
            receiver(kinesis_stream, kinesis_shard_id)
        elif _receiver("lambda") is None:
            run_for_kinesis(self, kinesis_stream=kinesis_stream, kinesis_shard_id=kinesis_shard_id, **options)

    replace(LambdaBackend, "send_kinesis_message", written, because="a shard's poller hears of its records")


def watch_topics() -> None:
    """Let the data plane of SNS hear of what moto's services (S3, SES) publish past the API.

    Called when moto's SNS is loaded.
    """
    from moto.sns.models import Topic

    publish_in_moto = Topic.publish

    def publish(
        self: Topic,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        receiver = _receiver("sns")
        if receiver is None:
            return publish_in_moto(
                self, message, subject, message_attributes, group_id, deduplication_id, message_structure
            )
        return str(receiver(self.arn, {"Message": message, "Subject": subject}))

    replace(Topic, "publish", publish, because="a topic's data plane hears of what services publish")


def watch_rules() -> None:
    """Let a rule of an event bus reach functions, which moto's rules do not.

    Called when moto's EventBridge is loaded.
    """
    from moto.core.utils import iso_8601_datetime_without_milliseconds, utcfromtimestamp
    from moto.events.models import Rule
    from moto.events.utils import EventTemplateParser

    send_in_moto = Rule.send_to_targets

    def send_to_targets(self: Rule, original_event: Any, transform_input: bool = True) -> None:
        bus = _receiver("events")
        if bus is not None:
            bus(self.arn, original_event)
            return
        everyone = self.targets
        targets = [target for target in everyone if target["Arn"].split(":")[2] == "lambda"]
        receiver = _receiver("lambda") if targets else None
        if receiver is None:
            send_in_moto(self, original_event, transform_input)
            return
        if self.event_pattern.matches_event(original_event):
            for target in targets:
                transformer = target.get("InputTransformer", {})
                event = EventTemplateParser.parse(
                    input_template=transformer.get("InputTemplate"),
                    input_paths_map=transformer.get("InputPathsMap", {}),
                    event=original_event,
                )
                if "time" in event and not transformer:
                    at = utcfromtimestamp(float(event["time"]))  # type: ignore[arg-type]  # moto keeps seconds there
                    event = {**event, "time": iso_8601_datetime_without_milliseconds(at)}
                receiver(target["Arn"], json.loads(target["Input"]) if "Input" in target else event)
        self.targets = [target for target in everyone if target not in targets]
        try:
            send_in_moto(self, original_event, transform_input)
        finally:
            self.targets = everyone

    replace(Rule, "send_to_targets", send_to_targets, because="a rule's function hears of its events")


def install() -> None:
    """Wrap the method by which moto's services write to a queue."""
    replace(SQSBackend, "send_message", _send_message, because="a queue's data plane hears of deliveries")
