"""Read a log of strace and fail if a process asked for an address beyond loopback.

    python .ci/addresses.py LOG

The log comes from `strace -f -e trace=connect,sendto,sendmsg,sendmmsg,clone,clone3,fork,vfork,execve`. A browser talks
to its own maker's hosts, or tries to, so the processes that descend from one are left out; the browser tests assert
what the page itself asked for. Unix sockets and netlink stay on the machine and are left out as well.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Iterable
from pathlib import Path

BROWSER = re.compile(r'execve\("[^"]*/(?:chromium|chrome|google-chrome)[^"/]*"(?!.*= -1 )')
LINE = re.compile(r"(?P<pid>\d+) +(?P<event>.*)")
BORN = re.compile(r"(?:clone3?|v?fork)(?:\(| resumed>).*= (?P<child>\d+)$")
ADDRESS = re.compile(r'inet_addr\("(?P<v4>[\d.]+)"\)|inet_pton\(AF_INET6, "(?P<v6>[^"]+)"')
UNREADABLE = re.compile(r"sa_family=AF_INET6?\b")


class Process:
    """One life of a process id."""

    def __init__(self) -> None:
        self.parent: Process | None = None
        self.is_browser = False
        self.asked: list[tuple[str, str]] = []
        """Addresses beyond loopback, each with the line that asked for it."""

    def in_browser(self) -> bool:
        """Is this a browser, or does it descend from one?"""
        process: Process | None = self
        while process is not None and not process.is_browser:
            process = process.parent
        return process is not None


def is_local(address: str) -> bool:
    """Loopback, also in its IPv4-in-IPv6 form, or the unspecified address, which the system turns into loopback."""
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    parsed = mapped or parsed
    return parsed.is_loopback or parsed.is_unspecified


def beyond_loopback(event: str) -> Iterable[str]:
    """The addresses in one call that are not on this machine; an Internet address it cannot read is one."""
    found = [match["v4"] or match["v6"] for match in ADDRESS.finditer(event)]
    if not found and UNREADABLE.search(event):
        return ["an address that this script cannot read"]
    return [address for address in found if not is_local(address)]


def read(lines: Iterable[str]) -> list[Process]:
    """Every process of the log, in the order of birth."""
    alive: dict[str, Process] = {}
    processes: list[Process] = []

    def of(pid: str) -> Process:
        if pid not in alive:  # a child may speak before its parent's call has returned
            alive[pid] = Process()
            processes.append(alive[pid])
        return alive[pid]

    for line in lines:
        match = LINE.match(line.rstrip())
        if match is None:
            continue
        pid, event = match["pid"], match["event"]
        process = of(pid)
        if event.startswith("+++"):
            del alive[pid]  # the system may give this number to another process
        elif born := BORN.search(event):
            of(born["child"]).parent = process
        elif BROWSER.match(event):
            process.is_browser = True
        else:
            process.asked += [(address, line.strip()) for address in beyond_loopback(event)]
    return processes


def main() -> int:
    log = Path(sys.argv[1])
    with log.open(encoding="utf-8", errors="replace") as lines:
        processes = read(lines)
    if len(processes) < 2:
        print(f"{log} names {len(processes)} processes: the tests were not watched.")
        return 1
    outside = [asked for process in processes if not process.in_browser() for asked in process.asked]
    for address, line in outside:
        print(f"beyond loopback: {address}: {line}")
    browsers = sum(process.in_browser() for process in processes)
    print(
        f"{len(processes)} processes watched, {browsers} of them in a browser; "
        f"{len(outside)} calls beyond loopback outside it."
    )
    return 1 if outside else 0


if __name__ == "__main__":
    raise SystemExit(main())
