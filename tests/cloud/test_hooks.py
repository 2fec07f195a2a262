"""What a data plane can do with an account."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from helpers.cloud import Account, DataPlane, ServiceError


@pytest.fixture
def account():
    with Account(seed=1) as account:
        yield account


def test_answer_takes_motos_place(account):
    account.answer(
        "sqs", "ListQueues", lambda call: {"QueueUrls": [call.parameters["QueueNamePrefix"], call.actor]}
    )
    answer = account.client("sqs").list_queues(QueueNamePrefix="a")
    assert answer["QueueUrls"] == ["a", "main"]
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RetryAttempts"] == 0


def test_boto3_validates_before_a_data_plane_answers(account):
    account.answer("sqs", "SendMessage", lambda call: {})
    with pytest.raises(ParamValidationError, match="MessageBody"):
        account.client("sqs").send_message(QueueUrl="q")
    assert len(account.trail) == 0


def test_forward_asks_moto(account):
    def shout(call):
        return call.forward({**call.parameters, "QueueName": call.parameters["QueueName"].upper()})

    account.answer("sqs", "CreateQueue", shout)
    assert account.client("sqs").create_queue(QueueName="q")["QueueUrl"].endswith("/Q")
    assert list(account.trail.operation) == ["CreateQueue"]


def test_forward_raises_motos_error_as_it_is(account):
    def ask(call):
        with pytest.raises(ServiceError, match="NonExistentQueue"):
            call.forward()
        return call.forward()

    account.answer("sqs", "GetQueueUrl", ask)
    sqs = account.client("sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as refused:
        sqs.get_queue_url(QueueName="missing")
    assert refused.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amzn-query-error"]


def test_an_error_that_was_forwarded_is_tried_once(account):
    account.answer("dynamodb", "GetItem", lambda call: call.forward())
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.client("dynamodb").get_item(TableName="missing", Key={"id": {"S": "a"}})
    assert list(account.trail.attempt) == [1]


def test_before_may_refuse_or_change(account):
    def check(call):
        if call.parameters["QueueName"] == "forbidden":
            raise ServiceError("InvalidParameterValue", "Not this name.")
        call.parameters = {**call.parameters, "Attributes": {"DelaySeconds": "7"}}

    account.before("sqs", "CreateQueue", check)
    sqs = account.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    assert (
        sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["DelaySeconds"])["Attributes"][
            "DelaySeconds"
        ]
        == "7"
    )
    with pytest.raises(ClientError, match="Not this name"):
        sqs.create_queue(QueueName="forbidden")
    assert list(account.trail.error) == [None, None, "InvalidParameterValue"]
    assert account.trail.parameters[0] == {"QueueName": "q"}


def test_amend_edits_motos_answer(account):
    account.amend("sqs", "ListQueues", lambda call, response: response.update(QueueUrls=["amended"]))
    assert account.client("sqs").list_queues()["QueueUrls"] == ["amended"]


def test_errors_are_typed(account):
    def refuse(call):
        raise ServiceError("OverLimit", "Too many messages in flight.", 403)

    account.answer("sqs", "ReceiveMessage", refuse)
    sqs = account.client("sqs")
    with pytest.raises(sqs.exceptions.OverLimit) as refused:
        sqs.receive_message(QueueUrl="q")
    assert refused.value.response["Error"]["Message"] == "Too many messages in flight."
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_server_errors_are_retried_and_each_attempt_is_in_the_trail(account):
    attempts = []

    def fail_twice(call):
        attempts.append((call.attempt, account.now))
        if call.attempt < 3:
            raise ServiceError("InternalError", "Try again.", 500, sender_fault=False)
        return {}

    account.answer("sqs", "ListQueues", fail_twice)
    answer = account.client("sqs").list_queues()
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    assert [attempt for attempt, _ in attempts] == [1, 2, 3]
    assert attempts[0][1] < attempts[1][1] < attempts[2][1]
    assert list(account.trail.error) == ["InternalError", "InternalError", None]


def test_ask_leaves_no_trace(account):
    account.client("sqs").create_queue(QueueName="q")
    before = account.now, len(account.trail), account._state.ids.getstate()
    assert "q" in account.ask("sqs", "GetQueueUrl", {"QueueName": "q"})["QueueUrl"]
    with pytest.raises(ServiceError):
        account.ask("sqs", "GetQueueUrl", {"QueueName": "missing"})
    assert (account.now, len(account.trail), account._state.ids.getstate()) == before


def test_ask_finds_a_bucket(account):
    s3 = account.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=b"12")
    assert account.ask("s3", "HeadObject", {"Bucket": "bucket", "Key": "key"})["ContentLength"] == 2
    with pytest.raises(ServiceError, match="404"):
        account.ask("s3", "HeadObject", {"Bucket": "bucket", "Key": "another"})


def test_a_defect_in_a_data_plane_always_raises(account):
    def defect(call):
        return {}["missing"]

    account.answer("sqs", "ListQueues", defect)
    with pytest.raises(KeyError) as raised:
        account.client("sqs").list_queues()
    assert "A defect of the course" in raised.value.__notes__[0]

    def learner():
        try:
            account.client("sqs").list_queues()
        except Exception:  # noqa: BLE001  # a learner's code must not hide it
            pass
        time.sleep(10)

    account.spawn(learner)
    with pytest.raises(KeyError, match="missing"):
        account.run(on_error="record")


def test_a_signal_wakes_who_waits_in_order(account):
    log = []
    signal = account.signal()

    def wait(name, timeout):
        log.append((name, signal.wait(timeout), account.now))

    account.spawn(wait, "a", 100)
    account.spawn(wait, "b", 3)
    account.spawn(wait, "c", 100)
    account.at(5, signal.fire)
    account.run()
    assert log == [("b", False, 3.0), ("a", True, 5.0), ("c", True, 5.0)]


def test_a_signal_can_be_waited_for_outside_a_run(account):
    signal = account.signal()
    account.at(5, signal.fire)
    assert signal.wait(20) is True
    assert account.now == 5
    assert signal.wait(20) is False
    assert account.now == 25


def test_a_wake_up_that_comes_too_late_is_ignored(account):
    signal = account.signal()
    log = []

    def work():
        signal.wait(10)
        time.sleep(1)  # the first wait's time-out, at 10 s, must not end this sleep
        log.append(account.now)
        time.sleep(100)
        log.append(account.now)

    account.at(9.5, signal.fire)
    account.spawn(work)
    account.run()
    assert log == [10.5, 110.5]


def test_timers_fire_once_or_are_cancelled(account):
    log = []
    account.at(3, lambda: log.append(account.now))
    account.at(4, lambda: log.append("never")).cancel()
    account.advance(10)
    assert log == [3.0]


def test_a_plane_is_attached_when_its_service_is_first_called():
    attached = []

    class Plane(DataPlane):
        service = "sqs"

        def __init__(self, account):
            super().__init__(account)
            attached.append(account)

    class WithPlane(Account):
        def attach(self, service):
            if service == "sqs":
                Plane(self)

    with WithPlane() as account:
        account.client("s3").list_buckets()
        assert attached == []
        account.client("sqs").list_queues()
        account.client("sqs").list_queues()
        assert attached == [account]


def test_what_moto_delivers_goes_to_the_plane(account):
    received = []

    def receive(queue_arn, message):
        received.append((queue_arn.rpartition(":")[2], message["body"]))
        return "00000000-0000-4000-8000-000000000000"

    account.on_delivery("sqs", receive)
    sns, sqs = account.client("sns"), account.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="hello")
    assert received == [("q", "hello")]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_a_service_makes_calls_in_its_own_name(account):
    sqs = account.client("sqs")

    def ask(name):
        time.sleep(1)
        sqs.list_queues()
        with account.acting_as(name):
            sqs.list_queues()  # takes time, in which the other one calls, too
            account.record("dax", "GetItem", {}, asked=True)
        sqs.list_queues()

    for name in ("first", "second"):
        account.spawn(ask, f"cache of {name}", name=name)
    account.run()
    rows = account.trail
    for name in ("first", "second"):
        actors = rows[rows.actor.str.contains(name)].actor
        assert list(actors) == [name, f"cache of {name}", f"cache of {name}", name]


def test_a_cell_makes_calls_in_the_name_of_a_service(account):
    sqs = account.client("sqs")
    with account.acting_as("dax"):
        sqs.list_queues()
        account.at(0.005, sqs.list_queues)
        account.advance(1)
    sqs.list_queues()
    account.record("dax", "GetItem", {})
    account.record("dax", "GetItem", {}, asked=True)
    assert list(account.trail.actor) == ["dax", "main", "main", "dax", "main"]


def test_what_asks_last_comes_after_all_that_its_instant_brings(account):
    log = []

    def gives_back():
        time.sleep(1)
        account.at(0, lambda: account.at(0, lambda: log.append("given back")))

    account.at(1, lambda: log.append("asked"), last=True)
    account.at(2, lambda: log.append("never"), last=True).cancel()
    account.spawn(gives_back)
    account.advance(3)
    assert log == ["given back", "asked"]


def test_a_plane_knows_who_calls(account):
    callers = []
    account.answer("sqs", "ListQueues", lambda call: callers.append(account.caller))
    sqs = account.client("sqs")
    sqs.list_queues()
    account.spawn(sqs.list_queues, name="worker")
    account.at(1, sqs.list_queues, name="lambda")
    account.advance(2)
    assert callers == ["main", "worker", "lambda"]
