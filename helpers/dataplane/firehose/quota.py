"""What a Direct PUT stream takes in a second. AWS: GUIDE/limits.html."""

from __future__ import annotations

from helpers.dataplane.firehose.limits import LARGE_QUOTA, LARGE_REGIONS, SECOND_US, SMALL_QUOTA


class Quota:
    """Counts records, requests and bytes of PutRecord and PutRecordBatch together."""

    def __init__(self, region: str) -> None:
        self._records, self._requests, self._bytes = LARGE_QUOTA if region in LARGE_REGIONS else SMALL_QUOTA
        self._began_us = -SECOND_US
        self._used = [0, 0, 0]

    def request(self, now_us: int) -> bool:
        """Count a call; False, and uncounted, if it is one too many in this second."""
        if now_us - self._began_us >= SECOND_US:
            self._began_us, self._used = now_us, [0, 0, 0]
        if self._used[1] >= self._requests:
            return False
        self._used[1] += 1
        return True

    def record(self, size_bytes: int) -> bool:
        """Count a record of the call that was counted last; False, and uncounted, if it does not fit any more."""
        if self._used[0] >= self._records or self._used[2] + size_bytes > self._bytes:
            return False
        self._used[0] += 1
        self._used[2] += size_bytes
        return True
