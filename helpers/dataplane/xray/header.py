"""The tracing header, which carries a request from one service to the next.

Page: GUIDE/xray-concepts.html (tracing header)
"""

from __future__ import annotations

from typing import NamedTuple

NAME = "X-Amzn-Trace-Id"


class Header(NamedTuple):
    """`root` is the trace id, `parent` the id of the segment that calls ("" if there is none); `sampled` is what the
    first service decided, or None if nobody has decided yet.
    """

    root: str
    parent: str = ""
    sampled: bool | None = None

    @classmethod
    def parse(cls, text: str) -> Header:
        """The header in `text`, such as `Root=1-...;Parent=...;Sampled=1`. Raises ValueError without a Root."""
        parts = dict(part.strip().partition("=")[::2] for part in text.split(";"))
        if not parts.get("Root"):
            raise ValueError(f"{text!r} has no Root.")
        sampled = {"1": True, "0": False}.get(parts.get("Sampled", ""))
        return cls(parts["Root"], parts.get("Parent", ""), sampled)

    def __str__(self) -> str:
        parts = [f"Root={self.root}"]
        if self.parent:
            parts.append(f"Parent={self.parent}")
        if self.sampled is not None:
            parts.append(f"Sampled={int(self.sampled)}")
        return ";".join(parts)
