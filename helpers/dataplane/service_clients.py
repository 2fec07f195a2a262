"""The clients with which a service calls other services by itself."""

from __future__ import annotations

from typing import Any

from botocore.config import Config

from helpers.cloud import Account


class ServiceClients:
    """A client for each service and Region that a service calls. None retries: a service that tries again does so in
    its own way and its own time.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._clients: dict[tuple[str, str], Any] = {}

    def of(self, arn: str) -> Any:
        """The client for the resource with this ARN."""
        _, _, service, region, *_ = arn.split(":")
        client = self._clients.get((service, region))
        if client is None:
            once = Config(retries={"total_max_attempts": 1, "mode": "standard"})
            client = self._account.client(service, region_name=region, config=once)
            self._clients[service, region] = client
        return client
