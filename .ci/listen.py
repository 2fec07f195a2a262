"""Run a command where every way out of the machine ends in this program, and fail if anything came that way.

    unshare --net python .ci/listen.py COMMAND...

The network namespace has loopback and one more device: a tunnel that is the default route and whose other end is
read here (https://docs.kernel.org/networking/tuntap.html). So a packet to any address beyond this machine, also one
that asks for a name, is seen whole, whoever sends it, and goes nowhere. Exit code: that of the command; 1 if it was 0
and a packet came; 3, before anything runs, where there is no tunnel to be had.

A browser asks for its own maker's hosts, or tries to. What a process of a browser sent is counted apart and may be: the
browser tests assert what the page itself asked for. A packet whose sender is not to be found counts as ours.
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
from pathlib import Path

DEVICE = "outside"
NO_TUNNEL = 3
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_PROTOCOLS = {6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMPv6"}
_NAMES = 53
_BROWSER = re.compile(r"chromium|chrome|google-chrome")
_TABLES = {(4, 6): "tcp", (4, 17): "udp", (6, 6): "tcp6", (6, 17): "udp6"}
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


def is_browsers(packet: bytes) -> bool:
    """Whether a process of a browser holds the socket that sent this packet."""
    version = packet[0] >> 4
    head, protocol = ((packet[0] & 15) * 4, packet[9]) if version == 4 else (40, packet[6])
    if (version, protocol) not in _TABLES or len(packet) < head + 2:
        return False
    (port,) = struct.unpack("!H", packet[head : head + 2])
    tables = [_TABLES[version, protocol]] + [_TABLES[6, protocol]] * (version == 4)  # a socket may speak both
    owners = [process for table in tables for inode in _sockets(table, port) for process in _holders(inode)]
    return bool(owners) and all(map(_is_browser, owners))


def _sockets(table: str, port: int) -> list[str]:
    """The inodes of the sockets bound to `port`, of any address; see proc(5)."""
    lines = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return [row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == port and row[9] != "0"]


def _holders(inode: str) -> list[Path]:
    """The processes that have the socket open."""
    held = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(end.readlink()) == f"socket:[{inode}]" for end in (process / "fd").iterdir()):
                held.append(process)
        except OSError:  # it has ended meanwhile
            continue
    return held


def _is_browser(process: Path) -> bool:
    try:
        return _BROWSER.fullmatch((process / "exe").readlink().name) is not None
    except OSError:
        return False


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


def listen(end: int, over: threading.Event, ours: Counter[str], browsers: Counter[str]) -> None:
    """Count what comes through the tunnel until `over` is set and nothing more waits."""
    while True:
        if select.select([end], [], [], 0.2)[0]:
            packet = os.read(end, 65536)
            where = sent_to(packet)
            if where is not None:
                (browsers if is_browsers(packet) else ours)[where] += 1
        elif over.is_set():
            return


def main() -> int:
    try:
        end = tunnel()
    except OSError as error:
        print(f"No tunnel here: {error}")
        return NO_TUNNEL
    over, ours, browsers = threading.Event(), Counter[str](), Counter[str]()
    ear = threading.Thread(target=listen, args=(end, over, ours, browsers))
    ear.start()
    try:
        code = subprocess.run(sys.argv[1:], check=False).returncode
    finally:
        over.set()
        ear.join()
    for where, times in ours.most_common():
        print(f"beyond loopback: {where}, {times} packets")
    print(
        f"Listened to every way out: {ours.total()} packets of ours beyond loopback, "
        f"{browsers.total()} of a browser's own."
    )
    return code or int(ours.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
