"""A small course to export: two notebooks, and in the first one everything that a page must deal with."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

from helpers.export.source import Source
from helpers.sections.glossary import Term

TERMS = (
    Term(
        "visibility timeout", "", "How long a received `message` stays < hidden.", "18_sqs", ("hidden time",)
    ),
    Term("DLQ", "dead-letter queue", "Where failing messages go.", "18_sqs"),
    Term("IAM", "Identity and Access Management", "Who may do what.", "01_iam"),
)

WORDS = 'Each of 3 messages was "processed" once & deleted.'

QUIZ = (
    "<p>1. Who polls?</p><details><summary>Answer</summary><p>The <a href='#2.-Hidden'>worker</a>.</p></details>"
    "<script>steal()</script><img src='https://example.com/spy.png' alt='spy' onerror='steal()'>"
    "<table style='color:red'><caption>Limits</caption><thead><tr><th></th><th>Limit</th></tr></thead>"
    "<tbody><tr><th>1</th><td style='text-align:left'>120,000</td></tr></tbody></table>"
)

TEXT = """# Queues, *in short*

Read [the next](19_sns.ipynb#2.-Fan-out), [station 2](#2.-Hidden), [the guide](../CONTRIBUTING.md), [AWS](https://aws.amazon.com/sqs/),
[bad](javascript:steal()).

## 1. A queue

### Your turn

| a | b |
|---|---|
| 1 | 2 |

## 2. Hidden

The DLQ takes what fails.

### Your turn

##### Deep

<details><summary>Older notes</summary>It was 256 KB.</details>
"""


def png(width: int = 3, height: int = 2) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def notebook(*cells: dict[str, object]) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def markdown(text: str, name: str = "text") -> dict[str, object]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def code(source: str, *outputs: dict[str, object], name: str = "code") -> dict[str, object]:
    return {
        "cell_type": "code", "id": name, "metadata": {}, "source": source, "execution_count": 1, "outputs": outputs,
    }  # fmt: skip


def display(data: dict[str, object], metadata: dict[str, object] | None = None) -> dict[str, object]:
    return {"output_type": "display_data", "data": data, "metadata": metadata or {}}


def course(root: Path) -> list[Source]:
    """Write the course to `root` and return its sources."""
    folder = root / "notebooks"
    folder.mkdir(parents=True)
    picture = {"image/png": base64.b64encode(png()).decode(), "text/plain": WORDS}
    widget = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "1"},
        "text/html": QUIZ,
        "text/plain": "quiz",
    }
    first = notebook(
        markdown(TEXT),
        code(
            "for _ in range(3):\n    print('polled')  # the worker",
            {"output_type": "stream", "name": "stdout", "text": "polled\n<b>3</b> times\n"},
            display(picture, {"image/png": {"alt": WORDS}}),
            display(widget),
        ),
        code("1 / 0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "by zero", "traceback": []},
             name="fails"),
    )  # fmt: skip
    second = notebook(markdown("# Topics\n\n## 1. A topic\n\n## 2. Fan out\n\n[back](18_sqs.ipynb)"))
    (folder / "18_sqs.ipynb").write_text(first, encoding="utf-8")
    (folder / "19_sns.ipynb").write_text(second, encoding="utf-8")
    return [Source(folder / f"{name}.ipynb", name) for name in ("18_sqs", "19_sns")]
