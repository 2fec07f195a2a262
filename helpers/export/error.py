"""What stops an export."""

from __future__ import annotations


class ExportError(ValueError):
    """The export is not possible, and nothing was written; the message is one sentence."""
