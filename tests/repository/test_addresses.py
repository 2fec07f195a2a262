"""The reader of strace's log: it sees what leaves the machine, whatever order the lines come in."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.repository.script import script


@pytest.fixture(scope="module")
def addresses() -> ModuleType:
    return script("addresses")


def v4(address: str, call: str = "connect(3, ", end: str = ", 16) = 0") -> str:
    return f'{call}{{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("{address}")}}{end}'


def v6(address: str) -> str:
    return (
        "connect(4, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
        f'inet_pton(AF_INET6, "{address}", &sin6_addr), sin6_scope_id=0}}, 28) = -1 ENETUNREACH (unreachable)'
    )


def outside(addresses: ModuleType, *lines: str) -> list[str]:
    return [
        address
        for process in addresses.read(lines)
        if not process.in_browser()
        for address, _ in process.asked
    ]


@pytest.mark.parametrize(
    "line",
    [
        v4("127.0.0.1"),
        v4("127.8.8.8"),
        v4("0.0.0.0"),
        v6("::1"),
        v6("::ffff:127.0.0.1"),
        'connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file)',
        "sendto(3, [{nlmsg_len=20}], 20, 0, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20",
        'sendto(5, "inet_addr", 9, MSG_NOSIGNAL, NULL, 0) = 9',
    ],
)
def test_local_call_is_fine(addresses: ModuleType, line: str) -> None:
    assert outside(addresses, f"10 {line}") == []


@pytest.mark.parametrize(
    ("line", "address"),
    [
        (v4("10.0.0.2"), "10.0.0.2"),
        (v4("169.254.169.254"), "169.254.169.254"),
        (v4("8.8.8.8", call='sendto(3, "x", 1, 0, '), "8.8.8.8"),
        (v4("8.8.4.4", call="sendmsg(3, {msg_name="), "8.8.4.4"),
        (v6("2001:db8::1"), "2001:db8::1"),
        (v6("::ffff:8.8.8.8"), "::ffff:8.8.8.8"),
        (v4("1.1.1.1", end=", 16 <unfinished ...>"), "1.1.1.1"),
        ("connect(3, {sa_family=AF_INET, ...}, 16) = 0", "an address that this script cannot read"),
    ],
)
def test_call_beyond_loopback_is_seen(addresses: ModuleType, line: str, address: str) -> None:
    assert outside(addresses, f"10 {line}") == [address]


def test_browser_and_what_it_starts_are_left_out(addresses: ModuleType) -> None:
    log = [
        '10 execve("/usr/bin/python3", ["python3"], 0x7ff /* 3 vars */) = 0',
        "10 clone(child_stack=NULL, flags=SIGCHLD) = 11",
        '11 execve("/usr/bin/chromium", ["chromium"], 0x7ff /* 3 vars */) = 0',
        "11 clone3({flags=CLONE_VM|CLONE_THREAD} <unfinished ...>",
        f"12 {v4('142.250.1.1')}",
        "11 <... clone3 resumed> => {parent_tid=[12]}, 88) = 12",
        f"12 {v4('142.250.1.2')}",
        f"10 {v4('10.0.0.2')}",
    ]
    assert outside(addresses, *log) == ["10.0.0.2"]


def test_browser_that_could_not_start_hides_nothing(addresses: ModuleType) -> None:
    log = [
        '11 execve("/bin/chromium", ["chromium"], 0x7ff) = -1 ENOENT (No such file)',
        f"11 {v4('10.0.0.2')}",
    ]
    assert outside(addresses, *log) == ["10.0.0.2"]


def test_process_id_used_again_is_another_process(addresses: ModuleType) -> None:
    log = [
        '11 execve("/usr/bin/chromium", ["chromium"], 0x7ff) = 0',
        "11 +++ exited with 0 +++",
        "10 vfork() = 11",
        f"11 {v4('10.0.0.2')}",
    ]
    assert outside(addresses, *log) == ["10.0.0.2"]


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (f"10 fork() = 11\n11 {v4('127.0.0.1')}\n", 0),
        (f"10 fork() = 11\n11 {v4('10.0.0.2')}\n", 1),
        ("", 1),  # nothing was watched
    ],
)
def test_exit_code(
    addresses: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: str, code: int
) -> None:
    path = tmp_path / "calls"
    path.write_text(log, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["addresses.py", str(path)])
    assert addresses.main() == code
