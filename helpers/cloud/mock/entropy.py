"""`uuid4` and `os.urandom` for moto and botocore, drawn from the active Cloud's stream.

botocore fills idempotency tokens with `uuid4`; moto makes key material and session tokens from `os.urandom`. Both repeat
with the Cloud's seed. Everybody else in the process, the Jupyter kernel first of all, keeps the real ones.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable
from typing import Any

from helpers.cloud.mock import ids

_SEEDED = ("botocore", "moto")
_real_urandom: Callable[[int], bytes] = os.urandom
_real_uuid4: Callable[[], uuid.UUID] = uuid.uuid4


def _called_by_the_mock() -> bool:
    name: str = sys._getframe(2).f_globals.get("__name__", "")
    return name.partition(".")[0] in _SEEDED


def _urandom(size: int, /) -> bytes:
    if _called_by_the_mock():
        return ids.generator.randbytes(size)
    return _real_urandom(size)


def _uuid4() -> uuid.UUID:
    if _called_by_the_mock():
        return uuid.UUID(int=ids.generator.getrandbits(128), version=4)
    return _real_uuid4()


def install() -> None:
    """Replace both functions where modules find them, including those that moto and botocore already hold."""
    os.urandom = _urandom
    uuid.uuid4 = _uuid4
    replaced: dict[int, Any] = {id(_real_urandom): _urandom, id(_real_uuid4): _uuid4}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in _SEEDED:
            for attribute, value in list(vars(module).items()):
                if id(value) in replaced:
                    setattr(module, attribute, replaced[id(value)])
