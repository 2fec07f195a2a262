"""Worked examples of section 17 about sampling, with requests to a service under X-Ray's default rule.

The others stand with the service that computes them, in tests/dataplane/test_cloudwatch_worked_examples.py.
"""

from __future__ import annotations

from math import sqrt

from helpers import Cloud

RESERVOIR, RATE = 1, 0.05


def kept(per_s: int, seconds: int) -> list[int]:
    """How many requests were sampled in each second."""
    with Cloud() as cloud:
        cloud.api_latency_s = 0
        recorder = cloud.plane("xray").recorder("shop", batch=1000)
        found = []
        for _ in range(seconds):
            count = 0
            for number in range(per_s):
                with recorder.segment() as segment:
                    count += segment.sampled
                if number < per_s - 1:
                    cloud.advance(0.9 / per_s)
            found.append(count)
            cloud.advance(1 - cloud.now % 1)
        return found


def test_100_requests_a_second_give_5_95_traces() -> None:
    """sampling_100: the first of each second, and 5 % of the other 99. Four standard deviations are allowed."""
    seconds = 20
    found = kept(100, seconds)
    others = 99 * seconds
    assert min(found) >= RESERVOIR
    assert RESERVOIR + RATE * 99 == 5.95
    assert abs(sum(found) - 5.95 * seconds) <= 4 * sqrt(others * RATE * (1 - RATE))


def test_one_request_a_second_is_always_traced() -> None:
    """sampling_low: no more than the reservoir, so every one of them."""
    assert kept(1, 20) == [1] * 20
