"""results.json: everything that was found, for programs. Its shape is in results.schema.json beside this module.

A record stands on a line of its own, so two results can be compared line by line.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from helpers.grading.record import Batch, Record

VERSION: Final = 1
"""Changes when a reader of the old shape would misread the new one."""

SCHEMA: Final = Path(__file__).with_name("results.schema.json")
"""The JSON Schema (draft 2020-12) of the document."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class DocumentError(ValueError):
    """The text is no results.json of this version; the message is one sentence."""


def to_json(batch: Batch) -> str:
    """The text of results.json. Every text of a student's survives, halves of surrogate pairs included."""
    head = {field.name: getattr(batch, field.name) for field in fields(Batch) if field.name != "records"}
    lines = [_dumped(record.to_json()) for record in batch.records]
    opening = _dumped({"version": VERSION, **head}).removesuffix("}")
    records = ",\n".join(lines)
    return f'{opening},"records":[\n{records}\n]}}\n' if lines else f'{opening},"records":[]}}\n'


def _dumped(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def from_json(text: str) -> Batch:
    """The batch that `to_json` made the text of. Raises DocumentError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"This is no results.json: {error}.") from error
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise DocumentError(
            f"This results.json has version {version!r}, and this devlab reads version {VERSION}."
        )
    try:
        known = {field.name: data[field.name] for field in fields(Batch) if field.name in data}
        return Batch(
            **{
                **known,
                "tasks": tuple(data["tasks"]),
                "records": [Record.from_json(record) for record in data["records"]],
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DocumentError(
            f"This results.json is not as devlab wrote it: {type(error).__name__}, {error}."
        ) from error
