"""The X-Ray data plane: which call goes where."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane
from helpers.dataplane.xray import errors
from helpers.dataplane.xray.documents import Refused, read
from helpers.dataplane.xray.functions import LambdaTracing, Modes
from helpers.dataplane.xray.models import Models
from helpers.dataplane.xray.reading import READERS
from helpers.dataplane.xray.recorder import Recorder
from helpers.dataplane.xray.sampling import Sampling
from helpers.dataplane.xray.segment import Segment
from helpers.dataplane.xray.store import Store
from helpers.dataplane.xray.traces import SECOND_US, traces

if TYPE_CHECKING:
    from helpers.dataplane import Cloud


class _Region:
    """X-Ray in one Region, where its segments and rules stay."""

    def __init__(self, account: Account, name: str, models: Models) -> None:
        self.store = Store(account.seed)
        self.sampling = Sampling(account, name, models)
        self.put: set[str] = set()
        self.tracing = LambdaTracing()
        self.read_calls = -1


class XRay(DataPlane):
    """X-Ray as AWS documents it: what was put by PutTraceSegments, and what Lambda sends of functions with active
    tracing.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "xray"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        self.unsampled: list[tuple[str, int, int]] = []
        """Actor, begin and end (microseconds) of requests that a recorder did not sample."""
        self._cloud = cast("Cloud", account)
        self._regions: dict[tuple[str, str], _Region] = {}
        sampling: dict[str, Callable[[Sampling, Call], dict[str, Any]]] = {
            "GetSamplingRules": Sampling.rules,
            "CreateSamplingRule": Sampling.create,
            "UpdateSamplingRule": Sampling.update,
            "DeleteSamplingRule": Sampling.delete,
            "GetSamplingTargets": Sampling.targets,
        }
        for operation, answer in sampling.items():
            account.answer("xray", operation, partial(self._sampling, answer))
        for operation in READERS:
            account.answer("xray", operation, self._read)
        account.answer("xray", "PutTraceSegments", self._put)
        account.answer("xray", "PutTelemetryRecords", lambda call: {})

    def recorder(self, service: str, *, instance: str = "", batch: int = 1, patch: bool = False) -> Recorder:
        """A recorder for the learner's own code; see `Recorder`."""
        return Recorder(self._cloud, service, instance=instance, batch=batch, patch=patch)

    def _of(self, call: Call) -> _Region:
        key = call.account_id, call.region
        if key not in self._regions:
            self._regions[key] = _Region(self.account, call.region, self.models)
        return self._regions[key]

    def _sampling(self, answer: Callable[[Sampling, Call], dict[str, Any]], call: Call) -> dict[str, Any]:
        return answer(self._of(call).sampling, call)

    def _put(self, call: Call) -> dict[str, Any]:
        region, refused = self._of(call), []
        for text in call.parameters["TraceSegmentDocuments"]:
            try:
                segment = read(text, self._now_s)
            except Refused as why:
                refused.append(why.shown())
                continue
            region.store.put(segment)
            region.put.update(each.id for each in segment.walk())
        return {"UnprocessedTraceSegments": refused}

    def _read(self, call: Call) -> dict[str, Any]:
        if "GroupName" in call.parameters or "GroupARN" in call.parameters:
            raise errors.invalid("This course has no groups of X-Ray.")
        region = self._of(call)
        self._gather(region)
        return READERS[call.operation](region.store, self._now_s, call)

    def _gather(self, region: _Region) -> None:
        """Keep what Lambda has sent by now."""
        account = self.account
        if region.read_calls == account.calls:
            return
        region.read_calls = account.calls
        rows, start_us = list(account.attempts), account.epoch_us - account.now_us
        modes = Modes(rows, start_us)
        if not modes.any_active:
            return
        windows: dict[str, list[tuple[float, float]]] = {}
        for actor, begin_us, end_us in self.unsampled:
            window = (start_us + begin_us) / SECOND_US, (start_us + end_us) / SECOND_US
            windows.setdefault(actor, []).append(window)

        def dark(root: Segment) -> bool:
            actor = root.metadata.get("default", {}).get("actor", root.name)
            return any(begin <= root.start_time < end for begin, end in windows.get(actor, ()))

        found = traces(account)
        for segment, links in region.tracing.sent(found, modes, region.put, dark):
            region.store.put(segment)
            if links:
                region.store.links[segment.trace_id] = links

    @property
    def _now_s(self) -> float:
        return self.account.epoch_us / SECOND_US
