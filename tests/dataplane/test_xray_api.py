"""X-Ray's API over what it was sent: documents, summaries, filters, graphs, and what Lambda sends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from helpers import Cloud

from .conftest import Queue, refused
from .functions import Function

DAY_S = 86_400


class Client:
    """X-Ray of a Cloud, in a few words."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.client = cloud, cloud.client("xray")

    def document(self, number: int = 1, **more: Any) -> dict[str, Any]:
        """A minimal complete segment that ends now; `number` is in its ids."""
        now_s = self.cloud.epoch_us / 1e6
        return {
            "name": "shop",
            "id": f"{number:016x}",
            "trace_id": f"1-{int(now_s):08x}-{number:024x}",
            "start_time": now_s - 1,
            "end_time": now_s,
            **more,
        }

    def put(self, *documents: Any) -> list[str]:
        """The codes of those that were not kept."""
        texts = [each if isinstance(each, str) else json.dumps(each) for each in documents]
        answer = self.client.put_trace_segments(TraceSegmentDocuments=texts)
        return [each["ErrorCode"] for each in answer["UnprocessedTraceSegments"]]

    def summaries(self, expression: str | None = None, hours: float = 1, **more: Any) -> list[dict[str, Any]]:
        if expression is not None:
            more["FilterExpression"] = expression
        end = self.cloud.datetime + timedelta(seconds=1)  # which does not belong to the range
        answer = self.client.get_trace_summaries(StartTime=end - timedelta(hours=hours), EndTime=end, **more)
        found: list[dict[str, Any]] = answer["TraceSummaries"]
        return found

    def found(self, expression: str) -> list[int]:
        """The numbers of the documents whose traces the expression finds."""
        return [int(each["Id"][-24:], 16) for each in self.summaries(expression)]

    def traces(self, *ids: str) -> dict[str, list[dict[str, Any]]]:
        answer = self.client.batch_get_traces(TraceIds=list(ids))
        return {
            trace["Id"]: [json.loads(each["Document"]) for each in trace["Segments"]]
            for trace in answer["Traces"]
        }


@pytest.fixture
def xray(cloud: Cloud) -> Client:
    cloud.advance(10)
    return Client(cloud)


def test_documents_are_checked(xray: Client) -> None:
    def without(name: str) -> dict[str, Any]:
        return {key: value for key, value in xray.document().items() if key != name}

    assert xray.put(*map(without, ("trace_id", "id", "name", "start_time", "end_time"))) == [
        "MissingTraceId", "MissingId", "MissingName", "MissingStartTime", "MissingEndTime",
    ]  # fmt: skip
    assert xray.put(
        "[", "[]", xray.document(trace_id="1-1"), xray.document(id="xyz"), xray.document(name="n" * 201),
        xray.document(end_time=0), xray.document(annotations={"a": [1]}),
        xray.document(subsegments=[{"id": "0" * 16, "name": "s"}]), xray.document(type="subsegment"),
        xray.document(metadata={"a": "x" * 64 * 1024}),
    ) == [
        "ParseError", "ParseError", "InvalidTraceId", "InvalidId", "InvalidName", "InvalidEndTime",
        "InvalidAnnotations", "MissingStartTime", "MissingParentId", "SegmentTooLarge",
    ]  # fmt: skip
    answer = xray.client.put_trace_segments(
        TraceSegmentDocuments=[
            json.dumps(xray.document(7, trace_id="1-00000001-" + "0" * 24)),
            json.dumps(xray.document(8)),
        ]
    )
    assert answer["UnprocessedTraceSegments"] == [
        {
            "Id": f"{7:016x}",
            "ErrorCode": "InvalidTraceId",
            "Message": "Invalid segment. ErrorCode: InvalidTraceId",
        }
    ]
    assert [each["Id"][-1] for each in xray.summaries()] == ["8"]


def test_complete_segment_overwrites_the_one_in_progress(xray: Client) -> None:
    complete = xray.document()
    started = {key: value for key, value in complete.items() if key != "end_time"} | {"in_progress": True}
    assert xray.put(started) == []
    assert [(each["IsPartial"], each["Duration"]) for each in xray.summaries()] == [(True, 0)]
    xray.put(complete)
    xray.put(started)  # late: it changes nothing
    assert [(each["IsPartial"], each["Duration"]) for each in xray.summaries()] == [(False, 1)]
    assert xray.traces(complete["trace_id"]) == {complete["trace_id"]: [complete]}


def test_traces_are_kept_thirty_days(xray: Client) -> None:
    old = xray.document()
    xray.put(old)
    xray.cloud.advance(30 * DAY_S - 10)
    assert list(xray.traces(old["trace_id"])) == [old["trace_id"]]
    xray.cloud.advance(20)
    assert xray.traces(old["trace_id"]) == {}
    assert xray.put(old) == ["InvalidTraceId"]


