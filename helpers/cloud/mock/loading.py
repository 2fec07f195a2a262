"""What happens when moto loads a service, which it does once a process, the first time the service is called."""

from __future__ import annotations

import functools
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
    try:
        backend = _load_backend(service)  # type: ignore[call-overload]  # moto types it by literal names
    finally:
        ids.use(stream)
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
