"""Which service of moto a request goes to.

moto tries the address patterns of its services in their order, and botocore puts a bucket's name before the host. So a
bucket called `logs` or `events` would reach another service. No other service's host is like that of S3, so its
patterns can stand first.
"""

from __future__ import annotations

from moto import backend_index

from helpers.cloud.touch import replace


def install() -> None:
    """Let S3's addresses be tried first."""
    replace(
        backend_index,
        "backend_url_patterns",
        sorted(backend_index.backend_url_patterns, key=lambda route: route[0] != "s3"),
        because="a bucket may be called like a service",
    )
