"""The process of zygote.py, as a test sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class Zygote:
    """A process that runs cells in sandboxes, one after the other."""

    def __init__(self, user: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "zygote.py"), *user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, cell: str, *, level: str = "full", **wishes: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"cell": cell, "level": level, **wishes}) + "\n")
        self.process.stdin.flush()

    def run(self, cell: str, **wishes: Any) -> dict[str, Any]:
        """What became of the cell: its output, exit status (minus the signal), what stopped it, what is left."""
        self.order(cell, **wishes)
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
