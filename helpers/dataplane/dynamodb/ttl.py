"""Time to live: DynamoDB deletes items by itself some time after the moment that one of their attributes names.

AWS: GUIDE/TTL.html, GUIDE/time-to-live-ttl-how-to.html, GUIDE/time-to-live-ttl-before-you-start.html,
GUIDE/ttl-expired-items.html, API/API_UpdateTimeToLive.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from helpers.cloud import Account, Call, Timer
from helpers.dataplane.dynamodb import errors
from helpers.dataplane.dynamodb.changes import Change, Changes
from helpers.dataplane.dynamodb.expiries import Expiries, Expiry
from helpers.dataplane.dynamodb.items import Items
from helpers.dataplane.dynamodb.limits import SECOND_US, TTL_CHANGE_US, TTL_OLDEST_S
from helpers.dataplane.dynamodb.metrics import Metrics
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import Key, Tables, TableState

_FAR_US = 100 * 365 * 86_400 * SECOND_US
"""What expires in a century or later is not waited for, such as an attribute in milliseconds."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """What UpdateTimeToLive last said of a table, when, and when that takes effect (since the Cloud was opened)."""

    attribute: str
    enabled: bool
    set_us: int
    effective_us: int

    def status(self, now_us: int) -> str:
        names = ("ENABLING", "ENABLED") if self.enabled else ("DISABLING", "DISABLED")
        return names[now_us >= self.effective_us]

    def deletes(self, now_us: int) -> bool:
        """True while expired items are deleted: once it is enabled, and still while it is being disabled."""
        return (now_us >= self.effective_us) == self.enabled


class TimeToLive:
    """Follows UpdateTimeToLive and every change of an item, and deletes what has expired."""

    def __init__(
        self,
        account: Account,
        tables: Tables,
        items: Items,
        changes: Changes,
        models: Models,
        metrics: Metrics,
    ) -> None:
        self._account = account
        self._tables = tables
        self._items = items
        self._changes = changes
        self._models = models
        self._metrics = metrics
        self._settings: dict[TableState, _Setting] = {}
        self._expiries = Expiries()
        self._timer: Timer | None = None
        self._timer_us: int | None = None
        tables.when_gone(self._gone)

    # The calls

    def update(self, call: Call) -> dict[str, Any]:
        """Switch time to live on or off (API/API_UpdateTimeToLive.html).

        Raises ValidationException if it is as asked already, for another attribute than the active one, and for a
        second change within an hour (GUIDE/time-to-live-ttl-how-to.html).
        """
        state, now_us = self._tables.of(call), self._account.now_us
        wanted = call.parameters["TimeToLiveSpecification"]
        enabled, attribute = wanted["Enabled"], wanted["AttributeName"]
        setting = self._settings.get(state)
        active = setting is not None and setting.enabled
        if active == enabled:
            raise errors.invalid(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
        if setting is not None and active and setting.attribute != attribute:
            raise errors.invalid(
                "TimeToLive is active on a different AttributeName: "
                f"current AttributeName is {setting.attribute}"
            )
        if setting is not None and now_us < setting.set_us + TTL_CHANGE_US:
            raise errors.invalid("Time to live has been modified multiple times within a fixed interval")
        reply = call.forward()
        takes_s = self._models.ttl_enabling_s if enabled else self._models.ttl_disabling_s
        setting = _Setting(attribute, enabled, now_us, now_us + round(takes_s * SECOND_US))
        self._settings[state] = setting
        self._account.at(takes_s, partial(self._takes_effect, state, setting), name="dynamodb")
        return reply

    def describe(self, call: Call) -> dict[str, Any]:
        """Whether time to live is on (API/API_DescribeTimeToLive.html)."""
        setting = self._settings.get(self._tables.of(call))
        status = "DISABLED" if setting is None else setting.status(self._account.now_us)
        described = {"TimeToLiveStatus": status}
        if setting is not None and status != "DISABLED":
            described["AttributeName"] = setting.attribute
        return {"TimeToLiveDescription": described}

    # What happens to items

    def changed(self, change: Change) -> None:
        """An item was written: it may expire now, at another time, or no longer."""
        setting = self._settings.get(change.table)
        if setting is not None and setting.deletes(self._account.now_us):
            self._look_at(change.table, setting, change.key, change.after)
            self._wait()

    def _takes_effect(self, state: TableState, setting: _Setting) -> None:
        if self._settings.get(state) is not setting:
            return
        if setting.enabled:
            for item in self._items.all(state):
                self._look_at(state, setting, state.table.key_of(item), item)
        else:
            self._expiries.drop_all(state)
        self._wait()

    def _look_at(self, state: TableState, setting: _Setting, key: Item, item: Item | None) -> None:
        key_id = state.table.key_id(key)
        text = (item or {}).get(setting.attribute, {}).get("N")
        known = self._expiries.get(state, key_id)
        if known is not None and known.text == text:
            return
        due_us = None if text is None else self._due_us(state, key_id, text)
        if text is None or due_us is None:
            self._expiries.drop(state, key_id)
        else:
            self._expiries.set(key_id, Expiry(state, dict(key), text, due_us))

    def _due_us(self, state: TableState, key_id: Key, text: str) -> int | None:
        """When DynamoDB deletes an item with this number, or None if it leaves it alone."""
        now_us, epoch_us = self._account.now_us, self._account.epoch_us
        number = Decimal(text)
        if not epoch_us // SECOND_US - TTL_OLDEST_S <= number < (epoch_us + _FAR_US) // SECOND_US:
            return None
        # Expired means: the number is less than the present time in seconds (API/API_UpdateTimeToLive.html).
        expired_us = (int(number) + 1) * SECOND_US - epoch_us + now_us
        models = self._models
        draw = self._account.random_for(f"time to live of {state.arn} {key_id} {text}")
        delay_s = draw.uniform(models.ttl_delay_min_s, models.ttl_delay_max_s)
        return max(expired_us, now_us) + round(delay_s * SECOND_US)

    # Deleting

    def _wait(self) -> None:
        """Set the one timer to the time at which the next item is deleted, unless it goes off before that anyway."""
        first_us = self._expiries.first_us()
        if first_us is None or (self._timer_us is not None and self._timer_us <= first_us):
            return
        if self._timer is not None:
            self._timer.cancel()
        delay_s = (first_us - self._account.now_us) / SECOND_US
        self._timer, self._timer_us = self._account.at(delay_s, self._delete, name="dynamodb"), first_us

    def _delete(self) -> None:
        self._timer = self._timer_us = None
        for expiry in self._expiries.until(self._account.now_us):
            state, key = expiry.state, expiry.key
            setting, before = self._settings[state], self._items.get(state, key)
            text = (before or {}).get(setting.attribute, {}).get("N")
            if before is None or text is None or Decimal(text) != Decimal(expiry.text):
                continue  # it was written past the API
            self._items.remove(state, key)
            self._metrics.expired(state.table.name)
            self._account.record(
                "dynamodb",
                "DeleteItem",
                {"TableName": state.table.name, "Key": key},
                {"Attributes": dict(before)},
            )
            self._changes.announce(Change(state, key, before, None, by="ttl"))
        self._wait()

    def _gone(self, state: TableState) -> None:
        self._settings.pop(state, None)
        self._expiries.drop_all(state)
