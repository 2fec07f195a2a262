"""The course's notebooks as files: run them, give them one form, and tell whether that form changed.

`build` is what `devlab notebooks [--check]` calls. `normalise` is the form, `execute` the true kernel,
`warm` the quick runner whose outputs are the same bytes as the kernel's. `ready` is for a notebook's first cell.
"""

from importlib import import_module
from typing import Any

_LAZY = {
    "NOTEBOOKS": "helpers.notebooks.folder",
    "build": "helpers.notebooks.folder",
    "ready": "helpers.notebooks.readiness",
}
"""Loaded when first asked for: a learner's cell must not wait for what only a build needs."""

__all__ = list(_LAZY)


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'helpers.notebooks' has no attribute {name!r}")
