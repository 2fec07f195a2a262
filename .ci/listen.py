"""Run a command where every way out of the machine ends in this program, and fail if anything came that way.

    unshare --net python .ci/listen.py COMMAND...

The network namespace has loopback and one more device: a tunnel that is the default route and whose other end is
read here (https://docs.kernel.org/networking/tuntap.html). So a packet to any address beyond this machine, also one
that asks for a name, is seen whole, whoever sends it, and goes nowhere. Exit code: that of the command; 1 if it was 0
and a packet came; 3, before anything runs, where there is no tunnel to be had.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import re
import select
import struct
import subprocess
import sys
import threading
from collections import Counter

DEVICE = "outside"
NO_TUNNEL = 3
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_PROTOCOLS = {6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMPv6"}
_NAMES = 53
SETUP = (
    "link set lo up",
    f"addr add 192.0.2.1/32 dev {DEVICE}",  # addresses and a network that are for documentation: RFC 5737 and 3849
    f"-6 addr add 2001:db8::1/128 dev {DEVICE} nodad",
    f"link set {DEVICE} up",
    f"route add default dev {DEVICE}",
    f"-6 route add default dev {DEVICE}",
)


def sent_to(packet: bytes) -> str | None:
    """Where an IP packet goes, as in `UDP 10.0.0.2:53 sqs.us-east-1.amazonaws.com`.

    None for what the kernel itself says to the neighbours of a new IPv6 device (ICMPv6 to a multicast address).
    """
    version = packet[0] >> 4
    if version == 4:
        head, protocol = (packet[0] & 15) * 4, packet[9]
        address = ipaddress.ip_address(packet[16:20])
    else:
        head, protocol = 40, packet[6]
        address = ipaddress.ip_address(packet[24:40])
        if address.is_multicast and protocol in (0, 58):  # 0: the header before a report on multicast groups
            return None
    kind = _PROTOCOLS.get(protocol, f"protocol {protocol}")
    rest = packet[head:]
    if protocol not in (6, 17) or len(rest) < 4:
        return f"{kind} {address}"
    (port,) = struct.unpack("!H", rest[2:4])
    where = f"[{address}]:{port}" if version == 6 else f"{address}:{port}"
    return f"{kind} {where} {_name(rest)}".rstrip() if port == _NAMES else f"{kind} {where}"


def _name(datagram: bytes) -> str:
    """The name that a question to a name server holds, or nothing."""
    labels, place = [], 8 + 12
    while place < len(datagram) and (length := datagram[place]):
        labels.append(datagram[place + 1 : place + 1 + length].decode("ascii", "replace"))
        place += 1 + length
    return ".".join(labels) if all(re.fullmatch(r"[\w-]+", label) for label in labels) else ""


def tunnel() -> int:
    """The reading end of the tunnel, with the namespace's addresses and routes set. Raises OSError without one."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    for line in SETUP:
        done = subprocess.run(["ip", *line.split()], capture_output=True, text=True, check=False)
        if done.returncode and not line.startswith(
            "-6"
        ):  # a machine without IPv6 has no way out by it either
            raise OSError(f"ip {line}: {done.stderr.strip()}")
    return end


def listen(end: int, over: threading.Event, seen: Counter[str]) -> None:
    """Count what comes through the tunnel until `over` is set and nothing more waits."""
    while True:
        if select.select([end], [], [], 0.2)[0]:
            where = sent_to(os.read(end, 65536))
            if where is not None:
                seen[where] += 1
        elif over.is_set():
            return


def main() -> int:
    try:
        end = tunnel()
    except OSError as error:
        print(f"No tunnel here: {error}")
        return NO_TUNNEL
    over, seen = threading.Event(), Counter[str]()
    ear = threading.Thread(target=listen, args=(end, over, seen))
    ear.start()
    try:
        code = subprocess.run(sys.argv[1:], check=False).returncode
    finally:
        over.set()
        ear.join()
    for where, times in seen.most_common():
        print(f"beyond loopback: {where}, {times} packets")
    print(f"Listened to every way out: {seen.total()} packets to {len(seen)} addresses beyond loopback.")
    return code or int(seen.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
