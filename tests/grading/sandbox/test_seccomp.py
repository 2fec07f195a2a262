"""The filter, run by an interpreter of our own for every machine it is made for."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.sandbox import seccomp
from helpers.grading.sandbox.seccomp import ALLOW, AUDIT_NAMES, FAIL, KILL, REFUSED, Instruction
from helpers.grading.sandbox.syscalls import MACHINES

EPERM = FAIL | errno.EPERM
ENOSYS = FAIL | errno.ENOSYS
LAST = 600


def verdict(program: list[Instruction], number: int, audit: int, arguments: tuple[int, ...] = ()) -> int:
    """What the kernel's interpreter would return for a call (classic BPF, the instructions that we use)."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", number - (number >> 31 << 32), audit, 0, *words)
    accumulator = 0
    at = 0
    while True:
        code, if_true, if_false, constant = program[at]
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, constant)[0]
            continue
        holds = {
            0x15: accumulator == constant,
            0x35: accumulator >= constant,
            0x45: accumulator & constant != 0,
        }[code]
        at += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_of_all_calls_exactly_the_listed_ones_fail(machine: str) -> None:
    program = seccomp.program(machine)
    names = {number: name for name, number in MACHINES[machine].items()}
    conditional = {"clone", "socket", "socketpair", "ioctl", "kill"}
    for number in range(LAST):
        name = names.get(number, "")
        expected = ENOSYS if name == "clone3" else EPERM if name in REFUSED else ALLOW
        # A Unix socket, a fork, a signal to one process and an unknown ioctl are allowed.
        arguments = {"socket": (1,), "socketpair": (1,), "clone": (17,), "kill": (1, 9), "ioctl": (0, 0x5401)}
        assert verdict(program, number, AUDIT_NAMES[machine], arguments.get(name, ())) == expected, (
            number,
            name,
        )
    assert set(MACHINES[machine]) - set(REFUSED) == conditional | {"clone3"}


@pytest.mark.parametrize("machine", MACHINES)
@given(number=st.integers(0, 2**32 - 1), audit=st.integers(0, 2**32 - 1))
def test_a_call_of_another_abi_ends_the_process(machine: str, number: int, audit: int) -> None:
    program = seccomp.program(machine)
    if audit != AUDIT_NAMES[machine]:
        assert verdict(program, number, audit) == KILL
    other = next(name for name in MACHINES if name != machine)
    assert verdict(program, number, AUDIT_NAMES[other]) == KILL
    assert verdict(program, 0x40000000 | number, AUDIT_NAMES[machine]) == KILL  # x86-64's x32


NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)


@pytest.mark.parametrize("machine", MACHINES)
@given(flags=st.integers(0, 2**32 - 1), high=st.integers(0, 2**32 - 1))
def test_clone_makes_processes_and_threads_but_no_namespaces(machine: str, flags: int, high: int) -> None:
    """Only the low half of the register counts, for the kernel and for us."""
    found = verdict(
        seccomp.program(machine), MACHINES[machine]["clone"], AUDIT_NAMES[machine], (high << 32 | flags,)
    )
    assert found == (EPERM if any(flags & flag for flag in NAMESPACES) else ALLOW)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["socket", "socketpair"])
@given(family=st.integers(0, 2**32 - 1), high=st.integers(0, 2**32 - 1))
def test_sockets_are_unix_sockets(machine: str, call: str, family: int, high: int) -> None:
    found = verdict(
        seccomp.program(machine), MACHINES[machine][call], AUDIT_NAMES[machine], (high << 32 | family, 1, 0)
    )
    assert found == (ALLOW if family == 1 else EPERM)


@pytest.mark.parametrize("machine", MACHINES)
@given(request=st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([0x5412, 0x541C])))
def test_nobody_types_into_the_terminal(machine: str, request: int) -> None:
    found = verdict(
        seccomp.program(machine), MACHINES[machine]["ioctl"], AUDIT_NAMES[machine], (0, request, 0)
    )
    assert found == (EPERM if request in {0x5412, 0x541C} else ALLOW)


@pytest.mark.parametrize("machine", MACHINES)
@given(pid=st.integers(-(2**31), 2**31 - 1))
def test_a_signal_goes_to_somebody_in_particular(machine: str, pid: int) -> None:
    """The C library may or may not extend the sign into the high half."""
    for register in (pid & 0xFFFFFFFF, pid & 0xFFFFFFFFFFFFFFFF):
        found = verdict(
            seccomp.program(machine), MACHINES[machine]["kill"], AUDIT_NAMES[machine], (register, 9)
        )
        assert found == (EPERM if pid == -1 else ALLOW)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_kernel_takes_the_program(machine: str) -> None:
    """At most 4096 instructions, jumps forward and within, a return at the end; eight bytes each."""
    program = seccomp.program(machine)
    assert len(program) < 4096
    assert program[-1] == (0x06, 0, 0, ALLOW)
    for at, (_, if_true, if_false, _) in enumerate(program[:-1]):
        assert at + 1 + max(if_true, if_false) < len(program)
    encoded = seccomp.encoded(program)
    assert list(struct.iter_unpack("=HBBI", encoded)) == program
    assert len(encoded) == 8 * len(program)


def test_both_machines_refuse_the_same_but_for_what_one_never_had() -> None:
    assert set(MACHINES["x86_64"]) - set(MACHINES["aarch64"]) == {
        "_sysctl",
        "ioperm",
        "iopl",
        "modify_ldt",
        "sysfs",
        "uselib",
        "ustat",
    }
    assert set(MACHINES["aarch64"]) <= set(MACHINES["x86_64"])
    assert set(REFUSED) <= set(MACHINES["x86_64"])
    assert len(set(REFUSED)) == len(REFUSED)
    for numbers in MACHINES.values():
        assert len(set(numbers.values())) == len(numbers)
