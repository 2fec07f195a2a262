"""Ids are moto's, byte for byte."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.moto_random import MotoRandom

from helpers.cloud import ids


@pytest.fixture(autouse=True)
def own_stream():
    before = ids.generator
    yield
    ids.use(before)


def as_moto_draws(stream: random.Random, alphabet: str, count: int) -> str:
    return "".join(stream.choice(alphabet) for _ in range(count))


@given(st.integers(0, 2**32))
def test_blocks_draw_the_same_letters_and_move_the_stream_as_far(seed):
    plain, blocks = MotoRandom(seed), MotoRandom(seed)
    ids.use(blocks)
    for drawn, alphabet, count in (
        (ids.receipt_handle(), string.ascii_lowercase, 185),
        (ids.request_id(), string.ascii_letters + string.digits, 52),
        (ids.sequence_number(), string.digits, 20),
    ):
        assert drawn == as_moto_draws(plain, alphabet, count)
    assert ids.uuid4() == str(plain.uuid4())
    assert blocks.getstate() == plain.getstate()


def test_motos_own_generator_draws_from_the_active_stream():
    ids.use(MotoRandom(3))
    expected = MotoRandom(3)
    assert mock_random.get_random_string(10) == expected.get_random_string(10)
    assert mock_random.random() == expected.random()
    assert mock_random.uuid4() == expected.uuid4()
    assert mock_random.randint(0, 10**9) == expected.randint(0, 10**9)
    state = mock_random.getstate()
    assert state == expected.getstate()
    mock_random.seed(4)
    assert mock_random.random() == MotoRandom(4).random()
    mock_random.setstate(state)
    assert mock_random.random() == expected.random()
