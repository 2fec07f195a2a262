"""Functions as their invocations see them: found by name or ARN, an alias followed to a version.

moto holds the configuration. It is read once, and again after any call that may change it.
Pages: DG/configuration-versions.html, DG/configuration-aliases.html, DG/configuring-alias-routing.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.cloud import Account, ServiceError
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.configuration import Configuration
from helpers.dataplane.awslambda.kept import KeptSettings

LATEST = "$LATEST"


@dataclass(frozen=True, slots=True)
class Route:
    """What a name leads to: the function's `arn` without a qualifier, the `qualifier` as it was asked for ("" for
    none), and the `version` that runs.
    """

    arn: str
    qualifier: str
    version: str


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias: its version, and the weights of further versions (0 to 1)."""

    version: str
    weights: Mapping[str, float] = field(default_factory=dict)


class Functions:
    """The functions of one account, in any Region."""

    def __init__(self, account: Account, kept: KeptSettings) -> None:
        self._account = account
        self._kept = kept
        self._random = account.random_for("lambda")
        self._configurations: dict[tuple[str, str], Configuration] = {}
        self._aliases: dict[tuple[str, str], Alias] = {}
        self._reserved: dict[str, int | None] = {}
        self._names: dict[str, list[str]] = {}
        self._all_reserved: dict[str, dict[str, int]] = {}

    def arn(
        self, name: str, *, region: str | None = None, account_id: str | None = None
    ) -> tuple[str, str | None]:
        """The ARN without a qualifier, and the qualifier if `name` has one. `name` is a function's name, its ARN, or a
        partial ARN (`123456789012:function:name`), each with a version or alias behind a colon if one is meant
        (API/API_Invoke.html, FunctionName).
        """
        region = region or self._account.region
        account_id = account_id or self._account.account_id
        parts = name.split(":")
        if parts[0] == "arn":
            there = parts[3]
            if there != region:
                raise errors.other_region(there, region)
            account_id, parts = parts[4], parts[6:]
        elif len(parts) >= 3 and parts[1] == "function":
            account_id, parts = parts[0], parts[2:]
        qualifier = parts[1] if len(parts) > 1 else None
        return f"arn:{_partition(region)}:lambda:{region}:{account_id}:function:{parts[0]}", qualifier

    def route(
        self,
        name: str,
        qualifier: str | None = None,
        *,
        region: str | None = None,
        account_id: str | None = None,
    ) -> Route:
        """The version that the next invocation of `name` runs. A weighted alias is drawn for, once a call.

        Raises ResourceNotFoundException, and InvalidParameterValueException if name and `qualifier` differ.
        """
        arn, own = self.arn(name, region=region, account_id=account_id)
        if own and qualifier and own != qualifier:
            raise errors.invalid(
                "The derived qualifier from the function name does not match the specified qualifier."
            )
        asked = own or qualifier or ""
        if is_version(asked):
            self.configuration(arn, asked or LATEST)
            return Route(arn, asked, asked or LATEST)
        alias = self.alias(arn, asked)
        return Route(arn, asked, self._drawn(alias))

    def _drawn(self, alias: Alias) -> str:
        """DG/configuring-alias-routing.html: a simple probabilistic model, each invocation by itself."""
        if alias.weights:
            draw = self._random.random()
            for version, weight in alias.weights.items():
                draw -= weight
                if draw < 0:
                    return version
        return alias.version

    def alias(self, arn: str, name: str) -> Alias:
        """The alias of a function. Raises ResourceNotFoundException."""
        known = self._aliases.get((arn, name))
        if known is None:
            reply = self._ask(arn, name, "GetAlias", {"FunctionName": _name(arn), "Name": name})
            weights = (reply.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
            known = self._aliases[arn, name] = Alias(reply["FunctionVersion"], dict(weights))
        return known

    def is_weighted(self, arn: str, qualifier: str) -> bool:
        """True if the qualifier is an alias that shares invocations out over two versions."""
        known = self._aliases.get((arn, qualifier))
        return known is not None and bool(known.weights)

    def configuration(self, arn: str, version: str = LATEST) -> Configuration:
        """The settings of a version. Raises ResourceNotFoundException."""
        known = self._configurations.get((arn, version))
        if known is None:
            parameters = {"FunctionName": _name(arn)}
            if version != LATEST:
                parameters["Qualifier"] = version
            reply = self._ask(
                arn, version if version != LATEST else "", "GetFunctionConfiguration", parameters
            )
            self._kept.complete(reply)
            known = self._configurations[arn, version] = Configuration.of(arn, version, reply)
        return known

    def reserved(self, arn: str) -> int | None:
        """The reserved concurrency of a function; None if it has none."""
        if arn not in self._reserved:
            reply = self._ask(arn, "", "GetFunctionConcurrency", {"FunctionName": _name(arn)})
            self._reserved[arn] = reply.get("ReservedConcurrentExecutions")
        return self._reserved[arn]

    def names(self, arn: str) -> list[str]:
        """The ARNs of all functions in the Region and account of this one."""
        place = arn.rpartition(":")[0]
        if place not in self._names:
            listed = self._ask(arn, "", "ListFunctions", {})["Functions"]
            self._names[place] = [f"{place}:{function['FunctionName']}" for function in listed]
        return self._names[place]

    def all_reserved(self, arn: str) -> dict[str, int]:
        """The functions in the Region and account of this one that have reserved concurrency, by ARN."""
        place = arn.rpartition(":")[0]
        if place not in self._all_reserved:
            known = {name: self.reserved(name) for name in self.names(arn)}
            self._all_reserved[place] = {name: number for name, number in known.items() if number is not None}
        return self._all_reserved[place]

    def forget(self) -> None:
        """Something may have changed: read everything again when it is asked for."""
        self.forget_versions()
        self._reserved.clear()
        self._names.clear()
        self._all_reserved.clear()

    def forget_versions(self) -> None:
        """Code, configurations, versions or aliases may have changed."""
        self._configurations.clear()
        self._aliases.clear()

    def _ask(self, arn: str, qualifier: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        _, _, _, region, account_id, *_ = arn.split(":")
        try:
            return self._account.ask("lambda", operation, parameters, region=region, account_id=account_id)
        except ServiceError as error:
            if error.status != 404:
                raise
            raise errors.no_function(f"{arn}:{qualifier}" if qualifier else arn) from None


def is_version(qualifier: str) -> bool:
    """True for a version ("$LATEST", a number, or nothing at all), False for the name of an alias."""
    return qualifier in ("", LATEST) or qualifier.isdigit()


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _partition(region: str) -> str:
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"
