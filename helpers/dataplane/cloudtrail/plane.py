"""The CloudTrail data plane: which call goes where, and what becomes of every call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from helpers.cloud import Account, Call, DataPlane
from helpers.cloud.trail import Row
from helpers.dataplane.cloudtrail import selectors
from helpers.dataplane.cloudtrail.delivery import Delivery
from helpers.dataplane.cloudtrail.event import Event, event_of
from helpers.dataplane.cloudtrail.history import History
from helpers.dataplane.cloudtrail.identities import Identities
from helpers.dataplane.cloudtrail.models import Models
from helpers.dataplane.cloudtrail.trails import Trail, Trails

_GIVING = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "CreateAccessKey"}
    | {"CreateFunction", "UpdateFunctionConfiguration"}
)


class CloudTrail(DataPlane):
    """CloudTrail as AWS documents it: moto holds the settings of trails, this plane makes events of calls.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "cloudtrail"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self._identities = Identities(account.account_id)
        self._identities.learn(account.attempts)
        self._trails = Trails()
        self._delivery = Delivery(account, self.models)
        history = History(account, self.models, self.events)
        account.answer("cloudtrail", "LookupEvents", history.lookup)
        account.answer("cloudtrail", "GetEventSelectors", self._get_selectors)
        account.before("cloudtrail", "CreateTrail", self._check_trail)
        account.before("cloudtrail", "PutEventSelectors", lambda call: selectors.check(call.parameters))
        account.amend("cloudtrail", "CreateTrail", self._created)
        account.amend("cloudtrail", "UpdateTrail", self._updated)
        account.amend("cloudtrail", "DeleteTrail", self._deleted)
        account.amend("cloudtrail", "StartLogging", self._started)
        account.amend("cloudtrail", "StopLogging", self._stopped)
        account.amend("cloudtrail", "PutEventSelectors", self._put_selectors)
        account.amend("cloudtrail", "GetTrailStatus", self._status)
        account.on_call(self._heard)

    def events(self) -> Iterator[Event]:
        """All calls of the account that CloudTrail knows of, management and data events, by their start."""
        for row in self.account.attempts:
            event = self._event(row)
            if event is not None:
                yield event

    def _event(self, row: Row) -> Event | None:
        return event_of(row, self._identities, self.account.epoch_us - self.account.now_us, self.account.seed)

    def _heard(self, row: Row) -> None:
        """A call has ended."""
        if row.operation in _GIVING:
            self._identities.learn([row])
        trails = self._trails.logging()
        if row.service == "cloudtrail" and row.operation == "StopLogging" and row.error is None:
            stopped = self._trails.find(row.region, row.parameters["Name"])
            trails += [stopped] if stopped is not None and stopped not in trails else []
        event = self._event(row) if trails else None
        if event is None:
            return
        logging = [trail for trail in trails if trail.logs(event)]
        for trail in logging:
            self._delivery.take(trail, event)
        if logging:
            self._delivery.announce(event)

    # Trails

    def _check_trail(self, call: Call) -> None:
        asked = call.parameters
        self._trails.check_new(call.region, asked["Name"])
        arn = f"arn:aws:cloudtrail:{call.region}:{call.account_id}:trail/{asked['Name']}"
        self._delivery.check_bucket(arn, asked["S3BucketName"], asked.get("S3KeyPrefix") or "")

    def _created(self, call: Call, response: dict[str, Any]) -> None:
        self._trails.add(Trail(response["TrailARN"], call.region, dict(call.parameters)))

    def _updated(self, call: Call, response: dict[str, Any]) -> None:
        trail = self._find(call)
        if trail is not None:
            trail.settings |= {name: value for name, value in call.parameters.items() if name != "Name"}

    def _deleted(self, call: Call, response: dict[str, Any]) -> None:
        self._trails.remove(call.region, call.parameters["Name"])

    def _started(self, call: Call, response: dict[str, Any]) -> None:
        trail = self._find(call)
        if trail is not None and not trail.logging:
            trail.logging, trail.started = True, self.account.datetime

    def _stopped(self, call: Call, response: dict[str, Any]) -> None:
        trail = self._find(call)
        if trail is not None and trail.logging:
            trail.logging, trail.stopped = False, self.account.datetime

    def _put_selectors(self, call: Call, response: dict[str, Any]) -> None:
        trail = self._trails.find(call.region, call.parameters["TrailName"])
        if trail is not None:
            trail.chosen = {
                name: call.parameters[name]
                for name in ("EventSelectors", "AdvancedEventSelectors")
                if call.parameters.get(name)
            }

    def _get_selectors(self, call: Call) -> dict[str, Any]:
        answer = call.forward()  # which knows whether there is such a trail
        trail = self._trails.find(call.region, call.parameters["TrailName"])
        if trail is None:
            return answer
        return {"TrailARN": trail.arn, **(trail.chosen or {"EventSelectors": selectors.USUAL})}

    def _status(self, call: Call, response: dict[str, Any]) -> None:
        trail = self._find(call)
        if trail is None:
            return
        for name in list(response):
            if name != "ResponseMetadata":
                del response[name]
        times = {
            "StartLoggingTime": trail.started,
            "StopLoggingTime": trail.stopped,
            "LatestDeliveryTime": trail.delivered,
        }
        texts = {"TimeLoggingStarted": trail.started, "TimeLoggingStopped": trail.stopped}
        response |= {
            "IsLogging": trail.logging,
            **{name: at for name, at in times.items() if at is not None},
            **{name: _text(at) for name, at in texts.items()},
            **({"LatestDeliveryError": trail.delivery_error} if trail.delivery_error else {}),
        }

    def _find(self, call: Call) -> Trail | None:
        return self._trails.find(call.region, call.parameters["Name"])


def _text(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
