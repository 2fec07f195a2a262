"""Random draws: seeded per actor, put back for everybody else."""

from __future__ import annotations

import os
import random
import time
import uuid

import numpy as np
import pytest
from botocore.exceptions import ClientError

from helpers import Cloud
from helpers.cloud import Account, ServiceError, randomness
from helpers.cloud.randomness import Stream


def draws(seed: int, names: tuple[str, ...]) -> dict[str, list]:
    log: dict[str, list] = {name: [] for name in names}

    def draw(name):
        for _ in range(3):
            log[name].append(
                (random.random(), random.gauss(), np.random.rand(), np.random.normal(), random.randint(0, 99))
            )
            time.sleep(1)

    with Cloud(seed=seed) as cloud:
        for name in names:
            cloud.spawn(draw, name, name=name)
        cloud.run()
    return log


def test_an_actors_draws_depend_on_seed_and_name_alone():
    both = draws(1, ("a", "b"))
    assert draws(1, ("a",))["a"] == both["a"]
    assert draws(1, ("b", "a", "c"))["b"] == both["b"]
    assert both["a"] != both["b"]
    assert draws(2, ("a",))["a"] != both["a"]


@pytest.mark.parametrize("copies_memory", [True, False])
def test_the_kernels_draws_neither_see_nor_move_an_actors(monkeypatch, copies_memory):
    monkeypatch.setattr(randomness._python, "_copies_memory", copies_memory)

    def kernel(between):
        random.seed(7)
        np.random.seed(7)
        first = random.random(), random.gauss(), np.random.rand(), np.random.normal()
        between()
        return first, (random.random(), random.gauss(), np.random.rand(), np.random.normal())

    assert kernel(lambda: draws(1, ("a", "b"))) == kernel(lambda: None)


def test_memory_and_state_agree():
    assert randomness._python._layout_is_known()
    random.seed(3)
    np.random.seed(3)
    stream = Stream()
    expected = [random.random() for _ in range(700)], np.random.normal(size=701).tolist()
    Stream()  # as another actor would be entered in between
    stream.enter()
    assert ([random.random() for _ in range(700)], np.random.normal(size=701).tolist()) == expected


def test_real_ids_stay_random_outside_moto_and_botocore():
    with Cloud(seed=1):
        first = uuid.uuid4(), os.urandom(8)
    with Cloud(seed=1):
        second = uuid.uuid4(), os.urandom(8)
    assert first[0] != second[0]
    assert first[1] != second[1]


def test_ids_of_moto_and_botocore_repeat():
    def make(seed):
        with Cloud(seed=seed) as cloud:
            key = cloud.client("kms").generate_random(NumberOfBytes=16)["Plaintext"]  # os.urandom in moto
            secret = cloud.client("secretsmanager").create_secret(
                Name="s", SecretString="x"
            )  # uuid4 in botocore
            return key, secret["VersionId"], secret["ARN"]

    assert make(1) == make(1)
    assert make(1) != make(2)


def test_the_clouds_own_generators_repeat():
    with Cloud(seed=9) as first, Cloud(seed=9) as second, Cloud(seed=10) as third:
        assert first.random.random() == second.random.random() != third.random.random()
        assert first.random_for("sqs").random() == second.random_for("sqs").random()
        assert first.random_for("sqs").random() != first.random_for("sns").random()


def test_pauses_before_a_cells_retries_repeat():
    def pauses(seed: int) -> list[float]:
        with Account(seed=seed) as account:

            def busy(call):
                raise ServiceError("ThrottlingException", "Later.")

            account.answer("sqs", "ListQueues", busy)
            with pytest.raises(ClientError, match="Later"):
                account.client("sqs").list_queues()
            return list(account.trail.time_s)

    assert len(pauses(1)) > 2
    assert pauses(1) == pauses(1)
    assert pauses(1) != pauses(2)
