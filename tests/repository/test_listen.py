"""The listener at the only way out: it names where a packet goes, and finds none that is not there."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.repository.script import script

TCP, UDP, ICMP, ICMPV6, HOP_BY_HOP = 6, 17, 1, 58, 0


@pytest.fixture(scope="module")
def listener() -> ModuleType:
    return script("listen")


def v4(protocol: int, address: str, payload: bytes = b"", options: bytes = b"") -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack("!BxHxxxxBB2x4s4s", 0x40 | words, 0, 64, protocol, b"\xc0\0\2\1", _packed(address))
    return head + options + payload


def v6(protocol: int, address: str, payload: bytes = b"") -> bytes:
    return (
        struct.pack("!IHBB16s16s", 6 << 28, len(payload), protocol, 64, bytes(16), _packed(address)) + payload
    )


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def ports(to: int) -> bytes:
    return struct.pack("!HH", 40000, to)


def question(name: str) -> bytes:
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    return ports(53) + bytes(4) + bytes(12) + labels + b"\0\0\1\0\1"


CASES = {
    "TCP 93.184.216.34:443": v4(TCP, "93.184.216.34", ports(443)),
    "TCP 10.0.0.2:80": v4(TCP, "10.0.0.2", ports(80), options=bytes(8)),
    "TCP [2606:4700::1]:443": v6(TCP, "2606:4700::1", ports(443)),
    "UDP 10.255.255.53:53 sqs.amazonaws.com": v4(UDP, "10.255.255.53", question("sqs.amazonaws.com")),
    "UDP 10.255.255.53:53": v4(UDP, "10.255.255.53", ports(53) + bytes(4)),
    "UDP 169.254.169.254:123": v4(UDP, "169.254.169.254", ports(123)),
    "ICMP 8.8.8.8": v4(ICMP, "8.8.8.8", bytes(8)),
    "ICMPv6 2606:4700::1": v6(ICMPV6, "2606:4700::1", bytes(8)),
    "protocol 132 10.0.0.2": v4(132, "10.0.0.2", ports(80)),
}  # fmt: skip


@pytest.mark.parametrize("said", CASES)
def test_a_packet_is_named_by_where_it_goes(said: str, listener: ModuleType) -> None:
    assert listener.sent_to(CASES[said]) == said


@pytest.mark.parametrize("protocol", [ICMPV6, HOP_BY_HOP])
def test_what_the_kernel_says_to_neighbours_of_a_new_device_does_not_count(
    protocol: int, listener: ModuleType
) -> None:
    assert listener.sent_to(v6(protocol, "ff02::16", bytes(8))) is None
    assert listener.sent_to(v6(protocol, "2001:db8::9", bytes(8))) is not None


def test_what_waits_at_the_end_is_still_heard(listener: ModuleType) -> None:
    end, other = os.pipe()
    packets = [v4(TCP, "10.0.0.2", ports(80)), v6(ICMPV6, "ff02::2", bytes(8))]
    over, seen, browsers = threading.Event(), Counter[str](), Counter[str]()
    over.set()
    os.write(other, packets[0])
    listener.listen(end, over, seen, browsers)
    os.write(other, packets[1])
    listener.listen(end, over, seen, browsers)
    assert seen == {"TCP 10.0.0.2:80": 1}
    assert browsers == {}
    os.close(end)
    os.close(other)


@pytest.fixture
def sender() -> Iterator[tuple[socket.socket, bytes]]:
    """A socket of this process, and a packet as it would send it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sends:
        sends.bind(("127.0.0.1", 0))
        port = sends.getsockname()[1]
        yield sends, v4(UDP, "10.0.0.2", struct.pack("!HH", port, 53))


@pytest.mark.parametrize("browser", [True, False])
def test_a_packet_is_a_browsers_by_the_program_that_holds_its_socket(
    browser: bool,
    listener: ModuleType,
    sender: tuple[socket.socket, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Path(f"/proc/{os.getpid()}") in [
        holder
        for inode in listener._sockets("udp", sender[0].getsockname()[1])
        for holder in listener._holders(inode)
    ]
    program = Path("/proc/self/exe").readlink().name if browser else "chromium"
    monkeypatch.setattr(listener, "_BROWSER", re.compile(re.escape(program)))
    assert listener.is_browsers(sender[1]) is browser


def test_a_packet_without_a_sender_counts_as_ours(listener: ModuleType) -> None:
    assert listener.is_browsers(v4(UDP, "10.0.0.2", struct.pack("!HH", 1, 53))) is False
    assert listener.is_browsers(v4(ICMP, "10.0.0.2", bytes(8))) is False
