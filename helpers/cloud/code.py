"""A row of the trail as code: the boto3 call, or the AWS CLI line, that makes it."""

from __future__ import annotations

import base64
import json
import shlex
from typing import Any

from botocore import xform_name

_CLI_NAMES = {"s3": "s3api"}  # `aws s3` is the CLI's own set of commands
_VARIABLES = {"lambda": "lambda_"}  # a keyword in Python


_ZIP = "code.zip"  # stands for a function's code, which is no text


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
    """The AWS CLI line of a trail row, quoted for a POSIX shell. What a service did by itself is a comment."""
    if row.actor == row.service:
        return _comment(row)
    words = ["aws", _CLI_NAMES.get(row.service, row.service), xform_name(row.operation, "-")]
    for name, value in row.parameters.items():
        option = xform_name(name, "-")
        if name in ("Code", "ZipFile") and _is_zip(value):
            words += ["--zip-file", f"fileb://{_ZIP}"]
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            words += [f"--{option}", *value]
        else:
            words += [f"--{option}", _argument(value)]
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
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, (bytes, bytearray)) else str(value)
