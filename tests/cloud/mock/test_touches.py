"""A canary for everything that is replaced in moto, botocore and the standard library."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import types

import pytest

import helpers.cloud
from helpers.cloud.mock import direct
from helpers.cloud.touch import TOUCHES, replace

# The parameters of each replaced function in the pinned versions. A new version that renames or re-shapes one
# fails here, by name, before a lesson changes without a word.
PARAMETERS = {
    "botocore.client.BaseClient._make_api_call": "self operation_name api_params",
    "botocore.endpoint.Endpoint._get_response": "self request operation_model context",
    "botocore.endpoint.Endpoint._do_get_response": "self request operation_model context",
    "botocore.endpoint.Endpoint._needs_retry": "self attempts operation_model request_dict response caught_exception",
    "botocore.session.Session.create_client": "self service_name region_name api_version use_ssl verify endpoint_url "
    "aws_access_key_id aws_secret_access_key aws_session_token config aws_account_id",
    "botocore.retries.bucket.TokenBucket._acquire": "self amount block",
    "botocore.retries.standard.ExponentialBackoff.delay_amount": "self context",
    "botocore.auth.SigV4Auth.canonical_request": "self request",
    "botocore.auth.SigV4Auth.signature": "self string_to_sign request",
    "botocore.useragent.UserAgentString.to_string": "self",
    "botocore.compat.accepts_kwargs": "func",
    "botocore.hooks.EventAliaser.__init__": "self event_emitter event_aliases",
    "botocore.hooks._PrefixTrie._recursive_copy": "self node",
    "botocore.endpoint_provider.EndpointProvider.__init__": "self ruleset_data partition_data excluded_params",
    "botocore.endpoint.EndpointCreator._get_proxies": "self url",
    "botocore.httpsession.URLLib3Session.send": "self request",
    "botocore.configprovider.ConfiguredEndpointProvider.provide": "self",
    "boto3._get_default_session": "",
    "boto3.s3.transfer._create_default_transfer_manager": "client config osutil",
    "moto.core.botocore_stubber.BotocoreStubber.process_request": "self request",
    "moto.core.base_backend.AccountSpecificBackend._generate_regions": "self service_name",
    "moto.core.common_models.BaseModel.__new__": "cls args kwargs",
    "moto.core.utils.method_names_from_class": "clazz",
    "moto.core.utils.camelcase_to_underscores": "argument",
    "moto.backends.get_backend": "name",
    "moto.awslambda.models.LambdaFunction.update_from_cloudformation_json": "original_resource new_resource_name "
    "cloudformation_json account_id region_name",
    "moto.dynamodb.models.DynamoDBBackend.update_table_streams": "self table stream_specification",
    "moto.dynamodb.models.table.StreamShard.add": "self old new",
    "moto.s3.models.FakeKey.dispose": "self garbage",
    "moto.sqs.models.Queue.wait_for_messages": "self timeout",
    "moto.sqs.models.SQSBackend.send_message": "self queue_name message_body message_attributes delay_seconds "
    "deduplication_id group_id system_attributes validate_group_id",
    "moto.events.models.Rule.send_to_targets": "self original_event transform_input",
    "moto.sns.models.Topic.publish": "self message subject message_attributes group_id deduplication_id "
    "message_structure",
    "moto.awslambda.models.LambdaFunction.invoke": "self body request_headers response_headers",
    "moto.awslambda.models.LambdaBackend.send_sqs_batch": "self function_arn messages queue_arn",
    "moto.awslambda.models.LambdaBackend.send_dynamodb_items": "self function_arn items source",
    "moto.awslambda.models.LambdaBackend.send_kinesis_message": "self function_name kinesis_stream "
    "kinesis_partition_key kinesis_sequence_number kinesis_data kinesis_shard_id",
    "moto.awslambda.models.LambdaBackend.layers_versions_by_arn": "self layer_version_arn",
    "moto.awslambda.models.LambdaStorage._get_latest": "self name",
    "moto.awslambda.models.LambdaStorage._get_version": "self name version",
    "moto.sqs.utils.generate_receipt_handle": "",
    "moto.utilities.aws_headers.gen_amzn_requestid_long": "headerdict",
    "moto.cloudwatch.models.MetricDatumBase.filter": "self namespace name dimensions already_present_metrics",
    "moto.dynamodb.models.table.Table.query": "self hash_key range_comparison range_objs limit exclusive_start_key "
    "scan_index_forward projection_expressions index_name consistent_read filter_expression hash_key_conditions "
    "range_key_conditions filter_kwargs",
    "moto.dynamodb.models.table.Table.all_items": "self",
    "moto.dynamodb.models.table.Table.sorted_items": "self hash_key_attrs range_key_attrs items",
    "moto.dynamodb.models.dynamo_type.LimitedSizeDict.__setitem__": "self key value",
    "moto.dynamodb.models.utilities.dynamo_to_dict": "obj",
    "moto.dynamodb.parsing.expressions.UpdateExpressionParser.make": "expression_str",
}

LOOK = """
import importlib, inspect, json, sys
found = {}
for name in json.loads(sys.argv[1]):
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        found[name] = " ".join(inspect.signature(inspect.unwrap(thing)).parameters)
        break
print(json.dumps(found))
"""


def test_what_is_replaced_has_the_shape_it_was_written_for():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOOK, json.dumps(list(PARAMETERS))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == PARAMETERS


def test_every_touch_has_a_reason_and_is_in_force():
    assert len(TOUCHES) > 30
    assert all(touch.reason for touch in TOUCHES)
    assert len({(touch.owner, touch.name, touch.reason) for touch in TOUCHES}) == len(TOUCHES)


def test_something_that_is_gone_is_named():
    module = types.ModuleType("a_library")
    with pytest.raises(ImportError, match=r"a_library has no 'function' any more.*the course works"):
        replace(module, "function", print, because="the course works")


def test_the_calls_that_are_asked_of_motos_handler_at_once_are_there():
    for service, operations in direct.OPERATIONS.items():
        handler = direct._handler(service)
        assert handler().automated_parameter_parsing, "its operations read a parsed request"
        assert [
            name for name in sorted(operations) if not callable(getattr(handler, direct._method(name), None))
        ] == []


def test_importing_again_replaces_nothing_twice():
    before = len(TOUCHES)
    importlib.import_module("helpers.cloud")
    assert helpers.cloud.__name__ in sys.modules
    assert len(TOUCHES) == before
