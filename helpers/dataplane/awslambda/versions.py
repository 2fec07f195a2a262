"""Versions and aliases: published, pointed to, shared out. moto keeps them; here is what it does not check.

Pages: DG/configuration-versions.html, DG/configuration-aliases.html, DG/configuring-alias-routing.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.functions import LATEST, Functions
from helpers.dataplane.awslambda.kept import KeptSettings

_VERSION = re.compile(r"\$LATEST|[0-9]+")
_ALIAS = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9\-_]+")
_SAME_IN_ANY_VERSION = {
    "FunctionArn",
    "Version",
    "LastModified",
    "State",
    "LastUpdateStatus",
    "ResponseMetadata",
}


class Versions:
    """Publishes a version when there is something new, and refuses what AWS refuses of versions and aliases."""

    def __init__(self, account: Account, functions: Functions, kept: KeptSettings) -> None:
        self._account = account
        self._functions = functions
        self._kept = kept
        self._published: dict[str, tuple[str, str]] = {}
        # The last version of each function, and what is in it.
        for operation in ("CreateAlias", "UpdateAlias"):
            account.before("lambda", operation, self._check_alias)
        account.before("lambda", "DeleteFunction", self._check_delete)
        account.answer("lambda", "PublishVersion", self._publish)
        account.answer("lambda", "UpdateFunctionCode", self._update_code)
        account.amend("lambda", "CreateFunction", self._created)

    def _publish(self, call: Call) -> dict[str, Any]:
        return self._publish_by(call.forward, call)

    def _update_code(self, call: Call) -> dict[str, Any]:
        """A version is published here and not by moto, which publishes whether there is anything new or not."""
        parameters = dict(call.parameters)
        publish = parameters.pop("Publish", False)
        updated = call.forward(parameters)
        if not publish or parameters.get("DryRun"):
            return updated
        name = {"FunctionName": self._named(call)[0].rpartition(":")[2]}
        return self._publish_by(lambda: self._ask(call, "PublishVersion", name), call)

    def _publish_by(self, publish: Callable[[], dict[str, Any]], call: Call) -> dict[str, Any]:
        """A new version, or the last one if nothing changed since (DG/configuration-versions.html)."""
        arn, _ = self._named(call)
        name = arn.rpartition(":")[2]
        latest = self._ask(call, "GetFunctionConfiguration", {"FunctionName": name})
        expected = call.parameters.get("CodeSha256")
        if expected and expected != latest["CodeSha256"]:
            raise errors.invalid(
                f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({latest['CodeSha256']}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        content = self._content(latest)
        version, published = self._published.get(arn, ("", ""))
        if content == published:
            return self._ask(call, "GetFunctionConfiguration", {"FunctionName": name, "Qualifier": version})
        made = publish()
        self._published[arn] = made["Version"], content
        return made

    def _created(self, call: Call, response: dict[str, Any]) -> None:
        arn = ":".join(response["FunctionArn"].split(":")[:7])
        self._published.pop(arn, None)
        if call.parameters.get("Publish"):
            latest = self._ask(call, "GetFunctionConfiguration", {"FunctionName": arn.rpartition(":")[2]})
            self._published[arn] = response["Version"], self._content(latest)

    def _content(self, latest: dict[str, Any]) -> str:
        """What a version is made of: code and configuration, without what differs between equal versions."""
        self._kept.complete(latest)
        known = {name: value for name, value in latest.items() if name not in _SAME_IN_ANY_VERSION}
        return json.dumps(known, sort_keys=True, default=str)

    def _check_delete(self, call: Call) -> None:
        """Neither $LATEST alone, nor a version that an alias points to (API/API_DeleteFunction.html)."""
        arn, own = self._named(call)
        qualifier = own or call.parameters.get("Qualifier")
        if qualifier is None:
            return
        if qualifier == LATEST:
            raise errors.invalid("$LATEST version cannot be deleted without deleting the function.")
        listed = self._ask(call, "ListAliases", {"FunctionName": arn.rpartition(":")[2]})
        for alias in listed["Aliases"]:
            weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
            if qualifier == alias["FunctionVersion"] or qualifier in weights:
                raise errors.conflict(f"Version {qualifier} is referenced by the alias {alias['Name']}.")

    def _check_alias(self, call: Call) -> None:
        """An alias points to a version; with weights, to two published ones that are alike."""
        given = call.parameters
        arn, _ = self._named(call)
        if not _ALIAS.fullmatch(given["Name"]):
            pattern = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
            raise errors.not_valid(given["Name"], "name", pattern)
        version = given.get("FunctionVersion")
        if version is not None and not _VERSION.fullmatch(version):
            pattern = r"Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)"
            raise errors.not_valid(version, "functionVersion", pattern)
        routing = given.get("RoutingConfig")
        if routing is None:
            weights: Mapping[str, float] = {}
            if version is not None and call.operation == "UpdateAlias":
                weights = self._functions.alias(arn, given["Name"]).weights
        else:
            weights = routing.get("AdditionalVersionWeights") or {}
        if weights:
            main = version if version is not None else self._functions.alias(arn, given["Name"]).version
            self._check_weights(arn, main, weights)

    def _check_weights(self, arn: str, main: str, weights: Mapping[str, float]) -> None:
        if len(weights) > 1:
            raise errors.invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
        ((other, weight),) = weights.items()
        if main == LATEST or other == LATEST:
            raise errors.invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if not 0 <= weight <= 1:
            raise errors.invalid("The weight of a version is 0.0 to 1.0.")
        if other == main:
            raise errors.invalid(
                f"Invalid function version {other}. Function version {other} is already included in routing "
                "configuration."
            )
        first, second = self._functions.configuration(arn, main), self._functions.configuration(arn, other)
        if first.role != second.role:
            raise errors.invalid("The versions of an alias must have the same execution role.")
        if first.dead_letter_arn != second.dead_letter_arn:
            raise errors.invalid("The versions of an alias must have the same dead-letter queue, or none.")

    def _named(self, call: Call) -> tuple[str, str | None]:
        return self._functions.arn(
            call.parameters["FunctionName"], region=call.region, account_id=call.account_id
        )

    def _ask(self, call: Call, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._account.ask(
            "lambda", operation, parameters, region=call.region, account_id=call.account_id
        )
