"""What sessions and clients share, and what each of them has for itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import boto3
import botocore.compat
import botocore.hooks
import pytest

from helpers import Cloud


class Handlers:
    """Handlers of an event as a class has them."""

    def takes(self, **given: Any) -> dict[str, Any]:
        return given

    def refuses(self, event: str) -> str:
        return event

    @staticmethod
    def alone(*given: Any) -> Any:
        return given

    def __call__(self, **given: Any) -> dict[str, Any]:
        return given


@pytest.mark.parametrize(
    "handler",
    [
        Handlers().takes,
        Handlers().refuses,
        Handlers.alone,
        Handlers(),
        functools.partial(Handlers().takes, event="x"),
        functools.wraps(inspect.getdoc)(lambda **given: given),
        lambda *given: given,
        inspect.signature,
    ],
)
def test_whether_a_handler_takes_keywords_is_what_its_signature_says(handler: Callable[..., Any]) -> None:
    said = bool(inspect.getfullargspec(handler).varkw)
    assert botocore.hooks.accepts_kwargs(handler) is said
    assert bool(botocore.compat.accepts_kwargs(handler)) is said


def test_a_client_has_handlers_of_its_own() -> None:
    seen = []
    with Cloud():
        one, other = boto3.client("sqs"), boto3.client("sqs")
        one.meta.events.register("provide-client-params.sqs.*", lambda **_: seen.append("one"))
        other.list_queues()
        assert seen == []
        one.list_queues()
        boto3.client("sqs").list_queues()
        assert seen == ["one"]


def test_clients_of_a_service_share_the_rules_of_its_endpoints() -> None:
    with Cloud():
        here, there = boto3.client("sqs"), boto3.client("sqs", region_name="eu-west-1")
        assert here._ruleset_resolver._provider is there._ruleset_resolver._provider
        assert "us-east-1" in here.meta.endpoint_url
        assert "eu-west-1" in there.meta.endpoint_url


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with Cloud():
        sqs = boto3.client("sqs")
        assert sqs._endpoint.http_session._proxy_config.proxy_url_for(sqs.meta.endpoint_url) is None


def test_each_aliaser_keeps_to_its_own_aliases() -> None:
    event, emitter = "before-call.monitoring.GetMetricData", botocore.hooks.HierarchicalEmitter()
    usual = botocore.hooks.EventAliaser(emitter)
    other = botocore.hooks.EventAliaser(emitter, {"monitoring": "mine"})
    assert usual._alias_event_name(event) == "before-call.cloudwatch.GetMetricData"
    assert other._alias_event_name(event) == "before-call.mine.GetMetricData"
    assert usual._alias_event_name(event) == "before-call.cloudwatch.GetMetricData"
