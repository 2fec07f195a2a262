"""Results that moto and botocore work out anew on every call, kept instead.

Each function here is pure for the object it is called on; a differential test compares whole call sequences
with plain moto's answers (tests/cloud/test_differential.py).
"""

from __future__ import annotations

import functools
import weakref
from typing import Any

import botocore.auth
import botocore.useragent
from moto.core import responses, utils
from moto.core.base_backend import BaseBackend

from helpers.cloud.touch import replace

_user_agents: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()
_build_user_agent = botocore.useragent.UserAgentString.to_string
_build_urls = BaseBackend.urls.fget  # type: ignore[attr-defined]  # a property
_build_canonical_request = botocore.auth.SigV4Auth.canonical_request
_build_signature = botocore.auth.SigV4Auth.signature

real_signatures = False
"""True while signatures are checked (IAM enforcement): then they are computed as botocore computes them."""


@functools.cache
def _method_names(response_class: type) -> list[str]:
    return _list_methods(response_class)


_list_methods = utils.method_names_from_class
_urls: dict[tuple[type, tuple[str, ...]], Any] = {}


def _urls_of(backend: BaseBackend) -> Any:
    key = type(backend), tuple(backend.url_bases)
    if key not in _urls:
        _urls[key] = _build_urls(backend)
    return _urls[key]


def _user_agent(self: Any) -> str:
    if self not in _user_agents:
        _user_agents[self] = _build_user_agent(self)
    return _user_agents[self]


def _unchecked(signer: Any) -> bool:
    # A presigned URL is something the learner reads, so its signature is always the real one.
    return not real_signatures and type(signer) in (botocore.auth.SigV4Auth, botocore.auth.S3SigV4Auth)


def _canonical_request(self: Any, request: Any) -> str:
    return "" if _unchecked(self) else _build_canonical_request(self, request)


def _signature(self: Any, string_to_sign: str, request: Any) -> str:
    return "0" * 64 if _unchecked(self) else _build_signature(self, string_to_sign, request)


def install() -> None:
    """Keep what does not change between calls; sign cheaply, since moto does not check unless asked to."""
    for module in (utils, responses):
        replace(module, "method_names_from_class", _method_names, because="a class is looked through once")
    replace(BaseBackend, "urls", property(_urls_of), because="a service's URLs are built once")
    replace(
        botocore.useragent.UserAgentString, "to_string", _user_agent, because="the user agent is built once"
    )
    replace(botocore.auth.SigV4Auth, "canonical_request", _canonical_request, because="nobody checks it")
    replace(botocore.auth.SigV4Auth, "signature", _signature, because="nobody checks it")
