"""The line between the marked account and the student's process: one socket, orders one way, events the other.

A frame is four bytes of length (big-endian) and as many bytes of JSON. The two sides take turns: to each order comes
exactly one event. So whatever stands in the socket while nobody was asked, or is no event, was written by somebody who
found the socket and hopes to be believed. Page: https://docs.python.org/3/library/socket.html
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Callable
from typing import Any

from helpers.cloud import clock

MAX_FRAME = 16 * 1024 * 1024
"""Bytes a frame may have. SQS's largest batch has 1 MiB and Lambda's largest payload 6 MB."""

_HEADER = 4
_PART = 1 << 16
_GLANCE_S = 0.1


class Gone(Exception):
    """The other side is no longer there."""


class Forged(Exception):
    """What came is no event that was asked for; the message says what is wrong with it."""


class Link:
    """One end of the line."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._glanced_s = 0.0
        self._ahead = bytearray()  # what came with a frame, and is not read yet

    def fileno(self) -> int:
        """The file descriptor, for `select`."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def send(self, frame: dict[str, Any], watch: Callable[[], None] | None = None) -> None:
        """Write a frame; `watch` as in `ask`. Raises Gone; ValueError if it is larger than `MAX_FRAME`."""
        data = json.dumps(frame, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
        if len(data) > MAX_FRAME:
            raise ValueError(f"a message of {len(data):,} bytes; at most {MAX_FRAME:,} fit")
        rest = memoryview(len(data).to_bytes(_HEADER, "big") + data)
        while rest:
            try:
                rest = rest[self._socket.send(rest, 0 if watch is None else socket.MSG_DONTWAIT) :]
            except BlockingIOError:  # there is no room, or not enough
                assert watch is not None, "else it waits"
                self._ready(watch, writing=True)
            except OSError as error:
                raise Gone(str(error)) from error

    def ask(self, order: dict[str, Any], watch: Callable[[], None]) -> dict[str, Any]:
        """Send an order and wait for its event; `watch()` is called ten times a second meanwhile, and may raise.

        It is called also while the other side takes nothing, or sends byte by byte.
        Raises Gone, and Forged if something stands in the line already or what comes is no JSON object.
        """
        if self._ahead or self._stands():
            raise Forged("something before it was asked for anything")
        self.send(order, watch)
        return self.receive(watch)

    def receive(self, watch: Callable[[], None] | None = None) -> dict[str, Any]:
        """The next frame. Raises Gone, and Forged as `ask` does."""
        length = int.from_bytes(self._read(_HEADER, watch), "big")
        if length > MAX_FRAME:
            raise Forged(f"a message of {length:,} bytes")
        try:
            frame = json.loads(self._read(length, watch))
        except (ValueError, RecursionError) as error:
            raise Forged("a message that is no JSON") from error
        if not isinstance(frame, dict):
            raise Forged("a message that is no object")
        return frame

    def _read(self, length: int, watch: Callable[[], None] | None) -> bytes:
        while len(self._ahead) < length:
            if watch is not None and not self._ready(watch, writing=False):
                continue
            try:
                part = self._socket.recv(min(max(length, _PART), 1 << 20))
            except OSError as error:
                raise Gone(str(error)) from error
            if not part:
                raise Gone("it hung up")
            self._ahead += part
        data = bytes(self._ahead[:length])
        del self._ahead[:length]
        return data

    def _ready(self, watch: Callable[[], None], *, writing: bool) -> bool:
        """Whether the socket can be read or written within a glance; and `watch()` if the last glance is that old."""
        ends = [self._socket]
        read, write, _ = select.select([] if writing else ends, ends if writing else [], [], _GLANCE_S)
        now_s = clock.real_monotonic()  # whoever asks may be an actor, for whom time is virtual
        if now_s - self._glanced_s >= _GLANCE_S:
            self._glanced_s = now_s
            watch()
        return bool(read or write)

    def _stands(self) -> bool:
        """Whether something stands in the line. Raises Gone if the other side hung up."""
        try:
            if not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                raise Gone("it hung up")
        except BlockingIOError:
            return False
        except OSError as error:
            raise Gone(str(error)) from error
        return True
