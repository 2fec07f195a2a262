"""The calls about functions themselves. moto answers them; here is what it does not check.

Pages: API/API_CreateFunction.html, API/API_UpdateFunctionConfiguration.html, DG/gettingstarted-limits.html,
DG/configuration-envvars.html, DG/configuration-concurrency.html.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.awslambda import errors, limits
from helpers.dataplane.awslambda.functions import LATEST, Functions
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.provisioned import Provisioned

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
    }
)  # fmt: skip
"""Variables that only Lambda sets (DG/configuration-envvars.html)."""

_VARIABLE = re.compile(r"[a-zA-Z]([a-zA-Z0-9_])+")
_NOT_FOR_VERSIONS = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
    "Please specify either a function name or an unqualified function ARN."
)


class Control:
    """Refuses what AWS refuses and moto lets pass, and answers what moto lacks."""

    def __init__(
        self,
        account: Account,
        functions: Functions,
        provisioned: Provisioned,
        models: Models,
    ) -> None:
        self._account = account
        self._functions = functions
        self._provisioned = provisioned
        self._models = models
        for operation, check in (
            ("CreateFunction", self._check_configuration),
            ("CreateFunction", self._check_package),
            ("UpdateFunctionConfiguration", self._check_unqualified),
            ("UpdateFunctionConfiguration", self._check_configuration),
            ("UpdateFunctionCode", self._check_unqualified),
            ("UpdateFunctionCode", self._check_package),
            ("PutFunctionConcurrency", self._check_unqualified),
            ("PutFunctionConcurrency", self._check_reserved),
        ):
            account.before("lambda", operation, check)
        account.answer("lambda", "GetAccountSettings", self._account_settings)

    # Functions

    def _check_configuration(self, call: Call) -> None:
        """The ranges of DG/gettingstarted-limits.html; botocore checks the lower ends."""
        given = call.parameters
        for name, (_, most) in (("Timeout", limits.TIMEOUT_S), ("MemorySize", limits.MEMORY_MB)):
            if given.get(name, 0) > most:
                raise errors.out_of_range(name, given[name], "less than or equal to", most)
        if len(given.get("Layers", ())) > limits.LAYERS:
            raise errors.invalid(f"Cannot reference more than {limits.LAYERS} layers.")
        size_mb = given.get("EphemeralStorage", {}).get("Size", 0)
        if size_mb > limits.EPHEMERAL_MB[1]:
            raise errors.not_valid(
                size_mb,
                "ephemeralStorage.size",
                f"Member must have value less than or equal to {limits.EPHEMERAL_MB[1]}",
            )
        _check_variables(given.get("Environment", {}).get("Variables", {}))

    def _check_package(self, call: Call) -> None:
        """50 MB zipped through the API, 250 MB unzipped (DG/gettingstarted-limits.html)."""
        given = call.parameters.get("Code", call.parameters)
        if "S3Key" in given:
            self._check_object(call, given["S3Bucket"], given["S3Key"])
        content = given.get("ZipFile")
        if content is None:
            return
        content = content.encode() if isinstance(content, str) else content
        if len(content) > limits.ZIPPED_BYTES:
            raise errors.too_large_package(limits.ZIPPED_BYTES)
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as package:
                unzipped = sum(entry.file_size for entry in package.infolist())
        except zipfile.BadZipFile:
            said = "Could not unzip uploaded file. Please check your file, then try to upload again."
            raise errors.invalid(said) from None
        if unzipped >= limits.UNZIPPED_BYTES:
            raise errors.invalid(f"Unzipped size must be smaller than {limits.UNZIPPED_BYTES} bytes")

    def _check_object(self, call: Call, bucket: str, key: str) -> None:
        """The package must be there; moto does not mind if it is not."""
        for operation, names, code, said in (
            ("HeadBucket", {"Bucket": bucket}, "NoSuchBucket", "The specified bucket does not exist"),
            ("HeadObject", {"Bucket": bucket, "Key": key}, "NoSuchKey", "The specified key does not exist."),
        ):
            try:
                self._account.ask("s3", operation, names, region=call.region, account_id=call.account_id)
            except ServiceError:
                raise errors.invalid(
                    f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {said}"
                ) from None

    def _check_unqualified(self, call: Call) -> None:
        """Only the unpublished version can be changed (DG/configuration-versions.html)."""
        if self._named(call)[1] not in (None, LATEST):
            raise errors.invalid(_NOT_FOR_VERSIONS)

    # Concurrency

    def _check_reserved(self, call: Call) -> None:
        """All but 100 of the account's concurrency may be reserved, and not less than is provisioned."""
        arn, _ = self._named(call)
        asked = call.parameters["ReservedConcurrentExecutions"]
        if asked < self._provisioned.total(arn):
            raise errors.invalid(
                "ReservedConcurrentExecutions value is less than the provisioned concurrency of the function."
            )
        left = self._provisioned.unreserved(arn) - asked
        left += self._functions.reserved(arn) or self._provisioned.total(arn)
        if asked and left < limits.UNRESERVED_MINIMUM:
            raise errors.invalid(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                f"below its minimum value of [{limits.UNRESERVED_MINIMUM}]."
            )

    def _account_settings(self, call: Call) -> dict[str, Any]:
        """API/API_GetAccountSettings.html"""
        listed = self._account.ask("lambda", "ListFunctions", {"FunctionVersion": "ALL"}, region=call.region)
        functions = listed["Functions"]
        here = f"arn:aws:lambda:{call.region}:{call.account_id}:function:"
        reserved = sum(self._functions.all_reserved(here).values())
        return {
            "AccountLimit": {
                "TotalCodeSize": limits.STORAGE_BYTES,
                "CodeSizeUnzipped": limits.UNZIPPED_BYTES,
                "CodeSizeZipped": limits.ZIPPED_BYTES,
                "ConcurrentExecutions": self._models.account_concurrency,
                "UnreservedConcurrentExecutions": self._models.account_concurrency - reserved,
            },
            "AccountUsage": {
                "TotalCodeSize": sum(function["CodeSize"] for function in functions),
                "FunctionCount": sum(function["Version"] == LATEST for function in functions),
            },
        }

    def _named(self, call: Call) -> tuple[str, str | None]:
        return self._functions.arn(
            call.parameters["FunctionName"], region=call.region, account_id=call.account_id
        )

    def _ask(self, call: Call, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._account.ask(
            "lambda", operation, parameters, region=call.region, account_id=call.account_id
        )


def _check_variables(variables: Mapping[str, str]) -> None:
    """Names, reserved names and size (DG/configuration-envvars.html)."""
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise errors.not_valid(
                name, "environment.variables", f"Map keys must satisfy constraint: {_VARIABLE.pattern}"
            )
    taken = [name for name in variables if name in RESERVED_VARIABLES]
    if taken:
        raise errors.invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
    size = len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode())
    if size > limits.ENVIRONMENT_BYTES:
        raise errors.invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {json.dumps(dict(variables), separators=(',', ':'))}"
        )
