"""Run a notebook without a kernel, from warm imports: the quick gate before the true one.

One process (a zygote) imports boto3, moto, matplotlib, pandas and the helpers once; each notebook runs in a
fork of it, so it starts with an empty namespace and leaves nothing behind. The shell is ipykernel's own,
with its messages kept in a list instead of sent; the outputs, normalised, are the same bytes as a kernel's.

Two things a kernel has are missing here: what a child process prints is not captured, and no message ever
arrives (no slider moves, no interrupt). Where the system cannot fork, each notebook pays for its imports.
"""

from __future__ import annotations

import asyncio
import copy
import io
import json
import multiprocessing
import os
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import nbformat
from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from jupyter_client.jsonutil import json_default
from nbformat import NotebookNode
from traitlets import Type
from traitlets.config import Config

from helpers.notebooks.execute import NotebookError
from helpers.notebooks.normalise import load, to_text

NOTEBOOK_TIMEOUT_S = 300

Message = dict[str, Any]


class Recorder:
    """The outputs of the cell that runs now, in the order in which a kernel would send them."""

    def __init__(self) -> None:
        self.cells: list[list[Message]] = []
        self._clear_at_next = False

    def begin(self) -> None:
        """Start the next cell."""
        self.cells.append([])
        self._clear_at_next = False

    def add(self, message: Message) -> None:
        """Append one output; a text joins the one before it if both go to one stream."""
        outputs = self.cells[-1]
        if self._clear_at_next:
            outputs.clear()
            self._clear_at_next = False
        last = outputs[-1] if outputs else {}
        if message["output_type"] == "stream" and last.get("name") == message["name"]:
            last["text"] += message["text"]
            return
        # Through JSON, as over the wire: tuples become lists, bytes become base64.
        outputs.append(json.loads(json.dumps(message, default=json_default)))

    def clear(self, wait: bool) -> None:
        """Drop the cell's outputs, at once or when the next one comes."""
        if wait:
            self._clear_at_next = True
        else:
            self.cells[-1].clear()

    def update(self, message: Message) -> None:
        """Replace the contents of every output shown under the same display id, in this cell or above."""
        new = json.loads(json.dumps(message, default=json_default))
        display_id = new["transient"].get("display_id")
        for output in (output for outputs in self.cells for output in outputs):
            if output.get("transient", {}).get("display_id") == display_id:
                output["data"], output["metadata"] = new["data"], new["metadata"]


RECORDER = Recorder()
"""One in each child, which runs one notebook and ends."""


