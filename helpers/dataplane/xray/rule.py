"""One sampling rule: what it matches, how much it records.

Pages: GUIDE/xray-console-sampling.html, API/API_SamplingRule.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

DEFAULT = "Default"
LAST_PRIORITY = 10_000
"""The priority of the Default rule, behind all others."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a service knows of a request when it decides whether to record it."""

    service: str
    method: str = ""
    path: str = ""
    host: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True)
class SamplingRule:
    """A rule as the API gives it. `reservoir` is the number of requests to record each second, over all services;
    `rate` the share of the others.
    """

    name: str
    priority: int
    rate: float
    reservoir: int
    service: str = "*"
    type: str = "*"
    host: str = "*"
    method: str = "*"
    path: str = "*"

    @classmethod
    def of(cls, given: dict[str, Any]) -> SamplingRule:
        """The rule that a SamplingRule of the API describes."""
        return cls(
            name=given["RuleName"],
            priority=given["Priority"],
            rate=given["FixedRate"],
            reservoir=given["ReservoirSize"],
            service=given["ServiceName"],
            type=given["ServiceType"],
            host=given["Host"],
            method=given["HTTPMethod"],
            path=given["URLPath"],
        )

    def matches(self, request: Request) -> bool:
        """All its criteria fit. `*` stands for any text, `?` for one character."""
        return (
            fits(self.service, request.service)
            and fits(self.type, request.type)
            and fits(self.host, request.host)
            and fits(self.method, request.method)
            and fits(self.path, request.path)
        )


def fits(pattern: str, text: str) -> bool:
    """`text` is what `pattern` describes, whatever its case."""
    return pattern == "*" or _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
