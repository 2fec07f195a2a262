"""TransactWriteItems and TransactGetItems.

AWS: GUIDE/transaction-apis.html, API/API_TransactWriteItems.html, API/API_TransactGetItems.html,
API/API_CancellationReason.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.changes import Change, Changes
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.limits import ITEM_BYTES, TRANSACTION_ACTIONS, TRANSACTION_BYTES
from helpers.dataplane.dynamodb.locks import Locks
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.tables import Key, Tables, TableState
from helpers.dataplane.dynamodb.tokens import Tokens

_OF_THE_ITEM = (
    "One or more parameter values were invalid",
    "incorrect data type",
    "does not exist in the item",
    "document path provided in the update expression is invalid",
    "exceeded the maximum allowed size",
    "Number overflow",
    "Number underflow",
    "Type mismatch",
)
"""What a ValidationException says where an action is impossible for its item, not for the form of the request. In a
transaction that is a cancellation reason (API/API_TransactWriteItems.html)."""

_READS = ("TableName", "Key", "ProjectionExpression", "ExpressionAttributeNames")


@dataclass(slots=True)
class Action:
    """One action of a transaction: what is asked for, of which item, and the item before and after it."""

    kind: str
    given: dict[str, Any]
    state: TableState
    key: Item
    before: Item | None = None
    after: Item | None = None

    @property
    def place(self) -> tuple[TableState, Key]:
        """Which item it is."""
        return self.state, self.state.table.key_id(self.key)

    @property
    def size_bytes(self) -> int:
        """The item's bytes, before or after, whatever is more."""
        return max(item_size(item or {}) for item in (self.before, self.after))


class Transactions:
    """Answers the calls that read or write several items at once, all or nothing.

    All actions of a write are carried out at one instant. A model (`Models.transaction_s`) lets it begin before that,
    and keeps other writes off its items meanwhile.
    """

    def __init__(
        self, account: Account, tables: Tables, items: Items, changes: Changes, locks: Locks, models: Models
    ) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._changes = changes
        self._locks = locks
        self._models = models
        self._tokens = Tokens()

    def write(self, call: Call) -> dict[str, Any]:
        """Up to 100 actions, all or none (API/API_TransactWriteItems.html)."""
        actions = [self._action(call, each) for each in call.parameters["TransactItems"]]
        self._check(actions)
        token = (call.account_id, call.region, call.parameters["ClientRequestToken"])
        if not self._tokens.begin(token, call.parameters["TransactItems"], self._account.now_us):
            return {}
        succeeded = False
        try:
            self._carry_out(actions)
            succeeded = True
        finally:
            if succeeded:
                self._tokens.succeeded(token, self._account.now_us)
            else:
                self._tokens.failed(token)
        for action in actions:
            if action.kind != "ConditionCheck":
                self._changes.announce(Change(action.state, action.key, action.before, action.after))
        return {}

    def read(self, call: Call) -> dict[str, Any]:
        """Up to 100 items as of one instant (API/API_TransactGetItems.html)."""
        actions = [self._action(call, each) for each in call.parameters["TransactItems"]]
        self._check(actions)
        self._refuse_conflicts(actions)
        responses = []
        for action in actions:
            action.before = self._items.get(action.state, action.key)
            wanted = {name: action.given[name] for name in _READS if name in action.given}
            responses.append(self._ask(action, "GetItem", wanted))
        self._check_size(actions)
        return {"Responses": responses}

    def _action(self, call: Call, entry: dict[str, Any]) -> Action:
        if len(entry) != 1:
            raise errors.invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, given),) = entry.items()
        state = self._tables.of(call, given["TableName"])
        of = given["Item"] if kind == "Put" else given["Key"]
        missing = next((name for name in state.table.keys if name not in of), None)
        if missing is not None:
            raise errors.invalid(
                f"One or more parameter values were invalid: Missing the key {missing} in the item"
            )
        return Action(kind, given, state, state.table.key_of(of))

    def _check(self, actions: list[Action]) -> None:
        if len(actions) > TRANSACTION_ACTIONS:
            raise errors.invalid(
                "1 validation error detected at 'transactItems' failed to satisfy constraint: "
                f"Member must have length less than or equal to {TRANSACTION_ACTIONS}."
            )
        if len({action.place for action in actions}) < len(actions):
            raise errors.invalid("Transaction request cannot include multiple operations on one item")
        if any(action.kind == "Put" and item_size(action.given["Item"]) > ITEM_BYTES for action in actions):
            raise errors.invalid("Item size has exceeded the maximum allowed size")

    def _check_size(self, actions: list[Action]) -> None:
        if sum(action.size_bytes for action in actions) > TRANSACTION_BYTES:
            raise errors.invalid("Collection size of the items in the transaction exceeds 4 MB.")

    def _refuse_conflicts(self, actions: Sequence[Action]) -> None:
        reasons = [
            errors.reason("TransactionConflict", "Transaction is ongoing for the item")
            if self._locks.held(action.state, action.key)
            else errors.NO_REASON
            for action in actions
        ]
        _cancel_for(reasons)

    def _carry_out(self, actions: list[Action]) -> None:
        self._refuse_conflicts(actions)
        if self._models.transaction_s:
            places = [action.place for action in actions]
            self._locks.take(places)
            try:
                self._account.signal().wait(self._models.transaction_s)
            finally:
                self._locks.release(places)
        for action in actions:
            action.before = action.after = self._items.get(action.state, action.key)
        try:
            _cancel_for([self._try(action) for action in actions])
            self._check_size(actions)
        except ServiceError:
            for action in actions:
                self._items.restore(action.state, action.key, action.before)
            raise

    def _try(self, action: Action) -> dict[str, Any]:
        """Carry one action out, and say why that is impossible if it is."""
        try:
            self._ask(action, *self._as_one_call(action))
            action.after = self._items.get(action.state, action.key)
        except ServiceError as error:
            if error.code == "ConditionalCheckFailedException":
                found = (error.parsed or {}).get("Item")
                return errors.reason("ConditionalCheckFailed", "The conditional request failed", found)
            if error.code == "ValidationException" and any(text in error.message for text in _OF_THE_ITEM):
                return errors.reason("ValidationError", error.message)
            raise
        if item_size(action.after or {}) > ITEM_BYTES:
            return errors.reason(
                "ValidationError", "Item size to update has exceeded the maximum allowed size"
            )
        return errors.NO_REASON

    def _as_one_call(self, action: Action) -> tuple[str, dict[str, Any]]:
        """The action as a call of its own. A condition alone goes with a write that changes nothing."""
        if action.kind != "ConditionCheck":
            return f"{action.kind}Item", action.given
        if action.before is None:
            return "DeleteItem", action.given
        given = {name: value for name, value in action.given.items() if name != "Key"}
        return "PutItem", given | {"Item": dict(action.before)}

    def _ask(self, action: Action, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        where = {"region": action.state.region, "account_id": action.state.account_id}
        return self._account.ask("dynamodb", operation, parameters, **where)


def _cancel_for(reasons: list[dict[str, Any]]) -> None:
    if any(reason != errors.NO_REASON for reason in reasons):
        raise errors.transaction_cancelled(reasons)
