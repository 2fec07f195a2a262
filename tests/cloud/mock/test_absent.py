"""The three ways in which moto says "absent" are one clear error."""

from __future__ import annotations

import pytest
from botocore import UNSIGNED
from botocore.config import Config

from helpers import Cloud
from helpers.cloud import NotMocked


@pytest.fixture
def cloud():
    with Cloud() as cloud:
        yield cloud


def test_an_operation_that_moto_lacks(cloud):
    with pytest.raises(NotMocked, match="is not in this mocked account; nothing left the machine") as absent:
        cloud.client("iam").simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:user/u", ActionNames=["s3:*"]
        )
    assert isinstance(absent.value.__cause__, NotImplementedError)


def test_a_service_that_moto_lacks(cloud):
    with pytest.raises(NotMocked, match="is not in this mocked account"):
        cloud.client("pricing").describe_services()


def test_a_crash_inside_moto(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_policy(Bucket="bucket", Policy="{}")
    anonymous = cloud.client("s3", config=Config(signature_version=UNSIGNED))
    with pytest.raises(NotMocked, match=r"could not answer GET .*\(KeyError: 'Statement'\)") as absent:
        anonymous.get_object(Bucket="bucket", Key="k")
    assert isinstance(absent.value.__cause__, KeyError)
    assert "\n" not in str(absent.value)


def test_the_attempt_is_in_the_trail(cloud):
    with pytest.raises(NotMocked):
        cloud.client("pricing").describe_services()
    assert list(cloud.trail.error) == ["NotMocked"]


def test_errors_of_the_service_are_not_absence(cloud):
    with pytest.raises(cloud.client("s3").exceptions.NoSuchBucket):
        cloud.client("s3").list_objects_v2(Bucket="missing")
