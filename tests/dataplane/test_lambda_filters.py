"""Filter criteria of event source mappings: one test a rule, named after it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.cloud import ServiceError
from helpers.dataplane.awslambda.filters import Filters


def filters(*patterns: Any, service: str = "sqs") -> Filters:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in patterns]
    return Filters({"Filters": [{"Pattern": text} for text in texts]}, service)


def message(body: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": "1", "body": text, "attributes": {}, "eventSource": "aws:sqs"}


def passes(rule: Any, body: Any) -> bool:
    """Whether a message with this JSON body passes a pattern for its body."""
    return filters({"body": rule}).passes(message(body))


@pytest.mark.parametrize(
    ("rule", "fits", "fails"),
    [
        ([None], [None], ["", 0]),
        ([""], [""], ["x", None]),
        (["Alice"], ["Alice"], ["alice", "Alicea"]),
        ([{"equals-ignore-case": "alice"}], ["Alice", "ALICE"], ["Bob", 1]),
        (["Credit", "Debit"], ["Credit", "Debit"], ["Cash"]),
        ([{"anything-but": ["Raining"]}], ["Sunny", 1], ["Raining"]),
        ([{"anything-but": "Raining"}], ["Sunny"], ["Raining"]),
        ([{"numeric": ["=", 100]}], [100, 100.0], [99, "100"]),
        ([{"numeric": [">", 10, "<=", 20]}], [11, 20], [10, 21, "15"]),
        ([{"prefix": "us-"}], ["us-east-1"], ["eu-west-1", 5]),
        ([{"suffix": ".png"}], ["a.png"], ["a.jpg"]),
        ([True], [True], [False, "true"]),
    ],
)
def test_filter_operators(rule: list[Any], fits: list[Any], fails: list[Any]) -> None:
    assert [value for value in fits if not passes({"x": rule}, {"x": value})] == []
    assert [value for value in fails if passes({"x": rule}, {"x": value})] == []


def test_filter_keys_are_anded_and_filters_ored() -> None:
    both = {"city": ["Bonn"], "day": ["Monday"]}
    assert passes(both, {"city": "Bonn", "day": "Monday"})
    assert not passes(both, {"city": "Bonn", "day": "Friday"})
    either = {"$or": [{"city": ["Bonn"]}, {"day": ["Monday"]}]}
    assert passes(either, {"city": "Bonn", "day": "Friday"})
    assert not passes(either, {"city": "Rome", "day": "Friday"})
    several = filters({"body": {"city": ["Bonn"]}}, {"body": {"day": ["Monday"]}})
    assert [several.passes(message({"city": city, "day": "Monday"})) for city in ("Bonn", "Rome")] == [
        True,
        True,
    ]
    assert not several.passes(message({"city": "Rome", "day": "Friday"}))


def test_filter_exists_sees_leaves_only() -> None:
    body = {"person": {"name": "John", "address": {"street": "Main St"}}}
    assert passes({"person": {"name": [{"exists": True}]}}, body)
    assert not passes({"person": {"address": [{"exists": True}]}}, body)
    assert passes({"person": {"address": {"street": [{"exists": True}]}}}, body)
    assert passes({"person": {"phone": [{"exists": False}]}}, body)
    assert passes({"animal": {"name": [{"exists": False}]}}, body)
    assert not passes({"person": {"name": [{"exists": False}]}}, body)


def test_filter_numbers_are_compared_as_they_are_written() -> None:
    written = filters('{"body": {"n": [300]}}')
    assert [written.passes(message(f'{{"n": {text}}}')) for text in ("300", "300.0", "3.0e2", '"300"')] == [
        True,
        False,
        False,
        False,
    ]


def test_filter_elements_of_lists_match_one_by_one() -> None:
    assert passes({"tags": ["b"]}, {"tags": ["a", "b"]})
    lines = {"lines": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]}
    assert passes({"lines": {"sku": ["b"], "count": [2]}}, lines)
    assert not passes({"lines": {"sku": ["a"], "count": [2]}}, lines)


def test_filter_sqs_body_formats_must_agree() -> None:
    structured, plain, metadata = {"body": {"x": ["1"]}}, {"body": ["hello"]}, {"eventSource": ["aws:sqs"]}
    assert not filters(structured).passes(message("hello"))
    assert filters(plain).passes(message("hello"))
    assert not filters({"body": [{"exists": True}]}).passes(message({"x": "1"}))
    assert filters(metadata).passes(message("hello"))
    assert filters(metadata).passes(message({"x": "1"}))


def kinesis(data: bytes) -> dict[str, Any]:
    text = base64.b64encode(data).decode()
    return {"kinesis": {"partitionKey": "p", "data": text}, "eventName": "aws:kinesis:record"}


def test_filter_kinesis_data_must_be_json() -> None:
    buys = filters({"data": {"order": {"type": ["buy"]}}}, service="kinesis")
    assert buys.passes(kinesis(b'{"order": {"type": "buy"}}'))
    assert not buys.passes(kinesis(b'{"order": {"type": "sell"}}'))
    assert not buys.passes(kinesis(b"\xff no JSON"))
    assert filters({"partitionKey": ["p"]}, service="kinesis").passes(kinesis(b"no JSON"))
    with pytest.raises(ServiceError, match="Invalid filter pattern"):
        filters({"data": ["text"]}, service="kinesis")


def test_filter_dynamodb_records_by_image_and_event() -> None:
    record = {
        "eventName": "MODIFY",
        "dynamodb": {
            "NewImage": {"Manager": {"S": "Pat"}, "Teams": {"L": [{"S": "Sales"}]}},
            "OldImage": {"Manager": {"S": "Terry"}},
        },
    }
    new, old = {"NewImage": {"Manager": {"S": ["Pat"]}}}, {"OldImage": {"Manager": {"S": ["Terry"]}}}
    # The guide joins the two with the key `dynamodb` twice in one pattern.
    twice = f'{{"dynamodb": {json.dumps(new)}, "dynamodb": {json.dumps(old)}}}'
    assert filters(twice, service="dynamodb").passes(record)
    assert not filters(twice.replace("Terry", "Kim"), service="dynamodb").passes(record)
    assert not filters(twice.replace("Pat", "Kim"), service="dynamodb").passes(record)
    exists = {"dynamodb": {"NewImage": {"Teams": {"L": {"S": [{"exists": True}]}}}}}
    assert filters(exists, service="dynamodb").passes(record)
    assert not filters({"eventName": ["INSERT"]}, service="dynamodb").passes(record)


def test_filter_at_most_five() -> None:
    assert filters(*[{"body": {"x": [str(n)]}} for n in range(5)])
    with pytest.raises(ServiceError, match="InvalidParameterValueException"):
        filters(*[{"body": {"x": [str(n)]}} for n in range(6)])


@pytest.mark.parametrize(
    "pattern",
    [
        "no JSON",
        "[]",
        '{"body": "x"}',
        '{"body": []}',
        '{"body": {"x": 1}}',
        '{"body": {"x": [[1]]}}',
        '{"body": {"x": [{"numeric": [">"]}]}}',
        '{"body": {"x": [{"numeric": ["~", 1]}]}}',
        '{"body": {"x": [{"exists": "yes"}]}}',
        '{"body": {"x": [{"prefix": 1}]}}',
        '{"body": {"x": [{"like": "a"}]}}',
        '{"body": {"x": [{"prefix": "a", "suffix": "b"}]}}',
    ],
)
def test_filter_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(
        ServiceError, match="InvalidParameterValueException: Invalid filter pattern definition"
    ):
        filters(pattern)


def test_without_filters_everything_passes() -> None:
    for criteria in (None, {}, {"Filters": []}):
        assert Filters(criteria, "sqs").passes(message("anything"))


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)


@given(body=st.dictionaries(st.sampled_from("xyz"), scalars), wanted=scalars)
def test_a_rule_and_its_opposite_never_both_pass(body: dict[str, Any], wanted: Any) -> None:
    equal, other = passes({"x": [wanted]}, body), False
    if isinstance(wanted, str) and wanted:
        other = passes({"x": [{"anything-but": [wanted]}]}, body)
        assert equal + other == ("x" in body)
    assert equal == ("x" in body and json.dumps(body["x"]) == json.dumps(wanted))
    assert passes({"x": [{"exists": True}]}, body) != passes({"x": [{"exists": False}]}, body)
