"""Run a notebook from top to bottom in a fresh kernel, as "Restart kernel and run all" does.

The kernel is a separate process of this very Python, so nothing that another notebook imported, opened or
drew is there. Neither widget state nor timings are stored.
"""

from __future__ import annotations

import copy
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

CELL_TIMEOUT_S = 120
INLINE = "module://matplotlib_inline.backend_inline"
"""matplotlib's backend in a notebook; ipykernel sets it unless the environment names another."""


class NotebookError(Exception):
    """A cell raised, took too long, or the kernel died. The message names the notebook and the reason."""


def execute(
    notebook: NotebookNode,
    folder: Path,
    *,
    name: str = "the notebook",
    environment: Mapping[str, str] | None = None,
    cell_timeout_s: int = CELL_TIMEOUT_S,
) -> NotebookNode:
    """Return a copy of `notebook` with the outputs of a run in a fresh kernel.

    The kernel's working folder is `folder`, as in JupyterLab. `environment` adds to this process's
    environment. A cell tagged `raises-exception` may raise; any other error is a NotebookError, as are a
    cell that runs longer than `cell_timeout_s` and a kernel that dies.
    """
    nb = copy.deepcopy(notebook)
    client = NotebookClient(
        nb,
        timeout=cell_timeout_s,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    # A builder's IPython start-up files, history and choice of plots are theirs: the file must not show them.
    with tempfile.TemporaryDirectory(prefix="ipython-") as ipython_folder:
        env = {**os.environ, "IPYTHONDIR": ipython_folder, "MPLBACKEND": INLINE, **(environment or {})}
        try:
            client.execute(env=env)
        except CellTimeoutError as error:
            raise NotebookError(f"{name}: a cell ran longer than {cell_timeout_s} s") from error
        except DeadKernelError as error:
            raise NotebookError(f"{name}: the kernel died") from error
        except CellExecutionError as error:
            what = f"cell {_failed(nb)} raised {error.ename}: {error.evalue}"
            raise NotebookError(f"{name}: {what}") from error
    return nb


def _failed(notebook: NotebookNode) -> str:
    """The id of the cell at which the run ended: the last one that holds an error."""
    ids = [
        cell.id
        for cell in notebook.cells
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    return ids[-1] if ids else "?"
