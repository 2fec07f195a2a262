"""The modules of a function: imported from its code, and in `sys.modules` only while an environment is in control.

AWS looks in /var/task first, then in the layers, then in what the runtime brings (DG/python-package.html). Here, what
this process has installed and loaded (boto3, whatever the course is built of) stays one and the same for everybody,
and so does the standard library: a package that brings its own copy of boto3 gets this one.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import posixpath
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from helpers.cloud import scheduler
from helpers.dataplane.awslambda.code import Code

_COURSE = str(Path(__file__).parents[2])
INSTALLED = tuple(
    sorted({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
)
"""Where this process has the standard library and what is installed."""

_whole: dict[str, ModuleType] = {}  # sys.modules without any function's, as it was when last counted


class Importer(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports a function's modules from its code, for one environment.

    `found` names the modules that it found.
    """

    def __init__(self, code: Code) -> None:
        self._code = code
        self.found: dict[str, None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Look in the folders of `path`, or of sys.path, as far as they belong to the function."""
        if not scheduler.here() or (path is None and fullname in sys.stdlib_module_names):
            return None
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            base = posixpath.normpath(f"{folder}/{name}")
            for file, package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
                if file in self._code:
                    spec = importlib.machinery.ModuleSpec(fullname, self, origin=file, is_package=package)
                    spec.has_location = True
                    if package:
                        spec.submodule_search_locations = [base]
                    self.found[fullname] = None
                    return spec
            if base in self._code.folders:  # a package without __init__.py
                spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [base]
                self.found[fullname] = None
                return spec
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        exec(self._code.compiled(str(module.__file__)), module.__dict__)  # noqa: S102  # it is the function's code

    def get_source(self, fullname: str) -> str | None:
        """The source of a module that it found, for tracebacks."""
        file: str = getattr(sys.modules.get(fullname), "__file__", None) or ""
        return importlib.util.decode_source(self._code.read(file)) if file in self._code else None

    def get_data(self, path: str) -> bytes:
        """A file beside the modules, for `pkgutil.get_data`. Raises OSError."""
        try:
            return self._code.read(posixpath.normpath(path))
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", path) from None


class Modules:
    """The modules of one process of an environment."""

    def __init__(self, code: Code) -> None:
        self._importer = Importer(code)
        self.finders = [self._importer, *sys.meta_path]
        """`sys.meta_path` while an environment is in control."""
        self._loaded: dict[str, ModuleType] = {}
        replaced = {
            name for name in code.modules if name in sys.modules and not _is_installed(sys.modules[name])
        }
        self._hidden: list[str] = []
        if replaced:
            self._hidden = [name for name in sys.modules if name.partition(".")[0] in replaced]
        self._put_aside: dict[str, ModuleType] = {}

    def enter(self) -> None:
        """Put them into `sys.modules`."""
        global _whole
        modules = sys.modules
        if len(modules) != len(_whole):
            _whole = dict(modules)
        for name in self._hidden:
            if name in modules:
                self._put_aside[name] = modules.pop(name)
        modules.update(self._loaded)

    def leave(self) -> None:
        """Take them out again, also what the function made and put there by itself."""
        modules = sys.modules
        if len(modules) != len(_whole) + len(self._importer.found):
            made = [name for name in modules if name not in _whole and not _is_installed(modules[name])]
            self._importer.found.update(dict.fromkeys(made))
        self._loaded.clear()
        for name in self._importer.found:
            module = modules.pop(name, None)
            if module is not None:
                self._loaded[name] = module
                linecache.cache.pop(getattr(module, "__file__", None) or "", None)
        if self._put_aside:
            modules.update(self._put_aside)
            self._put_aside.clear()
        if len(modules) < len(_whole):  # modules of this process were thrown away: they come back
            for name, module in _whole.items():
                modules.setdefault(name, module)


def _is_installed(module: object) -> bool:
    """True for a module of the standard library, of an installed package, or of the course."""
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None) or ""
    return origin in ("built-in", "frozen") or origin.startswith((*INSTALLED, _COURSE))
