"""Results that moto and botocore work out anew on every call, kept instead.

Each function here is pure for the object it is called on; a differential test compares whole call sequences
with plain moto's answers (tests/cloud/test_differential.py).
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import botocore.auth
import botocore.endpoint
import botocore.hooks
import botocore.regions
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
_snake = functools.lru_cache(maxsize=1024)(utils.camelcase_to_underscores)
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


# Making a session or a client: a function's code may make one for each of its environments.

_inspect_keywords = botocore.hooks.accepts_kwargs
_init_aliases = botocore.hooks.EventAliaser.__init__
_make_rules = botocore.regions.EndpointProvider
_Handlers = botocore.hooks.NodeList
_aliased_names: dict[str, str] = {}
_rules: dict[tuple[int, int, frozenset[str]], tuple[Any, Any, Any]] = {}
# Kept with the data that they were read from, so that its ids stay its own.


def _accepts_keywords(function: Callable[..., Any]) -> bool:
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or hasattr(function, "__signature__"):
        return bool(_inspect_keywords(function))
    return bool(code.co_flags & inspect.CO_VARKEYWORDS)


def _share_aliases(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
    _init_aliases(self, event_emitter, event_aliases)
    if self._event_aliases == botocore.hooks.EVENT_ALIASES:
        self._alias_name_cache = _aliased_names


def _rules_of(ruleset_data: Any, partition_data: Any, excluded_params: Any = None) -> Any:
    key = id(ruleset_data), id(partition_data), frozenset(excluded_params or ())
    if key not in _rules:
        made = _make_rules(ruleset_data, partition_data, excluded_params)
        _rules[key] = made, ruleset_data, partition_data
    return _rules[key][0]


def _copy_handlers(self: Any, node: dict[str, Any]) -> dict[str, Any]:
    copied = node.copy()
    for key, value in node.items():
        if type(value) is dict:
            copied[key] = _copy_handlers(self, value)
        elif type(value) is _Handlers:
            copied[key] = _Handlers(value.first[:], value.middle[:], value.last[:])
    return copied


def _no_proxies(self: Any, url: str) -> dict[str, str]:  # botocore's signature
    return {}


def install() -> None:
    """Keep what does not change between calls; sign cheaply, since moto does not check unless asked to."""
    for module in (utils, responses):
        replace(module, "method_names_from_class", _method_names, because="a class is looked through once")
        replace(module, "camelcase_to_underscores", _snake, because="a name is spelt out once")
    replace(BaseBackend, "urls", property(_urls_of), because="a service's URLs are built once")
    replace(
        botocore.useragent.UserAgentString, "to_string", _user_agent, because="the user agent is built once"
    )
    replace(botocore.auth.SigV4Auth, "canonical_request", _canonical_request, because="nobody checks it")
    replace(botocore.auth.SigV4Auth, "signature", _signature, because="nobody checks it")
    replace(botocore.hooks, "accepts_kwargs", _accepts_keywords, because="a handler's code says it at once")
    replace(
        botocore.hooks.EventAliaser, "__init__", _share_aliases, because="an event's name is worked out once"
    )
    replace(
        botocore.hooks._PrefixTrie,
        "_recursive_copy",
        _copy_handlers,
        because="each client has handlers of its own, copied without copy.copy",
    )
    replace(
        botocore.regions, "EndpointProvider", _rules_of, because="a service's endpoint rules are read once"
    )
    replace(
        botocore.endpoint.EndpointCreator,
        "_get_proxies",
        _no_proxies,
        because="no call leaves the machine, so no proxy is looked for",
    )
