"""The live checks of section 21's stations cost, access, package and release: what passes, and what does not yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import Cloud, zipped
from helpers.sections.checks import Status, find_check
from helpers.sections.s21_lambda.experiments.reading import create, role

NAMES = ("cost", "access", "package", "release")
HELLO = "def handler(event, context):\n    return 'hello'\n"
PICTURES = "from helpers import cpu\n\n\ndef handler(event, context):\n    cpu(3)\n"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(seed=21) as opened:
        yield opened


def judge(name: str) -> tuple[Status, str]:
    result = find_check(f"21_lambda.{name}").judge()
    return result.status, result.reason


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_account_has_attempted_nothing_and_looking_leaves_no_trace(name: str, cloud: Cloud) -> None:
    status, reason = judge(name)
    assert status is Status.NOT_ATTEMPTED
    assert reason.endswith(".")
    assert (len(cloud.trail), cloud.now) == (0, 0)


# ---- cost


@pytest.mark.parametrize(
    ("memory_mb", "status", "word"),
    [
        (128, Status.FAILED, "takes 41.46 s"),
        (512, Status.FAILED, "takes 10.37 s"),
        (1516, Status.FAILED, "takes 3.50 s"),
        (1517, Status.PASSED, "3.50 s"),
        (1769, Status.PASSED, "3.00 s"),
        (1945, Status.PASSED, "3.00 s"),
        (1949, Status.FAILED, "87 are possible"),
        (10_240, Status.FAILED, "87 are possible"),
    ],
)
def test_cost_takes_what_is_quick_and_not_dear(
    cloud: Cloud, memory_mb: int, status: Status, word: str
) -> None:
    client = cloud.client("lambda")
    create(client, "pictures", PICTURES, role(cloud), Timeout=60, MemorySize=memory_mb)
    client.invoke(FunctionName="pictures")
    assert judge("cost")[0] is Status.NOT_ATTEMPTED  # a cold start says nothing of a warm run
    client.invoke(FunctionName="pictures")
    before = cloud.trail
    found = judge("cost")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


def test_cost_of_a_run_that_the_timeout_stops(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    create(client, "pictures", "def handler(event, context):\n    return 1\n", role(cloud))
    client.invoke(FunctionName="pictures")
    client.invoke(FunctionName="pictures")
    assert judge("cost")[0] is Status.PASSED
    stopped = "import time\n\n\ndef handler(event, context):\n    time.sleep(event)\n"
    client.update_function_code(FunctionName="pictures", ZipFile=zipped(stopped))
    client.invoke(FunctionName="pictures", Payload="0")
    client.invoke(FunctionName="pictures", Payload="10")
    assert judge("cost") == (Status.FAILED, "At 128 MB the run ended with Sandbox.Timedout.")


# ---- access

BUCKET = {"SourceArn": "arn:aws:s3:::holiday-photos"}
ACCOUNT = {"SourceAccount": "123456789012"}


@pytest.mark.parametrize(
    ("bound_to", "status", "word"),
    [
        ({**BUCKET, **ACCOUNT}, Status.PASSED, "nobody else"),
        ({}, Status.FAILED, "Any bucket of any account"),
        (BUCKET, Status.FAILED, "names no account"),
        (ACCOUNT, Status.FAILED, "Every bucket of this account"),
        ({"SourceArn": "arn:aws:s3:::other-photos", **ACCOUNT}, Status.FAILED, "may not call"),
        ({**BUCKET, "SourceAccount": "999999999999"}, Status.FAILED, "may not call"),
    ],
)
def test_access(cloud: Cloud, bound_to: dict[str, str], status: Status, word: str) -> None:
    client = cloud.client("lambda")
    create(client, "holidays", HELLO, role(cloud))
    assert judge("access")[0] is Status.NOT_ATTEMPTED
    allow: dict[str, Any] = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", **bound_to}
    client.add_permission(FunctionName="holidays", StatementId="bucket", **allow)
    before = cloud.trail
    found = judge("access")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


# ---- package


@pytest.mark.parametrize(
    ("key", "named", "status", "word"),
    [
        ("prices-2.zip", "prices-2.zip", Status.PASSED, "runs the newest build, prices-2.zip"),
        ("builds/7f3a.zip", "builds/7f3a.zip", Status.PASSED, "7f3a"),
        ("prices-1.zip", "prices-1.zip", Status.FAILED, "names the same object"),
        ("prices-2.zip", "prices-1.zip", Status.FAILED, "prices-2.zip is new"),
    ],
)
def test_package(cloud: Cloud, key: str, named: str, status: Status, word: str) -> None:
    s3, stacks, arn = cloud.client("s3"), cloud.client("cloudformation"), role(cloud)
    s3.create_bucket(Bucket="builds")

    def template(of: str) -> str:
        properties = {
            "FunctionName": "prices",
            "Runtime": "python3.13",
            "Handler": "lambda_function.handler",
            "Role": arn,
            "Code": {"S3Bucket": "builds", "S3Key": of},
        }
        return json.dumps({"Resources": {"P": {"Type": "AWS::Lambda::Function", "Properties": properties}}})

    s3.put_object(Bucket="builds", Key="prices-1.zip", Body=zipped(HELLO))
    stacks.create_stack(StackName="prices", TemplateBody=template("prices-1.zip"))
    assert judge("package")[0] is Status.NOT_ATTEMPTED
    s3.put_object(Bucket="builds", Key=key, Body=zipped(HELLO.replace("hello", "mended")))
    stacks.update_stack(StackName="prices", TemplateBody=template(named))
    before = cloud.trail
    found = judge("package")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


# ---- release


@pytest.fixture
def checkout(cloud: Cloud) -> Any:
    """A client of Lambda, with two versions of `checkout` and its alias `live` on the first."""
    client = cloud.client("lambda")
    create(client, "checkout", HELLO, role(cloud))
    client.publish_version(FunctionName="checkout")
    client.create_alias(FunctionName="checkout", Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName="checkout", ZipFile=zipped(HELLO.replace("hello", "paid")))
    client.publish_version(FunctionName="checkout")
    return client


@pytest.mark.parametrize(
    ("weight", "status", "word"),
    [
        (0.0, Status.FAILED, "About 0 of 600"),
        (0.01, Status.FAILED, "too few"),
        (0.02, Status.PASSED, "About 12 of 600"),
        (0.05, Status.PASSED, "About 30 of 600"),
        (0.07, Status.FAILED, "About 42 of 600"),
        (0.1, Status.FAILED, "40 may fail"),
        (1.0, Status.FAILED, "About 600 of 600"),
    ],
)
def test_release_takes_a_share_that_is_neither_too_small_nor_too_large(
    cloud: Cloud, checkout: Any, weight: float, status: Status, word: str
) -> None:
    assert judge("release")[0] is Status.NOT_ATTEMPTED
    routing = {"AdditionalVersionWeights": {"2": weight}}
    checkout.update_alias(FunctionName="checkout", Name="live", RoutingConfig=routing)
    before = cloud.trail
    found = judge("release")
    assert found[0] is status
    assert word in found[1]
    assert cloud.trail.equals(before)


def test_release_of_everybody_at_once(checkout: Any) -> None:
    checkout.update_alias(FunctionName="checkout", Name="live", FunctionVersion="2")
    assert judge("release")[0] is Status.FAILED


def test_release_counts_from_the_version_that_has_the_weight(checkout: Any) -> None:
    routing = {"AdditionalVersionWeights": {"1": 0.95}}
    checkout.update_alias(FunctionName="checkout", Name="live", FunctionVersion="2", RoutingConfig=routing)
    assert judge("release") == (
        Status.PASSED,
        "About 30 of 600 requests an hour meet version 2, the others version 1.",
    )
