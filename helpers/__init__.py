"""AWS Developer Labs: a mocked AWS account in virtual time, and the experiments, notebooks and labs built on
it.

Importing this package seals the process: no AWS call leaves the machine from then on. What notebooks use is
loaded when it is first asked for, so that a script which only needs `Cloud` does not pay for widgets.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from helpers.dataplane import Cloud

_LAZY = {
    "panel": "helpers.ui",
    "facts": "helpers.ui",
    "quiz": "helpers.ui",
    "review": "helpers.ui",
    "warm_up": "helpers.ui",
    "check": "helpers.ui",
    "diagnose": "helpers.ui",
    "course_map": "helpers.ui",
    "observe": "helpers.ui",
    "open_lab": "helpers.ui",
    "trace_map": "helpers.ui",
    "catalog": "helpers.experiments",
    "cpu": "helpers.dataplane.awslambda.work",
    "zipped": "helpers.dataplane.awslambda.package",
}

__all__ = ["Cloud", *_LAZY]  # noqa: PLE0604  # the lazy names are strings


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'helpers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
