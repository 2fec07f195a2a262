"""The configuration of one version of a function, as its invocations obey it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.dataplane.awslambda.limits import (
    DEFAULT_EPHEMERAL_MB,
    DEFAULT_MEMORY_MB,
    DEFAULT_TIMEOUT_S,
    SECOND_US,
)


@dataclass(frozen=True)
class Configuration:
    """The settings of a version. Two are equal if their environments would be the same.

    `arn` is the function's, without a qualifier; `version` is "$LATEST" or a number. `layers` are ARNs of layer
    versions.
    """

    arn: str
    version: str
    handler: str
    runtime: str
    timeout_s: int
    memory_mb: int
    variables: Mapping[str, str]
    layers: tuple[str, ...]
    role: str
    code_sha256: str
    package_type: str
    ephemeral_mb: int
    log_format: str
    log_level: str
    system_log_level: str
    log_group: str
    snap_start: bool
    dead_letter_arn: str
    last_modified: str

    @property
    def name(self) -> str:
        """The function's name."""
        return self.arn.rpartition(":")[2]

    @property
    def region(self) -> str:
        """The Region the function is in."""
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """The account that owns the function."""
        return self.arn.split(":")[4]

    @property
    def timeout_us(self) -> int:
        """The longest run, in microseconds."""
        return self.timeout_s * SECOND_US

    @classmethod
    def of(cls, arn: str, version: str, reply: Mapping[str, Any]) -> Configuration:
        """Read the reply of GetFunctionConfiguration."""
        logging = reply.get("LoggingConfig", {})
        return cls(
            arn=arn,
            version=version,
            handler=reply.get("Handler", ""),
            runtime=reply.get("Runtime", ""),
            timeout_s=int(reply.get("Timeout", DEFAULT_TIMEOUT_S)),
            memory_mb=int(reply.get("MemorySize", DEFAULT_MEMORY_MB)),
            variables=dict(reply.get("Environment", {}).get("Variables", {})),
            layers=tuple(layer["Arn"] for layer in reply.get("Layers", [])),
            role=reply.get("Role", ""),
            code_sha256=reply.get("CodeSha256", ""),
            package_type=reply.get("PackageType", "Zip"),
            ephemeral_mb=int(reply.get("EphemeralStorage", {}).get("Size", DEFAULT_EPHEMERAL_MB)),
            log_format=logging.get("LogFormat", "Text"),
            log_level=logging.get("ApplicationLogLevel", ""),
            system_log_level=logging.get("SystemLogLevel", ""),
            log_group=logging.get("LogGroup", f"/aws/lambda/{arn.rpartition(':')[2]}"),
            snap_start=reply.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions",
            dead_letter_arn=reply.get("DeadLetterConfig", {}).get("TargetArn", ""),
            last_modified=str(reply.get("LastModified", "")),
        )
