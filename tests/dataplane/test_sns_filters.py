"""Filter policies: one test a rule, named after it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud
from helpers.cloud import ServiceError
from helpers.dataplane.sns.filter_policy import BODY, FilterPolicy
from helpers.dataplane.sns.patterns import match

from .conftest import refused
from .topics import Topic, number, text, total

GAMES = [
    (["rugby", "tennis"], {"g": "rugby"}, True),
    (["rugby", "tennis"], {"g": "Rugby"}, False),
    (["rugby"], {"g": ["tennis", "rugby"]}, True),
    ([{"anything-but": ["rugby", "tennis"]}], {"g": "baseball"}, True),
    ([{"anything-but": ["rugby", "tennis"]}], {"g": ["rugby", "baseball"]}, True),
    ([{"anything-but": ["rugby", "tennis"]}], {"g": ["rugby"]}, False),
    ([{"anything-but": "rugby"}], {}, False),
    ([{"anything-but": {"prefix": "order-"}}], {"g": "order_number"}, True),
    ([{"anything-but": {"prefix": "order-"}}], {"g": "order-cancelled"}, False),
    ([{"anything-but": {"suffix": "ball"}}], {"g": ["baseball", "basketball"]}, False),
    ([{"anything-but": {"suffix": "ball"}}], {"g": "hockey"}, True),
    ([{"anything-but": {"wildcard": "*ball"}}], {"g": ["baseball", "basketball"]}, False),
    ([{"anything-but": {"wildcard": "*ball"}}], {"g": "rugby"}, True),
    ([{"anything-but": [100, 500]}], {"g": [100, 50]}, True),
    ([{"anything-but": [100, 500]}], {"g": 100.0}, False),
    ([{"equals-ignore-case": "tennis"}], {"g": "TENNIS"}, True),
    ([{"prefix": "bas"}], {"g": "basketball"}, True),
    ([{"prefix": "bas"}], {"g": "rugby"}, False),
    ([{"suffix": "ball"}], {"g": "baseball"}, True),
    ([{"suffix": "ball"}], {"g": "rugby"}, False),
    ([{"wildcard": "b*ball"}], {"g": "baseball"}, True),
    ([{"wildcard": "b*ball"}], {"g": "football"}, False),
    ([{"cidr": "10.0.0.0/24"}], {"g": "10.0.0.255"}, True),
    ([{"cidr": "10.0.0.0/24"}], {"g": "10.1.1.0"}, False),
    ([{"cidr": "10.0.0.0/24"}], {"g": "rugby"}, False),
    ([{"numeric": ["=", 301.5]}], {"g": 3.015e2}, True),
    ([{"numeric": [">", 0, "<=", 150]}], {"g": 150}, True),
    ([{"numeric": [">", 0, "<=", 150]}], {"g": 0}, False),
    ([{"numeric": ["<", 0]}], {"g": "-1"}, False),
    ([{"exists": True}], {"g": "fans"}, True),
    ([{"exists": True}], {"g": None}, False),
    ([{"exists": True}], {"other": 1}, False),
    ([{"exists": False}], {"other": 1}, True),
    ([{"exists": False}], {"g": "fans"}, False),
    ([None], {"g": None}, True),
    ([True], {"g": True}, True),
    ([True], {"g": 1}, False),
]


@pytest.mark.parametrize(("rules", "body", "matches"), GAMES)
def test_operators_as_documented(rules: list[Any], body: dict[str, Any], matches: bool) -> None:
    FilterPolicy(json.dumps({"g": rules}), BODY)
    assert match({"g": rules}, body) is matches


@given(
    low=st.integers(-1000, 1000),
    span=st.integers(1, 1000),
    value=st.floats(-3000, 3000, allow_nan=False, width=32),
)
@settings(max_examples=40)
def test_numeric_range_is_a_comparison(low: int, span: int, value: float) -> None:
    seen = round(value, 5)
    assert match({"n": [{"numeric": [">=", low, "<", low + span]}]}, {"n": seen}) is (
        low <= seen < low + span
    )


def test_keys_are_anded_and_values_ored() -> None:
    policy = {"game": ["rugby", "tennis"], "price": [{"numeric": [">", 100]}]}
    assert match(policy, {"game": "tennis", "price": 101, "more": 1})
    assert not match(policy, {"game": "tennis", "price": 100})


def test_or_operator() -> None:
    policy = {
        "source": ["aws.cloudwatch"],
        "$or": [{"metricName": ["CPUUtilization"]}, {"namespace": ["AWS/EC2"]}],
    }
    assert match(policy, {"source": "aws.cloudwatch", "namespace": "AWS/EC2"})
    assert not match(policy, {"source": "aws.cloudwatch", "namespace": "AWS/ES"})
    assert not match(policy, {"namespace": "AWS/EC2"})


def test_body_policy_may_be_nested() -> None:
    policy = {"detail": {"scope": ["Service"], "$or": [{"source": ["a"]}, {"type": ["b"]}]}}
    FilterPolicy(json.dumps(policy), BODY)
    assert match(policy, {"detail": {"scope": "Service", "type": "b"}})
    assert match(policy, {"detail": [{"scope": "no"}, {"scope": "Service", "source": "a"}]})
    assert not match(policy, {"detail": [{"scope": "Service"}, {"source": "a"}]}), (
        "one object has to match all"
    )
    with pytest.raises(ServiceError, match="does not support nested"):
        FilterPolicy(json.dumps(policy))


@pytest.mark.parametrize(
    ("policy", "combinations"),
    [
        ({"key_a": [1, 2, 3], "key_b": [1], "key_c": [1, 2]}, 6),
        ({"a": {"b": {"c": [1, 2, 3, 4]}}, "d": {"e": [1, 2, 3]}}, 72),
        (
            {
                "source": [1],
                "$or": [
                    {"metricName": [1, 2]},
                    {"metricType": [1], "$or": [{"metricId": [1, 2]}, {"spaceId": [1, 2, 3]}]},
                ],
            },
            7,
        ),
        (
            {
                "$or": [{"metricName": [1, 2]}, {"namespace": [1, 2]}],
                "detail": {"scope": [1], "$or": [{"source": [1]}, {"type": [1]}]},
            },
            32,
        ),
    ],
)
def test_complexity_is_the_product_of_values_and_levels(policy: dict[str, Any], combinations: int) -> None:
    assert FilterPolicy(json.dumps(policy), BODY).combinations == combinations


def test_complexity_is_limited() -> None:
    FilterPolicy(json.dumps({"a": list(range(15)), "b": list(range(10))}))
    with pytest.raises(ServiceError, match="too complex"):
        FilterPolicy(json.dumps({"a": list(range(151))}))


def test_wildcards_are_limited() -> None:
    policy = FilterPolicy('{"f": [{"wildcard": "*.txt"}, {"wildcard": "log*"}]}')
    assert policy.wildcard_points == 4
    with pytest.raises(ServiceError, match="wildcards"):
        FilterPolicy('{"f": [{"wildcard": "*a*b*c*"}]}')
    with pytest.raises(ServiceError, match="wildcards that are too complex"):
        FilterPolicy(json.dumps({"f": [{"wildcard": f"{n}*"} for n in range(11)]}))


@pytest.mark.parametrize(
    "policy",
    [
        "no json",
        "[]",
        '{"a": []}',
        '{"a": "text"}',
        '{"a": [{"like": "x"}]}',
        '{"a": [{"numeric": [">", "1"]}]}',
        '{"a": [{"numeric": ["<", 1, ">", 0]}]}',
        '{"a": [{"numeric": [">", 2, "<", 1]}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"cidr": "10.0.0"}]}',
        '{"a": [1000000001]}',
        '{"a": [["x"]]}',
        json.dumps({str(key): [1] for key in range(6)}),
        json.dumps({"a": ["x" * 262_144]}),
    ],
)
def test_policies_that_are_refused(cloud: Cloud, policy: str) -> None:
    topic = Topic(cloud)
    assert refused(topic.subscribe, "sqs", "arn:aws:sqs:us-east-1:123456789012:q", FilterPolicy=policy) == (
        "InvalidParameter"
    )


def test_subscription_without_a_policy_gets_everything(cloud: Cloud) -> None:
    topic = Topic(cloud)
    everything = topic.queue("all")
    red = topic.queue("red", FilterPolicy={"colour": ["red"]})
    for colour in ("red", "blue"):
        topic.publish(colour, MessageAttributes={"colour": text(colour)})
    topic.publish("bare")
    cloud.advance(1)
    assert sorted(everything.bodies()) == ["bare", "blue", "red"]
    assert red.bodies() == ["red"]
    assert total(cloud, "NumberOfNotificationsFilteredOut") == 2
    assert total(cloud, "NumberOfNotificationsFilteredOut-MessageAttributes") == 1
    assert total(cloud, "NumberOfNotificationsFilteredOut-NoMessageAttributes") == 1


def test_attribute_types_that_filters_see(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue(
        FilterPolicy={"price": [{"numeric": ["<", 10]}], "tags": ["new"], "blob": [{"exists": False}]}
    )
    tags = {"DataType": "String.Array", "StringValue": '["old", "new"]'}
    blob = {"DataType": "Binary", "BinaryValue": b"x"}
    topic.publish("yes", MessageAttributes={"price": number(9.5), "tags": tags, "blob": blob})
    topic.publish("text", MessageAttributes={"price": text("9.5"), "tags": tags})
    topic.publish("bad", MessageAttributes={"price": number(1), "tags": {**tags, "StringValue": "[old"}})
    cloud.advance(1)
    assert queue.bodies() == ["yes"], "a binary attribute is not there, and a text is no number"
    assert total(cloud, "NumberOfNotificationsFilteredOut-InvalidAttributes") == 1


def test_body_scope_matches_the_json_body(cloud: Cloud) -> None:
    topic = Topic(cloud)
    policy = {"price": [{"numeric": [">", 100]}]}
    queue = topic.queue(FilterPolicy=policy, FilterPolicyScope="MessageBody")
    for body in ('{"price": 101}', '{"price": 100}', "price: 101", "[101]"):
        topic.publish(body)
    cloud.advance(1)
    assert queue.bodies() == ['{"price": 101}']
    assert total(cloud, "NumberOfNotificationsFilteredOut-MessageBody") == 1
    assert total(cloud, "NumberOfNotificationsFilteredOut-InvalidMessageBody") == 2


def test_a_changed_policy_takes_its_time(cloud: Cloud) -> None:
    topic = Topic(cloud)
    queue = topic.queue(FilterPolicy={"colour": ["red"]})
    cloud.plane("sns").models.filter_change_s = 900
    arn = topic.sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"]
    changed = {"AttributeName": "FilterPolicy", "AttributeValue": '{"colour": ["blue"]}'}
    topic.sns.set_subscription_attributes(SubscriptionArn=arn, **changed)
    for at in (0, 899, 900):
        cloud.run(until=at) if at > cloud.now else None
        for colour in ("red", "blue"):
            topic.publish(f"{colour} {at}", MessageAttributes={"colour": text(colour)})
    cloud.advance(1)
    assert sorted(queue.bodies()) == ["blue 900", "red 0", "red 899"]
    shown = topic.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert shown["FilterPolicy"] == '{"colour": ["blue"]}'


@pytest.mark.slow
def test_topic_has_at_most_200_policies(cloud: Cloud) -> None:
    topic = Topic(cloud)
    arn = "arn:aws:sqs:us-east-1:123456789012:q{}"
    for count in range(200):
        topic.subscribe("sqs", arn.format(count), FilterPolicy={"a": [1]})
    assert (
        refused(topic.subscribe, "sqs", arn.format("x"), FilterPolicy={"a": [1]})
        == "FilterPolicyLimitExceeded"
    )
    assert topic.subscribe("sqs", arn.format("x"))
