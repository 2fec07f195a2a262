"""The rules that the data planes carry out, leave to moto, or leave out: the table behind notebooks/differences.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

import yaml

_SERVICES = {
    "sqs": ("sqs", "Amazon SQS"),
    "sns": ("sns", "Amazon SNS"),
    "lambda": ("awslambda", "AWS Lambda"),
    "dynamodb": ("dynamodb", "Amazon DynamoDB"),
    "cloudwatch": ("cloudwatch", "Amazon CloudWatch"),
    "events": ("events", "Amazon EventBridge"),
    "cloudtrail": ("cloudtrail", "AWS CloudTrail"),
    "kinesis": ("kinesis", "Amazon Kinesis Data Streams"),
    "firehose": ("firehose", "Amazon Data Firehose"),
    "xray": ("xray", "AWS X-Ray"),
}
# Service -> the package of its data plane, and its name for readers. `lambda` is a word of Python.
_DOCS = "https://docs.aws.amazon.com/"


class Status(StrEnum):
    """Who carries a rule out."""

    MOCKED = "mocked"
    """moto does as AWS does."""
    MODELLED = "modelled"
    """The course's data plane does, where moto does not or not quite."""
    NOT_DONE = "not done"
    """Nobody: the learner should know."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One documented behaviour of a service.

    `aws` says what AWS does, `page` where AWS says so (a URL), `moto` what plain moto 5.2.5 does or what is simplified
    here ("" if there is nothing to say), `test` the test that checks the rule ("" for rules that are not done).
    """

    id: str
    service: str
    aws: str
    page: str
    status: Status
    moto: str = ""
    test: str = ""


def differences(service: str | None = None) -> tuple[Rule, ...]:
    """The rules of all data planes, or of one `service`, in the order of their tables."""
    services = _SERVICES if service is None else (service,)
    return tuple(rule for name in services for rule in _load(name))


def _load(service: str) -> list[Rule]:
    """The rows of every `rules*.yaml` in the service's package, in the order of the files' names."""
    package, _ = _SERVICES[service]
    files = sorted(
        (
            file
            for file in resources.files(f"helpers.dataplane.{package}").iterdir()
            if file.name.startswith("rules") and file.name.endswith(".yaml")
        ),
        key=lambda file: file.name.removesuffix(".yaml"),
    )
    return [
        Rule(
            id=f"{service}.{row['id']}",
            service=service,
            aws=row["aws"],
            page=_DOCS + table["base"] + row["page"],
            status=Status(row["status"]),
            moto=row.get("moto", ""),
            test=row.get("test", ""),
        )
        for table in (yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
        for row in table["rules"]
    ]


def differences_markdown() -> str:
    """notebooks/differences.md: per service a table of rules with who carries them out."""
    lines = [
        "# What is mocked, modelled and not done",
        "",
        "Generated from the rules of the data planes (`python -m helpers.dataplane.rules`); do not edit.",
        "",
        "- **mocked**: moto 5.2.5 does as AWS documents.",
        "- **modelled**: the course's data plane does as AWS documents; the last column tells what moto does instead.",
        "- **not done**: AWS does it, nothing here does.",
    ]
    for service, (_, title) in _SERVICES.items():
        rules = differences(service)
        if not rules:
            continue
        lines += [
            "",
            f"## {title}",
            "",
            "| Rule | What AWS does | Here | moto, or what is simplified |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{rule.id}` | {_cell(rule.aws)} [page]({rule.page}) | {rule.status} | {_cell(rule.moto)} |"
            for rule in rules
        ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(differences_markdown(), end="")  # noqa: T201  # this module is also the command that writes the file