def test_time_range_of_summaries(xray: Client) -> None:
    begin = int(xray.cloud.epoch_us / 1e6) - 10
    xray.put(xray.document(1, start_time=begin, end_time=begin + 10))
    xray.cloud.advance(3600)
    assert (len(xray.summaries(hours=0.9)), len(xray.summaries(hours=6))) == (0, 1)
    late = xray.document(1)
    xray.put({**late, "id": "00000000000000ff", "trace_id": f"1-{begin + 10:08x}-{1:024x}"})
    # By the time in its id the trace began an hour ago; a segment of it ends now.
    assert len(xray.summaries(hours=0.5)) == 0
    assert len(xray.summaries(hours=0.5, TimeRangeType="Event")) == 1
    assert refused(xray.summaries, hours=6.1) == "InvalidRequestException"


def test_summary_of_a_trace(xray: Client) -> None:
    root = xray.document(
        1,
        http={"request": {"method": "GET", "url": "http://shop/pay"}, "response": {"status": 503}},
        fault=True,
        user="ann",
        annotations={"plan": "free", "items": 3, "new": True},
        metadata={"default": {"note": "n"}},
    )
    behind = {**xray.document(1), "id": "00000000000000aa", "name": "stock", "parent_id": root["id"]}
    xray.put(root, {**behind, "end_time": behind["end_time"] + 4, "throttle": True, "error": True})
    (found,) = xray.summaries()
    shop, stock = ({"Name": name, "Names": [name], "AccountId": "123456789012"} for name in ("shop", "stock"))
    assert found == {
        "Id": root["trace_id"],
        "StartTime": xray.cloud.datetime - timedelta(seconds=1),
        "Duration": 5,  # of the whole trace
        "ResponseTime": 1,  # of its root
        "HasFault": True,
        "HasError": False,  # the root's
        "HasThrottle": True,  # anywhere
        "IsPartial": False,
        "Http": {"HttpURL": "http://shop/pay", "HttpMethod": "GET", "HttpStatus": 503},
        "Annotations": {
            "plan": [{"AnnotationValue": {"StringValue": "free"}, "ServiceIds": [shop]}],
            "items": [{"AnnotationValue": {"NumberValue": 3}, "ServiceIds": [shop]}],
            "new": [{"AnnotationValue": {"BooleanValue": True}, "ServiceIds": [shop]}],
        },
        "Users": [{"UserName": "ann", "ServiceIds": []}],
        "ServiceIds": [shop, stock],
        "EntryPoint": shop,
        "Revision": 2,
    }


def _status(status: int) -> dict[str, Any]:
    flags = {"error": 400 <= status < 500, "throttle": status == 429, "fault": status >= 500}
    return {"http": {"response": {"status": status}}, **{key: True for key, value in flags.items() if value}}


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        ("ok", [1]),
        ("!ok", [2, 3, 4]),
        ("ok = false", [2, 3, 4]),
        ("error", [2, 3]),
        ("throttle", [3]),
        ("error AND !throttle", [2]),
        ("error !throttle", [2]),
        ("fault OR throttle", [3, 4]),
        ("fault or (error and throttle)", [3, 4]),
        ("http.status != 200", [2, 3, 4]),
        ("responsetime > 2", [3, 4]),
        ("responseTime >= 2 AND duration <= 3", [2, 3]),
        ('user = "ann"', [1]),
        ('user CONTAINS ""', [1]),
        ('http.url BEGINSWITH "http://shop/"', [4]),
        ("http.url", [4]),
        ("partial", []),
    ],
)
def test_filters_of_requests(xray: Client, expression: str, numbers: list[int]) -> None:
    now_s = xray.cloud.epoch_us / 1e6
    for number, status in enumerate((200, 404, 429, 500), 1):
        more: dict[str, Any] = {"start_time": now_s - number, **_status(status)}
        if number == 1:
            more["user"] = "ann"
        if number == 4:
            more["http"]["request"] = {"url": "http://shop/pay"}
        xray.put(xray.document(number, **more))
    assert sorted(xray.found(expression)) == numbers


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        ("fault", []),  # the root is well
        ("service() { fault }", [1]),
        ('service("stock")', [1, 2]),
        ('service("stock") { fault }', [1]),
        ('service("shop") { fault }', []),
        ('!service("stock")', [3]),
        ('edge("shop", "stock")', [1, 2]),
        ('edge("stock", "shop")', []),
        ('edge("shop", "stock") { fault }', [1]),
        ('service(id(name: "stock", type: "AWS::EC2::Instance"))', [2]),
        ('service("shop") { root = true }', [1, 2, 3]),
        ("inferred", []),
    ],
)
def test_filters_of_services_and_edges(xray: Client, expression: str, numbers: list[int]) -> None:
    for number in (1, 2, 3):
        root = xray.document(number)
        xray.put(root)
        if number < 3:
            more: dict[str, Any] = {"fault": True} if number == 1 else {"origin": "AWS::EC2::Instance"}
            xray.put({**root, "id": "00000000000000aa", "name": "stock", "parent_id": root["id"], **more})
    assert xray.found(expression) == numbers


