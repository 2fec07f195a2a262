"""What happens when moto loads a service, which it does once a process, the first time the service is called."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from moto import backends
from moto.moto_api._internal.moto_random import MotoRandom

from helpers.cloud.mock import deliveries, functions, ids, statistics, streams, tables
from helpers.cloud.touch import replace

_load_backend = backends.get_backend


@functools.cache
def _get_backend(service: str) -> Any:
    # A few services draw ids while they are imported: not from the stream of the Cloud that happens to be first.
    stream = ids.generator
    ids.use(MotoRandom(0))
    alone = service == "applicationautoscaling" and _ECS not in sys.modules
    try:
        if alone:
            sys.modules[_ECS] = _ecs_later()
        backend = _load_backend(service)  # type: ignore[call-overload]  # moto types it by literal names
    finally:
        ids.use(stream)
        if alone:
            del sys.modules[_ECS]
    if service == "s3":
        _let_objects_go()
    if service == "dynamodb":
        tables.install()
    if service == "cloudwatch":
        statistics.install()
    if service == "sns":
        deliveries.watch_topics()
    if service == "events":
        deliveries.watch_rules()
    if service in ("lambda", "awslambda", "cloudformation"):
        _watch_functions()
    if service in ("dynamodb", "dynamodbstreams", "lambda", "awslambda", "cloudformation"):
        _leave_streams()
    return backend


_ECS = "moto.ecs"


class _Later:
    """Stands for what `load` returns, which is loaded when something of it is used."""

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load

    def __getitem__(self, key: Any) -> _Later:
        return _Later(lambda: self._load()[key])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load(), name)


def _ecs_later() -> ModuleType:
    """ECS for Application Auto Scaling, whose other targets need not load it: it takes 90 MB and a second."""
    module = ModuleType(_ECS)
    module.ecs_backends = _Later(lambda: backends.get_backend("ecs"))  # type: ignore[attr-defined]  # made here
    return module


@functools.cache
def _watch_functions() -> None:
    deliveries.watch_functions()
    functions.install()


@functools.cache
def _leave_streams() -> None:
    streams.install()


def _let_objects_go() -> None:
    from moto.s3.models import FakeKey

    def close(self: FakeKey) -> None:
        self.dispose()

    replace(FakeKey, "__del__", close, because="an object that goes with its Cloud is no leak to warn of")


def dispose_of(backend: Any) -> None:
    """Close the files behind the objects of an S3 backend whose Cloud is closed; other backends have none."""
    for bucket in getattr(backend, "buckets", {}).values():
        for name in list(getattr(bucket, "keys", {})):
            for key in bucket.keys.getlist(name):
                if hasattr(key, "dispose"):
                    key.dispose()
        for upload in getattr(bucket, "multiparts", {}).values():
            upload.dispose()


def install() -> None:
    """Keep what is loaded, and what loading does, apart from the Clouds."""
    replace(backends, "get_backend", _get_backend, because="importing a service moves no Cloud's stream")
