"""The ids of traces and segments, drawn from a seed and from what they stand for: same seed, same ids.

Page: GUIDE/xray-api-segmentdocuments.html (the form of both).
"""

from __future__ import annotations

import re
from hashlib import sha256

TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}", re.IGNORECASE)
SEGMENT_ID = re.compile(r"[0-9a-f]{16}", re.IGNORECASE)


def trace_id(seed: int, at_s: float, what: str) -> str:
    """The id of the trace of the request `what`, which began at `at_s` (seconds since 1970): version, time, 96 bits."""
    return f"1-{int(at_s):08x}-{_digest(seed, 'trace', what)[:24]}"


def segment_id(seed: int, trace: str, what: str) -> str:
    """The id of the segment for `what` in a trace: 64 bits."""
    return _digest(seed, trace, what)[:16]


def _digest(seed: int, *parts: str) -> str:
    return sha256("\0".join((str(seed), *parts)).encode()).hexdigest()
