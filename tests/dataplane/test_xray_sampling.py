"""Sampling: rules, quotas of a reservoir, and what services do with them."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Cloud
from helpers.dataplane.xray import Recorder

from .conftest import refused


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {
        "RuleName": name, "Priority": 100, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*",
        "ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "ResourceARN": "*", "Version": 1, **more,
    }  # fmt: skip


def requests(recorder: Recorder, per_s: int, seconds: int, **asked: str) -> list[int]:
    """How many were sampled in each second of an even load that begins on a full second."""
    cloud = recorder._cloud
    cloud.advance(-cloud.now_us % 1_000_000 / 1e6)
    kept = []
    for _ in range(seconds):
        count = 0
        for _ in range(per_s):
            with recorder.segment(**asked) as segment:
                count += segment.sampled
            cloud.advance(0.5 / per_s)
        kept.append(count)
        cloud.advance(0.5)
    return kept


def test_default_rule_takes_the_first_of_a_second_and_a_share(cloud: Cloud) -> None:
    (shown,) = cloud.client("xray").get_sampling_rules()["SamplingRuleRecords"]
    assert {
        key: shown["SamplingRule"][key] for key in ("RuleName", "Priority", "FixedRate", "ReservoirSize")
    } == {"RuleName": "Default", "Priority": 10_000, "FixedRate": 0.05, "ReservoirSize": 1}
    recorder = cloud.plane("xray").recorder("shop", batch=1000)
    kept = requests(recorder, per_s=40, seconds=20)
    assert min(kept) == 1
    # 20 firsts; of 780 others 39 are expected, 6.1 is the standard deviation.
    assert 20 + 39 - 25 <= sum(kept) <= 20 + 39 + 25
    with pytest.raises(ZeroDivisionError), recorder.segment(method="GET") as segment:
        raise ZeroDivisionError  # failing does not change the decision: it was made before
    assert segment.segment.fault


def test_rules_are_made_changed_and_deleted(cloud: Cloud) -> None:
    client = cloud.client("xray")
    made = client.create_sampling_rule(SamplingRule=rule("polls", FixedRate=0.1))["SamplingRuleRecord"]
    assert made["SamplingRule"]["RuleARN"] == "arn:aws:xray:us-east-1:123456789012:sampling-rule/polls"
    client.create_sampling_rule(SamplingRule=rule("first", Priority=1))
    cloud.advance(60)
    changed = client.update_sampling_rule(SamplingRuleUpdate={"RuleName": "polls", "FixedRate": 0.5})
    assert (changed["SamplingRuleRecord"]["ModifiedAt"] - made["ModifiedAt"]).total_seconds() == 60
    names = [each["SamplingRule"]["RuleName"] for each in client.get_sampling_rules()["SamplingRuleRecords"]]
    assert names == ["first", "polls", "Default"]
    client.delete_sampling_rule(RuleName="polls")

    def create(**more: Any) -> str:
        return refused(client.create_sampling_rule, SamplingRule=rule("x") | more)

    invalid = "InvalidRequestException"
    assert create(RuleName="first") == create(Priority=10_000) == invalid
    assert refused(client.delete_sampling_rule, RuleName="Default") == invalid
    assert refused(client.delete_sampling_rule, RuleName="polls") == invalid
    assert refused(client.delete_sampling_rule) == invalid
    update = client.update_sampling_rule
    assert refused(update, SamplingRuleUpdate={"RuleName": "Default", "Priority": 5}) == invalid
    update(SamplingRuleUpdate={"RuleName": "Default", "FixedRate": 1.0, "ReservoirSize": 3})
    for number in range(24):
        client.create_sampling_rule(SamplingRule=rule(f"r{number}"))
    assert create() == "RuleLimitExceededException"


def test_first_rule_that_matches_decides(cloud: Cloud) -> None:
    client = cloud.client("xray")
    client.create_sampling_rule(SamplingRule=rule("all", Priority=50, FixedRate=1.0, URLPath="/pay/*"))
    client.create_sampling_rule(SamplingRule=rule("none", Priority=60, URLPath="*"))
    recorder = cloud.plane("xray").recorder("shop")
    assert requests(recorder, 5, 2, path="/pay/1") == [5, 5]
    assert requests(recorder, 5, 2, path="/Pay/2") == [5, 5]  # case does not count
    assert requests(recorder, 5, 2, path="/look") == [0, 0]
    client.update_sampling_rule(SamplingRuleUpdate={"RuleName": "none", "Priority": 40})
    cloud.advance(300)  # rules are fetched every five minutes
    assert requests(recorder, 5, 2, path="/pay/1") == [0, 0]


def test_reservoir_is_borrowed_until_a_quota_is_assigned(cloud: Cloud) -> None:
    cloud.client("xray").create_sampling_rule(SamplingRule=rule("r", ReservoirSize=5))
    recorder = cloud.plane("xray").recorder("shop")
    # It reports after ten seconds; from then on it has the whole reservoir.
    assert requests(recorder, 8, 13) == [1] * 10 + [5] * 3


def test_reservoir_is_shared_by_instances(cloud: Cloud) -> None:
    cloud.client("xray").create_sampling_rule(SamplingRule=rule("r", ReservoirSize=5))
    plane = cloud.plane("xray")
    first, second = (plane.recorder("shop", instance=name) for name in "ab")
    for recorder in (first, second, first):
        recorder.sampler.report()
    assert [requests(recorder, 8, 2) for recorder in (first, second)] == [[3, 3], [2, 2]]


def test_targets_of_unknown_rules(cloud: Cloud) -> None:
    answer = cloud.client("xray").get_sampling_targets(
        SamplingStatisticsDocuments=[
            {"RuleName": name, "ClientID": "A" * 24, "Timestamp": cloud.datetime, "RequestCount": 1,
             "SampledCount": 1, "BorrowCount": 0}
            for name in ("Default", "gone")
        ]
    )  # fmt: skip
    (target,) = answer["SamplingTargetDocuments"]
    assert (target["RuleName"], target["ReservoirQuota"], target["FixedRate"], target["Interval"]) == (
        "Default", 1, 0.05, 10,
    )  # fmt: skip
    assert (target["ReservoirQuotaTTL"] - cloud.datetime).total_seconds() == 300
    assert [each["RuleName"] for each in answer["UnprocessedStatistics"]] == ["gone"]


def test_first_service_decides_and_others_obey(cloud: Cloud) -> None:
    client, plane = cloud.client("xray"), cloud.plane("xray")
    client.create_sampling_rule(SamplingRule=rule("behind", Priority=1, ServiceName="stock", FixedRate=1.0))
    client.create_sampling_rule(SamplingRule=rule("front", Priority=2, ServiceName="shop", FixedRate=0.5))
    shop, stock = plane.recorder("shop"), plane.recorder("stock")
    decided = []
    for _ in range(40):
        with shop.segment() as front, stock.segment(header=front.header) as behind:
            decided.append((front.sampled, behind.sampled))
        assert behind.segment.trace_id == front.segment.trace_id
        assert behind.segment.parent_id == front.segment.id
    assert set(decided) == {(True, True), (False, False)}
    with stock.segment() as alone:  # without a header it is the first, and its own rule counts
        pass
    assert alone.sampled


def test_subsegments_need_a_segment(cloud: Cloud) -> None:
    recorder = cloud.plane("xray").recorder("shop")
    with pytest.raises(RuntimeError, match="needs a segment"), recorder.subsegment("x"):
        pass
