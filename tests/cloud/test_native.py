"""Redirecting C functions in place."""

from __future__ import annotations

import time

import pytest

from helpers.cloud import native


def test_an_original_goes_on_as_before():
    assert native.original(time.monotonic) is not time.monotonic
    before = time.monotonic()
    assert before <= native.original(time.monotonic)() <= time.monotonic()


def test_a_redirect_is_turned_on_and_off():
    redirect = native.Redirect(time.process_time_ns, lambda: 42)
    assert time.process_time_ns() != 42
    redirect.on()
    try:
        assert time.process_time_ns() == 42
        assert redirect.original() != 42
    finally:
        redirect.off()
    assert time.process_time_ns() != 42


def test_a_redirected_call_lets_exceptions_pass_and_keeps_its_identity():
    import cmath  # its polar() stands in for time.sleep, which is redirected for life

    early = cmath.phase
    seen = []

    def replacement(argument):
        seen.append(argument)
        if argument == 0:
            raise ValueError("zero")
        return argument * 2

    was = native.original(cmath.phase)
    native.redirect_call(cmath.phase, replacement)
    try:
        assert early is cmath.phase
        assert early(21) == 42
        with pytest.raises(ValueError, match="zero"):
            early(0)
        assert cmath.phase.__name__ == "phase"
    finally:
        native.redirect_call(cmath.phase, was)
    assert seen == [21, 0]
    assert early(1j) == pytest.approx(1.5707963)
