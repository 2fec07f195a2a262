"""All that moto knows, one set per Cloud, exchanged when another Cloud becomes active.

An account id in a header does not isolate: bucket names, for one, are a single registry in moto. So the
contents of every backend in use, the registries beside them and the id stream belong to a Cloud and are put
in place before moto is asked. The exchange costs microseconds because only the services in use are touched.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.common_models import BaseModel
from moto.moto_api._internal.moto_random import MotoRandom

from helpers.cloud.mock import ids, loading
from helpers.cloud.randomness import stream_seed
from helpers.cloud.touch import replace

lock = threading.RLock()
"""Held while moto works: its state is one for the process."""

HOME_ACCOUNT = "123456789012"

_REGISTRIES = ("bucket_accounts",)  # attributes of a BackendDict that hold state beside the backends
_active: MotoState | None = None
_in_use: list[BackendDict[Any]] = BackendDict._instances  # type: ignore[misc]  # a class variable of a generic class


class MotoState:
    """The backends, registries and id stream of one Cloud."""

    def __init__(self, seed: int) -> None:
        self.ids = MotoRandom(seed)
        self.entropy = Random(stream_seed(seed, "entropy"))
        self._backends: list[tuple[BackendDict[Any], dict[str, Any], dict[str, Any]]] = []

    def activate(self) -> None:
        """Make this the state that moto sees. The caller holds `lock`."""
        global _active
        if _active is self:
            return
        if _active is not None:
            _active._take_out()
        self._put_in()
        _active = self

    def _take_out(self) -> None:
        self._backends = [
            (backends, dict(backends.items()), {name: getattr(backends, name) for name in _of(backends)})
            for backends in _in_use
        ]
        for backends, _, registries in self._backends:
            backends.clear()
            for name, registry in registries.items():
                setattr(backends, name, type(registry)())
        _in_use.clear()

    def _put_in(self) -> None:
        for backends, accounts, registries in self._backends:
            backends.update(accounts)
            for name, registry in registries.items():
                setattr(backends, name, registry)
            _in_use.append(backends)
        self._backends = []
        ids.use(self.ids)

    def close(self) -> None:
        """Forget everything. moto keeps the empty shells of accounts in caches of its own; their contents go."""
        global _active
        with lock:
            if _active is self:
                self._take_out()
                _active = None
            for _, accounts, _ in self._backends:
                for account in accounts.values():
                    for backend in account.values():
                        loading.dispose_of(backend)
                    account.clear()
            self._backends = []


@contextmanager
def released(state: MotoState | None) -> Iterator[None]:
    """Let others at moto while the caller waits in the middle of a call; afterwards `state` is active again."""
    if not lock._is_owned():  # type: ignore[attr-defined]  # as threading.Condition asks it
        yield
        return
    depth = lock._release_save()  # type: ignore[attr-defined]  # as threading.Condition does around its wait
    try:
        yield
    finally:
        lock._acquire_restore(depth)  # type: ignore[attr-defined]  # the same
        if state is not None:
            state.activate()


def in_use() -> list[BackendDict[Any]]:
    """The services that hold something in the active state."""
    return list(_in_use)


def _of(backends: BackendDict[Any]) -> list[str]:
    return [name for name in _REGISTRIES if hasattr(backends, name)]


@functools.cache
def _regions(service: str) -> list[str]:
    # moto caches this per account object and so keeps closed accounts alive; the list depends on the service alone.
    session = AccountSpecificBackend.get_session()
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition_name=partition)
    ]


def _untracked(cls: type, *_arguments: Any, **_options: Any) -> Any:
    # moto lists every object it ever made for its dashboard, and so never lets one go.
    return object.__new__(cls)


def install() -> None:
    """Let closed accounts be freed."""
    replace(
        AccountSpecificBackend,
        "_generate_regions",
        lambda self, service_name: list(_regions(service_name)),
        because="moto's cache does not keep closed accounts",
    )
    replace(BaseModel, "__new__", _untracked, because="moto's dashboard does not keep every object")
