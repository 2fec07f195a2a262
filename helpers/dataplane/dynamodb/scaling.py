"""Auto scaling: target tracking that changes a table's provisioned throughput after its consumption.

moto keeps scalable targets and scaling policies; here they are obeyed. AWS: GUIDE/AutoScaling.html. Consumption is
counted by the minute; two minutes in a row over the target let a table scale out, fifteen below it let it scale in, and
the UpdateTable that follows takes some minutes more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from math import ceil
from typing import Any

from botocore.exceptions import ClientError

from helpers.cloud import Account, Call, ServiceError
from helpers.dataplane.dynamodb.capacity import Capacity
from helpers.dataplane.dynamodb.limits import MINUTE_US, SECOND_US
from helpers.dataplane.dynamodb.models import Models
from helpers.dataplane.dynamodb.modes import Provisioned
from helpers.dataplane.dynamodb.supply import Direction, Supply
from helpers.dataplane.dynamodb.tables import Index, Tables, TableState

NAME = "application-autoscaling"
_OUT_MINUTES = 2
_IN_MINUTES = 15
_UNITS = {Direction.READ: "ReadCapacityUnits", Direction.WRITE: "WriteCapacityUnits"}


class _Plan:
    """One scalable target with its target tracking policy: what it scales, how, and the last minutes' use of it."""

    def __init__(self, region: str, target: dict[str, Any], policy: dict[str, Any]) -> None:
        _, self.table, *rest = target["ResourceId"].split("/")
        self.index = rest[1] if rest else None
        self.region = region
        self.direction = (
            Direction.READ
            if target["ScalableDimension"].endswith(_UNITS[Direction.READ])
            else Direction.WRITE
        )
        self.least, self.most = target["MinCapacity"], target["MaxCapacity"]
        self.settings = policy["TargetTrackingScalingPolicyConfiguration"]
        self.target = self.settings["TargetValue"] / 100
        self.rates: deque[float] = deque(maxlen=_IN_MINUTES)
        self.units = 0.0
        self.changing = False
        self.changed_us: int | None = None

    def within(self, rate: float) -> int:
        """The throughput at which a consumption of `rate` units a second is at the target, within the limits."""
        return int(min(max(ceil(round(rate / self.target, 9)), self.least), self.most))

    def wanted(self, provisioned: float, now_us: int) -> int | None:
        """The throughput that the last minutes ask for, or None to leave it alone."""
        target = self.target * provisioned
        last = list(self.rates)[-_OUT_MINUTES:]
        if len(last) == _OUT_MINUTES and min(last) > target:
            wanted, cooldown = self.within(last[-1]), "ScaleOutCooldown"
        elif len(self.rates) == _IN_MINUTES and max(self.rates) < target:
            if self.settings.get("DisableScaleIn"):
                return None
            wanted, cooldown = self.within(max(self.rates)), "ScaleInCooldown"
        else:
            return None
        since_us = None if self.changed_us is None else now_us - self.changed_us
        if since_us is not None and since_us < self.settings.get(cooldown, 0) * SECOND_US:
            return None
        return None if wanted == provisioned else wanted


