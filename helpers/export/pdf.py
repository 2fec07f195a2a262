"""Pages on paper: a Chromium without a window prints them to PDF files.

Its switches: https://developer.chrome.com/docs/chromium/headless.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from helpers.export.error import ExportError

BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
"""Names that a Chromium goes by; the variable CHROMIUM names another."""

NO_BROWSER: Final = (
    "No PDFs: no Chromium was found; install one (Debian: apt install chromium) or set CHROMIUM to its path."
)

PATIENCE_S: Final = 180
"""Seconds that a page may take to print. A section takes a few; a slow machine more."""

_DATES: Final = re.compile(rb"/(CreationDate|ModDate) ?\(D:[^)]*\)")


class PdfError(ExportError):
    """A page could not be printed; the message is one sentence."""


def find_browser(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The Chromium to print with: $CHROMIUM, or the first of the usual names on the path; None if there is none."""
    named = environment.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    return Path(found) if found else None


def print_page(browser: Path, page: Path) -> bytes:
    """The page as a PDF: A4, tagged, with an outline, and the same bytes each time. Raises PdfError."""
    with tempfile.TemporaryDirectory(prefix="devlab-pdf-") as scratch:
        target = Path(scratch) / "page.pdf"
        try:
            done = subprocess.run(  # noqa: S603 - the browser of this machine, with a page of ours
                [*_command(browser, Path(scratch)), f"--print-to-pdf={target}", page.resolve().as_uri()],
                capture_output=True,
                timeout=PATIENCE_S,
                check=False,
            )
            data = target.read_bytes() if target.is_file() else b""
        except subprocess.TimeoutExpired:
            raise PdfError(f"{page.name} took longer than {PATIENCE_S} s to print.") from None
        except OSError as error:
            raise PdfError(f"{browser} cannot be started: {error.strerror}.") from error
    if done.returncode or not data.startswith(b"%PDF-"):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise PdfError(f"{page.name} could not be printed: {said[-1] if said else 'Chromium gave no reason'}")
    return undated(data)


def undated(data: bytes) -> bytes:
    """A PDF without the time at which it was made: every date is 1 January 2000, at the same length."""

    def fixed(found: re.Match[bytes]) -> bytes:
        opening, _, date = found[0].partition(b"D:")
        return opening + b"D:" + b"20000101000000+00'00')"[: len(date) - 1].ljust(len(date) - 1) + b")"

    return _DATES.sub(fixed, data)


def _command(browser: Path, scratch: Path) -> list[str]:
    command = [
        str(browser),
        "--headless",
        "--disable-gpu",
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",
        "--host-resolver-rules=MAP * ~NOTFOUND",  # the pages need nobody; nor does the browser
        f"--user-data-dir={scratch / 'profile'}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--no-sandbox")  # Chromium refuses to start for root with it
    return command
