"""Client request tokens: a transaction that is sent again is not carried out again.

AWS: GUIDE/transaction-apis.html#transaction-apis-txwriteitems-idempotency, API/API_TransactWriteItems.html.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from helpers.cloud.trail import copied
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.limits import TOKEN_US

Token = tuple[str, str, str]
"""Account, Region and the text that the caller chose; boto3 chooses one for each call that brings none."""


class Tokens:
    """Which transaction each token stands for: those that go on, and those that succeeded in the last 10 minutes."""

    def __init__(self) -> None:
        self._actions: dict[Token, Any] = {}
        self._going_on: set[Token] = set()
        self._finished: deque[tuple[int, Token]] = deque()

    def begin(self, token: Token, actions: list[dict[str, Any]], now_us: int) -> bool:
        """A request with this token arrives. False if its transaction has succeeded already.

        Raises TransactionInProgressException while the first request goes on, and
        IdempotentParameterMismatchException if that one had other actions.
        """
        while self._finished and self._finished[0][0] <= now_us - TOKEN_US:
            del self._actions[self._finished.popleft()[1]]
        if token not in self._actions:
            self._actions[token] = copied(actions)
            self._going_on.add(token)
            return True
        if self._actions[token] != actions:
            raise errors.other_parameters()
        if token in self._going_on:
            raise errors.transaction_in_progress()
        return False

    def succeeded(self, token: Token, now_us: int) -> None:
        """The transaction was carried out: for 10 minutes from now the token repeats that answer."""
        self._going_on.remove(token)
        self._finished.append((now_us, token))

    def failed(self, token: Token) -> None:
        """The transaction was not carried out: the token may be used again."""
        self._going_on.remove(token)
        del self._actions[token]
