"""What the account offers to clients that live in another process, and to whoever waits for one actor."""

from __future__ import annotations

import os
import threading
import time

import pytest
from botocore.exceptions import ClientError, ParamValidationError, UnknownServiceError

from helpers import Cloud
from helpers.cloud import SealedError, ServiceError, scheduler
from helpers.cloud.transport import attempt

GONE = "AWS.SimpleQueueService.NonExistentQueue"


def rows(cloud: Cloud) -> list[tuple[object, ...]]:
    trail = cloud.trail
    return list(
        zip(trail["time_s"], trail["operation"], trail["error"], trail["call"], trail["attempt"], strict=True)
    )


def test_an_attempt_answers_as_a_client_does_and_leaves_a_row():
    with Cloud() as cloud:
        ours = cloud.client("sqs").create_queue(QueueName="ours")
        theirs, call = attempt(
            cloud, "sqs", "CreateQueue", {"QueueName": "theirs"}, region="us-east-1", call=None, number=1
        )
        assert theirs["QueueUrl"] == ours["QueueUrl"].replace("ours", "theirs")
        assert theirs["ResponseMetadata"].keys() == ours["ResponseMetadata"].keys()
        assert call == 2
        assert rows(cloud) == [(0.0, "CreateQueue", None, 1, 1), (0.01, "CreateQueue", None, 2, 1)]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("sqs", "SendMessage", {"QueueUrl": "https://sqs/1/no", "MessageBody": "x"}, GONE),
        ("iam", "GetRole", {"RoleName": "nobody"}, "NoSuchEntity"),
    ],
)  # fmt: skip
def test_an_error_is_an_answer_and_a_second_attempt_is_the_same_call(service, operation, parameters, code):
    with Cloud() as cloud:
        first, call = attempt(cloud, service, operation, parameters, region="us-east-1", call=None, number=1)
        again, same = attempt(cloud, service, operation, parameters, region="us-east-1", call=call, number=2)
        assert first["Error"]["Code"] == again["Error"]["Code"] == code
        assert "MaxAttemptsReached" not in first["ResponseMetadata"]
        assert call == same == 1
        assert [row[3:] for row in rows(cloud)] == [(1, 1), (1, 2)]


def test_what_botocore_does_to_an_answer_is_left_to_the_client_elsewhere():
    with Cloud() as cloud:
        asked = {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}
        answer, _ = attempt(cloud, "iam", "CreateRole", asked, region="us-east-1", call=None, number=1)
        assert (
            answer["Role"]["AssumeRolePolicyDocument"] == "%7B%7D"
        )  # a client of this process has made a dict of it
        made = cloud.client("iam").get_role(RoleName="r")
        assert made["Role"]["AssumeRolePolicyDocument"] == {}


def test_what_no_service_has_is_refused():
    with Cloud() as cloud:
        with pytest.raises(UnknownServiceError):
            attempt(cloud, "../x", "Y", {}, region="us-east-1", call=None, number=1)
        with pytest.raises(ParamValidationError):
            attempt(cloud, "sqs", "CreateQueue", {"Nmae": 1}, region="us-east-1", call=None, number=1)
        assert cloud.calls == 0


def test_run_until_done_stops_with_the_actor():
    def work():
        time.sleep(5)
        return "done"

    def other():
        while True:
            time.sleep(1)
            ticks.append(cloud.now)

    ticks: list[float] = []
    with Cloud() as cloud:
        cloud.spawn(other, background=True)
        actor = cloud.spawn(work)
        cloud.run_until_done(actor, within_s=100)
        assert (actor.result, cloud.now) == ("done", 5)
        assert ticks == [1, 2, 3, 4]


def test_run_until_done_gives_up_after_its_time_or_its_calls():
    def calls():
        sqs = cloud.client("sqs")
        while True:
            sqs.list_queues()

    with Cloud() as cloud:
        sleeper = cloud.spawn(lambda: time.sleep(1_000), name="sleeper")
        cloud.run_until_done(sleeper, within_s=30)
        assert (sleeper.done, cloud.now) == (False, 30)
        busy = cloud.spawn(calls)
        cloud.run_until_done(busy, within_s=100, calls=7)
        assert (busy.done, cloud.calls) == (False, 7)
        assert cloud.now == pytest.approx(30.07)


def test_run_until_done_keeps_errors_of_all_actors():
    def fails():
        time.sleep(1)
        raise ValueError("no")

    with Cloud() as cloud:
        bad = cloud.spawn(fails, name="bad", background=True)
        good = cloud.spawn(time.sleep, 3)
        cloud.run_until_done(good, within_s=10)
        assert isinstance(bad.error, ValueError)
        assert good.done


def test_run_until_done_is_not_for_actors():
    with Cloud() as cloud:
        other = cloud.spawn(time.sleep, 1)
        cloud.spawn(lambda: cloud.run_until_done(other, within_s=1))
        with pytest.raises(RuntimeError, match="inside an actor"):
            cloud.run()


def test_crash_ends_the_caller_where_it_is():
    said: list[str] = []

    def worker():
        try:
            time.sleep(1)
            cloud.crash()
        except BaseException:  # noqa: BLE001  # whatever it may be
            said.append("except")
        finally:
            said.append("finally")

    with Cloud() as cloud:
        actor = cloud.spawn(worker)
        cloud.run(until=10)
        assert (actor.done, actor.error, said, cloud.now) == (True, None, [], 10)
        with pytest.raises(RuntimeError, match="here is none"):
            cloud.crash()


def test_a_process_has_one_thread_after_a_rest_and_runs_again():
    with Cloud() as cloud:
        cloud.spawn(time.sleep, 1)
        cloud.run()
        assert any(thread.name == "helpers-scheduler" for thread in threading.enumerate())
        scheduler.rest()
        scheduler.rest()  # there is nothing left to end
        assert not any(thread.name == "helpers-scheduler" for thread in threading.enumerate())
        cloud.spawn(time.sleep, 1)
        cloud.run()
        assert cloud.now == 2


def test_a_process_may_take_its_own_thread_for_that_of_the_actors():
    pid = os.fork()
    if pid == 0:
        before = scheduler.here()
        scheduler.live_here()
        os._exit(0 if (before, scheduler.here()) == (False, True) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert not scheduler.here()


def test_a_shared_client_belongs_to_its_cloud_and_begins_with_a_full_quota_of_retries():
    with Cloud() as first:
        client = first.shared_client("sqs")
        url = client.create_queue(QueueName="jobs")["QueueUrl"]

        def refuse(call):
            raise ServiceError("InternalError", "It is away.", 500)

        first.answer("sqs", "SendMessage", refuse)
        tries = []
        for _ in range(40):
            with pytest.raises(ClientError) as raised:
                client.send_message(QueueUrl=url, MessageBody="x")
            tries.append(raised.value.response["ResponseMetadata"]["RetryAttempts"])
        assert (tries[0], tries[-1]) == (2, 0)  # the quota of 500 is used up
    with Cloud() as second:
        again = second.shared_client("sqs")
        assert again.list_queues().get("QueueUrls", []) == []
        second.answer("sqs", "SendMessage", refuse)
        with pytest.raises(ClientError) as raised:
            again.send_message(QueueUrl=url, MessageBody="x")
        assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 2
        with pytest.raises(SealedError, match="is closed"):
            client.list_queues()
        second.client("sqs").create_queue(QueueName="theirs")
        assert len(again.list_queues()["QueueUrls"]) == 1
