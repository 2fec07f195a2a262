"""The code of one version: its package and its layers.

A package lies under /var/task, layers under /opt, where Python looks in `python/` (DG/packaging-layers.html,
DG/python-layers.html). The files stay in memory; only a function that opens one of them by its path has them unpacked.
"""

from __future__ import annotations

import importlib.util
import io
import posixpath
import zipfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from types import CodeType

from helpers.dataplane.awslambda import machine

TASK, LAYERS = "/var/task", "/opt"


def searched(runtime: str) -> tuple[str, ...]:
    """Where modules are looked for, in this order, by a runtime such as "python3.13" (DG/packaging-layers.html)."""
    return TASK, f"{LAYERS}/python/lib/{runtime}/site-packages", f"{LAYERS}/python"


class Code:
    """The files of one version. Environments of the version share it.

    `package` and `layers` are zips; a later layer overwrites the files of an earlier one. `runtime` is that of the
    function.
    """

    def __init__(self, package: bytes, layers: Iterable[bytes] = (), runtime: str = "") -> None:
        self.package, self.layers = package, tuple(layers)
        self.searched = searched(runtime)
        self._entries: dict[str, tuple[zipfile.ZipFile, str]] = {}
        for root, content in ((TASK, package), *((LAYERS, layer) for layer in self.layers)):
            if content:
                archive = zipfile.ZipFile(io.BytesIO(content))
                for name in archive.namelist():
                    if not name.endswith("/"):
                        self._entries[posixpath.normpath(f"{root}/{name}")] = archive, name
        self._compiled: dict[str, CodeType] = {}

    @cached_property
    def folders(self) -> frozenset[str]:
        """Every folder that holds a file, however deep."""
        found: set[str] = set()
        for path in self._entries:
            while (path := posixpath.dirname(path)) not in found and path != "/":
                found.add(path)
        return frozenset(found)

    @cached_property
    def modules(self) -> frozenset[str]:
        """The names of the modules and packages that can be imported from the top."""
        found = set()
        for path in self._entries:
            for root in self.searched:
                if path.startswith(root + "/"):
                    first = path[len(root) + 1 :].partition("/")[0]
                    found.add(first.removesuffix(".py"))
        return frozenset(found)

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def read(self, path: str) -> bytes:
        """The content of the file at `path`, such as /var/task/app.py. Raises KeyError if there is none."""
        archive, name = self._entries[path]
        return archive.read(name)

    def line(self, path: str, number: int) -> str:
        """A line of a source file, for a traceback; "" if there is none."""
        if path not in self._entries:
            return ""
        lines = importlib.util.decode_source(self.read(path)).splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""

    def compiled(self, path: str) -> CodeType:
        """The module at `path`, compiled once for all environments. Raises SyntaxError."""
        code = self._compiled.get(path)
        if code is None:
            code = self._compiled[path] = compile(self.read(path), path, "exec", dont_inherit=True)
        return code

    @cached_property
    def unpacked(self) -> str:
        """A folder of this machine with all files in it, under the paths they have in the environment."""
        root = machine.temporary_folder(self)
        with machine.paths():
            for path in (TASK, LAYERS):
                Path(root + path).mkdir(parents=True)
            for path in self._entries:
                target = Path(root + path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(self.read(path))
        return root
