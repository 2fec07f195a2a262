"""TransactWriteItems and TransactGetItems.

AWS: GUIDE/transaction-apis.html, API/API_TransactWriteItems.html, API/API_TransactGetItems.html,
API/API_CancellationReason.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.dynamodb import checks, errors
from helpers.dataplane.dynamodb.capacity import Capacity
from helpers.dataplane.dynamodb.changes import Change, Changes
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.limits import TRANSACTION_ACTIONS, TRANSACTION_BYTES
from helpers.dataplane.dynamodb.locks import Locks
from helpers.dataplane.dynamodb.metering import Bill, Cost, Metering
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.size import Item, item_size
from helpers.dataplane.dynamodb.supply import Direction
from helpers.dataplane.dynamodb.tables import Key, Tables, TableState
from helpers.dataplane.dynamodb.tokens import Tokens
from helpers.dataplane.dynamodb.units import Consistency

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
    """One action of a transaction: what is asked for, of which item, what it costs, and the item before and after."""

    kind: str
    given: dict[str, Any]
    state: TableState
    key: Item
    cost: Cost
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
        self,
        account: Account,
        tables: Tables,
        items: Items,
        changes: Changes,
        locks: Locks,
        models: Models,
        capacity: Capacity,
        metering: Metering,
    ) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._changes = changes
        self._locks = locks
        self._models = models
        self._capacity = capacity
        self._metering = metering
        self._tokens = Tokens()

    def write(self, call: Call) -> dict[str, Any]:
        """Up to 100 actions, all or none (API/API_TransactWriteItems.html).

        It costs twice the units of its writes, cancelled or not. Asked for again with its token it changes nothing and
        costs the units of reading its items.
        """
        actions = [self._action(call, each) for each in call.parameters["TransactItems"]]
        self._check(actions)
        token = (call.account_id, call.region, call.parameters["ClientRequestToken"])
        if not self._tokens.begin(token, call.parameters["TransactItems"], self._account.now_us):
            return self._read_again(call, actions)
        succeeded = False
        try:
            self._carry_out(call, actions)
            succeeded = True
        finally:
            if succeeded:
                self._tokens.succeeded(token, self._account.now_us)
            else:
                self._tokens.failed(token)
        for action in actions:
            if action.kind != "ConditionCheck":
                self._changes.announce(Change(action.state, action.key, action.before, action.after))
        return self._bill(actions).shown(call.parameters, transactional=True)

    def read(self, call: Call) -> dict[str, Any]:
        """Up to 100 items as of one instant (API/API_TransactGetItems.html), for twice the units of reading them."""
        actions = [self._action(call, each) for each in call.parameters["TransactItems"]]
        self._check(actions)
        self._refuse_conflicts(actions)
        responses = []
        for action in actions:
            action.before = self._items.get(action.state, action.key)
            wanted = {name: action.given[name] for name in _READS if name in action.given}
            responses.append(self._ask(action, "GetItem", wanted))
        self._check_size(actions)
        for action in actions:
            action.cost = self._metering.read(
                action.state, action.key, action.before, Consistency.TRANSACTIONAL
            )
        self._let_pass(call, actions)
        return {"Responses": responses, **self._bill(actions).shown(call.parameters, transactional=True)}

    def _read_again(self, call: Call, actions: list[Action]) -> dict[str, Any]:
        for action in actions:
            item = self._items.get(action.state, action.key)
            action.cost = self._metering.read(action.state, action.key, item, Consistency.TRANSACTIONAL)
            self._capacity.spend(action.cost.charges)
        return self._bill(actions).shown(call.parameters, transactional=True)

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
        direction = Direction.READ if kind == "Get" else Direction.WRITE
        return Action(kind, given, state, state.table.key_of(of), Cost(state, direction))

    def _check(self, actions: list[Action]) -> None:
        if len(actions) > TRANSACTION_ACTIONS:
            raise errors.invalid(
                "1 validation error detected at 'transactItems' failed to satisfy constraint: "
                f"Member must have length less than or equal to {TRANSACTION_ACTIONS}."
            )
        if len({action.place for action in actions}) < len(actions):
            raise errors.invalid("Transaction request cannot include multiple operations on one item")
        for action in actions:
            checks.expressions(action.given)

    def _check_size(self, actions: list[Action]) -> None:
        if sum(action.size_bytes for action in actions) > TRANSACTION_BYTES:
            raise errors.invalid("Collection size of the items in the transaction exceeds 4 MB.")

    def _refuse_conflicts(self, actions: Sequence[Action]) -> None:
        reasons = [
            errors.reason("TransactionConflict", "Transaction is ongoing for the item")
            if self._locks.conflict(action.state, action.key)
            else errors.NO_REASON
            for action in actions
        ]
        _cancel_for(reasons)

    def _carry_out(self, call: Call, actions: list[Action]) -> None:
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
            reasons = [self._try(action) for action in actions]
            if any(reason != errors.NO_REASON for reason in reasons):
                for action in actions:
                    self._capacity.spend(self._offered(action).charges)
                raise errors.transaction_cancelled(reasons)
            self._check_size(actions)
            self._let_pass(call, actions)
        except ServiceError:
            for action in actions:
                self._items.restore(action.state, action.key, action.before)
            raise

    def _let_pass(self, call: Call, actions: list[Action]) -> None:
        """Take what the actions cost from the capacity of their tables, or cancel them all."""
        refused = self._capacity.refuse_together([action.cost.charges for action in actions])
        first = next((error for error in refused if error is not None), None)
        if first is not None:
            self._capacity.request_throttled(call.operation, first)
        _cancel_for(
            [
                errors.NO_REASON if error is None else errors.reason(error.cancellation, error.message)
                for error in refused
            ]
        )
        for action in actions:
            self._capacity.spend(action.cost.charges)

    def _offered(self, action: Action) -> Cost:
        """What an action costs that was not carried out: the larger of the item that is there and the one offered."""
        size = max(item_size(action.before or {}), item_size(action.given.get("Item") or {}))
        return self._metering.touch(action.state, action.key, size, transactional=True)

    def _bill(self, actions: list[Action]) -> Bill:
        bill = Bill()
        for action in actions:
            bill.add(action.given["TableName"], action.cost)
        return bill

    def _try(self, action: Action) -> dict[str, Any]:
        """Carry one action out, and say why that is impossible if it is."""
        table = action.state.table
        try:
            if action.kind == "Put":
                checks.values(action.given["Item"].values())
                checks.item(table, action.given["Item"])
            self._ask(action, *self._as_one_call(action))
            action.after = self._items.get(action.state, action.key)
            if action.kind == "Update":
                checks.item(table, action.after or {}, updated=True)
        except ServiceError as error:
            if error.code == "ConditionalCheckFailedException":
                found = (error.parsed or {}).get("Item")
                return errors.reason("ConditionalCheckFailed", "The conditional request failed", found)
            if error.code == "ValidationException" and any(text in error.message for text in _OF_THE_ITEM):
                return errors.reason("ValidationError", error.message)
            raise
        if action.kind == "ConditionCheck":
            action.cost = self._offered(action)
        else:
            action.cost = self._metering.write(action.state, action.before, action.after, transactional=True)
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
