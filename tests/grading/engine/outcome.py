"""What a folder of results says, but for the seconds, which no two runs share."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path


def said(out: Path) -> dict[str, str]:
    """The text of every file of the results and pages, by its name."""
    texts = {
        str(path.relative_to(out)): path.read_text(encoding="utf-8")
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parent.name != ".marks" and path.name not in {"run.json", "summary.html"}
    }
    texts["results.json"] = re.sub(r'"seconds":[0-9.]+', '"seconds":0', texts["results.json"])
    texts["results.csv"] = _timeless(texts["results.csv"])
    return texts


def _timeless(table: str) -> str:
    rows = [*csv.reader(io.StringIO(table))]
    place = rows[0].index("seconds")
    return "\n".join(",".join([*row[:place], *row[place + 1 :]]) for row in rows)
