"""The AWS CLI in process: its own output and exit codes, the Cloud's account and clock, and no way out."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import Cloud
from helpers.cloud import SealedError, Stopped, aws_cli
from helpers.cloud.aws_cli import REFUSED, Ended, run_aws
from helpers.cloud.command_line import CommandLineError

QUEUE = "https://queue.amazonaws.com/123456789012/orders"
CREATE_TABLE = (
    "dynamodb create-table --table-name t --attribute-definitions AttributeName=id,AttributeType=S "
    "--key-schema AttributeName=id,KeyType=HASH --billing-mode PAY_PER_REQUEST"
)
ATTRIBUTES = '{"VisibilityTimeout": "5"}'


@pytest.fixture
def cloud():
    with Cloud(seed=5) as cloud:
        yield cloud


def test_ten_commands_of_five_services(cloud):
    """Each as AWS CLI v1 documents it: JSON in four spaces, text by tabs, a table, nothing for an empty answer."""
    ended = [
        run_aws(line)
        for line in (
            f"sqs create-queue --queue-name orders --attributes '{ATTRIBUTES}'",
            f"sqs send-message --queue-url {QUEUE} --message-body hi",
            f"sqs receive-message --queue-url {QUEUE} --query 'Messages[].[Body,MD5OfBody]' --output text",
            "sns publish --topic-arn arn:aws:sns:us-east-1:123456789012:shop --message hi",
            f"{CREATE_TABLE} --query TableDescription.[TableStatus,CreationDateTime]",
            """dynamodb put-item --table-name t --item '{"id": {"S": "1"}}'""",
            "dynamodb scan --table-name t --output table --query 'Items[].{Id: id.S}'",
            "kinesis put-record --stream-name clicks --partition-key a --data hello",
            "s3 mb s3://photos",
            "s3api list-buckets --query Buckets",
        )
    ]
    assert ended == [
        Ended(0, f'{{\n    "QueueUrl": "{QUEUE}"\n}}\n', ""),
        Ended(
            0,
            '{\n    "MD5OfMessageBody": "49f68a5c8493ec2c0bf489821c21fc3b",\n'
            '    "MessageId": "015c33b2-df14-41aa-b8eb-18b900745130"\n}\n',
            "",
        ),
        Ended(0, "hi\t49f68a5c8493ec2c0bf489821c21fc3b\n", ""),
        Ended(
            255,
            "",
            "\nAn error occurred (NotFound) when calling the Publish operation: Topic does not exist\n",
        ),
        Ended(0, '[\n    "ACTIVE",\n    1767603600.05\n]\n', ""),
        Ended(0, "", ""),
        Ended(0, "--------\n| Scan |\n+------+\n|  Id  |\n+------+\n|  1   |\n+------+\n", ""),
        Ended(
            255,
            "",
            "\nAn error occurred (ResourceNotFoundException) when calling the PutRecord operation: "
            "Stream clicks under account 123456789012 not found.\n",
        ),
        Ended(0, "make_bucket: photos\n", ""),
        Ended(
            0,
            '[\n    {\n        "Name": "photos",\n        "CreationDate": "2026-01-05T09:00:00.000Z"\n    }\n]\n',
            "",
        ),
    ]
    trail = cloud.trail
    assert list(zip(trail.actor, trail.service, trail.operation, trail.error, strict=True)) == [
        ("main", "sqs", "CreateQueue", None),
        ("main", "sqs", "SendMessage", None),
        ("main", "sqs", "ReceiveMessage", None),
        ("main", "sns", "Publish", "NotFound"),
        ("main", "dynamodb", "CreateTable", None),
        ("main", "dynamodb", "PutItem", None),
        ("main", "dynamodb", "Scan", None),
        ("main", "kinesis", "PutRecord", "ResourceNotFoundException"),
        ("main", "s3", "CreateBucket", None),
        ("main", "s3", "ListBuckets", None),
    ]
    assert trail.parameters[0] == {"QueueName": "orders", "Attributes": {"VisibilityTimeout": "5"}}
    assert cloud.now == 0.1


WRONG = (
    ["sqs", "list-queues", "--foo"],
    ["sqs", "create-queue"],
    ["sqs", "send-mesage"],
    ["sqs", "list-queues", "--output", "xml"],
    ["sqs", "create-queue", "--queue-name"],
    ["sqs", "create-queue", "--generate-cli-skeleton"],
)
PROGRAM = """
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
ended = []
for words in json.loads(sys.argv.pop()):
    sys.argv = ["aws", *words]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            code = create_clidriver().main(words)
        except SystemExit as end:
            code = end.code
    ended.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(ended))
