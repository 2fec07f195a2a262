"""The course's notebooks as files: run them, give them one form, and tell whether that form changed.

`build` is what `devlab notebooks [--check]` calls. `normalise` is the form, `execute` the true kernel,
`warm` the quick runner whose outputs are the same bytes as the kernel's.
"""

from helpers.notebooks.build import NOTEBOOKS, build

__all__ = ["NOTEBOOKS", "build"]