class RecordedStream(io.TextIOBase):
    """Standard output or error of a cell."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        self.name = name

    def writable(self) -> bool:
        """Say yes, as a stream of text does."""
        return True

    def write(self, text: str) -> int:
        """Keep `text`; return its length in characters."""
        RECORDER.add({"output_type": "stream", "name": self.name, "text": text})
        return len(text)


class RecordedPublisher(DisplayPublisher):
    """`display(...)`: keeps what ipykernel's publisher would send."""

    def publish(  # type: ignore[override]  # as ipykernel's: IPython's `source` is about to be removed
        self,
        data: Message,
        metadata: Message | None = None,
        *,
        transient: Message | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Keep a display, or change those under the same display id."""
        message = {
            "output_type": "display_data",
            "data": data,
            "metadata": metadata or {},
            "transient": transient or {},
        }
        if update:
            RECORDER.update(message)
        else:
            RECORDER.add(message)

    def clear_output(self, wait: bool = False) -> None:
        """Drop what the cell has shown so far."""
        RECORDER.clear(wait)


class RecordedDisplayHook(DisplayHook):
    """The value of a cell's last line: keeps what ipykernel's hook would send."""

    def start_displayhook(self) -> None:
        """Begin an output."""
        self._message: Message = {"output_type": "execute_result", "data": {}, "metadata": {}}

    def write_output_prompt(self) -> None:
        """Give it the cell's count."""
        self._message["execution_count"] = self.prompt_count

    def write_format_data(self, format_dict: Message, md_dict: Message | None = None) -> None:
        """Give it the value in each type that the value can be shown in."""
        self._message["data"] = format_dict
        self._message["metadata"] = md_dict or {}

    def finish_displayhook(self) -> None:
        """Keep it, if there is something to show."""
        if self._message["data"]:
            RECORDER.add(self._message)


class WarmZMQShell(ZMQInteractiveShell):
    """ipykernel's shell without a kernel. pandas looks for "zmq" in this name to tell a notebook."""

    displayhook_class = Type(RecordedDisplayHook)  # type: ignore[assignment]  # sends nothing, so needs no session
    display_pub_class = Type(RecordedPublisher)  # type: ignore[assignment]  # likewise
    compiler_class = Type(XCachingCompiler)  # names a cell in a SyntaxError as the kernel does

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        RECORDER.add(
            {"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": stb}
        )


class WarmRunner:
    """Runs notebooks one after the other, each in a fork of the zygote, which ends with this process."""

    def __init__(self) -> None:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["helpers.notebooks.warm_imports", __name__])

    def run(
        self,
        notebook: NotebookNode,
        folder: Path,
        *,
        name: str = "the notebook",
        timeout_s: float = NOTEBOOK_TIMEOUT_S,
    ) -> NotebookNode:
        """Return a copy of `notebook` with the outputs of a run in `folder`.

        Raises NotebookError as `execute` does: a cell without the tag `raises-exception` raised, the run
        took longer than `timeout_s`, or the process died.
        """
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_child, args=(theirs, to_text(notebook), str(folder)))
        process.start()
        theirs.close()
        try:
            if not ours.poll(timeout_s):
                raise NotebookError(f"{name}: ran longer than {timeout_s:g} s")
            outputs, failure = ours.recv()
        except EOFError as error:
            raise NotebookError(f"{name}: the process died") from error
        finally:
            ours.close()
            process.kill()
            process.join()
        if failure:
            raise NotebookError(f"{name}: {failure}")
        nb = copy.deepcopy(notebook)
        for cell, cell_outputs in zip(code_cells(nb), outputs, strict=True):
            cell.outputs = [_as_node(output) for output in cell_outputs]
        return nb


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that have outputs."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _as_node(output: Message) -> NotebookNode:
    output.pop("transient", None)
    node: NotebookNode = nbformat.from_dict(output)
    return node


def _child(connection: Connection, text: str, folder: str) -> None:
    """In the forked child: run the notebook and send back (outputs of each code cell, failure or "")."""
    os.chdir(folder)
    import helpers.notebooks.warm_imports  # noqa: F401  (a no-op in a fork; all the imports elsewhere)

    with tempfile.TemporaryDirectory(prefix="ipython-") as ipython_folder:
        os.environ["IPYTHONDIR"] = ipython_folder
        answer = asyncio.run(_run(load(text)))
        connection.send(answer)
        connection.close()


async def _run(notebook: NotebookNode) -> tuple[list[list[Message]], str]:
    """Run the cells under a running event loop, as a kernel does."""
    import matplotlib_inline.backend_inline as backend
    import pandas as pd

    config = Config({"HistoryManager": {"enabled": False}})
    shell = WarmZMQShell.instance(config=config)
    # The backend hooks itself to the shell when it is first imported; in a fork it has been already.
    backend._enable_matplotlib_integration()  # type: ignore[no-untyped-call]  # untyped there
    shell.extension_manager.load_extension("helpers")  # type: ignore[union-attr]  # %aws: likewise
    # pandas takes this default, when it is imported, from whether it then stands in a notebook.
    pd.set_option("display.max_columns", 20)
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = RecordedStream("stdout"), RecordedStream("stderr")
    failure = ""
    try:
        for cell in code_cells(notebook):
            RECORDER.begin()
            if failure or not cell.source.strip():
                continue
            error = await _run_cell(shell, cell.source)
            if error is not None and "raises-exception" not in cell.metadata.get("tags", []):
                failure = f"cell {cell.id} raised {type(error).__name__}: {error}"
    finally:
        sys.stdout, sys.stderr = streams
    return RECORDER.cells, failure


async def _run_cell(shell: WarmZMQShell, source: str) -> BaseException | None:
    """Run one cell the way ipykernel's `do_execute` does; return what it raised, or None."""
    try:
        transformed = shell.transform_cell(source)  # type: ignore[no-untyped-call]  # as above
        problem = None
    except Exception:  # noqa: BLE001  (whatever it is, IPython shows it as the cell's error)
        transformed, problem = source, sys.exc_info()
    if not shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=problem):
        result = shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]  # as above
    else:
        result = await shell.run_cell_async(
            source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=problem
        )
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
    error: BaseException | None = result.error_before_exec or result.error_in_exec
    return error
