"""A deployment package made of source text, for `create_function(Code={"ZipFile": zipped(source)})`."""

from __future__ import annotations

import inspect
import io
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold: the same source gives the same bytes


def zipped(source: str | Mapping[str, str | bytes] | Callable[..., Any]) -> bytes:
    """The zip of a function's code.

    `source` is the text of one module, which becomes `lambda_function.py` (the handler is then
    `lambda_function.<function>`, as in AWS's own template); or a mapping of file names to their contents; or a function
    defined in a cell, whose source alone goes into `lambda_function.py`, with nothing of what stands around it.

    Raises TypeError for anything else, OSError if the source of a function cannot be found.
    """
    if callable(source):
        source = inspect.getsource(source)
    if isinstance(source, str):
        source = {"lambda_function.py": textwrap.dedent(source)}
    if not isinstance(source, Mapping):
        raise TypeError(f"zipped() takes source text, a mapping of files or a function, not {source!r}.")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in source.items():
            entry = zipfile.ZipInfo(name, _BEGINNING)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            package.writestr(entry, text)
    return content.getvalue()
