"""Delivery policies: the phases, the backoff functions and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.cloud import ServiceError
from helpers.dataplane.sns.retries import (
    AWS_MANAGED,
    CUSTOMER_MANAGED,
    HTTP_DEFAULT,
    DeliveryPolicy,
    RetryPolicy,
)


def delays(policy: RetryPolicy, most: int = 200) -> list[float]:
    return [delay for retry in range(most) if (delay := policy.delay_s(retry)) is not None]


def read(**given: Any) -> DeliveryPolicy:
    policy = DeliveryPolicy.read(json.dumps({"healthyRetryPolicy": given}))
    assert policy is not None
    return policy


def test_phases_of_managed_endpoints() -> None:
    assert AWS_MANAGED.retries == 100_015
    found = delays(AWS_MANAGED)
    assert found[:5] == [0, 0, 0, 1, 1]
    assert (found[5], found[14]) == (1, 20)
    assert set(found[15:]) == {20}
    assert AWS_MANAGED.delay_s(100_014) == 20
    assert AWS_MANAGED.delay_s(100_015) is None
    assert 23 < AWS_MANAGED.total_s / 86_400 < 24


def test_phases_of_customer_managed_endpoints() -> None:
    found = delays(CUSTOMER_MANAGED)
    assert len(found) == CUSTOMER_MANAGED.retries == 50
    assert found[:3] == [10, 10, 10]
    assert found[11:] == [600] * 39
    assert CUSTOMER_MANAGED.total_s > 6 * 3600


def test_http_default_is_three_retries_20_s_apart() -> None:
    assert delays(HTTP_DEFAULT) == delays(read().retries) == [20, 20, 20]


def test_phases_of_the_documented_example() -> None:
    found = delays(
        read(
            minDelayTarget=1, maxDelayTarget=60, numRetries=50, numNoDelayRetries=3, numMinDelayRetries=2,
            numMaxDelayRetries=35, backoffFunction="exponential",
        ).retries
    )  # fmt: skip
    assert found == [0] * 3 + [1] * 2 + [1, 2, 4, 8, 16, 32, 60, 60, 60, 60] + [60] * 35


@given(
    function=st.sampled_from(["linear", "arithmetic", "geometric", "exponential"]),
    low=st.integers(1, 100),
    span=st.integers(0, 100),
    retries=st.integers(2, 15),
)
@settings(max_examples=40)
def test_backoff_grows_from_minimum_to_maximum(function: str, low: int, span: int, retries: int) -> None:
    found = delays(RetryPolicy(low, low + span, 0, 0, retries, 0, function))
    assert found[0] == low
    assert found[-1] == pytest.approx(low + span)
    assert found == sorted(found)
    assert len(found) == retries


def test_linear_backoff_has_equal_steps() -> None:
    assert delays(RetryPolicy(5, 260, 0, 0, 4, 0, "linear")) == [5, 90, 175, 260]


@pytest.mark.parametrize(
    "given",
    [
        {"numRetries": 101},
        {"numRetries": 2, "numNoDelayRetries": 3},
        {"minDelayTarget": 0},
        {"minDelayTarget": 30, "maxDelayTarget": 20},
        {"maxDelayTarget": 3601},
        {"backoffFunction": "square"},
        {"numMaxDelayRetries": -1},
        {"numRetries": 100, "numMaxDelayRetries": 100, "maxDelayTarget": 37},
    ],
)
def test_policies_out_of_range_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as caught:
        read(**given)
    assert caught.value.code == "InvalidParameter"


def test_http_retries_last_at_most_an_hour() -> None:
    assert read(numRetries=100, numMaxDelayRetries=100, maxDelayTarget=36).retries.total_s == 3600


@pytest.mark.parametrize("text", ["no json", "[]", '{"throttlePolicy": {"maxReceivesPerSecond": 0}}'])
def test_policies_that_are_none(text: str) -> None:
    with pytest.raises(ServiceError):
        DeliveryPolicy.read(text)
