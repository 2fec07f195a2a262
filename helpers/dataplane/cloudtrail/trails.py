"""The trails of an account: what they log, and since when.

Pages: API/API_CreateTrail.html, API/API_StartLogging.html, API/API_StopLogging.html, API/API_GetTrailStatus.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.cloudtrail import selectors
from helpers.dataplane.cloudtrail.event import LEADER, Event
from helpers.dataplane.cloudtrail.limits import MOST_TRAILS

_GLOBAL_SOURCES = frozenset({"iam.amazonaws.com", "sts.amazonaws.com", "cloudfront.amazonaws.com"})


@dataclass(slots=True)
class Trail:
    """A trail: its settings as CreateTrail takes them, its selectors, and what became of its deliveries."""

    arn: str
    home: str
    settings: dict[str, Any]
    chosen: dict[str, Any] = field(default_factory=dict)
    """The selectors, as PutEventSelectors takes them."""
    logging: bool = False
    started: datetime | None = None
    stopped: datetime | None = None
    delivered: datetime | None = None
    delivery_error: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.settings["Name"])

    @property
    def account_id(self) -> str:
        """The account that owns it."""
        return self.arn.split(":")[4]

    @property
    def multi_region(self) -> bool:
        """Whether it logs all Regions; made by the API, a trail logs one unless told otherwise."""
        return bool(self.settings.get("IsMultiRegionTrail", False))

    def logs(self, event: Event) -> bool:
        """Whether it logs the event, if it is logging."""
        if (
            event.identity.account_id != self.account_id
            or event.identity.service == "cloudtrail.amazonaws.com"
        ):
            return False
        if not self.multi_region and event.region != self.home:
            return False
        everywhere = event.source in _GLOBAL_SOURCES and event.region == LEADER
        if everywhere and not self.settings.get("IncludeGlobalServiceEvents", True):
            return False
        return selectors.logs(self.chosen, event)


class Trails:
    """The trails by their home Region and name."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Trail] = {}

    def check_new(self, region: str, name: str) -> None:
        """Raises ServiceError if there cannot be such a trail."""
        if (region, name) in self._held:
            raise ServiceError("TrailAlreadyExistsException", f"Trail {name} already exists.")
        if sum(each.home == region or each.multi_region for each in self._held.values()) >= MOST_TRAILS:
            raise ServiceError(
                "MaximumNumberOfTrailsExceededException",
                f"The Region {region} has {MOST_TRAILS} trails already.",
            )

    def add(self, trail: Trail) -> None:
        """A trail was made."""
        self._held[trail.home, trail.name] = trail

    def remove(self, region: str, name: str) -> None:
        """A trail was deleted."""
        trail = self._held.pop((region, _plain(name)), None)
        if trail is not None:
            trail.logging = False

    def find(self, region: str, name: str) -> Trail | None:
        """The trail with this name in its home Region, or with this ARN."""
        if name.startswith("arn:"):
            return self._held.get((name.split(":")[3], _plain(name)))
        return self._held.get((region, name))

    def logging(self) -> list[Trail]:
        """Those that log now."""
        return [each for each in self._held.values() if each.logging]


def _plain(name: str) -> str:
    return name.rpartition("/")[2]
