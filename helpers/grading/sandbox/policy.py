"""What a sandbox lets its code see and use."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

WORK = Path("/work")
"""The sandbox's working and home directory: writable, empty at the start, in memory."""

TEMPORARY = Path("/tmp")  # noqa: S108  # a file system of the sandbox's own, not the machine's shared folder
"""The other folder that can be written to."""


@dataclass(frozen=True)
class Policy:
    """What the code of one sandbox may see and use. A limit that is hit looks like a full disk or a failed fork.

    `readable`: folders and files that appear in the sandbox at their own paths, read-only. What any program needs is
    there without being named: /usr, /lib, /bin, a few files of /etc, /dev/null, /dev/zero, /dev/urandom.
    `work_mb` and `work_files`: room in `WORK`, and the same again in `TEMPORARY`.
    `cpu_s`: processor seconds after which the system ends a process; a backstop, per process.
    `memory_mb`: address space that a process may add to what it has when it is confined; per process.
    `processes`: processes and threads that may exist at once. `file_mb`: size of a file. `open_files`: open at once.
    `uid`: the user and group inside. As root, the first of 4096 ids of which a sandbox takes one, because the limit on
    processes is counted for each user of the machine.
    """

    readable: tuple[Path, ...] = ()
    work_mb: int = 64
    work_files: int = 4096
    cpu_s: int = 60
    memory_mb: int = 1024
    processes: int = 64
    file_mb: int = 32
    open_files: int = 256
    uid: int = 60001

    def to_json(self) -> str:
        """A text that another process can make the policy of."""
        return json.dumps({**asdict(self), "readable": [str(path) for path in self.readable]})

    @classmethod
    def from_json(cls, text: str | bytes) -> Policy:
        """The policy that `to_json` made the text of."""
        wanted = json.loads(text)
        return cls(**{**wanted, "readable": tuple(map(Path, wanted["readable"]))})


def python_folders() -> tuple[Path, ...]:
    """The folders that this Python runs from, for `Policy.readable`: its installation and, if any, its environment."""
    return tuple(sorted({Path(sys.base_prefix), Path(sys.prefix)}))
