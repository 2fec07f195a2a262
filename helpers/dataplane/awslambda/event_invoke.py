"""How a function, version or alias is invoked asynchronously: retries, event age, destinations.

moto keeps the first configuration for ever and one for all qualifiers, so the five operations are answered here.
Pages: DG/invocation-async-configuring.html, DG/invocation-async-retain-records.html,
API/API_PutFunctionEventInvokeConfig.html (DG is https://docs.aws.amazon.com/lambda/latest/dg/, API is https://docs.aws.amazon.com/lambda/latest/api/).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.awslambda import errors
from helpers.dataplane.awslambda.functions import LATEST, Functions
from helpers.dataplane.awslambda.limits import EVENT_AGE_S, RETRY_ATTEMPTS

_SETTINGS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
_RANGES = {"MaximumRetryAttempts": RETRY_ATTEMPTS, "MaximumEventAgeInSeconds": EVENT_AGE_S}
_TARGETS = {
    "OnSuccess": ("sqs", "sns", "lambda", "events"),
    "OnFailure": ("sqs", "sns", "lambda", "events", "s3"),  # a bucket takes failures only
}


class EventInvokeConfig:
    """The settings of one function, version or alias; AWS's defaults where nothing is set."""

    def __init__(self, settings: dict[str, Any], modified: datetime | None = None) -> None:
        self.settings = settings
        self.modified = modified

    @property
    def retries(self) -> int:
        """Further runs after the first one failed."""
        return int(self.settings.get("MaximumRetryAttempts", RETRY_ATTEMPTS[1]))

    @property
    def event_age_s(self) -> int:
        """Seconds that an event may wait for its run."""
        return int(self.settings.get("MaximumEventAgeInSeconds", EVENT_AGE_S[1]))

    def destination(self, condition: str) -> str:
        """The ARN that "OnSuccess" or "OnFailure" records go to, or ""."""
        target = self.settings.get("DestinationConfig", {}).get(condition, {}).get("Destination", "")
        return str(target)


_DEFAULT = EventInvokeConfig({})


class EventInvokeConfigs:
    """The settings of all functions, by ARN and qualifier; an invocation obeys those of its own qualifier alone."""

    def __init__(self, account: Account, functions: Functions) -> None:
        self._account = account
        self._functions = functions
        self._set: dict[tuple[str, str], EventInvokeConfig] = {}
        account.answer("lambda", "PutFunctionEventInvokeConfig", self._put)
        account.answer("lambda", "UpdateFunctionEventInvokeConfig", self._update)
        account.answer("lambda", "GetFunctionEventInvokeConfig", self._get)
        account.answer("lambda", "DeleteFunctionEventInvokeConfig", self._delete)
        account.answer("lambda", "ListFunctionEventInvokeConfigs", self._list)
        account.before("lambda", "DeleteFunction", self._function_deleted)

    def of(self, function_arn: str, qualifier: str) -> EventInvokeConfig:
        """The settings of a function (its ARN without a qualifier) as invoked by `qualifier` ("" for none)."""
        return self._set.get((function_arn, qualifier or LATEST), _DEFAULT)

    def _put(self, call: Call) -> dict[str, Any]:
        return self._store(self._key(call), call, {})

    def _update(self, call: Call) -> dict[str, Any]:
        key = self._key(call)
        return self._store(key, call, self._known(key).settings)

    def _get(self, call: Call) -> dict[str, Any]:
        key = self._key(call)
        return _shown(key, self._known(key))

    def _delete(self, call: Call) -> dict[str, Any]:
        key = self._key(call)
        self._known(key)
        del self._set[key]
        return {}

    def _list(self, call: Call) -> dict[str, Any]:
        arn, _ = self._key(call)
        return {
            "FunctionEventInvokeConfigs": [
                _shown(key, config) for key, config in sorted(self._set.items()) if key[0] == arn
            ]
        }

    def _function_deleted(self, call: Call) -> None:
        arn, own = self._functions.arn(
            call.parameters["FunctionName"], region=call.region, account_id=call.account_id
        )
        qualifier = own or call.parameters.get("Qualifier")
        for key in [key for key in self._set if key[0] == arn and qualifier in (None, key[1])]:
            del self._set[key]

    def _key(self, call: Call) -> tuple[str, str]:
        """The function and qualifier that a call names. Raises ResourceNotFoundException."""
        route = self._functions.route(
            call.parameters["FunctionName"],
            call.parameters.get("Qualifier"),
            region=call.region,
            account_id=call.account_id,
        )
        return route.arn, route.qualifier or LATEST

    def _known(self, key: tuple[str, str]) -> EventInvokeConfig:
        if key not in self._set:
            raise errors.no_event_invoke_config(":".join(key))
        return self._set[key]

    def _store(self, key: tuple[str, str], call: Call, before: dict[str, Any]) -> dict[str, Any]:
        given = {name: call.parameters[name] for name in _SETTINGS if name in call.parameters}
        if not given:
            raise errors.invalid("You must specify at least one of error handling or destination setting.")
        _check(given)
        config = EventInvokeConfig({**before, **given}, self._account.datetime)
        self._set[key] = config
        return _shown(key, config)


def _check(given: dict[str, Any]) -> None:
    for name, (least, most) in _RANGES.items():
        value = given.get(name, least)
        if not least <= value <= most:
            raise errors.out_of_range(name, value, "less than or equal to", most)
    for condition, services in _TARGETS.items():
        target = given.get("DestinationConfig", {}).get(condition, {}).get("Destination", "")
        if target and (target.count(":") < 5 or target.split(":")[2] not in services):
            raise errors.invalid(
                f"The provided destination config DestinationConfig({condition}) is invalid."
            )


def _shown(key: tuple[str, str], config: EventInvokeConfig) -> dict[str, Any]:
    return {"FunctionArn": ":".join(key), "LastModified": config.modified, **config.settings}
