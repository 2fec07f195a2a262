"""AWS Developer Labs: a mocked AWS account in virtual time, and the experiments, notebooks and labs built on
it.

Importing this package seals the process: no AWS call leaves the machine from then on. What notebooks use is
loaded when it is first asked for, so that a script which only needs `Cloud` does not pay for widgets.
"""

from __future__ import annotations

import sys
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


def _aws(line: str, cell: str | None = None, *, local_ns: Any = None) -> Any:
    """Run the AWS CLI in the Cloud that is open: %aws sqs list-queues, or one command a line below %%aws."""
    return import_module("helpers.ui.aws_magic").aws(line, cell, local_ns=local_ns)


_aws._ipython_magic_no_var_expand = True  # type: ignore[attr-defined]  # braces are JSON more often than Python
_aws.needs_local_scope = True  # type: ignore[attr-defined]  # IPython's names, which import IPython otherwise


def load_ipython_extension(shell: Any) -> None:
    """Give `shell` the magics %aws and %%aws. Importing this package in a notebook does it."""
    shell.register_magic_function(_aws, "line_cell", "aws")


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()) is not None:
    load_ipython_extension(_shell)


def __dir__() -> list[str]:
    return sorted(__all__)
