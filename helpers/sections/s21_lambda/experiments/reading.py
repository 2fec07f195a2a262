"""What a trail says of functions: each run of a handler. And how a run makes a function in the first place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from helpers.dataplane.awslambda.package import zipped
from helpers.experiments import CallRow

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg/"
RUNTIME = "python3.13"
HANDLER = "lambda_function.handler"
THROTTLED = "TooManyRequestsException"


class Execution(NamedTuple):
    """One run of a handler, as the service records it. Times are seconds since the Cloud was opened.

    `start_s` is when the environment was taken or began to start, `end_s` when the run was over; `init_s` is 0
    for a warm start. `kind` is RequestResponse, Event or Mapping; `attempt` counts from 1 for a request id;
    `error` is the type of the error, or None. `environment` is the name of its execution environment. A run for a
    mapping got a number of `records`, from `first_record` to `last_record` (message ids, or sequence numbers).
    """

    function: str
    version: str
    request_id: str
    kind: str
    attempt: int
    environment: str
    start_s: float
    end_s: float
    init_s: float
    run_s: float
    billed_ms: int
    memory_mb: int
    error: str | None
    records: int = 0
    first_record: str = ""
    last_record: str = ""

    @property
    def cold(self) -> bool:
        """Whether an environment was started for it."""
        return self.init_s > 0


def executions(rows: Iterable[CallRow]) -> list[Execution]:
    """The runs of handlers in the order in which they began. Attempts that were throttled are none."""
    return [
        Execution(
            row.parameters["FunctionName"],
            row.parameters["Version"],
            row.parameters["RequestId"],
            row.parameters["InvocationType"],
            row.parameters["Attempt"],
            row.parameters["Environment"],
            row.start_s,
            row.end_s,
            row.response.get("InitDurationMs", 0.0) / 1000,
            row.response["DurationMs"] / 1000,
            row.response["BilledDurationMs"],
            row.response["MemorySizeMB"],
            row.error,
            row.parameters.get("Records", 0),
            row.parameters.get("FirstRecord", ""),
            row.parameters.get("LastRecord", ""),
        )
        for row in rows
        if row.operation == "Invocation" and row.actor == "lambda" and row.response
    ]


def role(cloud: Cloud) -> str:
    """The ARN of a new execution role."""
    trust = '{"Version": "2012-10-17", "Statement": []}'
    made = cloud.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=trust)
    return str(made["Role"]["Arn"])


def create(client: Any, name: str, source: str, role_arn: str, **settings: Any) -> Any:
    """CreateFunction by a Lambda client, with the source text of one module; `settings` such as Timeout and MemorySize.

    Returns its answer.
    """
    return client.create_function(
        FunctionName=name,
        Runtime=RUNTIME,
        Role=role_arn,
        Handler=HANDLER,
        Code={"ZipFile": zipped(source)},
        **settings,
    )


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """How many of the spans (start, end), in seconds, overlap at most. What ends at an instant makes room there."""
    changes = sorted(
        (round(at_s, 6), change) for span in spans for at_s, change in zip(span, (1, -1), strict=True)
    )
    most = busy = 0
    for _, change in changes:
        busy += change
        most = max(most, busy)
    return most
