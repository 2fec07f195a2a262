"""The line between the account and the student's process: frames, and what is no frame."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.link import MAX_FRAME, Forged, Gone, Link

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
Pair = tuple[Link, Link, socket.socket]


def nothing() -> None:
    """Watches, and sees nothing."""


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    link, other = Link(ours), Link(theirs)
    yield link, other, theirs
    link.close()
    other.close()


@given(st.dictionaries(st.text(max_size=9), DATA, max_size=3))
def test_a_frame_arrives_as_it_was_sent(frame: dict[str, object]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Link(ours).send(frame)
        assert Link(theirs).receive() == frame
        assert Link(ours).fileno() == ours.fileno()


def test_an_order_gets_the_event_that_comes_to_it(pair: Pair) -> None:
    link, other, _ = pair
    looks: list[int] = []

    def watch() -> None:
        looks.append(1)
        if len(looks) == 2:
            other.send({"event": "done", "to": other.receive()})

    assert link.ask({"do": "cell"}, watch) == {"event": "done", "to": {"do": "cell"}}
    assert len(looks) >= 2


def test_whoever_watches_may_end_the_wait(pair: Pair) -> None:
    class Enough(Exception):
        pass

    def enough() -> None:
        raise Enough

    with pytest.raises(Enough):
        pair[0].ask({"do": "cell"}, enough)


def test_what_was_written_before_anybody_asked_is_forged(pair: Pair) -> None:
    link, other, _ = pair
    other.send({"event": "done"})
    with pytest.raises(Forged, match=r"^something before it was asked for anything$"):
        link.ask({"do": "cell"}, nothing)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"5", "a message that is no object"),
        (b"[]", "a message that is no object"),
        (b'{"event": done}', "a message that is no JSON"),
        (b"\xff\xfe", "a message that is no JSON"),
        (b"[" * 100_000, "a message that is no JSON"),
        (b'{"event":' + b"9" * 5000 + b"}", "a message that is no JSON"),
    ],
)
def test_what_is_no_event_is_forged(pair: Pair, written: bytes, said: str) -> None:
    link, _, theirs = pair
    theirs.sendall(len(written).to_bytes(4, "big") + written)
    with pytest.raises(Forged) as told:
        link.receive(nothing)
    assert str(told.value) == said


def test_a_frame_that_is_too_long_is_forged_before_it_is_read(pair: Pair) -> None:
    link, _, theirs = pair
    theirs.sendall((MAX_FRAME + 1).to_bytes(4, "big"))
    with pytest.raises(Forged, match=f"^a message of {MAX_FRAME + 1:,} bytes$"):
        link.receive(nothing)


@given(st.binary(max_size=300))
def test_whatever_stands_in_the_line_is_an_event_or_forged_or_the_end(written: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.sendall(written)
        try:
            assert isinstance(Link(ours).receive(nothing), dict)
        except (Forged, Gone):
            pass


def test_a_side_that_hung_up_is_gone(pair: Pair) -> None:
    link, other, _ = pair
    other.close()
    with pytest.raises(Gone):
        link.ask({"do": "cell"}, nothing)
    with pytest.raises(Gone):
        link.receive(nothing)
    with pytest.raises(Gone):
        link.send({"do": "cell"})


def test_half_a_frame_and_the_end_is_gone(pair: Pair) -> None:
    link, _, theirs = pair
    theirs.sendall(b"\x00\x00\x00\x09{")
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(Gone, match=r"^it hung up$"):
        link.receive(nothing)


def test_a_frame_that_is_too_large_or_no_json_is_not_sent(pair: Pair) -> None:
    link, other, _ = pair
    with pytest.raises(ValueError, match=r"^a message of 16,777,\d+ bytes; at most 16,777,216 fit$"):
        link.send({"a": "x" * MAX_FRAME})
    with pytest.raises(ValueError, match="JSON"):
        link.send({"a": float("nan")})
    link.send({"a": 1})
    assert json.dumps(other.receive()) == '{"a": 1}'
