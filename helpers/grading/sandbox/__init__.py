"""A place for code that nobody trusts: it sees a handful of folders, no network and no other process.

`confine` turns a freshly forked process into a sandbox in a few milliseconds, without starting a program, so that what
the process has imported stays warm. Only the standard library is used here. What is promised, and what is not, stands
in docs/sandbox.md.
"""

from __future__ import annotations

from helpers.grading.sandbox.bubblewrap import bubblewrap_command
from helpers.grading.sandbox.confinement import confine, confine_by_rlimits
from helpers.grading.sandbox.isolation import Isolation, best_isolation
from helpers.grading.sandbox.kernel import SandboxError
from helpers.grading.sandbox.limits import LimitReached, cpu_limit
from helpers.grading.sandbox.policy import Policy, python_folders
from helpers.grading.sandbox.tree import Usage, end_tree, usage

__all__ = [
    "Isolation",
    "LimitReached",
    "Policy",
    "SandboxError",
    "Usage",
    "best_isolation",
    "bubblewrap_command",
    "confine",
    "confine_by_rlimits",
    "cpu_limit",
    "end_tree",
    "python_folders",
    "usage",
]
