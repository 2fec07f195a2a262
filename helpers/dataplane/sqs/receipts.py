"""The calls that a consumer makes with a receipt handle: delete, and change the visibility timeout."""

from __future__ import annotations

from typing import Any

from helpers.cloud import Call, ServiceError
from helpers.dataplane.sqs import errors
from helpers.dataplane.sqs.batch import check_entries, failure
from helpers.dataplane.sqs.limits import MAXIMUM_VISIBILITY_S
from helpers.dataplane.sqs.queues import Queues, Served
from helpers.dataplane.sqs.receiving import check_visibility


class Receipts:
    """Answers DeleteMessage and ChangeMessageVisibility, with their batches, and PurgeQueue."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._account = queues.account

    def delete_message(self, call: Call) -> None:
        """Delete one message (API/API_DeleteMessage.html)."""
        served = self._queues.of(call)
        self._count(served)
        served.queue.delete(call.parameters["ReceiptHandle"], self._account.now_us)
        served.metrics.deleted()
        served.line.update()

    def delete_message_batch(self, call: Call) -> dict[str, Any]:
        """Delete up to 10 messages; each entry succeeds or fails (API/API_DeleteMessageBatch.html)."""
        served = self._queues.of(call)
        entries = call.parameters.get("Entries", [])
        check_entries("DeleteMessage", entries)
        self._count(served)
        done: list[dict[str, str]] = []
        failed: list[dict[str, Any]] = []
        for entry in entries:
            try:
                served.queue.delete(entry["ReceiptHandle"], self._account.now_us)
                served.metrics.deleted()
                done.append({"Id": entry["Id"]})
            except ServiceError as error:
                if error.code == "ReceiptHandleIsInvalid":
                    handle = entry["ReceiptHandle"]
                    error.message = f'The input receipt handle "{handle}" is not a valid receipt handle.'
                failed.append(failure(entry["Id"], error))
        served.line.update()
        return {"Successful": done, "Failed": failed}

    def change_message_visibility(self, call: Call) -> None:
        """Change the timeout of one received message (API/API_ChangeMessageVisibility.html)."""
        served = self._queues.of(call)
        seconds = call.parameters["VisibilityTimeout"]
        check_visibility(seconds)
        served.queue.change_visibility(call.parameters["ReceiptHandle"], seconds, self._account.now_us)
        served.line.update()

    def change_message_visibility_batch(self, call: Call) -> dict[str, Any]:
        """Change up to 10 timeouts; each entry succeeds or fails (API/API_ChangeMessageVisibilityBatch.html)."""
        served = self._queues.of(call)
        entries = call.parameters.get("Entries", [])
        check_entries("ChangeMessageVisibility", entries)
        done: list[dict[str, str]] = []
        failed: list[dict[str, Any]] = []
        for entry in entries:
            seconds = entry.get("VisibilityTimeout", -1)
            try:
                if not 0 <= seconds <= MAXIMUM_VISIBILITY_S:
                    raise errors.invalid_parameter("Visibility timeout invalid")
                served.queue.change_visibility(entry["ReceiptHandle"], seconds, self._account.now_us)
                done.append({"Id": entry["Id"]})
            except ServiceError as error:
                failed.append(failure(entry["Id"], error))
        served.line.update()
        return {"Successful": done, "Failed": failed}

    def purge_queue(self, call: Call) -> None:
        """Empty the queue, at once (API/API_PurgeQueue.html; AWS takes up to 60 s)."""
        served = self._queues.of(call)
        served.queue.purge(self._account.now_us)
        served.line.update()

    def _count(self, served: Served) -> None:
        limit = served.queue.configuration.calls_per_s
        if limit is not None:
            served.rate.count("DeleteMessage", limit, self._account.now_us)
