"""cloud.show(): what is there and who waits."""

from __future__ import annotations

import time

from helpers import Cloud


def test_resources_and_waiting_actors():
    with Cloud() as cloud:
        assert repr(cloud.show()) == "The account is empty and nobody waits."
        cloud.client("sqs").create_queue(QueueName="jobs")
        cloud.client("s3").create_bucket(Bucket="files")
        cloud.spawn(time.sleep, 90, name="worker-1")
        cloud.advance(0)
        shown = cloud.show()
        assert shown.resources == (
            ("s3", "aws", "buckets", "files"),
            ("sqs", "us-east-1", "queues", "jobs"),
        )
        assert shown.actors == (("worker-1", 90.02),)
        assert repr(shown).splitlines()[-1].split() == ["actor", "worker-1", "wakes", "at", "90.02", "s"]


def test_looking_leaves_no_trace():
    with Cloud() as cloud:
        cloud.client("sqs").create_queue(QueueName="jobs")
        before = cloud.now, len(cloud.trail), cloud._state.ids.getstate()
        cloud.show()
        assert (cloud.now, len(cloud.trail), cloud._state.ids.getstate()) == before


def test_names_are_escaped_in_html():
    with Cloud() as cloud:
        cloud.spawn(time.sleep, 1, name="<b>")
        assert "&lt;b&gt;" in cloud.show()._repr_html_()
