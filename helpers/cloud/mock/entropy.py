"""`uuid4` and `os.urandom` for moto and botocore, drawn from a stream of the Cloud they work for.

botocore fills idempotency tokens with `uuid4`; moto makes key material and session tokens from `os.urandom`.
Both repeat with the Cloud's seed. The stream is not that of moto's ids, so these are the same with and
without it. Everybody else in the process, the Jupyter kernel first of all, keeps the real ones.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable
from random import Random
from typing import Any

from helpers.cloud.touch import replace

_SEEDED = ("botocore", "moto")
_real_urandom: Callable[[int], bytes] = os.urandom
_real_uuid4: Callable[[], uuid.UUID] = uuid.uuid4


_INTERNAL = (
    "moto.core.base_backend"  # names its own objects, some while a service is imported; nobody sees them
)


def _called_by_the_mock() -> bool:
    name: str = sys._getframe(2).f_globals.get("__name__", "")
    return name.partition(".")[0] in _SEEDED and name != _INTERNAL


def _none_at_work() -> Random | None:
    return None


_stream_at_work: Callable[[], Random | None] = _none_at_work


def _urandom(size: int, /) -> bytes:
    if _called_by_the_mock() and (stream := _stream_at_work()) is not None:
        return stream.randbytes(size)
    return _real_urandom(size)


def _uuid4() -> uuid.UUID:
    if _called_by_the_mock() and (stream := _stream_at_work()) is not None:
        return uuid.UUID(int=stream.getrandbits(128), version=4)
    return _real_uuid4()


def install(stream_at_work: Callable[[], Random | None]) -> None:
    """Replace both functions where modules find them, including those that moto and botocore already hold.

    `stream_at_work()` is the stream of the Cloud that is being worked for, or None.
    """
    global _stream_at_work
    _stream_at_work = stream_at_work
    replace(os, "urandom", _urandom, because="key material repeats with the seed")
    replace(uuid, "uuid4", _uuid4, because="idempotency tokens repeat with the seed")
    replaced: dict[int, Any] = {id(_real_urandom): _urandom, id(_real_uuid4): _uuid4}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _SEEDED:
            for attribute, value in list(vars(module).items()):
                if id(value) in replaced:
                    setattr(module, attribute, replaced[id(value)])
