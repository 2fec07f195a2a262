"""A live kernel, driven as JupyterLab drives it: cells on the shell channel, widgets through a subshell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.jsonutil import parse_date
from jupyter_client.manager import start_new_kernel

Message = dict[str, Any]


@dataclass
class Cell:
    """One execute request and all that has come back for it so far."""

    id: str
    sent: float
    messages: list[tuple[float, Message]] = field(default_factory=list)
    reply: Message | None = None

    def of(self, kind: str) -> list[Message]:
        return [message for _, message in self.messages if message["header"]["msg_type"] == kind]

    @property
    def done(self) -> bool:
        return self.reply is not None and any(
            message["content"]["execution_state"] == "idle" for message in self.of("status")
        )

    @property
    def text(self) -> str:
        return "".join(message["content"]["text"] for message in self.of("stream"))

    @property
    def error(self) -> str | None:
        """`name: message` of the exception, or None."""
        errors = self.of("error")
        return f"{errors[0]['content']['ename']}: {errors[0]['content']['evalue']}" if errors else None

    @property
    def took_s(self) -> float:
        """Real seconds from the request to the last message."""
        return self.messages[-1][0] - self.sent

    def dates(self) -> dict[str, datetime]:
        """The dates in the messages from which JupyterLab and nbclient make a cell's timings."""
        states = {m["content"]["execution_state"]: m["header"]["date"] for m in self.of("status")}
        assert self.reply is not None
        return {
            "busy": states["busy"],
            "execute_input": self.of("execute_input")[0]["header"]["date"],
            "reply": self.reply["header"]["date"],
            "started": parse_date(self.reply["metadata"]["started"]),
            "idle": states["idle"],
        }


class Kernel:
    """A kernel of this Python, started in `folder`; times are real seconds of `time.monotonic`."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(cwd=str(folder))
        self.cells: dict[str, Cell] = {}
        self.widgets: list[tuple[float, str, Message]] = []
        """(when, model id, changed traits) of every change the kernel made to a widget."""
        self.subshell = self._subshell()

    def _subshell(self) -> str | None:
        """A subshell, as JupyterLab 4.6 makes one for widget messages where the kernel offers it."""
        info = self.client.kernel_info(reply=True, timeout=30)
        if "kernel subshells" not in info["content"].get("supported_features", []):
            return None
        request = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(request)
        reply = self.client.control_channel.get_msg(timeout=10)
        assert reply["parent_header"]["msg_id"] == request["header"]["msg_id"]
        return str(reply["content"]["subshell_id"])

    # ---- cells

    def start(self, code: str) -> Cell:
        """Send a cell; does not wait for it."""
        sent = time.monotonic()
        cell = Cell(self.client.execute(code, store_history=True), sent)
        self.cells[cell.id] = cell
        return cell

    def run(self, code: str, timeout: float = 60) -> Cell:
        """Run a cell to its end."""
        cell = self.start(code)
        self.until(lambda: cell.done, timeout, f"the end of {code[:60]!r}")
        return cell

    def value(self, code: str, timeout: float = 60) -> str:
        """Run a cell that must not fail; what it printed, without the last newline."""
        cell = self.run(code, timeout)
        assert cell.error is None, cell.error
        return cell.text.rstrip("\n")

    def interrupt(self) -> float:
        """Kernel > Interrupt; when it was sent."""
        when = time.monotonic()
        self.manager.interrupt_kernel()
        return when

    def restart(self) -> None:
        """Kernel > Restart."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=30)
        self.subshell = self._subshell()

    # ---- widgets

    def send(self, model_id: str, data: Message) -> float:
        """Send a widget message, on the subshell if there is one; when it was sent."""
        message = self.client.session.msg("comm_msg", {"comm_id": model_id, "data": data})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        when = time.monotonic()
        self.client.shell_channel.send(message)
        return when

    def move(self, model_id: str, value: Any, trait: str = "value") -> float:
        """Move a slider to `value` and let go; of a list, `trait` "index" is the place of the option."""
        state = {trait: value}
        return self.send(model_id, {"method": "update", "state": state, "buffer_paths": []})

    def press(self, model_id: str) -> float:
        """Click a button."""
        return self.send(model_id, {"method": "custom", "content": {"event": "click"}})

    def changed(self, model_id: str, trait: str = "value", since: float = 0.0) -> list[tuple[float, Any]]:
        """(when, value) of each change of `trait` that the kernel made since `since`."""
        return [
            (when, state[trait])
            for when, model, state in self.widgets
            if model == model_id and trait in state and when >= since
        ]

    # ---- time

    def until(self, condition: Callable[[], bool], timeout: float = 30, what: str = "it") -> float:
        """Take in messages until `condition` holds; the real seconds it took. Fails after `timeout`."""
        begin = time.monotonic()
        while not condition():
            assert time.monotonic() - begin < timeout, f"waited {timeout} s for {what}"
            self.listen(0.02)
        return time.monotonic() - begin

    def listen(self, seconds: float) -> None:
        """Take in every message that comes within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(0.0, min(0.005, end - time.monotonic())))
            except Empty:
                pass
            else:
                self._take(message)
            self._replies()
            if time.monotonic() >= end:
                return

    def _replies(self) -> None:
        while True:
            try:
                message = self.client.get_shell_msg(timeout=0)
            except Empty:
                return
            cell = self.cells.get(message["parent_header"].get("msg_id", ""))
            if cell is not None and message["header"]["msg_type"] == "execute_reply":
                cell.reply = message

    def _take(self, message: Message) -> None:
        now = time.monotonic()
        cell = self.cells.get(message["parent_header"].get("msg_id", ""))
        if cell is not None:
            cell.messages.append((now, message))
        content = message["content"]
        if message["header"]["msg_type"] == "comm_msg" and content["data"].get("method") == "update":
            state = dict(content["data"]["state"])
            for path, buffer in zip(content["data"]["buffer_paths"], message["buffers"], strict=True):
                if len(path) == 1:
                    state[path[0]] = bytes(buffer)
            self.widgets.append((now, content["comm_id"], state))

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@contextmanager
def kernel(folder: Path) -> Iterator[Kernel]:
    """A kernel for the length of a `with` block."""
    live = Kernel(folder)
    try:
        yield live
    finally:
        live.close()
