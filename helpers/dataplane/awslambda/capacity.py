"""Whether a function may run once more now: concurrency, requests a second, and how fast environments may be added.

Pages: DG/lambda-concurrency.html, DG/configuration-concurrency.html, DG/scaling-behavior.html,
DG/provisioned-concurrency.html.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable

from helpers.cloud import Account
from helpers.dataplane.awslambda.errors import CONCURRENT, RATE, RESERVED_CONCURRENT, RESERVED_RATE, Throttle
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.limits import (
    REQUESTS_PER_CONCURRENCY,
    SCALING_ENVIRONMENTS,
    SCALING_S,
    SECOND_US,
)
from helpers.dataplane.awslambda.models import Models

_ENVIRONMENT_US = (
    SCALING_S * SECOND_US // SCALING_ENVIRONMENTS
)  # what another environment costs of the scaling rate


class RequestRate:
    """Requests of the last second. Model: any span of one second counts."""

    def __init__(self) -> None:
        self._times_us: deque[int] = deque()

    def full(self, concurrency: int, now_us: int) -> bool:
        """True if there were 10 times as many requests as `concurrency` (DG/lambda-concurrency.html)."""
        times = self._times_us
        while times and now_us - times[0] >= SECOND_US:
            times.popleft()
        return len(times) >= REQUESTS_PER_CONCURRENCY * concurrency

    def count(self, now_us: int) -> None:
        """One more request."""
        self._times_us.append(now_us)


class ScalingRate:
    """How many environments a function may still gain: 1,000 at most, refilled all the time, 1,000 in 10 s."""

    def __init__(self) -> None:
        self._left_us = SCALING_S * SECOND_US
        self._at_us = 0

    def used_up(self, now_us: int) -> bool:
        """True if no further environment may be started now."""
        self._left_us = min(SCALING_S * SECOND_US, self._left_us + now_us - self._at_us)
        self._at_us = now_us
        return self._left_us < _ENVIRONMENT_US

    def count(self) -> None:
        """One more environment; `used_up` was asked at this instant."""
        self._left_us -= _ENVIRONMENT_US


class _Region:
    """What runs in one Region of one account."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.on_demand: Counter[str] = Counter()
        self.running_in_all = 0
        self.on_demand_in_all = 0
        self.requests = RequestRate()
        self.requests_of: defaultdict[str, RequestRate] = defaultdict(RequestRate)
        self.scaling: defaultdict[str, ScalingRate] = defaultdict(ScalingRate)


class Capacity:
    """Counts what runs and refuses what is too much. Functions are named by their ARNs.

    `provisioned(arn)` is how much provisioned concurrency a function has, over all its versions and aliases.
    """

    def __init__(
        self, account: Account, functions: Functions, models: Models, provisioned: Callable[[str], int]
    ) -> None:
        self._account = account
        self._functions = functions
        self._models = models
        self._provisioned = provisioned
        self._regions: defaultdict[str, _Region] = defaultdict(_Region)

    def check_requests(self, function: str) -> None:
        """Refuse a synchronous request that is too much within a second. Raises Throttle.

        Asynchronous invocations know no such limit (DG/gettingstarted-limits.html).
        """
        now_us, here = self._account.now_us, self._here(function)
        reserved = self._functions.reserved(function)
        if reserved == 0:
            raise Throttle(RESERVED_CONCURRENT)
        if reserved is not None and here.requests_of[function].full(reserved, now_us):
            raise Throttle(RESERVED_RATE)
        if here.requests.full(self._models.account_concurrency, now_us):
            raise Throttle(RATE)
        here.requests.count(now_us)
        if reserved is not None:
            here.requests_of[function].count(now_us)

    def take_provisioned(self, function: str) -> None:
        """Count a run in an environment of provisioned concurrency."""
        here = self._here(function)
        here.running[function] += 1
        here.running_in_all += 1

    def take_on_demand(self, function: str, *, new_environment: bool) -> None:
        """Count a run on demand, in a `new_environment` or an idle one. Raises Throttle, uncounted."""
        here = self._here(function)
        reserved = self._functions.reserved(function)
        if reserved is not None:
            if here.on_demand[function] >= reserved - self._provisioned(function):
                raise Throttle(RESERVED_CONCURRENT)
        elif self._unreserved(function, here) >= self._pool(function):
            raise Throttle(CONCURRENT)
        if new_environment:
            scaling = here.scaling[function]
            if scaling.used_up(self._account.now_us):
                raise Throttle(CONCURRENT)
            scaling.count()
        here.on_demand[function] += 1
        here.on_demand_in_all += 1
        self.take_provisioned(function)

    def release(self, function: str, *, on_demand: bool) -> None:
        """A run is over."""
        here = self._here(function)
        here.running[function] -= 1
        here.running_in_all -= 1
        if on_demand:
            here.on_demand[function] -= 1
            here.on_demand_in_all -= 1

    def in_flight(self, function: str) -> int:
        """How many runs of the function go on."""
        return self._here(function).running[function]

    def in_region(self, function: str) -> tuple[int, int, int]:
        """In the function's Region: all runs; those of functions without reserved concurrency; and the concurrency that
        cannot be used on demand by others (DG/monitoring-metrics-types.html, ClaimedAccountConcurrency).
        """
        here = self._here(function)
        reserved = self._functions.all_reserved(function)
        unreserved = here.running_in_all - sum(here.running[name] for name in reserved)
        claimed = self._unreserved(function, here) + self._models.account_concurrency - self._pool(function)
        return here.running_in_all, unreserved, claimed

    def unreserved_limit(self, function: str) -> int:
        """The account's concurrency without what functions in this Region have reserved."""
        return self._models.account_concurrency - sum(self._functions.all_reserved(function).values())

    def _pool(self, function: str) -> int:
        """What functions without reserved concurrency can use on demand, all together."""
        reserved = self._functions.all_reserved(function)
        names = self._functions.names(function)
        provisioned = sum(self._provisioned(name) for name in names if name not in reserved)
        return self.unreserved_limit(function) - provisioned

    def _unreserved(self, function: str, here: _Region) -> int:
        """What functions without reserved concurrency use on demand now."""
        reserved = self._functions.all_reserved(function)
        return here.on_demand_in_all - sum(here.on_demand[name] for name in reserved)

    def _here(self, function: str) -> _Region:
        return self._regions[function.rpartition(":function:")[0]]
