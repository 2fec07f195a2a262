"""A small recorder, with which a learner's own code opens segments, as the X-Ray SDK's does.

Page: GUIDE/xray-sdk-python-middleware.html, GUIDE/xray-sdk-python-subsegments.html, GUIDE/xray-sdk-python-segment.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from helpers.dataplane.xray import ids
from helpers.dataplane.xray.header import Header
from helpers.dataplane.xray.operations import TITLES, resource
from helpers.dataplane.xray.rule import Request
from helpers.dataplane.xray.sampler import Sampler
from helpers.dataplane.xray.segment import Annotation, Segment, covers
from helpers.dataplane.xray.status import status_of

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

SECOND_US = 1_000_000
_SERVER_ERROR = 500


class Recording:
    """A segment or subsegment of a `with` block. One that is not sampled takes everything and sends nothing."""

    def __init__(self, recorder: Recorder, segment: Segment, who: str, *, sampled: bool, inner: bool) -> None:
        self.segment = segment
        self.sampled = sampled
        self._recorder, self._who, self._inner = recorder, who, inner
        self._began_us = 0

    @property
    def header(self) -> str:
        """The tracing header for the services that it calls."""
        return str(Header(self.segment.trace_id, self.segment.id, self.sampled))

    def put_annotation(self, key: str, value: Annotation) -> None:
        """Index a value: filter expressions find the trace by it."""
        self.segment.annotations[key] = value

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Keep any value with the segment. It cannot be searched."""
        self.segment.metadata.setdefault(namespace, {})[key] = value

    def put_status(self, status: int) -> None:
        """Note the HTTP status of the answer, and with it error, throttle or fault."""
        self.segment.mark(status)

    def __enter__(self) -> Self:
        self._began_us = self._recorder.opened(self._who, self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception):
            self.segment.mark(_status(error))
            exception = {"type": type(error).__name__, "message": str(error)}
            self.segment.more["cause"] = {"exceptions": [exception]}
        self._recorder.closed(self._who, self, self._began_us, inner=self._inner)


class Recorder:
    """Records what one instance of a service does: `with recorder.segment(): ...`.

    `service` is its name, `instance` tells several instances apart. The first service of a request decides by X-Ray's
    sampling rules; one that gets a tracing header obeys it. Segments are sent by PutTraceSegments when `batch` of them
    have ended (the daemon's work), and at `flush()`. With `patch` each call to AWS becomes a subsegment.
    """

    def __init__(
        self, cloud: Cloud, service: str, *, instance: str = "", batch: int = 1, patch: bool = False
    ) -> None:
        self._cloud, self.service, self._batch, self._patch = cloud, service, batch, patch
        self._client = cloud.shared_client("xray")
        self._unsampled = cloud.plane("xray").unsampled
        name = f"xray/{service}/{instance}"
        self.sampler = Sampler(self._client, self._now, cloud.random_for(name), name)
        self._name, self._count = name, 0
        self._open: dict[str, list[Recording]] = {}  # actor -> what it has open
        self._ended: list[str] = []

    def segment(
        self,
        name: str | None = None,
        *,
        header: str | None = None,
        method: str = "",
        path: str = "",
        host: str = "",
    ) -> Recording:
        """A segment for a `with` block: in a trace of its own, or with `header` in the caller's."""
        asked = Header.parse(header) if header else None
        service = name or self.service
        if asked is not None and asked.sampled is not None:
            sampled = asked.sampled
        else:
            sampled, _ = self.sampler.decide(Request(service, method, path, host))
        now_s, seed, key = self._now(), self._cloud.seed, self._key()
        trace = asked.root if asked else ids.trace_id(seed, now_s, key)
        parent = asked.parent or None if asked else None
        segment = Segment(service, ids.segment_id(seed, trace, key), trace, now_s, None, parent)
        if method or path:
            request = {"method": method, "url": f"http://{host or service}{path}"}
            segment.more["http"] = {"request": request}
        return Recording(self, segment, self._cloud.caller, sampled=sampled, inner=False)

    def subsegment(self, name: str, *, namespace: str = "") -> Recording:
        """A subsegment, for a `with` block, of what the caller has open. Raises RuntimeError if there is nothing."""
        who = self._cloud.caller
        if not self._open.get(who):
            raise RuntimeError(
                "A subsegment needs a segment that is open: use `with recorder.segment(): ...`."
            )
        above = self._open[who][-1]
        trace = above.segment.trace_id
        id_ = ids.segment_id(self._cloud.seed, trace, self._key())
        segment = Segment(name, id_, trace, self._now(), None, namespace=namespace)
        above.segment.subsegments.append(segment)
        return Recording(self, segment, who, sampled=above.sampled, inner=True)

    def flush(self) -> None:
        """Send what has ended and not been sent."""
        documents, self._ended = self._ended, []
        if documents:
            self._client.put_trace_segments(TraceSegmentDocuments=documents)

    def opened(self, who: str, recording: Recording) -> int:
        """A block begins. Returns the instant."""
        self._open.setdefault(who, []).append(recording)
        return self._cloud.now_us

    def closed(self, who: str, recording: Recording, began_us: int, *, inner: bool) -> None:
        """A block ends; a segment that is sampled is sent."""
        segment = recording.segment
        segment.end_time = self._now()
        self._open[who].remove(recording)
        if inner:
            return
        if not recording.sampled:
            self._unsampled.append((who, began_us, self._cloud.now_us))
            return
        if self._patch:
            self._add_calls(segment, who, began_us)
        self._ended.append(json.dumps(segment.document()))
        if len(self._ended) >= self._batch:
            self.flush()

    def _add_calls(self, segment: Segment, who: str, began_us: int) -> None:
        """A subsegment for each call that the caller has made since the segment began."""
        start_us = self._cloud.epoch_us - self._cloud.now_us
        for row in self._cloud.attempts:
            if row.actor != who or row.start_us < began_us or row.service == "xray":
                continue
            at_s, name = (start_us + row.start_us) / SECOND_US, TITLES.get(row.service, row.service)
            call = Segment(
                name, ids.segment_id(self._cloud.seed, segment.trace_id, f"call {row.call} {row.attempt}"),
                segment.trace_id, at_s, (start_us + row.end_us) / SECOND_US, namespace="aws",
            )  # fmt: skip
            resource_name, _ = resource(row.service, row.operation, row.parameters)
            call.more["aws"] = {"operation": row.operation, "resource": resource_name}
            call.mark(status_of(row.error))
            around = [one for one in segment.walk() if not one.namespace and covers(one, at_s)]
            (around[-1] if around else segment).subsegments.append(call)

    def _key(self) -> str:
        self._count += 1
        return f"{self._name} {self._count}"

    def _now(self) -> float:
        return self._cloud.epoch_us / SECOND_US


def _status(error: Exception) -> int:
    """An error of AWS keeps its status; any other exception of the service's own code is a fault."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER_ERROR))
    return _SERVER_ERROR
