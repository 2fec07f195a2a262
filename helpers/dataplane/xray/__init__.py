"""AWS X-Ray as AWS documents it: segments that are put, sampling rules, trace summaries by filter, service graphs; and
traces made from the trail of any run.

`traces(cloud)` shows each request with all that it caused, `service_map(traces)` who called whom, `Recorder` lets a
learner's own code open segments. The rules come from the X-Ray Developer Guide
(GUIDE = https://docs.aws.amazon.com/xray/latest/devguide/), the API reference (API = .../xray/latest/api/) and the
Lambda guide (LAMBDA = https://docs.aws.amazon.com/lambda/latest/dg/); each is named where it is carried out and listed
in `helpers.dataplane.rules`.
"""

from helpers.dataplane.xray.models import Models
from helpers.dataplane.xray.plane import XRay
from helpers.dataplane.xray.recorder import Recorder, Recording
from helpers.dataplane.xray.segment import Segment
from helpers.dataplane.xray.service_map import Edge, Node, ServiceMap, service_map
from helpers.dataplane.xray.trace import Line, Link, Trace
from helpers.dataplane.xray.traces import traces

__all__ = [
    "Edge",
    "Line",
    "Link",
    "Models",
    "Node",
    "Recorder",
    "Recording",
    "Segment",
    "ServiceMap",
    "Trace",
    "XRay",
    "service_map",
    "traces",
]
