"""One clear error for the three ways in which moto says that something is absent.

moto raises `NotImplementedError` for an unknown operation of a known service, answers 404 "Not yet
implemented" for an unknown service, and simply crashes elsewhere. The learner gets `NotMocked`, one sentence,
and the crash as its cause.
"""

from __future__ import annotations

from typing import Any

from moto.core import botocore_stubber
from moto.core.exceptions import ServiceNotWhitelisted

from helpers.cloud.call import NotMocked, SealedError, ServiceError, Stopped
from helpers.cloud.touch import replace

_OURS = (NotMocked, SealedError, ServiceError, Stopped)
_ask_moto = botocore_stubber.BotocoreStubber.process_request
_NOT_YET = "Not yet implemented"


def _named(request: Any) -> str:
    target = request.headers.get("X-Amz-Target") if hasattr(request.headers, "get") else None
    if isinstance(target, bytes):
        target = target.decode()
    return target or f"{request.method} {request.url}"


def _process_request(self: Any, request: Any) -> Any:
    try:
        answer = _ask_moto(self, request)
    except _OURS:
        raise
    except (NotImplementedError, ServiceNotWhitelisted) as absent:
        raise NotMocked(
            f"{_named(request)} is not in this mocked account; nothing left the machine."
        ) from absent
    except Exception as crash:
        raise NotMocked(
            f"The mock could not answer {_named(request)} ({type(crash).__name__}: {crash}); "
            "nothing left the machine."
        ) from crash
    if answer is None or (answer[0] == 404 and answer[2] in (_NOT_YET, _NOT_YET.encode())):
        raise NotMocked(f"{_named(request)} is not in this mocked account; nothing left the machine.")
    return answer


def install() -> None:
    """Wrap the one function through which every request reaches moto."""
    replace(
        botocore_stubber.BotocoreStubber,
        "process_request",
        _process_request,
        because="what is absent is said in one sentence",
    )