class Scaling:
    """Application Auto Scaling for the tables of an account. It looks at one only while there is something to do."""

    def __init__(self, account: Account, tables: Tables, capacity: Capacity, models: Models) -> None:
        self._account = account
        self._tables = tables
        self._capacity = capacity
        self._models = models
        self._plans: dict[tuple[str, str, str], _Plan] = {}
        self._clients: dict[str, Any] = {}
        self._ticking = False

    def check_policy(self, call: Call) -> None:
        """A policy needs a scalable target (API_PutScalingPolicy.html of Application Auto Scaling)."""
        given = call.parameters
        if given["ServiceNamespace"] != "dynamodb":
            return
        wanted = given["ResourceId"], given["ScalableDimension"]
        targets = self._ask("DescribeScalableTargets", "ScalableTargets", call.region)
        if wanted not in {(each["ResourceId"], each["ScalableDimension"]) for each in targets}:
            raise ServiceError(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: dynamodb, resource ID: {wanted[0]}, "
                f"scalable dimension: {wanted[1]}",
            )

    def changed(self, call: Call, _response: dict[str, Any]) -> None:
        """Targets or policies are other ones now."""
        if call.parameters["ServiceNamespace"] != "dynamodb":
            return
        region = call.region
        targets = {
            (each["ResourceId"], each["ScalableDimension"]): each
            for each in self._ask("DescribeScalableTargets", "ScalableTargets", region)
        }
        found = {}
        for policy in self._ask("DescribeScalingPolicies", "ScalingPolicies", region):
            place = policy["ResourceId"], policy["ScalableDimension"]
            if place in targets and "TargetTrackingScalingPolicyConfiguration" in policy:
                found[region, *place] = _Plan(region, targets[place], policy)
        for key in [key for key in self._plans if key[0] == region]:
            self._watch(self._plans.pop(key), on=False)
        self._plans |= found
        for plan in found.values():
            self._watch(plan)
        self._tick()

    def _ask(self, operation: str, member: str, region: str) -> Iterator[dict[str, Any]]:
        parameters = {"ServiceNamespace": "dynamodb"}
        while True:
            page = self._account.ask(NAME, operation, parameters, region=region)
            yield from page[member]
            if "NextToken" not in page:
                return
            parameters["NextToken"] = page["NextToken"]

    # Minute by minute

    def _tick(self) -> None:
        """Look again at the end of this minute."""
        if not self._ticking and self._plans:
            self._ticking = True
            left_us = MINUTE_US - self._account.epoch_us % MINUTE_US
            self._account.at(left_us / SECOND_US, self._minute, name=NAME)

    def _minute(self) -> None:
        self._ticking = False
        busy = [self._look(plan) for plan in self._plans.values()]
        if any(busy):
            self._tick()

    def _look(self, plan: _Plan) -> bool:
        """Decide about one target; True if the next minute matters too."""
        supply = self._watch(plan)
        units, plan.units = plan.units, 0.0
        if supply is None or not isinstance(supply.mode, Provisioned):
            return False
        if plan.changing:
            return True
        plan.rates.append(units / 60)
        provisioned = supply.mode.rate
        wanted = plan.wanted(provisioned, self._account.now_us)
        if not plan.least <= provisioned <= plan.most:
            wanted = min(max(int(provisioned), plan.least), plan.most)
        if wanted is not None:
            plan.changing = True
            self._account.at(self._models.scaling_delay_s, partial(self._change, plan, wanted), name=NAME)
        return wanted is not None or units > 0 or provisioned > plan.least

    def _watch(self, plan: _Plan, *, on: bool = True) -> Supply | None:
        """Hear (or no longer hear) of the units that are taken from what the plan scales, if that exists."""

        def took(units: float) -> None:
            plan.units += units
            self._tick()

        supply = self._supply(plan)
        if supply is not None:
            supply.took = took if on else None
        return supply

    def _supply(self, plan: _Plan) -> Supply | None:
        place = self._place(plan)
        return None if place is None else self._capacity.supply(*place, plan.direction)

    def _place(self, plan: _Plan) -> tuple[TableState, Index | None] | None:
        state = self._tables.find(plan.table, plan.region, self._account.account_id)
        if state is None:
            return None
        index = None if plan.index is None else state.table.index(plan.index)
        return None if plan.index is not None and index is None else (state, index)

    def _change(self, plan: _Plan, wanted: int) -> None:
        """UpdateTable, as Application Auto Scaling calls it. Where that is refused, the trail shows why."""
        plan.changing = False
        plan.rates.clear()
        place = self._place(plan)
        if plan not in self._plans.values() or place is None:
            return
        state, index = place
        now = state.table.throughput if index is None else index.throughput
        throughput = {_UNITS[Direction.READ]: now.reads, _UNITS[Direction.WRITE]: now.writes}
        throughput[_UNITS[plan.direction]] = wanted
        update: dict[str, Any] = {"ProvisionedThroughput": throughput}
        if index is not None:
            update = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": index.name, **update}}]}
        if plan.region not in self._clients:
            self._clients[plan.region] = self._account.client("dynamodb", region_name=plan.region)
        try:
            self._clients[plan.region].update_table(TableName=plan.table, **update)
        except ClientError:
            return
        finally:
            self._tick()
        plan.changed_us = self._account.now_us
