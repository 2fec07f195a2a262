"""Provisioned concurrency: environments of a version or an alias that are initialised before anybody asks for them.

Pages: DG/provisioned-concurrency.html, DG/lambda-concurrency.html, API/API_PutProvisionedConcurrencyConfig.html. moto
has none of it. Assumptions: how long the preparation takes (`Models.provisioned_start_s`), and that a weighted alias
shares its environments out by the weights.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from math import ceil
from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.cloud.clock import microseconds
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.capacity import RequestRate
from helpers.dataplane.awslambda.environment import PROVISIONED, Environment
from helpers.dataplane.awslambda.environments import Environments
from helpers.dataplane.awslambda.functions import Functions, is_version
from helpers.dataplane.awslambda.invocation import Invocation
from helpers.dataplane.awslambda.limits import (
    MILLISECOND_US,
    PROVISIONED_PER_MINUTE,
    SECOND_US,
    UNRESERVED_MINIMUM,
)
from helpers.dataplane.awslambda.models import Models

_IN_PROGRESS, _READY, _FAILED = "IN_PROGRESS", "READY", "FAILED"
_PER_SECOND = PROVISIONED_PER_MINUTE // 60


@dataclass(eq=False)
class Allocation:
    """The provisioned concurrency of one version or alias (`qualifier`) of a function (`arn`).

    `shares` says how many environments each version is to have. An environment can be used once all that were asked for
    together are initialised.
    """

    arn: str
    qualifier: str
    requested: int
    modified: str
    began_us: int
    shares: dict[str, int]
    status: str = _IN_PROGRESS
    reason: str = ""
    round: int = 0
    usable: list[Environment] = field(default_factory=list)
    coming: list[Environment] = field(default_factory=list)
    requests: RequestRate = field(default_factory=RequestRate)

    @property
    def running(self) -> int:
        """How many of its environments are busy."""
        return sum(environment.busy for environment in self.usable)


class Provisioned:
    """The provisioned concurrency of an account."""

    def __init__(
        self, account: Account, functions: Functions, environments: Environments, models: Models
    ) -> None:
        self._account = account
        self._functions = functions
        self._environments = environments
        self._models = models
        self._allocations: dict[tuple[str, str], Allocation] = {}

    # For the invoker

    def of(self, invocation: Invocation) -> Allocation | None:
        """What serves the invocation: the alias that was asked for, or the version that runs."""
        if not self._allocations:
            return None
        return self._allocations.get((invocation.function, invocation.qualifier)) or self._allocations.get(
            (invocation.function, invocation.version)
        )

    def total(self, function: str) -> int:
        """The provisioned concurrency of a function's versions and aliases together."""
        return sum(
            allocation.requested for (arn, _), allocation in self._allocations.items() if arn == function
        )

    def take(self, allocation: Allocation, invocation: Invocation) -> Environment | None:
        """An environment that waits for this invocation; None if all are busy, or there were 10 times as many requests
        in the last second as environments (DG/lambda-concurrency.html): the invocation then runs on demand.
        """
        now_us = self._account.now_us
        if invocation.kind != "Event":
            if allocation.requests.full(len(allocation.usable), now_us):
                return None
            allocation.requests.count(now_us)
        for environment in reversed(allocation.usable):
            if not environment.busy and environment.configuration.version == invocation.version:
                return environment
        return None

    def free(self, allocation: Allocation, environment: Environment) -> None:
        """It has served an invocation. One that was reset is replaced, so that their number stays."""
        if environment.retired:
            environment.end()
        elif not environment.warm:
            allocation.usable.remove(environment)
            environment.end()
            self._initialise(allocation, environment.configuration.version)

    def changed(self) -> None:
        """Aliases may point elsewhere, and versions or functions may be gone."""
        for allocation in list(self._allocations.values()):
            try:
                shares = self._shares(allocation.arn, allocation.qualifier, allocation.requested)
            except ServiceError:
                self._end(allocation)
                continue
            if shares != allocation.shares:
                allocation.shares = shares
                self._allocate(allocation)

    # The API

    def put(self, call: Call) -> dict[str, Any]:
        """API/API_PutProvisionedConcurrencyConfig.html"""
        arn, qualifier = self._named(call)
        requested = call.parameters["ProvisionedConcurrentExecutions"]
        shares = self._shares(arn, qualifier, requested)
        self._check(arn, qualifier, requested)
        allocation = self._allocations.get((arn, qualifier))
        if allocation is None:
            allocation = self._allocations[arn, qualifier] = Allocation(arn, qualifier, 0, "", 0, {})
        allocation.requested, allocation.shares = requested, shares
        allocation.modified = self._account.datetime.strftime("%Y-%m-%dT%H:%M:%S+0000")
        self._allocate(allocation)
        return self._shown(allocation)

    def get(self, call: Call) -> dict[str, Any]:
        """API/API_GetProvisionedConcurrencyConfig.html"""
        allocation = self._allocations.get(self._named(call))
        if allocation is None:
            raise errors.no_provisioned()
        return self._shown(allocation)

    def listed(self, call: Call) -> dict[str, Any]:
        """API/API_ListProvisionedConcurrencyConfigs.html"""
        function, _ = self._functions.arn(
            call.parameters["FunctionName"], region=call.region, account_id=call.account_id
        )
        self._functions.configuration(function)
        return {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": f"{arn}:{qualifier}", **self._shown(allocation)}
                for (arn, qualifier), allocation in self._allocations.items()
                if arn == function
            ]
        }

    def delete(self, call: Call) -> dict[str, Any]:
        """API/API_DeleteProvisionedConcurrencyConfig.html"""
        allocation = self._allocations.get(self._named(call))
        if allocation is not None:
            self._end(allocation)
        return {}

    def _named(self, call: Call) -> tuple[str, str]:
        """The function and qualifier of a call. Raises ResourceNotFoundException, InvalidParameterValueException."""
        route = self._functions.route(
            call.parameters["FunctionName"],
            call.parameters["Qualifier"],
            region=call.region,
            account_id=call.account_id,
        )
        if route.qualifier in ("", "$LATEST"):
            raise errors.invalid(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        return route.arn, route.qualifier

    def _check(self, arn: str, qualifier: str, requested: int) -> None:
        """At most what is reserved, or all but 100 of what is not (DG/provisioned-concurrency.html)."""
        for other, allocation in self._allocations.items():
            if (
                other[0] == arn
                and other[1] != qualifier
                and set(allocation.shares) & set(self._shares(arn, qualifier, 1))
            ):
                if is_version(qualifier):
                    raise errors.conflict("Version is pointed by a Provisioned Concurrency alias")
                raise errors.conflict(
                    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
                )
        mine = self._allocations.get((arn, qualifier))
        others = self.total(arn) - (mine.requested if mine is not None else 0)
        reserved = self._functions.reserved(arn)
        if reserved is not None:
            if others + requested > reserved:
                raise errors.invalid(
                    "Requested Provisioned Concurrency should not be greater than the "
                    "reservedConcurrentExecution for function"
                )
            return
        left = self.unreserved(arn) + (mine.requested if mine is not None else 0) - requested
        if left < UNRESERVED_MINIMUM:
            raise errors.invalid(
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{UNRESERVED_MINIMUM}]."
            )

    def unreserved(self, function: str) -> int:
        """The account's concurrency that is neither reserved nor provisioned in the function's Region."""
        reserved = self._functions.all_reserved(function)
        provisioned = sum(
            self.total(name) for name in self._functions.names(function) if name not in reserved
        )
        return self._models.account_concurrency - sum(reserved.values()) - provisioned

    def _shown(self, allocation: Allocation) -> dict[str, Any]:
        usable = len(allocation.usable)
        allocated = usable
        if allocation.status == _IN_PROGRESS:
            spent_us = self._account.now_us - allocation.began_us
            started = (spent_us - microseconds(self._models.provisioned_start_s)) * _PER_SECOND // SECOND_US
            allocated = min(allocation.requested, usable + max(0, started))
        shown = {
            "RequestedProvisionedConcurrentExecutions": allocation.requested,
            "AvailableProvisionedConcurrentExecutions": usable,
            "AllocatedProvisionedConcurrentExecutions": allocated,
            "Status": allocation.status,
            "LastModified": allocation.modified,
        }
        if allocation.reason:
            shown["StatusReason"] = allocation.reason
        return shown

    # Allocating

    def _shares(self, arn: str, qualifier: str, requested: int) -> dict[str, int]:
        """How many environments each version gets."""
        if is_version(qualifier):
            self._functions.configuration(arn, qualifier)
            return {qualifier: requested}
        alias = self._functions.alias(arn, qualifier)
        shares = {version: ceil(requested * weight) for version, weight in alias.weights.items() if weight}
        rest = requested - sum(shares.values())
        if rest > 0:
            shares[alias.version] = rest
        return shares

    def _allocate(self, allocation: Allocation) -> None:
        """Bring the number of environments to what the shares say: too many end, missing ones come after a while."""
        allocation.round += 1
        self._drop(allocation.coming)
        kept: Counter[str] = Counter()
        for environment in sorted(allocation.usable, key=lambda known: not known.busy):
            version = environment.configuration.version
            if kept[version] < allocation.shares.get(version, 0):
                kept[version] += 1
            else:
                allocation.usable.remove(environment)
                self._retire(environment)
        missing = sum(allocation.shares.values()) - kept.total()
        if not missing:
            allocation.status = _READY
            return
        allocation.status, allocation.reason, allocation.began_us = _IN_PROGRESS, "", self._account.now_us
        delay_s = self._models.provisioned_start_s + missing / _PER_SECOND
        self._account.at(delay_s, partial(self._create, allocation, allocation.round), name="lambda")

    def _create(self, allocation: Allocation, number: int) -> None:
        if number != allocation.round:
            return
        there = Counter(environment.configuration.version for environment in allocation.usable)
        for version, share in allocation.shares.items():
            for _ in range(share - there[version]):
                self._initialise(allocation, version)

    def _initialise(self, allocation: Allocation, version: str) -> None:
        configuration = self._functions.configuration(allocation.arn, version)
        environment = self._environments.create(configuration, PROVISIONED)
        allocation.coming.append(environment)
        environment.initialise(partial(self._initialised, allocation, environment))

    def _initialised(
        self, allocation: Allocation, environment: Environment, began_us: int, well: bool
    ) -> None:
        init_us = self._account.now_us - began_us
        self._account.record(
            "lambda",
            "Initialization",
            {
                "FunctionName": environment.configuration.name,
                "Qualifier": allocation.qualifier,
                "Version": environment.configuration.version,
                "Environment": environment.name,
            },
            {
                "Status": "success" if well else "error",
                "InitDurationMs": init_us / MILLISECOND_US,
                "BilledDurationMs": -(-init_us // MILLISECOND_US),
            },
            began_us=began_us,
        )
        if environment not in allocation.coming:
            return
        if not well:
            allocation.status, allocation.reason = _FAILED, "FUNCTION_ERROR_INIT_FAILURE"
            self._drop(allocation.coming)
        elif all(other.warm for other in allocation.coming):
            allocation.usable += allocation.coming
            allocation.coming = []
            if allocation.status == _IN_PROGRESS:
                allocation.status = _READY

    def _end(self, allocation: Allocation) -> None:
        del self._allocations[allocation.arn, allocation.qualifier]
        allocation.round += 1
        self._drop(allocation.coming)
        self._drop(allocation.usable)

    def _drop(self, environments: list[Environment]) -> None:
        for environment in environments:
            self._retire(environment)
        environments.clear()

    @staticmethod
    def _retire(environment: Environment) -> None:
        environment.retired = True
        if not environment.busy:
            environment.end()
