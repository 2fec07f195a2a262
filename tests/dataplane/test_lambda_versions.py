"""Versions and aliases: published, pointed to, shared out."""

from __future__ import annotations

from collections import Counter

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud, zipped

from .conftest import refused
from .functions import Function, role, runs

ONE = "def handler(event, context):\n    return 'one', context.function_version\n"
TWO = ONE.replace("one", "two")


@pytest.fixture
def function(cloud: Cloud) -> Function:
    """Version 1 returns "one", version 2 and $LATEST "two"; the alias `live` points to version 1."""
    cloud.plane("lambda").models.init_s = 0
    function = Function(cloud, ONE)
    function.publish()
    function.change_code(TWO)
    function.publish()
    function.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return function


def test_qualifier_says_which_version_runs(function: Function) -> None:
    for name, qualifier, expected in (
        ("f", None, ["two", "$LATEST"]),
        ("f", "$LATEST", ["two", "$LATEST"]),
        ("f", "1", ["one", "1"]),
        ("f", "2", ["two", "2"]),
        ("f", "live", ["one", "1"]),
        ("f:live", None, ["one", "1"]),
        ("f:2", "2", ["two", "2"]),
        (function.arn, "1", ["one", "1"]),
        (f"{function.arn}:live", None, ["one", "1"]),
        ("123456789012:function:f:2", None, ["two", "2"]),
    ):
        options = {"Qualifier": qualifier} if qualifier else {}
        reply = function.invoke(FunctionName=name, **options)
        assert (reply.payload, reply.version) == (expected, expected[1])


def test_name_and_qualifier_must_not_differ(function: Function) -> None:
    code = refused(function.invoke, FunctionName="f:1", Qualifier="2")
    assert code == "InvalidParameterValueException"


@pytest.mark.parametrize("name", ["g", "f:3", "f:none", "arn:aws:lambda:eu-west-1:123456789012:function:f"])
def test_what_is_not_there(function: Function, name: str) -> None:
    with pytest.raises(function.client.exceptions.ResourceNotFoundException) as missing:
        function.invoke(FunctionName=name)
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    if not name.startswith("arn"):
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        assert missing.value.response["Error"]["Message"] == f"Function not found: {arn}"


def test_version_does_not_change(function: Function) -> None:
    function.change(Timeout=60, Environment={"Variables": {"MORE": "1"}})
    assert function.result(Qualifier="1") == ["one", "1"]
    client = function.client
    assert client.get_function_configuration(FunctionName="f", Qualifier="1")["Timeout"] == 3
    for call in (
        lambda: client.update_function_configuration(FunctionName="f:1", Timeout=9),
        lambda: client.update_function_configuration(FunctionName=f"{function.arn}:1", Timeout=9),
        lambda: client.update_function_code(FunctionName="f:1", ZipFile=zipped(ONE)),
        lambda: client.update_function_code(FunctionName="f:live", ZipFile=zipped(ONE)),
    ):
        assert refused(call) == "InvalidParameterValueException"


def test_publishing_without_a_change_gives_the_last_version_back(cloud: Cloud) -> None:
    function = Function(cloud, ONE)
    assert [function.publish(), function.publish()] == ["1", "1"]
    function.change(Timeout=7)
    assert [function.publish(), function.publish()] == ["2", "2"]
    function.change_code(ONE)  # the same code again
    assert function.publish() == "2"
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)
    assert function.publish() == "2"  # an operational setting, DG/configuration-versions.html
    for change in (
        {"Description": "new"},
        {"MemorySize": 256},
        {"EphemeralStorage": {"Size": 1024}},
        {"LoggingConfig": {"LogFormat": "JSON"}},
        {"Environment": {"Variables": {"AA": "1"}}},
        {"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}},
    ):
        before = int(function.publish())
        function.change(**change)
        assert int(function.publish()) == before + 1, change


def test_publish_with_the_update(cloud: Cloud) -> None:
    function = Function(cloud, ONE, Publish=True)
    assert function.publish() == "1"
    update = function.client.update_function_code
    assert update(FunctionName="f", ZipFile=zipped(TWO), Publish=True)["Version"] == "2"
    assert update(FunctionName="f", ZipFile=zipped(TWO), Publish=True)["Version"] == "2"
    assert update(FunctionName="f", ZipFile=zipped(ONE), DryRun=True, Publish=True)["Version"] == "$LATEST"
    assert function.result(Qualifier="2") == ["two", "2"]
    assert function.result() == ["two", "$LATEST"]


def test_publish_only_what_was_tested(function: Function) -> None:
    digest = function.client.get_function_configuration(FunctionName="f")["CodeSha256"]
    assert function.client.publish_version(FunctionName="f", CodeSha256=digest)["Version"] == "2"
    code = refused(function.client.publish_version, FunctionName="f", CodeSha256="another")
    assert code == "InvalidParameterValueException"


def test_alias_moves_at_once(function: Function) -> None:
    assert function.result(Qualifier="live") == ["one", "1"]
    function.client.update_alias(FunctionName="f", Name="live", FunctionVersion="2")
    assert function.result(Qualifier="live") == ["two", "2"]
    function.client.update_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
    assert function.result(Qualifier="live") == ["two", "$LATEST"]
    function.client.delete_alias(FunctionName="f", Name="live")
    assert refused(function.invoke, Qualifier="live") == "ResourceNotFoundException"


def test_weights_share_invocations_out(function: Function) -> None:
    function.client.update_alias(
        FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}}
    )
    answered = Counter(function.invoke(Qualifier="live").version for _ in range(400))
    assert 20 <= answered["2"] <= 60  # 40 expected, standard deviation 6
    ran = Counter(run["Version"] for run in runs(function.cloud))
    assert ran == answered
    function.client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RoutingConfig={})
    assert {function.invoke(Qualifier="live").version for _ in range(20)} == {"2"}


