"""A row of the trail as code: the boto3 call, or the AWS CLI line, that makes it."""

from __future__ import annotations

import base64
import json
import shlex
from datetime import datetime
from typing import Any

from botocore import xform_name

# `aws s3` is the CLI's own set of commands; the others have their names from the CLI's first years.
_CLI_NAMES = {"codedeploy": "deploy", "config": "configservice", "s3": "s3api"}
# Parameters that the CLI renames, as they would hide options that every command has.
_CLI_OPTIONS = {
    ("apigateway", "CreateRestApi", "version"): "api-version",
    ("apigatewayv2", "CreateApi", "Version"): "api-version",
    ("apigatewayv2", "UpdateApi", "Version"): "api-version",
    ("sns", "Subscribe", "Endpoint"): "notification-endpoint",
    ("stepfunctions", "SendTaskSuccess", "output"): "task-output",
}
# What is read from a file, and what is written into one: the CLI asks for its path.
_FILES_IN = {("s3", "PutObject", "Body"): "body.bin", ("s3", "UploadPart", "Body"): "body.bin"}
_FILES_OUT = {
    ("lambda", "Invoke"): "answer.json",
    ("s3", "GetObject"): "object.bin",
    ("s3", "GetObjectAnnotation"): "annotation.bin",
    ("s3", "GetObjectTorrent"): "object.torrent",
    ("s3", "SelectObjectContent"): "records.bin",
}
_VARIABLES = {"lambda": "lambda_"}  # a keyword in Python

_ZIP = "code.zip"  # stands for a function's code, which is no text
_DATA = "data.bin"  # stands for other bytes that are none


def as_boto3(row: Any) -> str:
    """The boto3 call of a trail row (anything with `actor`, `service`, `operation` and `parameters`), such as
    `sqs.send_message(QueueUrl="...", MessageBody="hello")`. What a service did by itself is a comment.
    """
    if row.actor == row.service:
        return _comment(row)
    variable = _VARIABLES.get(row.service, row.service.replace("-", "_"))
    arguments = ", ".join(f"{name}={_python(value)}" for name, value in row.parameters.items())
    return f"{variable}.{xform_name(row.operation)}({arguments})"


def as_cli(row: Any) -> str:
    """The AWS CLI line of a trail row, quoted for a POSIX shell and for `%%aws`. What a service did by itself is a
    comment. What is no text stands in files of your own: `code.zip`, `body.bin`, `data.bin`.

    Bytes are written as the text they hold, as version 1 of the CLI takes them; version 2 wants
    `--cli-binary-format raw-in-base64-out` beside them
    (https://docs.aws.amazon.com/cli/latest/userguide/cliv2-migration-changes.html).
    """
    if row.actor == row.service:
        return _comment(row)
    words = ["aws", _CLI_NAMES.get(row.service, row.service), xform_name(row.operation, "-")]
    for name, value in row.parameters.items():
        place = row.service, row.operation, name
        option = _CLI_OPTIONS.get(place) or xform_name(name, "-")
        if place in _FILES_IN:
            words += [f"--{option}", _FILES_IN[place]]
        elif name in ("Code", "ZipFile") and _is_zip(value):
            words += ["--zip-file", f"fileb://{_ZIP}"]
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            words += [f"--{option}", *value]
        else:
            argument = _argument(value)
            words += [f"--{option}={argument}"] if argument.startswith("-") else [f"--{option}", argument]
    if (row.service, row.operation) in _FILES_OUT:
        words.append(_FILES_OUT[row.service, row.operation])
    return shlex.join(words)


def _comment(row: Any) -> str:
    said = ", ".join(f"{name}={_python(value)}" for name, value in row.parameters.items())
    return f"# {row.service} by itself: {row.operation}({said})"


def _is_zip(value: Any) -> bool:
    code = value.get("ZipFile") if isinstance(value, dict) else value
    return isinstance(code, (bytes, bytearray)) and code.startswith(b"PK")


def _python(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)) and _is_zip(value):
        return f'open("{_ZIP}", "rb").read()'
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_python(key)}: {_python(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_python, value)) + "]"
    return repr(value)


def _argument(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        text = _decoded(value)
        return f"fileb://{_DATA}" if text is None or "\0" in text else text
    if isinstance(value, (str, datetime)):
        return _text(value)
    return json.dumps(value, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        text = _decoded(value)
        return base64.b64encode(value).decode() if text is None else text
    return str(value)


def _decoded(value: bytes | bytearray) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
