"""Opening, belonging and closing, as the Cloud contract says."""

from __future__ import annotations

import gc
import weakref

import boto3
import pytest

from helpers import Cloud
from helpers.cloud import SealedError
from helpers.cloud.account import Account


def queue_names(client) -> list[str]:
    return [url.rpartition("/")[2] for url in client.list_queues().get("QueueUrls", [])]


def test_a_cloud_starts_at_the_instant_it_is_given():
    with Cloud(start="2026-01-05T09:00Z") as cloud:
        assert cloud.now == 0
        assert cloud.datetime.isoformat() == "2026-01-05T09:00:00+00:00"
    with Cloud(start="2026-03-01T12:00:00+02:00") as cloud:
        assert cloud.datetime.isoformat() == "2026-03-01T10:00:00+00:00"


def test_clients_of_a_cloud_use_its_region():
    with Cloud(region="eu-west-1") as cloud:
        assert cloud.client("sqs").meta.region_name == "eu-west-1"
        assert boto3.client("sqs").meta.region_name == "eu-west-1"
        assert boto3.client("sqs", region_name="us-west-2").meta.region_name == "us-west-2"


def test_plain_boto3_works_in_the_innermost_open_cloud():
    with Cloud() as outer:
        boto3.client("sqs").create_queue(QueueName="outer")
        with Cloud() as inner:
            boto3.client("sqs").create_queue(QueueName="inner")
            boto3.resource("sqs").create_queue(QueueName="by-resource")
            assert queue_names(inner.client("sqs")) == ["inner", "by-resource"]
        boto3.client("sqs").create_queue(QueueName="outer-again")
        assert queue_names(outer.client("sqs")) == ["outer", "outer-again"]


def test_a_client_belongs_to_its_cloud_for_life():
    with Cloud() as first:
        client = boto3.client("sqs")
        session = boto3.Session()
        with Cloud() as second:
            client.create_queue(QueueName="q")
            session.client("sqs").create_queue(QueueName="r")
            assert queue_names(second.client("sqs")) == []
        assert queue_names(first.client("sqs")) == ["q", "r"]


def test_open_again_closes_the_previous_one():
    first = Cloud.open(seed=1)
    try:
        client = boto3.client("sqs")
        client.create_queue(QueueName="q")
        second = Cloud.open(seed=1)
        assert first.closed
        assert not second.closed
        with pytest.raises(SealedError, match="closed"):
            client.list_queues()
        assert queue_names(boto3.client("sqs")) == []
    finally:
        assert Account.opened_by_open is not None
        Account.opened_by_open.close()
    assert Account.opened_by_open is None


def test_a_client_made_before_any_cloud_is_refused_in_one_sentence():
    client = boto3.client("s3")
    with pytest.raises(SealedError, match="while no Cloud was open") as refused:
        client.list_buckets()
    assert "\n" not in str(refused.value)
    with Cloud(), pytest.raises(SealedError, match="while no Cloud was open"):
        client.list_buckets()


def test_a_closed_cloud_refuses_calls_actors_and_runs():
    with Cloud() as cloud:
        client = cloud.client("sqs")
    for refused in (
        client.list_queues,
        lambda: cloud.client("sqs"),
        lambda: cloud.spawn(print),
        cloud.run,
        cloud.show,
    ):
        with pytest.raises(SealedError, match="closed"):
            refused()


def test_the_trail_can_be_read_after_closing():
    with Cloud() as cloud:
        cloud.client("sqs").list_queues()
    assert list(cloud.trail.operation) == ["ListQueues"]


def test_closing_twice_does_nothing():
    cloud = Cloud()
    cloud.close()
    cloud.close()
    assert cloud.closed


def test_closing_frees_backends_actors_and_trail():
    import time

    def sleeper():
        while True:
            time.sleep(1)

    with Cloud(seed=1) as cloud:
        cloud.client("s3").create_bucket(Bucket="bucket")
        cloud.client("sqs").create_queue(QueueName="q")
        actor = cloud.spawn(sleeper, background=True)
        cloud.advance(10)
        from moto.s3.models import s3_backends

        backend = s3_backends[cloud.account_id]["aws"]
        references = [
            weakref.ref(thing) for thing in (cloud, actor, cloud._trail, backend, backend.buckets["bucket"])
        ]
    del cloud, actor, backend
    gc.collect()
    assert [reference() for reference in references] == [None] * len(references)


def test_repr_says_what_it_is_without_an_address():
    with Cloud(seed=4) as cloud:
        cloud.client("sqs").list_queues()
        assert repr(cloud) == "<Cloud seed=4 now=0.01 s, 1 calls, 0 actors>"
    assert repr(cloud).endswith("closed>")


def test_jupyter_shows_a_refusal_as_one_sentence():
    client = boto3.client("s3")
    with pytest.raises(SealedError) as refused:
        client.list_buckets()
    assert refused.value._render_traceback_() == [f"SealedError: {refused.value}"]
