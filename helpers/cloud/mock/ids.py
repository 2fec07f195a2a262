"""Identifiers as moto makes them: from one stream that can be seeded, and one stream a Cloud.

moto draws every id from a single generator, `mock_random`. Here that object passes each draw on to the
generator of the Cloud that is active. Two of moto's loops (a receipt handle of 185 letters, a request id of
52) are drawn in blocks; the letters, and how far the stream has moved, are the same as letter by letter
(tests/cloud/mock/test_ids.py).
"""

from __future__ import annotations

import string
from random import Random
from typing import Any
from uuid import UUID

import moto.moto_api._internal as _internal
from moto.core import responses as _responses
from moto.moto_api._internal.moto_random import MotoRandom
from moto.sqs import models as _sqs_models
from moto.sqs import utils as _sqs_utils
from moto.utilities import aws_headers as _aws_headers

from helpers.cloud.touch import replace

generator: Random = MotoRandom(0)  # the active Cloud's


class _Active(MotoRandom):
    """moto's generator, drawing from the active Cloud's stream."""

    def random(self) -> float:
        return generator.random()

    def getrandbits(self, k: int, /) -> int:
        return generator.getrandbits(k)

    def seed(self, *arguments: Any, **options: Any) -> None:
        # Random.__init__ seeds before there is an active stream; moto itself seeds only on request.
        generator.seed(*arguments, **options)

    def getstate(self) -> Any:
        return generator.getstate()

    def setstate(self, state: Any) -> None:
        generator.setstate(state)


def use(stream: Random) -> None:
    """Draw from `stream` from now on."""
    global generator
    generator = stream


def uuid4() -> str:
    """A UUID such as SQS's MessageId."""
    return str(UUID(int=generator.getrandbits(128), version=4))


class _Letters:
    """Draws letters of an alphabet as `random.choice` would, in blocks.

    choice() takes the top bits of one 32-bit word a try and tries again if they are no index of the alphabet.
    A block of as many words as letters are missing therefore never moves the stream too far.
    """

    def __init__(self, alphabet: str) -> None:
        bits = len(alphabet).bit_length()
        letters = alphabet.encode()
        indexes = [byte >> (8 - bits) for byte in range(256)]
        self._table = bytes(letters[index] if index < len(letters) else 0 for index in indexes)
        self._none = bytes(byte for byte in range(256) if indexes[byte] >= len(letters))

    def draw(self, count: int) -> str:
        drawn = b""
        while missing := count - len(drawn):
            block = generator.getrandbits(32 * missing).to_bytes(4 * missing, "little")[3::4]
            drawn += block.translate(self._table, self._none)
        return drawn.decode()


_lowercase = _Letters(string.ascii_lowercase)
_alphanumeric = _Letters(string.ascii_letters + string.digits)
_digits = _Letters(string.digits)


def receipt_handle() -> str:
    """An SQS receipt handle: 185 lower-case letters."""
    return _lowercase.draw(185)


def request_id() -> str:
    """A request id: 52 letters and digits."""
    return _alphanumeric.draw(52)


def sequence_number() -> str:
    """20 random digits, as moto numbers FIFO messages (AWS's numbers grow)."""
    return _digits.draw(20)


def _request_id_for(headers: dict[str, Any] | None = None) -> str:
    # As moto.utilities.aws_headers.gen_amzn_requestid_long, which also writes the id into the answer's headers.
    new = request_id()
    if isinstance(headers, dict):
        headers["x-amzn-requestid"] = new
    return new


def install() -> None:
    """Point moto's one generator, and its two slow loops, here."""
    replace(_internal.mock_random, "__class__", _Active, because="each Cloud has its own stream of ids")
    for module in (_sqs_utils, _sqs_models):
        replace(module, "generate_receipt_handle", receipt_handle, because="a handle is drawn in blocks")
    for module in (_aws_headers, _responses):
        replace(module, "gen_amzn_requestid_long", _request_id_for, because="a request id is drawn in blocks")