@pytest.mark.parametrize(
    ("expression", "numbers"),
    [
        ('annotation.plan = "free"', [1]),
        ('annotation[plan] = "free"', [1]),
        ('annotation["plan"] != "free"', [2]),
        ("annotation[plan]", [1, 2]),
        ("!annotation.plan", [3]),
        ("annotation.items > 3", [2, 3]),
        ("annotation.new", [1]),
        ("annotation.new = false", [2]),
        ('annotation.note = "n"', []),  # metadata
        ('service("shop") { annotation.items = 5 }', [3]),
        ('annotation.deep = "x"', [3]),  # in a subsegment
    ],
)
def test_filters_of_annotations(xray: Client, expression: str, numbers: list[int]) -> None:
    below = {
        "id": "00000000000000bb",
        "name": "s",
        "start_time": 1,
        "end_time": 2,
        "annotations": {"deep": "x"},
    }
    xray.put(
        xray.document(
            1, annotations={"plan": "free", "items": 3, "new": True}, metadata={"d": {"note": "n"}}
        ),
        xray.document(2, annotations={"plan": "paid", "items": 4, "new": False}),
        xray.document(3, annotations={"items": 5}, subsegments=[below]),
    )
    assert xray.found(expression) == numbers


@pytest.mark.parametrize(
    "expression",
    ["foo = 1", "duration >", "duration > 5)", '"x"', 'group.name = "g"', "ok ?", "x" * 2001, "service("],
)
def test_expressions_that_are_refused(xray: Client, expression: str) -> None:
    assert refused(xray.summaries, expression) == "InvalidRequestException"


def test_whole_traces_by_id(xray: Client) -> None:
    documents = [xray.document(number) for number in range(1, 7)]
    xray.put(*documents)
    ids = [each["trace_id"] for each in documents]
    assert xray.traces(*ids[:5]) == {each["trace_id"]: [each] for each in documents[:5]}
    assert refused(xray.traces, *ids) == "InvalidRequestException"
    unknown = "1-00000000-" + "0" * 24
    answer = xray.client.batch_get_traces(TraceIds=[unknown, ids[0]])
    assert (len(answer["Traces"]), answer["UnprocessedTraceIds"]) == (1, [unknown])


def test_called_service_without_segment_is_inferred(xray: Client) -> None:
    queue = Queue(xray.cloud)
    recorder = xray.cloud.plane("xray").recorder("shop", patch=True)
    xray.cloud.advance(1)
    with recorder.segment():
        queue.send("x")
    (found,) = xray.summaries()
    shop, inferred = xray.traces(found["Id"])[found["Id"]]
    (call,) = shop["subsegments"]
    assert (call["name"], call["namespace"], call["aws"]["operation"]) == ("SQS", "aws", "SendMessage")
    assert (inferred["name"], inferred["inferred"], inferred["parent_id"]) == ("q", True, call["id"])
    assert xray.found("inferred") != []


def test_service_graph(xray: Client) -> None:
    root = xray.document(1)
    calls = [
        {"id": f"{number:016x}", "name": "DynamoDB", "namespace": "aws", "start_time": root["start_time"],
         "end_time": root["start_time"] + number / 100, **_status(status)}
        for number, status in ((10, 200), (20, 429), (30, 400), (40, 500))
    ]  # fmt: skip
    xray.put({**root, "subsegments": calls})
    end = xray.cloud.datetime
    graph = xray.client.get_service_graph(StartTime=end - timedelta(minutes=1), EndTime=end)
    shop, table = graph["Services"]
    assert (shop["Name"], shop["Root"], shop["State"]) == ("shop", True, "active")
    assert (table["Name"], table["Type"], table["Root"], table["State"]) == (
        "DynamoDB", "AWS::DynamoDB", False, "unknown",
    )  # fmt: skip
    (edge,) = shop["Edges"]
    assert edge["ReferenceId"] == table["ReferenceId"]
    assert edge["SummaryStatistics"] == table["SummaryStatistics"]
    assert edge["SummaryStatistics"] == {
        "OkCount": 1,
        "ErrorStatistics": {"ThrottleCount": 1, "OtherCount": 1, "TotalCount": 2},
        "FaultStatistics": {"OtherCount": 1, "TotalCount": 1},
        "TotalCount": 4,
        "TotalResponseTime": pytest.approx(1.0),
    }
    assert xray.client.get_trace_graph(TraceIds=[root["trace_id"]])["Services"] == graph["Services"]
    assert (
        xray.client.get_service_graph(StartTime=end - timedelta(hours=2), EndTime=end - timedelta(hours=1))[
            "Services"
        ]
        == []
    )


