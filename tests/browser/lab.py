"""JupyterLab on a free port of this machine, and a page of Chromium that shows one notebook in it."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
LOCAL = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)(:\d+)?/|data:|blob:|about:")
"""The only addresses that a page of the course may ask for."""

SETTINGS = {
    # Cells off the screen must be in the page, or the test does not find them.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
    # The course's own settings say so too (binder/overrides.json), where the course is installed.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

PANEL = ".jp-OutputArea .course:has(button:has-text('Stop'))"

TOLERATED: dict[str, str] = {}
"""Console errors that are JupyterLab's own: pattern -> why it may stand."""


@dataclass
class Server:
    """A running JupyterLab: its address with the token, and the folder it shows."""

    port: int
    token: str
    folder: Path

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/{path}?reset&token={self.token}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def jupyterlab(folder: Path, *python_path: Path) -> Iterator[Server]:
    """JupyterLab over `folder`, with settings of its own, for the length of a `with` block."""
    server = Server(free_port(), secrets.token_hex(8), folder)
    with tempfile.TemporaryDirectory(prefix="lab-") as home:
        settings = Path(home) / "settings" / "@jupyterlab"
        for name, values in SETTINGS.items():
            path = settings / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values), encoding="utf-8")
        environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
        environment |= {
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, *python_path))),
            "JUPYTERLAB_SETTINGS_DIR": str(settings.parent),
            "JUPYTERLAB_WORKSPACES_DIR": f"{home}/workspaces",
            "JUPYTER_CONFIG_DIR": f"{home}/config",
            "JUPYTER_DATA_DIR": f"{home}/data",
            "JUPYTER_RUNTIME_DIR": f"{home}/runtime",
            "IPYTHONDIR": f"{home}/ipython",
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
        command += [f"--ServerApp.port={server.port}", f"--IdentityProvider.token={server.token}"]
        command += [f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        log = Path(home) / "log"
        with log.open("w") as out:
            process = subprocess.Popen(command, env=environment, cwd=folder, stdout=out, stderr=out)
            try:
                _await(server, process, log)
                yield server
            finally:
                process.terminate()
                process.wait(20)


def _await(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


@contextmanager
def chromium(path: Path) -> Iterator[Browser]:
    """The system's Chromium without a window. It finds no name but this machine's, so it asks its maker for nothing.

    What a page asks for is in the page's requests all the same.
    """
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    alone = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(path), args=[alone, *(["--no-sandbox"] if root else [])], timeout=60_000
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Notebook:
    """One notebook open in JupyterLab, with all that its page asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, browser: Browser, server: Server, path: str) -> Notebook:
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.set_default_timeout(30_000)
        notebook = cls(page)
        page.on("request", lambda request: notebook.requests.append(request.url))
        page.on("websocket", lambda socket: notebook.requests.append(socket.url))
        page.on("pageerror", lambda error: notebook.errors.append(f"exception: {error.message}"))
        page.on("console", notebook._console)
        page.goto(server.url(path))
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        notebook.await_kernel()
        notebook.theme("JupyterLab Light")  # the server remembers what another page has chosen
        return notebook

    def _console(self, message: ConsoleMessage) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(re.search(known, text) for known in TOLERATED):
            self.errors.append(text)

    def beyond_this_machine(self) -> list[str]:
        """Every address the page asked for that is not on this machine."""
        return [url for url in self.requests if not LOCAL.match(url)]

    # ---- running

    def await_kernel(self) -> None:
        """Wait until the notebook's kernel is connected and idle; the indicator on the page says so too early."""
        self.page.wait_for_function(
            """() => {
                const kernel = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel;
                return kernel?.connectionStatus === "connected" && kernel.status === "idle";
            }""",
            timeout=60_000,
        )
        assert not self.page.locator(".jp-Dialog").count(), self.page.locator(".jp-Dialog").inner_text()

    def run_all(self, timeout_s: float = 120) -> None:
        """Run > Run All Cells, and wait for the last one."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Run$")).click()
        self.page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        self.settle(timeout_s)

    def settle(self, timeout_s: float = 120) -> None:
        """Wait until no cell runs or waits."""
        self.page.wait_for_timeout(200)
        deadline = time.monotonic() + timeout_s
        while "[*]:" in self.prompts():
            assert time.monotonic() < deadline, "the cells do not end"
            self.page.wait_for_timeout(100)
        self.await_kernel()

    def prompts(self) -> list[str]:
        """What stands beside the code cells: `[3]:`, `[*]:` while a cell runs or waits."""
        return self.page.locator(".jp-CodeCell .jp-InputArea-prompt").all_inner_texts()

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme: "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
        )
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-name", name, timeout=60_000)
        self.page.wait_for_timeout(300)

    def shoot(self, path: Path, panel: PanelOnPage | None = None) -> None:
        """Save a screenshot: of `panel`, or of the page from the notebook's top."""
        if panel is not None:
            panel.box.screenshot(path=path)
            return
        self.page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()
        self.page.screenshot(path=path)

    def close(self) -> None:
        """End the kernel and close the page."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    # ---- parts

    def panels(self) -> list[PanelOnPage]:
        """The course's panels in the order of the page."""
        boxes = self.page.locator(PANEL)
        return [PanelOnPage(self.page, boxes.nth(number)) for number in range(boxes.count())]

    def panel(self, number: int) -> PanelOnPage:
        """One of them, once the page has drawn it."""
        box = self.page.locator(PANEL).nth(number)
        box.locator("img").first.wait_for()
        return PanelOnPage(self.page, box)

    def faults(self) -> list[str]:
        """The errors that cells or panels show."""
        shown = self.page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"], .fault')
        return [text for text in shown.all_inner_texts() if text.strip()]


@dataclass
class PanelOnPage:
    """A panel, as a learner sees it."""

    page: Page
    box: Locator

    @property
    def picture(self) -> str:
        """What the picture shows: its address, which changes with its bytes."""
        return self.box.locator("img").first.get_attribute("src") or ""

    @property
    def words(self) -> str:
        return self.box.inner_text()

    @property
    def claims(self) -> str:
        """The claims with their verdicts."""
        return self.words.partition("What the notes claim")[2].partition("The picture in words")[0]

    def slider(self, label: str) -> Locator:
        """The handle of the slider with that label."""
        row = self.box.locator(
            ".widget-slider", has=self.page.get_by_text(re.compile(f"^{re.escape(label)}", re.IGNORECASE))
        )
        return row.locator(".noUi-handle").first

    def button(self, name: str) -> Locator:
        return self.box.locator("button", has_text=re.compile(rf"^\s*{name}\s*$"))

    def press(self, label: str, *keys: str) -> None:
        """Move a slider by keyboard."""
        handle = self.slider(label)
        handle.scroll_into_view_if_needed()
        handle.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def press_first(self, *keys: str) -> None:
        """Move the first slider that is free by keyboard."""
        handle = self.box.locator(".noUi-target:not([disabled]) .noUi-handle").first
        handle.scroll_into_view_if_needed()
        handle.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, words: str, timeout_s: float = 10) -> None:
        """Wait until the panel's text holds `words`."""
        self.page.wait_for_function(
            "([box, words]) => box.innerText.includes(words)",
            arg=[self.box.element_handle(), words],
            timeout=timeout_s * 1000,
        )

    def until(self, changed: str, before: str, timeout_s: float = 10) -> float:
        """Wait until `picture` or `words` is no longer `before`; the real seconds it took."""
        begin = time.monotonic()
        while getattr(self, changed) == before:
            assert time.monotonic() - begin < timeout_s, f"the {changed} did not change"
            self.page.wait_for_timeout(5)
        return time.monotonic() - begin
