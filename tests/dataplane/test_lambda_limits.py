"""What Lambda refuses when a function is made or changed, and what it shows of its settings."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from helpers import Cloud, zipped

from .conftest import refused
from .functions import Function, role

NOTHING = "def handler(event, context):\n    pass\n"


def both(cloud: Cloud, **configuration: Any) -> set[str]:
    """The codes with which creating such a function, and changing one to it, are refused."""
    function = Function(cloud, NOTHING)
    return {
        refused(Function, cloud, NOTHING, "g", **configuration),
        refused(function.change, **configuration),
    }


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        ({"Timeout": 900}, {"Timeout": 901}, "ValidationException"),
        ({"MemorySize": 10_240}, {"MemorySize": 10_241}, "ValidationException"),
        (
            {"EphemeralStorage": {"Size": 10_240}},
            {"EphemeralStorage": {"Size": 10_241}},
            "ValidationException",
        ),
    ],
)
def test_ranges(cloud: Cloud, good: dict[str, Any], bad: dict[str, Any], code: str) -> None:
    assert both(cloud, **bad) == {code}
    Function(cloud, NOTHING, "h", **good)
    shown = cloud.client("lambda").get_function_configuration(FunctionName="h")
    assert {name: shown[name] for name in good} == good


def test_environment_variables_have_4_kilobytes(cloud: Cloud) -> None:
    # {"KEY":"..."} has 10 characters around the value.
    assert both(cloud, Environment={"Variables": {"KEY": "x" * (4096 - 9)}}) == {
        "InvalidParameterValueException"
    }
    Function(cloud, NOTHING, "h", Environment={"Variables": {"KEY": "x" * (4096 - 10)}})


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_ACCESS_KEY_ID", "LAMBDA_TASK_ROOT", "_HANDLER"])
def test_reserved_variables(cloud: Cloud, name: str) -> None:
    code = "ValidationException" if name.startswith("_") else "InvalidParameterValueException"
    assert both(cloud, Environment={"Variables": {name: "x"}}) == {code}


@pytest.mark.parametrize("name", ["A", "1A", "A-B", "A B"])
def test_names_of_variables(cloud: Cloud, name: str) -> None:
    assert both(cloud, Environment={"Variables": {name: "x"}}) == {"ValidationException"}


def test_five_layers(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    arns = [
        client.publish_layer_version(LayerName=f"l{n}", Content={"ZipFile": zipped("")})["LayerVersionArn"]
        for n in range(6)
    ]
    assert both(cloud, Layers=arns) == {"InvalidParameterValueException"}
    Function(cloud, NOTHING, "h", Layers=arns[:5])


def _package(size: int, *, stored: bool) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(
        content, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED, compresslevel=1
    ) as package:
        package.writestr("lambda_function.py", NOTHING)
        package.writestr("data", bytes(size))
    return content.getvalue()


def test_package_of_50_megabytes_zipped(cloud: Cloud) -> None:
    package = _package(50 * 1024 * 1024, stored=True)
    assert refused(Function, cloud, package) == "RequestTooLargeException"
    function = Function(cloud, NOTHING)
    code = refused(function.client.update_function_code, FunctionName="f", ZipFile=package)
    assert code == "RequestTooLargeException"


def test_package_of_250_megabytes_unzipped(cloud: Cloud) -> None:
    package = _package(250 * 1024 * 1024, stored=False)
    assert refused(Function, cloud, package) == "InvalidParameterValueException"


def test_package_that_is_no_zip(cloud: Cloud) -> None:
    assert refused(Function, cloud, b"no zip") == "InvalidParameterValueException"


def test_settings_that_moto_forgets_are_shown(cloud: Cloud) -> None:
    function = Function(cloud, NOTHING)
    client = function.client
    changed = {
        "EphemeralStorage": {"Size": 2_048},
        "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN"},
        "TracingConfig": {"Mode": "Active"},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
        "KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
    }
    function.change(**changed)
    expected = {
        **changed,
        "LoggingConfig": {
            "LogFormat": "JSON",
            "ApplicationLogLevel": "WARN",
            "SystemLogLevel": "INFO",
            "LogGroup": "/aws/lambda/f",
        },
        "SnapStart": {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"},
    }
    version = function.publish()
    function.change(EphemeralStorage={"Size": 512}, TracingConfig={"Mode": "PassThrough"})
    shown = client.get_function_configuration(FunctionName="f", Qualifier=version)
    on = {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert {name: shown[name] for name in expected} == {**expected, "SnapStart": on}
    now = {**expected, "EphemeralStorage": {"Size": 512}, "TracingConfig": {"Mode": "PassThrough"}}
    for shown in (
        client.get_function_configuration(FunctionName="f"),
        client.get_function(FunctionName="f")["Configuration"],
        client.list_functions()["Functions"][0],
        client.list_versions_by_function(FunctionName="f")["Versions"][0],
    ):
        assert {name: shown[name] for name in now} == now
    client.delete_function(FunctionName="f")
    fresh = Function(cloud, NOTHING).client.get_function_configuration(FunctionName="f")
    assert fresh["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}
    assert fresh["EphemeralStorage"] == {"Size": 512}


def test_runtime_that_is_not_python_is_told_so(cloud: Cloud) -> None:
    function = Function(cloud, NOTHING, runtime="nodejs22.x")
    document = function.invoke().payload
    assert document["errorType"] == "NotMocked"
    assert document["errorMessage"] == "This course runs Python handlers; nodejs22.x is not mocked."


def test_container_image_is_told_so(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    client.create_function(
        FunctionName="image",
        PackageType="Image",
        Role=role(cloud),
        Code={"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"},
    )
    body = client.invoke(FunctionName="image")["Payload"].read().decode()
    assert "container images are not mocked" in body


# What moto does as AWS does


def test_name_is_taken_once(cloud: Cloud) -> None:
    Function(cloud, NOTHING)
    with pytest.raises(cloud.client("lambda").exceptions.ResourceConflictException) as refusal:
        Function(cloud, NOTHING)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_execution_role_must_exist(cloud: Cloud) -> None:
    create, code = cloud.client("lambda").create_function, {"ZipFile": zipped(NOTHING)}
    arguments = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "lambda_function.handler",
        "Code": code,
    }
    missing = "arn:aws:iam::123456789012:role/missing"
    assert refused(create, Role=missing, **arguments) == "InvalidParameterValueException"


def test_code_from_a_bucket(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="packages")
    create = cloud.client("lambda").create_function
    arguments = {"Runtime": "python3.13", "Handler": "lambda_function.handler", "Role": role(cloud)}
    place = {"S3Bucket": "packages", "S3Key": "f.zip"}
    assert refused(create, FunctionName="f", Code=place, **arguments) == "InvalidParameterValueException"
    s3.put_object(
        Bucket="packages", Key="f.zip", Body=zipped("def handler(event, context):\n    return 'from S3'\n")
    )
    create(FunctionName="f", Code=place, **arguments)
    assert cloud.client("lambda").invoke(FunctionName="f")["Payload"].read() == b'"from S3"'


def test_code_in_a_template(cloud: Cloud) -> None:
    template = f"""
    Resources:
      Function:
        Type: AWS::Lambda::Function
        Properties:
          FunctionName: inline
          Runtime: python3.13
          Handler: index.handler
          Role: {role(cloud)}
          Timeout: 7
          Code:
            ZipFile: |
              def handler(event, context):
                  return context.get_remaining_time_in_millis()
    """
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=template)
    assert cloud.client("lambda").invoke(FunctionName="inline")["Payload"].read() == b"7000"
    cloudformation.update_stack(StackName="s", TemplateBody=template.replace("Timeout: 7", "Timeout: 8"))
    assert cloud.client("lambda").invoke(FunctionName="inline")["Payload"].read() == b"8000"