"""


@pytest.mark.slow
def test_what_needs_no_account_is_byte_for_byte_the_program_s(cloud):
    """The same words to the CLI in a process that has never heard of this course."""
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(WRONG)], capture_output=True, text=True, check=True
    )
    ended = [run_aws(words) for words in WRONG]
    assert [[one.code, one.stdout, one.stderr] for one in ended] == json.loads(program.stdout)
    assert [one.code for one in ended] == [255, 2, 2, 2, 2, 0]
    assert ended[0].stderr.endswith("\n\nUnknown options: --foo\n")
    assert ended[1].stderr.endswith("\naws: error: the following arguments are required: --queue-name\n")
    assert cloud.trail.empty


def test_waits_pass_in_virtual_time(cloud):
    run_aws("kinesis create-stream --stream-name s --shard-count 1")
    cloud.at(25, lambda: None)
    assert run_aws(f"sqs create-queue --queue-name orders --attributes '{ATTRIBUTES}'").code == 0
    began = cloud.now
    assert run_aws(f"sqs receive-message --queue-url {QUEUE} --wait-time-seconds 20") == Ended(0, "", "")
    assert cloud.now - began == pytest.approx(20, abs=0.1)
    began = cloud.now
    missing = run_aws("dynamodb wait table-exists --table-name nope")
    assert missing.code == 255
    assert missing.stderr.startswith("\nWaiter TableExists failed: Max attempts exceeded")
    assert cloud.now - began == pytest.approx(24 * 20, abs=1)  # 25 attempts, 20 s apart


def test_regions_and_pages(cloud):
    run_aws("sqs create-queue --queue-name here")
    run_aws("sqs create-queue --queue-name there --region eu-west-1")
    assert run_aws("sqs list-queues --query QueueUrls --output text").stdout == f"{QUEUE[:-6]}here\n"
    assert run_aws(["--region", "eu-west-1", "sqs", "list-queues", "--query", "length(@)"]).stdout == "1\n"
    with Cloud(region="eu-west-1"):
        assert run_aws("sqs list-queues") == Ended(0, "", "")
    assert run_aws("sqs list-queues --query QueueUrls", cloud).json() == [f"{QUEUE[:-6]}here"]


def test_transfers_come_in_one_order_without_threads(cloud, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        Path(name).write_text(name * 3)
    Path("big").write_bytes(b"x" * 9_000_000)
    assert run_aws("s3 mb s3://photos").code == 0
    assert run_aws("s3 sync . s3://photos/all --exclude big") == Ended(
        0, "".join(f"upload: ./{name} to s3://photos/all/{name}\n" for name in "abc"), ""
    )
    assert run_aws("s3 cp big s3://photos/big").stdout == "upload: ./big to s3://photos/big\n"
    assert run_aws("s3 cp s3://photos/all/b -").stdout == "bbb"
    assert run_aws("s3 ls s3://photos --recursive --summarize").stdout.split()[-6:] == [
        *("Total", "Objects:", "4", "Total", "Size:", "9000009")
    ]
    assert list(cloud.trail.operation[1:9]) == [
        *("ListObjectsV2", "PutObject", "PutObject", "PutObject"),
        *("CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"),
    ]
    assert run_aws("s3 cp nope s3://photos/x") == Ended(
        255, "", "\nThe user-provided path nope does not exist.\n"
    )
    assert run_aws("s3 cp s3://photos/nope .").code == 1
    no_input = run_aws("s3 cp - s3://photos/x")
    assert no_input == Ended(
        1, "", "fatal error: stdin is required for this operation, but is not available.\n"
    )


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_commands_say_why(cloud, name):
    assert run_aws(f"{name} --x y") == Ended(255, "", f"aws {name} is not run here: {REFUSED[name]}.\n")
    assert cloud.trail.empty


def test_the_guide_names_what_is_refused():
    guide = (Path(__file__).resolve().parents[2] / "docs" / "aws-cli.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z -]+)` \| (.+) \|$", guide.partition("## What is not run")[2], re.MULTILINE)
    assert dict(rows[:-1]) == REFUSED
    assert rows[-1][0] == "help"


def test_every_command_that_could_start_a_program_is_known():
    """A new version of the CLI that starts another program from another module is found out here."""
    folder = Path(aws_cli._clidriver().__file__).parent
    starts = re.compile(
        r"\bsubprocess\b|Popen|check_call|expanduser\(\s*['\"]~|expanduser\($|Thread\b", re.MULTILINE
    )
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if not {"botocore", "s3transfer", "examples"} & set(path.relative_to(folder).parts)
        and starts.search(path.read_text(encoding="utf-8"))
    }
    assert found == {
        *(
            "alias.py",
            "help.py",
            "utils.py",
            "testutils.py",
        ),  # no alias is read, no manual and no pager shown
        "customizations/codeartifact/login.py",
        "customizations/codedeploy/systems.py",
        "customizations/configure/configure.py",
        "customizations/ecs/executecommand.py",
        "customizations/eks/update_kubeconfig.py",
        "customizations/emr/ssh.py",
        "customizations/history/constants.py",
        "customizations/logs/startlivetail.py",
        "customizations/s3/results.py",  # a thread that writes the lines of transfers, in their order
        "customizations/sessionmanager.py",
    }


@pytest.mark.parametrize(
    ("line", "page"),
    [
        ("help", "index.html"),
        ("help topics", "index.html"),
        ("sqs help", "sqs/index.html"),
        ("s3 cp help", "s3/cp.html"),
    ],
)
def test_the_manual_is_a_page(cloud, line, page):
    assert run_aws(line) == Ended(
        255,
        "",
        "The manual is not shown here, as it needs a pager: it is at "
        f"https://docs.aws.amazon.com/cli/v1/reference/{page}.\n",
    )


def test_no_file_of_the_learner_is_read(cloud, tmp_path, monkeypatch):
    settings = tmp_path / "config"
    settings.write_text(
        "[default]\nregion = ap-south-1\noutput = text\ncli_history = enabled\n[profile work]\nregion = eu-north-1\n"
        "[plugins]\nevil = os.path\n"
    )
    (tmp_path / ".aws" / "cli").mkdir(parents=True)
    (tmp_path / ".aws" / "cli" / "alias").write_text("[toplevel]\nwho = !echo alias\n")
    before = sorted(path for path in tmp_path.rglob("*"))
    for name, value in {
        "AWS_CONFIG_FILE": str(settings),
        "AWS_SHARED_CREDENTIALS_FILE": str(settings),
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    assert run_aws("sqs create-queue --queue-name orders").json() == {"QueueUrl": QUEUE}
    assert run_aws("sqs list-queues --profile work") == Ended(
        255, "", "\nThe config profile (work) could not be found\n"
    )
    assert run_aws("who").code == 2
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_nothing_leaves(cloud):
    said = run_aws("sqs list-queues --endpoint-url https://sqs.example.com")
    assert said == Ended(
        255, "", "\nAmazonSQS.ListQueues is not in this mocked account; nothing left the machine.\n"
    )
    assert run_aws("sqs create-queue --queue-name orders").code == 0
    # CLI v1 would read the body from there, unless cli_follow_urlparam is off.
    sent = run_aws(f"sqs send-message --queue-url {QUEUE} --message-body https://example.com/body")
    assert sent.code == 0
    assert cloud.trail.iloc[-1].parameters["MessageBody"] == "https://example.com/body"


def test_the_process_is_left_as_it_was(cloud):
    run_aws("sqs list-queues")
    before = [dict(os.environ), list(sys.meta_path), sys.argv, sys.stdin, sys.stdout, sys.stderr]
    loggers = [logging.getLogger(name) for name in ("awscli", "botocore", "s3transfer", "urllib3")]
    logged = [(logger.level, list(logger.handlers)) for logger in loggers]
    assert "CLI version: aws-cli/" in run_aws("sqs list-queues --debug").stderr
    assert [dict(os.environ), list(sys.meta_path), sys.argv, sys.stdin, sys.stdout, sys.stderr] == before
    assert [(logger.level, list(logger.handlers)) for logger in loggers] == logged
    assert "AWS_DATA_PATH" not in os.environ
    assert not any("awscli" in type(finder).__module__ for finder in sys.meta_path)


def test_what_an_actor_prints_meanwhile_is_not_the_command_s(cloud, capsys):
    run_aws("sqs create-queue --queue-name orders")
    sqs = cloud.client("sqs")

    def sender():
        print("sent")
        sqs.send_message(QueueUrl=QUEUE, MessageBody="hi")

    cloud.spawn(sender)
    done = run_aws(f"sqs receive-message --queue-url {QUEUE} --wait-time-seconds 5 --query Messages[].Body")
    assert done == Ended(0, '[\n    "hi"\n]\n', "")
    assert capsys.readouterr().out == "sent\n"


def test_an_actor_is_told_to_use_boto3(cloud):
    cloud.spawn(lambda: run_aws("sqs list-queues"))
    with pytest.raises(RuntimeError, match="use a boto3 client there"):
        cloud.run()


def test_a_stop_an_interrupt_and_a_defect_are_not_the_command_s(cloud, monkeypatch):
    cloud.at(1, cloud.stop)
    run_aws("sqs create-queue --queue-name orders")
    with pytest.raises(Stopped):
        run_aws(f"sqs receive-message --queue-url {QUEUE} --wait-time-seconds 5")

    def interrupt():
        raise KeyboardInterrupt

    cloud.hooks.answers["sqs", "ListQueues"] = lambda _call: interrupt()
    with pytest.raises(KeyboardInterrupt):
        run_aws("sqs list-queues")
    cloud.hooks.answers["sqs", "ListQueues"] = lambda _call: {}["defect"]
    with pytest.raises(KeyError, match="defect"):
        run_aws("sqs list-queues")


def test_without_a_cloud_and_with_two_commands():
    with pytest.raises(SealedError, match=re.escape("open one first (cloud = Cloud.open())")):
        run_aws("sqs list-queues")
    with Cloud() as closed:
        with pytest.raises(CommandLineError, match="the text holds 2"):
            run_aws("sqs list-queues\nsqs list-queues")
        assert run_aws("aws sqs list-queues # all of them") == Ended(0, "", "")
    with pytest.raises(SealedError):
        run_aws("sqs list-queues", closed)


def test_the_output_as_json():
    assert Ended(0, '{"a": 1}\n', "").json() == {"a": 1}
    assert Ended(0, "", "").json() == {}
    with pytest.raises(ValueError, match="exit code 2, so there is no output"):
        Ended(2, "", "usage").json()
    with pytest.raises(ValueError, match="is no JSON"):
        Ended(0, "a\tb\n", "").json()
