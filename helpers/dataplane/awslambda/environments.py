"""The environments of all functions: which are there, which are idle, how long they are kept."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from helpers.cloud import Account
from helpers.cloud.clock import microseconds
from helpers.dataplane.awslambda.code import Code
from helpers.dataplane.awslambda.configuration import Configuration
from helpers.dataplane.awslambda.environment import ON_DEMAND, Environment
from helpers.dataplane.awslambda.limits import SECOND_US
from helpers.dataplane.awslambda.logs import LogStream
from helpers.dataplane.awslambda.models import Models

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


@dataclass
class _Pool:
    """The on-demand environments of one version, as it is configured now."""

    configuration: Configuration
    code: Code
    idle: list[Environment] = field(default_factory=list)  # the one used last at the end
    alive: dict[str, Environment] = field(default_factory=dict)


class Environments:
    """Every environment of an account. A version's are ended when its code or configuration changes."""

    def __init__(self, account: Account, models: Models) -> None:
        self._account = account
        self._models = models
        self._pools: dict[tuple[str, str], _Pool] = {}
        self._numbers: dict[str, int] = defaultdict(int)
        self._streams = account.random_for("lambda:log streams")

    def has_idle(self, configuration: Configuration) -> bool:
        """True if an environment of the version waits for an invocation."""
        return bool(self._pool(configuration).idle)

    def take(self, configuration: Configuration) -> Environment:
        """An idle environment of the version: of several the one used last, which is an assumption (`Models`). A new
        one if there is none.
        """
        pool = self._pool(configuration)
        if pool.idle:
            return pool.idle.pop()
        environment = self.create(configuration, ON_DEMAND)
        pool.alive[environment.name] = environment
        return environment

    def free(self, environment: Environment) -> None:
        """It has served an invocation: keep it for a while, unless it is of no use any more."""
        pool = self._pools.get((environment.configuration.arn, environment.configuration.version))
        if environment.retired or pool is None or environment.name not in pool.alive:
            environment.end()
            return
        pool.idle.append(environment)
        self._expire_later(pool, environment)

    def _pool(self, configuration: Configuration) -> _Pool:
        key = configuration.arn, configuration.version
        pool = self._pools.get(key)
        if pool is not None and pool.configuration is not configuration:
            if pool.configuration == configuration:
                pool.configuration = configuration
            else:
                self._retire(pool)
                pool = None
        if pool is None:
            pool = self._pools[key] = _Pool(configuration, self._code(configuration))
        return pool

    @staticmethod
    def _retire(pool: _Pool) -> None:
        """The version is another one now: what is idle ends, what is busy ends after its invocation."""
        for environment in pool.alive.values():
            environment.retired = True
        for environment in pool.idle:
            environment.end()

    def _code(self, configuration: Configuration) -> Code:
        package = self._account.function_code(
            configuration.name,
            configuration.version,
            region=configuration.region,
            account_id=configuration.account_id,
        )
        layers = [self._account.layer_code(arn) for arn in configuration.layers]
        return Code(package, layers, configuration.runtime)

    def _expire_later(self, pool: _Pool, environment: Environment) -> None:
        """One timer an environment, however often it is used."""
        if not environment.expires:
            environment.expires = True
            self._account.at(self._models.idle_s, lambda: self._expire(pool, environment), name="lambda")

    def _expire(self, pool: _Pool, environment: Environment) -> None:
        environment.expires = False
        if environment.busy or environment.retired:
            return
        left_us = environment.idle_since_us + microseconds(self._models.idle_s) - self._account.now_us
        if left_us > 0:
            environment.expires = True
            self._account.at(left_us / SECOND_US, lambda: self._expire(pool, environment), name="lambda")
            return
        pool.idle.remove(environment)
        del pool.alive[environment.name]
        environment.end()

    def create(self, configuration: Configuration, initialization: str) -> Environment:
        """An environment with a name and a log stream of its own, in no pool."""
        number = self._numbers[configuration.name] = self._numbers[configuration.name] + 1
        day = self._account.datetime.strftime("%Y/%m/%d")
        stream = f"{day}/[{configuration.version}]{self._streams.getrandbits(128):032x}"
        log = LogStream(cast("Cloud", self._account).telemetry, configuration.log_group, stream)
        return Environment(
            self._account,
            self._models,
            configuration,
            self._pool(configuration).code,
            name=f"{configuration.name}-{number}",
            log=log,
            initialization=initialization,
        )