@given(weight=st.floats(0, 1), seed=st.integers(0, 5))
@settings(max_examples=2, deadline=None)
def test_weights_repeat_with_the_seed_and_hold_at_their_ends(weight: float, seed: int) -> None:
    def versions(number: float) -> list[str]:
        with Cloud(seed=seed) as cloud:
            plane = cloud.plane("lambda")
            function = Function(cloud, ONE)
            function.publish()
            function.change_code(TWO)
            function.publish()
            routing = {"AdditionalVersionWeights": {"2": number}}
            function.client.create_alias(
                FunctionName="f", Name="a", FunctionVersion="1", RoutingConfig=routing
            )
            return [plane.functions.route("f", "a").version for _ in range(50)]

    assert versions(weight) == versions(weight)
    assert set(versions(0.0)) == {"1"}
    assert set(versions(1.0)) == {"2"}


@pytest.mark.parametrize(
    ("version", "weights"),
    [
        ("1", {"$LATEST": 0.1}),
        ("$LATEST", {"1": 0.1}),
        ("1", {"1": 0.1}),
        ("1", {"2": 0.1, "3": 0.1}),
    ],
)
def test_weights_are_for_two_published_versions(
    function: Function, version: str, weights: dict[str, float]
) -> None:
    client, routing = function.client, {"AdditionalVersionWeights": weights}
    arguments = {"FunctionName": "f", "FunctionVersion": version, "RoutingConfig": routing}
    assert refused(client.create_alias, Name="new", **arguments) == "InvalidParameterValueException"
    assert refused(client.update_alias, Name="live", **arguments) == "InvalidParameterValueException"


def test_weight_of_a_version_that_is_missing(function: Function) -> None:
    routing = {"AdditionalVersionWeights": {"7": 0.1}}
    arguments = {"FunctionName": "f", "Name": "live", "RoutingConfig": routing}
    assert refused(function.client.update_alias, **arguments) == "ResourceNotFoundException"


def test_weights_stay_when_only_the_description_changes_and_bind_the_version(function: Function) -> None:
    client, routing = function.client, {"AdditionalVersionWeights": {"2": 0.5}}
    client.update_alias(FunctionName="f", Name="live", RoutingConfig=routing)
    client.update_alias(FunctionName="f", Name="live", Description="half and half")
    assert client.get_alias(FunctionName="f", Name="live")["RoutingConfig"] == routing
    code = refused(client.update_alias, FunctionName="f", Name="live", FunctionVersion="2")
    assert code == "InvalidParameterValueException"  # 2 is already in the routing


@pytest.mark.parametrize(
    ("role_of_two", "dead_letters"),
    [("another-role", None), (None, "arn:aws:sqs:us-east-1:123456789012:dead")],
)
def test_versions_of_a_weighted_alias_are_alike(
    function: Function, role_of_two: str | None, dead_letters: str | None
) -> None:
    if role_of_two:
        function.change(Role=role(function.cloud, role_of_two))
    if dead_letters:
        function.change(DeadLetterConfig={"TargetArn": dead_letters})
    version = function.publish()
    routing = {"AdditionalVersionWeights": {version: 0.1}}
    arguments = {"FunctionName": "f", "Name": "live", "RoutingConfig": routing}
    assert refused(function.client.update_alias, **arguments) == "InvalidParameterValueException"


def test_alias_points_to_a_version_and_has_a_name(function: Function) -> None:
    create = function.client.create_alias
    assert refused(create, FunctionName="f", Name="b", FunctionVersion="live") == "ValidationException"
    assert refused(create, FunctionName="f", Name="b", FunctionVersion="9") == "ResourceNotFoundException"
    assert refused(create, FunctionName="f", Name="12", FunctionVersion="1") == "ValidationException"
    assert refused(create, FunctionName="f", Name="a b", FunctionVersion="1") == "ValidationException"


def test_version_that_an_alias_needs_is_not_deleted(function: Function) -> None:
    delete = function.client.delete_function
    assert refused(delete, FunctionName="f", Qualifier="1") == "ResourceConflictException"
    assert refused(delete, FunctionName="f:1") == "ResourceConflictException"
    assert refused(delete, FunctionName="f", Qualifier="$LATEST") == "InvalidParameterValueException"
    delete(FunctionName="f", Qualifier="2")
    with pytest.raises(ClientError, match="Function not found"):
        function.invoke(Qualifier="2")


def test_each_version_has_environments_of_its_own(function: Function) -> None:
    for qualifier in ("1", "2", "live", "2"):
        function.invoke(Qualifier=qualifier)
    assert [(run["Version"], run["Environment"]) for run in runs(function.cloud)] == [
        ("1", "f-1"),
        ("2", "f-2"),
        ("1", "f-1"),
        ("2", "f-2"),
    ]
