"""What a data plane is: a service's behaviour, attached to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from helpers.cloud.account import Account


class DataPlane:
    """What AWS does with a configuration and moto leaves out.

    A subclass names its `service` (boto3's name) and registers its handlers with the account when it is made.
    """

    service: ClassVar[str]

    def __init__(self, account: Account) -> None:
        self.account = account
