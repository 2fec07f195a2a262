"""What the panel shows as CLI lines can be pasted below %%aws: the CLI makes the very call that the line stands for."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from botocore import xform_name

from helpers import Cloud
from helpers.cloud import aws_cli, code
from helpers.cloud.aws_cli import run_aws
from helpers.cloud.code import as_cli
from helpers.cloud.command_line import commands
from helpers.dataplane import PLANES
from helpers.experiments import Run

pytestmark = pytest.mark.slow


class Row(NamedTuple):
    """What `as_cli` reads of a trail's row."""

    service: str
    operation: str
    parameters: dict[str, Any]
    actor: str = "main"


def lines_of(run: str):
    """One CLI line of each kind of call in the run's trail, in its order."""
    kinds = {}
    for row in Run.parse(run).outcome().trail.itertuples():
        if row.actor != row.service:
            kinds.setdefault((row.service, row.operation, *row.parameters), row)
    return [(as_cli(row), row) for row in kinds.values()]


def files_of(row) -> None:
    """What stands in files, in those files."""
    parts = row.parameters.get("Code", row.parameters)
    if isinstance(parts, dict) and "ZipFile" in parts:
        Path("code.zip").write_bytes(parts["ZipFile"])
    Path("body.bin").write_bytes(b"a body")


# The CLI leaves the closing of a file that it sends to the end of its process.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("run", "services"),
    [
        ("17_monitoring.alarm", {"cloudwatch", "sns"}),
        ("18_sqs.poison", {"sqs"}),
        ("19_sns.retry", {"cloudwatch", "sns", "sqs"}),
        ("20_kinesis.firehose", {"firehose", "s3"}),
        ("21_lambda.canary", {"cloudwatch", "lambda"}),
        ("22_dynamodb.locking", {"dynamodb"}),
    ],
)
def test_a_pasted_line_is_the_call_again(run, services, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = lines_of(run)
    assert {row.service for _, row in lines} >= services
    with Cloud() as cloud:  # an empty account: what does not exist there is the service's own error
        for line, row in lines:
            files_of(row)
            (command,) = commands(line, lambda expression: pytest.fail(f"{expression} is no Python"))
            made = len(cloud.trail)
            ended = run_aws(command.words[1:])
            assert ended.code == 0 or "An error occurred" in ended.stderr, line
            again = as_cli(cloud.trail.iloc[made])
            assert sorted(shlex.split(again)) == sorted(shlex.split(line))


SERVICES = sorted({*PLANES, "application-autoscaling", "dynamodbstreams", "iam", "s3", "sts"})


@pytest.mark.parametrize("service", SERVICES)
def test_every_option_is_one_of_the_cli_s(service):
    """For every parameter of every operation, against the CLI's own table of options."""
    with Cloud() as cloud:
        table = aws_cli._driver(cloud)._get_command_table()[code._CLI_NAMES.get(service, service)]
        commands_of = table._get_command_table()
    model = boto3.Session()._session.get_service_model(service)

    wrong, known = [], 0
    for operation in model.operation_names:
        command = commands_of.get(xform_name(operation, "-"))
        if getattr(command, "_operation_model", None) is None:
            continue  # left out of the CLI, or a command of its own making
        options = command.arg_table
        shape = model.operation_model(operation).input_shape
        for name in () if shape is None else shape.members:
            line = as_cli(Row(service, operation, {name: b"PK" if name in ("Code", "ZipFile") else "x"}))
            option = shlex.split(line)[3].removeprefix("--")
            known += 1
            if option not in options:
                wrong.append((operation, name, option))
        outfile = getattr(options.get("outfile"), "cli_name", None) == "outfile"  # an argument without --
        if outfile != ((service, operation) in code._FILES_OUT):
            wrong.append((operation, "outfile"))
    assert known
    assert wrong == []
