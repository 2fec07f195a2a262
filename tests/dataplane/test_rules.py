"""The tables of rules: complete, tested, and the source of notebooks/differences.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.dataplane.rules import Status, differences, differences_markdown

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GUIDES = {
    "sqs": "AWSSimpleQueueService/latest",
    "sns": "sns/latest",
    "lambda": "lambda/latest",
    "dynamodb": "amazondynamodb/latest",
    "cloudtrail": "awscloudtrail/latest",
    "cloudwatch": "AmazonCloudWatch/latest",
    "events": "eventbridge/latest",
    "kinesis": "(streams|kinesis)/latest",
    "firehose": "firehose/latest",
    "xray": "(xray|lambda)/latest",
}


def test_every_rule_has_a_page_and_a_test() -> None:
    tests = set(
        re.findall(r"^def (test_\w+)", "\n".join(p.read_text() for p in HERE.glob("test_*.py")), re.MULTILINE)
    )
    rules = differences()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(
            rf"https://docs\.aws\.amazon\.com/{GUIDES[rule.service]}/\S+\.html(#\S+)?", rule.page
        ), rule.id
        assert rule.aws.endswith("."), rule.id
        if rule.status is Status.NOT_DONE:
            assert rule.moto, rule.id
        else:
            assert rule.test in tests, rule.id


@pytest.mark.parametrize("service", sorted({rule.service for rule in differences()}))
def test_each_status_occurs(service: str) -> None:
    assert {rule.status for rule in differences(service)} == set(Status)


def test_committed_page_is_the_generated_one() -> None:
    assert (ROOT / "notebooks" / "differences.md").read_text() == differences_markdown()
