"""The event source mappings of an account: moto holds their configuration, and here is who carries it out.

Pages: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html,
https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.utils import parse_to_aware_datetime

from helpers.cloud import Call, ServiceError, Timer
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.chains import Chains
from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.awslambda.mappings.checks import check_settings, check_visibility
from helpers.dataplane.awslambda.mappings.mapping import Mapping, service_of
from helpers.dataplane.awslambda.mappings.queue import QueueReader
from helpers.dataplane.awslambda.mappings.sources import DynamoDb, Kinesis, Source
from helpers.dataplane.awslambda.mappings.stream import Checkpoints, StreamReader
from helpers.dataplane.awslambda.mappings.target import Target
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.request_ids import RequestIds
from helpers.dataplane.queue_url import queue_url

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_STACK_CHANGES = ("CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet")
Reader = QueueReader | StreamReader


class _Kept:
    """One mapping: its state, who reads its source now, and how far a stream was read."""

    def __init__(self, mapping: Mapping, state: str) -> None:
        self.mapping = mapping
        self.state = state
        self.reader: Reader | None = None
        self.checkpoints: Checkpoints = {}
        self.began: datetime | None = None
        self.timer: Timer | None = None


class Mappings:
    """Follows the calls that make, change and delete mappings, and has their sources read."""

    def __init__(
        self,
        cloud: Cloud,
        functions: Functions,
        invoker: Invoker,
        ids: RequestIds,
        chains: Chains,
        destinations: Destinations,
        models: Models,
    ) -> None:
        self._cloud = cloud
        self._functions = functions
        self._invoker = invoker
        self._ids = ids
        self._chains = chains
        self._destinations = destinations
        self._models = models
        self._kept: dict[str, _Kept] = {}
        cloud.before("lambda", "CreateEventSourceMapping", self._check_create)
        cloud.before("lambda", "UpdateEventSourceMapping", self._check_update)
        cloud.before("lambda", "DeleteEventSourceMapping", self._check_known)
        cloud.amend("lambda", "CreateEventSourceMapping", self._created)
        cloud.amend("lambda", "UpdateEventSourceMapping", self._updated)
        cloud.amend("lambda", "DeleteEventSourceMapping", self._deleted)
        cloud.amend("lambda", "GetEventSourceMapping", self._show)
        cloud.amend("lambda", "ListEventSourceMappings", self._show_all)
        for operation in _STACK_CHANGES:
            cloud.amend("cloudformation", operation, self._stack_changed)

    # Before moto is asked

    def _check_create(self, call: Call) -> None:
        given = call.parameters
        source_arn = given.get("EventSourceArn")
        if source_arn is None:
            return
        check_settings(given, source_arn, self._cloud.datetime)
        function_arn = self._function(call, given["FunctionName"])
        for kept in self._kept.values():
            if (kept.mapping.source_arn, kept.mapping.function_arn) == (source_arn, function_arn):
                raise errors.mapped_already(source_arn, given["FunctionName"], kept.mapping.uuid)
        self._check_visibility(source_arn, function_arn)

    def _check_update(self, call: Call) -> None:
        self._check_known(call)
        kept = self._kept[call.parameters["UUID"]]
        source_arn = kept.mapping.source_arn
        known = self._cloud.ask(
            "lambda", "GetEventSourceMapping", {"UUID": kept.mapping.uuid}, region=call.region
        )
        check_settings({**known, **call.parameters}, source_arn, self._cloud.datetime)
        name = call.parameters.get("FunctionName")
        function_arn = kept.mapping.function_arn if name is None else self._function(call, name)
        self._check_visibility(source_arn, function_arn)

    def _check_known(self, call: Call) -> None:
        if call.parameters["UUID"] not in self._kept:
            raise errors.no_mapping()

    def _check_visibility(self, source_arn: str, function_arn: str) -> None:
        if service_of(source_arn) != "sqs":
            return
        region = source_arn.split(":")[3]
        route = self._functions.route(function_arn, region=region)
        asked = {"QueueUrl": queue_url(source_arn), "AttributeNames": ["VisibilityTimeout"]}
        try:
            reply = self._cloud.ask("sqs", "GetQueueAttributes", asked, region=region)
        except ServiceError:
            raise errors.invalid(f"The queue {source_arn} does not exist or cannot be read.") from None
        timeout_s = self._functions.configuration(route.arn, route.version).timeout_s
        check_visibility(int(reply["Attributes"]["VisibilityTimeout"]), timeout_s)

    def _function(self, call: Call, name: str) -> str:
        """The ARN that was asked for, with its qualifier. Raises ResourceNotFoundException."""
        route = self._functions.route(name, region=call.region, account_id=call.account_id)
        return f"{route.arn}:{route.qualifier}" if route.qualifier else route.arn

    # After moto answered

    def _created(self, call: Call, response: dict[str, Any]) -> None:
        function_arn = self._function(call, call.parameters["FunctionName"])
        at = call.parameters.get("StartingPositionTimestamp")
        if at is not None:
            response["StartingPositionTimestamp"] = parse_to_aware_datetime(at)
        mapping = Mapping.of(response, function_arn)
        kept = self._kept[mapping.uuid] = _Kept(mapping, "Creating")
        self._settle(kept)
        self._show(call, response)

    def _updated(self, call: Call, response: dict[str, Any]) -> None:
        kept = self._kept[response["UUID"]]
        before = kept.mapping
        name = call.parameters.get("FunctionName")
        function_arn = before.function_arn if name is None else self._function(call, name)
        kept.mapping = replace(Mapping.of(response, function_arn), position_time=before.position_time)
        if kept.mapping.enabled == before.enabled:
            kept.state = "Updating"
        else:
            kept.state = "Enabling" if kept.mapping.enabled else "Disabling"
        self._settle(kept)
        self._show(call, response)

    def _deleted(self, _call: Call, response: dict[str, Any]) -> None:
        kept = self._kept.pop(response["UUID"], None)
        if kept is not None:
            response["FunctionArn"] = kept.mapping.function_arn
            self._forget(kept)

    def _show(self, _call: Call, response: dict[str, Any]) -> None:
        kept = self._kept.get(response["UUID"])
        if kept is None:
            return
        response["FunctionArn"] = kept.mapping.function_arn
        response["State"] = kept.state
        response["StateTransitionReason"] = "USER_INITIATED"
        if kept.mapping.position_time is not None:
            response["StartingPositionTimestamp"] = kept.mapping.position_time
        reader = kept.reader
        response["LastProcessingResult"] = "No records processed" if reader is None else reader.result

    def _show_all(self, call: Call, response: dict[str, Any]) -> None:
        name = call.parameters.get("FunctionName")
        if name is not None:  # moto compares names as they were written
            function_arn = self._function(call, name)
            others = {key: value for key, value in call.parameters.items() if key != "FunctionName"}
            reply = self._cloud.ask("lambda", "ListEventSourceMappings", others, region=call.region)
            response["EventSourceMappings"] = [
                described
                for described in reply["EventSourceMappings"]
                if self._kept[described["UUID"]].mapping.function_arn == function_arn
            ]
        for described in response["EventSourceMappings"]:
            self._show(call, described)

    def _stack_changed(self, call: Call, _response: dict[str, Any]) -> None:
        """A stack may have made, changed or deleted mappings past the Lambda API."""
        reply = self._cloud.ask("lambda", "ListEventSourceMappings", {}, region=call.region)
        there = {described["UUID"]: described for described in reply["EventSourceMappings"]}
        for uuid, kept in list(self._kept.items()):
            if kept.mapping.region == call.region and uuid not in there:
                del self._kept[uuid]
                self._forget(kept)
        for uuid, described in there.items():
            mapping = Mapping.of(described, described["FunctionArn"])
            kept = self._kept.setdefault(uuid, _Kept(mapping, "Creating"))
            if (
                kept.state == "Creating"
                or replace(mapping, function_arn=kept.mapping.function_arn) != kept.mapping
            ):
                kept.mapping = mapping
                self._settle(kept)

    # Carrying it out

    def _settle(self, kept: _Kept) -> None:
        """Let the change take effect, some time after the call (services-kinesis-create.html, with-ddb.html)."""
        if kept.timer is not None:
            kept.timer.cancel()
        kept.timer = self._cloud.at(self._models.mapping_s, partial(self._take_effect, kept), name="lambda")

    def _take_effect(self, kept: _Kept) -> None:
        kept.timer = None
        reader, kept.reader = kept.reader, None
        if reader is None:
            self._begin(kept)
        else:
            reader.stop(partial(self._begin, kept))

    def _begin(self, kept: _Kept) -> None:
        """Whoever read the source before has stopped."""
        if kept.mapping.uuid not in self._kept or kept.reader is not None:
            return  # deleted or changed again meanwhile
        kept.state = "Enabled" if kept.mapping.enabled else "Disabled"
        if kept.mapping.enabled:
            kept.reader = self._reader(kept)
            kept.reader.start()

    def _forget(self, kept: _Kept) -> None:
        if kept.timer is not None:
            kept.timer.cancel()
        reader, kept.reader = kept.reader, None
        if reader is not None:
            self._cloud.at(0, partial(reader.stop, lambda: None), name="lambda")

    def _reader(self, kept: _Kept) -> Reader:
        mapping = kept.mapping
        target = Target(self._cloud, self._functions, self._invoker, self._ids, mapping.function_arn)
        if mapping.service == "sqs":
            return QueueReader(self._cloud, mapping, target, self._chains, self._models)
        if mapping.position == "LATEST":
            # Disabled and enabled again, it goes on where it began, even if nothing was read until then.
            if kept.began is not None:
                mapping = replace(mapping, position="AT_TIMESTAMP", position_time=kept.began)
            kept.began = kept.began or self._cloud.datetime
        source: Source
        if mapping.service == "kinesis":
            source = Kinesis(self._cloud, mapping, target.role)
        else:
            source = DynamoDb(self._cloud, mapping)
        return StreamReader(
            self._cloud, mapping, target, source, kept.checkpoints, self._destinations, self._models
        )
