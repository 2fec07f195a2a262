"""Dead-letter queue redrive: tasks that move messages back, at a rate, in virtual time."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from helpers.cloud import Call, Timer, ids
from helpers.dataplane.queue_url import queue_url
from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.limits import MOVE_RATE
from helpers.dataplane.sqs.message import Message
from helpers.dataplane.sqs.queues import Queues, Served

_STEPS_PER_S = 10


@dataclass
class Task:
    """A message move task (API/API_ListMessageMoveTasks.html)."""

    handle: str
    source_arn: str
    destination_arn: str | None
    rate: int | None
    to_move: int
    started_ms: int
    moved: int = 0
    status: str = "RUNNING"
    failure: str | None = None
    timer: Timer | None = None


class Moves:
    """Answers StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask, and carries the tasks out.

    Rules (API/API_StartMessageMoveTask.html, GUIDE/sqs-configure-dead-letter-queue-redrive.html): only from a
    dead-letter queue whose sources are SQS queues; one running task a queue; back to the queues the messages came from,
    or to a queue of the same type; at most 500 messages a second (which is also what "optimised by the system" means
    here); a moved message is a new one, with a new id and age; cancelling brings nothing back.
    """

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._account = queues.account
        self._tasks: list[Task] = []

    def start(self, call: Call) -> dict[str, str]:
        """Start a task; the first messages move a moment later."""
        arn, destination = call.parameters["SourceArn"], call.parameters.get("DestinationArn")
        rate = call.parameters.get("MaxNumberOfMessagesPerSecond")
        source = self._existing(arn, "SourceArn")
        if not self._is_dead_letter_queue(source, call):
            raise errors.invalid_parameter("Source queue must be configured as a Dead Letter Queue.")
        if destination is not None:
            target = self._existing(destination, "DestinationArn")
            if target.queue.configuration.fifo != source.queue.configuration.fifo:
                message = "The source queue and destination queue must be of the same queue type."
                raise errors.invalid_parameter(message)
        if rate is not None and not 1 <= rate <= MOVE_RATE:
            raise errors.invalid_value(
                rate, "MaxNumberOfMessagesPerSecond", f"must be between 1 and {MOVE_RATE}."
            )
        if any(task.source_arn == arn and task.status == "RUNNING" for task in self._tasks):
            raise errors.invalid_parameter(
                "There is already a task running. "
                "Only one active task is allowed for a source queue arn at a given time."
            )
        source.queue.settle(self._account.now_us)
        content = json.dumps({"taskId": ids.uuid4(), "sourceArn": arn})
        handle = base64.b64encode(content.encode()).decode()
        task = Task(handle, arn, destination, rate, source.queue.visible, self._account.timestamp_ms)
        self._tasks.append(task)
        self._go_on(task)
        return {"TaskHandle": handle}

    def list(self, call: Call) -> dict[str, Any]:
        """The latest tasks of a queue, newest first: 1 unless MaxResults asks for up to 10."""
        arn = call.parameters["SourceArn"]
        self._existing(arn, "SourceArn")
        limit = call.parameters.get("MaxResults", 1)
        if not 1 <= limit <= 10:
            raise errors.invalid_value(limit, "MaxResults", "must be between 1 and 10.")
        tasks = [task for task in reversed(self._tasks) if task.source_arn == arn]
        return {"Results": [_entry(task) for task in tasks[:limit]]}

    def cancel(self, call: Call) -> dict[str, int]:
        """Stop a running task where it is."""
        task = next((task for task in self._tasks if task.handle == call.parameters["TaskHandle"]), None)
        if task is None:
            raise errors.no_such_resource("Task does not exist.")
        if task.status != "RUNNING":
            raise errors.invalid_parameter("Only active tasks can be cancelled.")
        self._end(task, "CANCELLED")
        return {"ApproximateNumberOfMessagesMoved": task.moved}

    def _existing(self, arn: str, parameter: str) -> Served:
        served = self._queues.find(arn) if arn.count(":") == 5 else None
        if served is None:
            raise errors.no_such_resource(
                f"The resource that you specified for the {parameter} parameter doesn't exist."
            )
        return served

    def _is_dead_letter_queue(self, source: Served, call: Call) -> bool:
        arn = source.queue.configuration.arn
        region, account_id, _ = arn.split(":")[3:]
        question = {"QueueUrl": queue_url(arn)}
        reply = self._account.ask(
            "sqs", "ListDeadLetterSourceQueues", question, region=region, account_id=account_id
        )
        return bool(reply.get("queueUrls"))

    def _go_on(self, task: Task) -> None:
        """Move the next messages when they are due: one at a time up to 10 a second, ten times a second beyond."""
        rate = task.rate or MOVE_RATE
        count = max(1, rate // _STEPS_PER_S)
        task.timer = self._account.at(count / rate, lambda: self._step(task, count), name="sqs")

    def _step(self, task: Task, count: int) -> None:
        source = self._queues.find(task.source_arn)
        if source is None:
            self._fail(task, "AWS.SimpleQueueService.NonExistentQueue")
            return
        now_us = self._account.now_us
        source.queue.settle(now_us)
        for _ in range(count):
            message = source.queue.next_to_move()
            if message is None or task.moved >= task.to_move:
                break
            arn = task.destination_arn or message.dead_letter_source
            target = self._queues.find(arn) if arn else None
            if target is None:
                reason = (
                    "AWS.SimpleQueueService.NonExistentQueue" if arn else "CouldNotDetermineMessageSource"
                )
                self._fail(task, reason)
                return
            self._move(message, source, target, now_us)
            task.moved += 1
        if task.moved >= task.to_move or not source.queue.visible:
            self._end(task, "COMPLETED")
        else:
            self._go_on(task)

    def _move(self, message: Message, source: Served, target: Served, now_us: int) -> None:
        fresh = Message(
            ids.uuid4(),
            message.body,
            message.attributes,
            message.group,
            message.deduplication_id,
            trace_header=message.trace_header,
            delay_us=0,
        )
        source.queue.remove(message)
        target.queue.settle(now_us)
        target.queue.add(fresh, now_us, self._account.timestamp_ms)
        target.line.update()
        source.line.update()

    def _fail(self, task: Task, reason: str) -> None:
        task.failure = reason
        self._end(task, "FAILED")

    @staticmethod
    def _end(task: Task, status: str) -> None:
        task.status = status
        if task.timer is not None:
            task.timer.cancel()


def _entry(task: Task) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "TaskHandle": task.handle if task.status == "RUNNING" else None,
        "Status": task.status,
        "SourceArn": task.source_arn,
        "DestinationArn": task.destination_arn,
        "MaxNumberOfMessagesPerSecond": task.rate,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure,
        "StartedTimestamp": task.started_ms,
    }
    return {name: value for name, value in entry.items() if value is not None}