def test_telemetry_records_are_taken(xray: Client) -> None:
    record = {"Timestamp": xray.cloud.datetime, "SegmentsReceivedCount": 1}
    answer = xray.client.put_telemetry_records(TelemetryRecords=[record])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


# What Lambda sends

IDLE = "def handler(event, context): return 1\n"


CALLING = """
import boto3
client = boto3.client("lambda")
def handler(event, context):
    client.invoke(FunctionName="behind")
"""


def names(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["name"], each.get("origin", "")) for each in documents]


def test_active_tracing_sends_two_segments(xray: Client) -> None:
    function = Function(xray.cloud, IDLE, TracingConfig={"Mode": "Active"})
    function.invoke({})
    (found,) = xray.summaries()
    service, code = xray.traces(found["Id"])[found["Id"]]
    assert names([service, code]) == [("f", "AWS::Lambda"), ("f", "AWS::Lambda::Function")]
    assert (code["parent_id"], "parent_id" in service) == (service["id"], False)
    assert [each["name"] for each in code["subsegments"]] == ["Init"]
    function.change(TracingConfig={"Mode": "PassThrough"})
    xray.cloud.advance(5)
    function.invoke({})
    assert len(xray.summaries()) == 1  # asking again adds nothing


def test_mode_is_part_of_the_configuration(xray: Client) -> None:
    Function(xray.cloud, IDLE, name="f")
    Function(xray.cloud, IDLE, name="g", TracingConfig={"Mode": "Active"})
    shown = xray.cloud.client("lambda").get_function_configuration
    modes = [shown(FunctionName=name)["TracingConfig"]["Mode"] for name in "fg"]
    assert modes == ["PassThrough", "Active"]


def test_failure_is_a_fault_of_the_function(xray: Client) -> None:
    Function(
        xray.cloud, "def handler(event, context): raise ValueError('no')\n", TracingConfig={"Mode": "Active"}
    ).invoke()
    (found,) = xray.summaries('service(id(type: "AWS::Lambda::Function")) { fault }')
    assert (found["HasFault"], len(xray.summaries("fault"))) == (False, 0)


def test_pass_through_sends_nothing(xray: Client) -> None:
    behind = Function(xray.cloud, IDLE, name="behind", TracingConfig={"Mode": "Active"})
    front = Function(xray.cloud, CALLING, name="front")
    recorder = xray.cloud.plane("xray").recorder("shop")
    xray.cloud.advance(1)
    front.invoke({})  # no header: the function in front says no for the one behind
    assert xray.summaries() == []
    xray.cloud.advance(1)
    with recorder.segment():
        front.invoke({})  # sampled: the header goes through
        xray.cloud.advance(1)
    (found,) = xray.summaries()
    documents = xray.traces(found["Id"])[found["Id"]]
    assert names(documents) == [("shop", ""), ("behind", "AWS::Lambda"), ("behind", "AWS::Lambda::Function")]
    assert documents[1]["parent_id"] == documents[0]["id"]
    behind.invoke({})
    assert len(xray.summaries()) == 2


def test_lambda_samples_one_a_second_and_a_share(xray: Client) -> None:
    xray.cloud.advance(1 - xray.cloud.epoch_us / 1e6 % 1)
    function = Function(xray.cloud, IDLE, TracingConfig={"Mode": "Active"})
    function.invoke()
    xray.cloud.advance(5)
    before = len(xray.summaries())
    for _ in range(3):
        for _ in range(40):
            function.invoke()
        xray.cloud.advance(1)
    kept = len(xray.summaries()) - before
    assert 3 <= kept <= 3 + 16  # 3 of 3 seconds, and of the other 117 some 6
    assert kept == len(xray.summaries()) - before


def test_unsampled_request_is_not_traced_by_functions(xray: Client) -> None:
    function = Function(xray.cloud, IDLE, TracingConfig={"Mode": "Active"})
    xray.client.update_sampling_rule(
        SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 0, "ReservoirSize": 0}
    )
    recorder = xray.cloud.plane("xray").recorder("shop")
    xray.cloud.advance(1)
    with recorder.segment() as segment:
        function.invoke({})
        xray.cloud.advance(1)
    assert (segment.sampled, segment.header[-9:]) == (False, "Sampled=0")
    assert xray.summaries() == []
