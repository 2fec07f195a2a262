"""The trail: a row per attempt."""

from __future__ import annotations

import io
import time

import pytest

from helpers import Cloud
from helpers.cloud.trail import COLUMNS


def test_columns_and_a_whole_log():
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]

        def consume():
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20).get("Messages", []):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

        def produce():
            time.sleep(2)
            sqs.send_message(QueueUrl=queue, MessageBody="m")

        cloud.spawn(consume)
        cloud.spawn(produce)
        cloud.run()
        with pytest.raises(sqs.exceptions.QueueDoesNotExist):
            sqs.get_queue_url(QueueName="missing")
        trail = cloud.trail
    assert tuple(trail.columns) == COLUMNS
    plain = trail.drop(columns=["parameters", "response"])
    assert [tuple(row) for row in plain.round(6).itertuples(index=False)] == [
        (0.0, 0.01, "main", "sqs", "CreateQueue", None, 1, 1),
        (0.01, 2.01, "consume", "sqs", "ReceiveMessage", None, 2, 1),
        (2.01, 0.01, "produce", "sqs", "SendMessage", None, 3, 1),
        (2.02, 0.01, "consume", "sqs", "DeleteMessage", None, 4, 1),
        (2.03, 0.01, "main", "sqs", "GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue", 5, 1),
    ]
    assert trail.parameters[0] == {"QueueName": "q"}
    assert trail.response[0] == {"QueueUrl": queue}
    assert trail.response[4] is None


def test_parameters_are_as_the_user_gave_them():
    with Cloud() as cloud:
        given = {"Id": "1", "MessageBody": "m"}
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message_batch(QueueUrl=queue, Entries=[given])
        given["MessageBody"] = "changed afterwards"
        assert cloud.trail.parameters[1] == {"QueueUrl": queue, "Entries": [{"Id": "1", "MessageBody": "m"}]}


def test_what_the_caller_does_to_a_response_does_not_rewrite_the_trail():
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="m")
        sqs.receive_message(QueueUrl=queue)["Messages"].clear()
        assert len(cloud.trail.response[2]["Messages"]) == 1


def test_streams_are_not_consumed():
    with Cloud() as cloud:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=io.BytesIO(b"content"))
        body = s3.get_object(Bucket="bucket", Key="k")["Body"]
        assert body.read() == b"content"
        assert cloud.trail.parameters[1]["Body"] == "(stream, not read)"
        assert cloud.trail.response[2]["Body"] == "(stream, not read)"


def test_there_is_no_response_metadata():
    with Cloud() as cloud:
        cloud.client("sqs").list_queues()
        cloud.client("iam").list_users()
        assert all("ResponseMetadata" not in response for response in cloud.trail.response)


def test_what_a_service_does_by_itself_stands_under_its_name():
    with Cloud() as cloud:
        cloud.at(30, lambda: cloud.record("sqs", "SendMessage", {"QueueUrl": "dlq"}, {}), name="sqs")
        cloud.advance(60)
        row = cloud.trail.iloc[0]
        assert (row.time_s, row.actor, row.service, row.operation) == (30, "sqs", "sqs", "SendMessage")


def test_changing_the_frame_does_not_change_the_trail():
    with Cloud() as cloud:
        cloud.client("sqs").list_queues()
        frame = cloud.trail
        frame.loc[0, "actor"] = "somebody"
        assert cloud.trail.actor[0] == "main"


def test_an_empty_trail_has_its_columns():
    with Cloud() as cloud:
        assert tuple(cloud.trail.columns) == COLUMNS
        assert len(cloud.trail) == 0


def test_who_listens_hears_every_attempt_with_its_region_and_key():
    with Cloud() as cloud:
        heard = []
        cloud.on_call(lambda row: heard.append((row.operation, row.region, row.access_key, row.error)))
        iam = cloud.client("iam")
        iam.create_user(UserName="ann")
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        cloud.client("sqs", region_name="eu-west-1", **keys).list_queues()
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_user(UserName="ben")
        cloud.record("sqs", "Deliver", {})
        assert heard == [
            ("CreateUser", "aws-global", "", None),
            ("CreateAccessKey", "aws-global", "", None),
            ("ListQueues", "eu-west-1", key["AccessKeyId"], None),
            ("GetUser", "aws-global", "", "NoSuchEntity"),
            ("Deliver", "", "", None),
        ]
