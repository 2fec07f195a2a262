"""The code of a Lambda function or layer, as moto keeps it: its API gives an address that nobody serves."""

from __future__ import annotations

import base64
from typing import Any

from helpers.cloud.touch import replace


def install() -> None:
    """Called when moto loads Lambda."""
    from moto.awslambda.models import LambdaFunction

    update = LambdaFunction.update_from_cloudformation_json

    def update_with_text(*, cloudformation_json: dict[str, Any], **rest: Any) -> LambdaFunction:
        properties = cloudformation_json["Properties"]
        text = properties["Code"].get("ZipFile")
        if text is not None:
            package = base64.b64encode(LambdaFunction._create_zipfile_from_plaintext_code(text))
            code = {"ZipFile": package}
            cloudformation_json = {**cloudformation_json, "Properties": {**properties, "Code": code}}
        return update(cloudformation_json=cloudformation_json, **rest)

    replace(
        LambdaFunction,
        "update_from_cloudformation_json",
        staticmethod(update_with_text),
        because="a template's code is text when it is updated, too",
    )


def function_code(account_id: str, region: str, name: str, version: str) -> bytes:
    """The zip of a version ("$LATEST" or a number) of the function. Empty for a container image, or if there is none.

    The caller has made the Cloud's state the active one.
    """
    from moto.awslambda.models import lambda_backends

    functions = lambda_backends[account_id][region]._lambdas
    if name not in functions._functions:
        return b""
    function = functions._get_latest(name) if version == "$LATEST" else functions._get_version(name, version)
    return b"" if function is None else bytes(getattr(function, "code_bytes", b""))


def layer_code(account_id: str, region: str, arn: str) -> bytes:
    """The zip of a layer version, by its ARN. Empty if there is none."""
    from moto.awslambda.models import lambda_backends

    layer = lambda_backends[account_id][region].layers_versions_by_arn(arn)
    return b"" if layer is None else bytes(layer.code_bytes or b"")
