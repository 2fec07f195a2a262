"""The ids of messages that SNS writes by itself."""

from __future__ import annotations

from uuid import UUID

from helpers.cloud import Account


class MessageIds:
    """Ids from a stream of their own, so that they repeat with the Cloud's seed."""

    def __init__(self, account: Account) -> None:
        self._random = account.random_for("sns:message ids")

    def next(self) -> str:
        """A UUID such as 8f507cfc-7a52-4f1e-9c3b-1b1b1b1b1b1b."""
        return str(UUID(int=self._random.getrandbits(128), version=4))
