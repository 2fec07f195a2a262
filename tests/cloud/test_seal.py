"""No way out: every leak of the list that was measured on moto."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request

import boto3
import pytest
import requests

from helpers import Cloud
from helpers.cloud import Account, NotMocked, SealedError
from helpers.cloud.seal import NOBODY

SCRIPT = """
import os, sys
os.environ.update(AWS_PROFILE="production", AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
                  AWS_SECRET_ACCESS_KEY="real", AWS_ENDPOINT_URL="https://example.com", AWS_DEFAULT_REGION="ap-south-1")
import boto3
early = boto3.client("sqs")
import helpers
from helpers.cloud import SealedError
from helpers.cloud.seal import hidden_variables
try:
    early.list_queues()
except SealedError as refused:
    print("refused:", refused)
with helpers.Cloud() as cloud:
    client = boto3.client("sqs")
    status = client.list_queues()["ResponseMetadata"]["HTTPStatusCode"]
    print(client.meta.region_name, client._request_signer._credentials.access_key, status)
print(sorted(name for name in os.environ if name.startswith("AWS_")))
print(hidden_variables())
"""


def test_real_credentials_profiles_and_early_clients_are_out_of_reach(tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[production]\naws_access_key_id=AKIAREAL\naws_secret_access_key=x\n"
    )
    unsealed = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO_"))}
    environment = dict(unsealed, HOME=str(tmp_path), PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    refused, client, variables, hidden = done.stdout.splitlines()
    assert refused.startswith("refused: This client was made while no Cloud was open")
    assert client == "us-east-1 testing 200"
    assert variables == str(
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_CONFIG_FILE",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_ENDPOINT_URL",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SHARED_CREDENTIALS_FILE",
        ]
    )
    assert hidden == str(
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
        ]
    )


def test_a_child_of_a_sealed_process_had_no_settings():
    code = "from helpers.cloud.seal import hidden_variables\nprint(hidden_variables())"
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "2001:db8::1", "sqs.us-east-1.amazonaws.com", "169.254.169.254"]
)
def test_sockets_reach_this_machine_only(address):
    with pytest.raises(SealedError, match="nothing in this course leaves the machine"):
        socket.create_connection((address, 80), timeout=1)
    with pytest.raises(SealedError):
        socket.getaddrinfo(address, 443)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as datagrams, pytest.raises(SealedError):
        datagrams.sendto(b"x", (address, 53))
    with socket.socket(family) as stream, pytest.raises(SealedError):
        stream.connect_ex((address, 80))


def test_this_machine_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    assert socket.getaddrinfo("localhost", 80)


def test_urllib_is_refused():
    with pytest.raises(SealedError):
        urllib.request.urlopen("http://169.254.169.254/latest/meta-data/")


def test_requests_reach_the_mock_and_nothing_else():
    with Cloud() as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"content")
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "k"})
        assert requests.get(url, timeout=5).content == b"content"
        for elsewhere in (
            "https://example.com/",
            "https://abc.lambda-url.us-east-1.on.aws/",
            "https://d1.cloudfront.net/",
        ):
            with pytest.raises(SealedError, match="refused"):
                requests.get(elsewhere, timeout=5)


def test_requests_without_a_cloud_are_refused():
    with pytest.raises(SealedError, match="no Cloud is open"):
        requests.get("https://bucket.s3.amazonaws.com/k", timeout=5)


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_url": "http://localhost:4566"},
        {"endpoint_url": "https://sqs.example.com"},
        {"config": boto3.session.Config(use_dualstack_endpoint=True)},
    ],
)
def test_endpoints_that_moto_does_not_know_are_refused(options):
    with Cloud() as cloud:
        client = cloud.client("lambda", **options)
        with pytest.raises((SealedError, NotMocked), match=r"nothing leaves|nothing left"):
            client.list_functions()


def test_a_child_process_finds_nobody():
    assert os.environ["AWS_ENDPOINT_URL"] == NOBODY
    script = "import boto3; boto3.client('sqs', region_name='us-east-1').list_queues()"
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), AWS_MAX_ATTEMPTS="1"),
        check=False,
    )
    assert child.returncode != 0
    assert "127.0.0.1:9" in child.stderr


def test_sns_to_http_does_not_leave():
    with Account() as cloud:  # moto alone would post; the data plane of SNS asks no address
        sns = cloud.client("sns")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://example.com/hook")
        with pytest.raises(SealedError, match=r"example\.com"):
            sns.publish(TopicArn=topic, Message="m")
