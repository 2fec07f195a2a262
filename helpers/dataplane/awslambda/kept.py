"""Settings of a function that moto forgets: kept here, shown wherever a configuration is shown.

Pages: API/API_CreateFunction.html, API/API_UpdateFunctionConfiguration.html, DG/monitoring-cloudwatchlogs-advanced.html
(logging), DG/configuration-ephemeral-storage.html, DG/snapstart.html.
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call

_NAMES = (
    "DeadLetterConfig", "EphemeralStorage", "FileSystemConfigs", "KMSKeyArn", "LoggingConfig", "SnapStart",
    "TracingConfig",
)  # fmt: skip
_SHOWN_BY = (
    "CreateFunction", "GetFunction", "GetFunctionConfiguration", "ListFunctions", "ListVersionsByFunction",
    "PublishVersion", "UpdateFunctionCode", "UpdateFunctionConfiguration",
)  # fmt: skip
_LATEST = "$LATEST"


class KeptSettings:
    """The settings of each version, by function ARN (without a qualifier) and version."""

    def __init__(self, account: Account) -> None:
        self._settings: dict[tuple[str, str], dict[str, Any]] = {}
        for operation in ("CreateFunction", "UpdateFunctionConfiguration"):
            account.amend("lambda", operation, self._keep)
        for operation in ("CreateFunction", "PublishVersion", "UpdateFunctionCode"):
            account.amend("lambda", operation, self._published)
        for operation in _SHOWN_BY:
            account.amend("lambda", operation, self._show)
        account.amend("lambda", "DeleteFunction", self._deleted)

    def dead_letters(self, arn: str) -> str:
        """The queue or topic to which a function's discarded events go, or "". Versions have that of $LATEST
        (DG/invocation-async-retain-records.html).
        """
        setting = self._settings.get((arn, _LATEST), {}).get("DeadLetterConfig", {})
        return str(setting.get("TargetArn", ""))

    def complete(self, configuration: dict[str, Any]) -> None:
        """Add to a configuration, as moto gives it, what is kept of its version, and what AWS shows by default."""
        arn = _function(configuration)
        kept = self._settings.get((arn, configuration["Version"]), {})
        configuration.update({name: kept[name] for name in _NAMES if kept.get(name)})
        configuration["LoggingConfig"] = _logging(
            kept.get("LoggingConfig", {}), configuration["FunctionName"]
        )
        on = kept.get("SnapStart", {}).get("ApplyOn", "None")
        optimised = on != "None" and configuration["Version"] != _LATEST
        configuration["SnapStart"] = {"ApplyOn": on, "OptimizationStatus": "On" if optimised else "Off"}

    def _keep(self, call: Call, response: dict[str, Any]) -> None:
        given = {name: call.parameters[name] for name in _NAMES if name in call.parameters}
        if given.get("DeadLetterConfig") == {"TargetArn": ""}:  # takes it away
            given["DeadLetterConfig"] = {}
        self._settings.setdefault((_function(response), _LATEST), {}).update(given)

    def _published(self, call: Call, response: dict[str, Any]) -> None:
        arn, version = _function(response), response["Version"]
        if version != _LATEST:
            self._settings.setdefault((arn, version), dict(self._settings.get((arn, _LATEST), {})))

    def _show(self, call: Call, response: dict[str, Any]) -> None:
        listed = response.get("Functions", response.get("Versions"))
        for configuration in listed if listed is not None else [response.get("Configuration", response)]:
            self.complete(configuration)

    def _deleted(self, call: Call, response: dict[str, Any]) -> None:
        if "Qualifier" not in call.parameters:
            name = call.parameters["FunctionName"].rpartition(":")[2]
            place = f":lambda:{call.region}:{call.account_id}:function:{name}"
            for key in [key for key in self._settings if key[0].endswith(place)]:
                del self._settings[key]


def _function(configuration: dict[str, Any]) -> str:
    return ":".join(configuration["FunctionArn"].split(":")[:7])


def _logging(given: dict[str, str], name: str) -> dict[str, str]:
    shown = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
    if given.get("LogFormat") == "JSON":
        shown |= {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    return {**shown, **given}
