"""A pytest plugin that lets nbval say the most memory a notebook's kernel ever had; load it with
`-p tests.notebooks.peak_memory`.

nbval stops the kernel after the last cell. Its peak is known then, without another run. Linux only: elsewhere the
system tells no other process's peak.
"""

import re
from pathlib import Path
from typing import Any

from nbval.plugin import IPyNbFile

_teardown = IPyNbFile.teardown
_peaks: list[float] = []


def peak_mb(pid: int) -> float:
    """The most resident memory that the process ever had, in MB (10**6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) * 1024 / 1e6


def _with_peak(self: Any) -> None:
    if self.kernel is not None and self.kernel.is_alive():
        _peaks.append(peak_mb(self.kernel.km.provisioner.pid))
    _teardown(self)


IPyNbFile.teardown = _with_peak


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """pytest's hook: one line for each kernel."""
    for peak in _peaks:
        terminalreporter.write_line(f"The kernel's peak memory was {peak:.0f} MB.")
