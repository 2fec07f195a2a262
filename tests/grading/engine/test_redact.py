"""What a message may tell: nothing that was drawn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.redact import redacted

SOURCE = "limit = 25\nraise ValueError('no such order')"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("division by zero", "division by zero"),
        ("can't start new thread", "can't start new thread"),
        ("more than 25", "more than 25"),
        ("more than 26", "more than …"),
        ("'no such order'", "'no such order'"),
        ("'order-8731'", "…"),
        ("no order 'abc' in {'x': 'y'}", "no order … in …"),
        ("it is 'cut in the mid", "it is …"),
        ('"cut in the mid', "…"),
        ("`abc`", "…"),
        ("f" * 70, "…"),
        ("7 8 9", "…"),
        (
            "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling",
            "An error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling",
        ),
        ("it is (a word) and (one, two)", "it is …"),
    ],
)
def test_what_the_student_did_not_write_is_left_out(message: str, shown: str) -> None:
    assert redacted(message, SOURCE) == shown


@given(st.integers(min_value=1000), st.text(alphabet="abc xyz", min_size=4))
def test_no_number_and_no_quoted_text_gets_through(number: int, text: str) -> None:
    hidden = f"<{text}>"
    shown = redacted(f"got {number} and {hidden!r}: {[number, hidden]}", "")
    assert str(number) not in shown
    assert hidden not in shown
