"""The calls about sampling rules, and the quotas that services get of a rule's reservoir.

Pages: GUIDE/xray-console-sampling.html, GUIDE/xray-api-sampling.html, API/API_CreateSamplingRule.html,
API/API_GetSamplingTargets.html
"""

from __future__ import annotations

from typing import Any

from helpers.cloud import Account, Call
from helpers.dataplane.stamp import instant
from helpers.dataplane.xray import errors
from helpers.dataplane.xray.models import Models
from helpers.dataplane.xray.rule import DEFAULT, LAST_PRIORITY

QUOTA_S = 300
"""How long a quota is good."""
INTERVAL_S = 10
"""How often a service reports."""
MOST_RULES = 25
"""Custom rules (https://docs.aws.amazon.com/general/latest/gr/xray.html)."""
_FIRST_VERSION = 1
_CRITERIA = ("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN")
_UPDATED = (*_CRITERIA, "Priority", "FixedRate", "ReservoirSize", "Attributes")


class Sampling:
    """The rules of one Region."""

    def __init__(self, account: Account, region: str, models: Models) -> None:
        self._account, self._region, self._models = account, region, models
        default = {
            "RuleName": DEFAULT, "Priority": LAST_PRIORITY, "FixedRate": 0.05, "ReservoirSize": 1,
            **dict.fromkeys(_CRITERIA, "*"),
        }  # fmt: skip
        self._rules: dict[str, dict[str, Any]] = {}
        self._reported: dict[str, dict[str, float]] = {}  # rule -> client -> when it reported last
        self._modified_s = 0.0
        self._keep(default, created_s=0.0)

    def rules(self, call: Call) -> dict[str, Any]:
        """GetSamplingRules: every rule, by priority."""
        ordered = sorted(self._rules.values(), key=_place)
        return {"SamplingRuleRecords": [_record(each) for each in ordered]}

    def create(self, call: Call) -> dict[str, Any]:
        """CreateSamplingRule."""
        given = dict(call.parameters["SamplingRule"])
        if "RuleName" not in given:
            raise errors.invalid("A sampling rule needs a RuleName.")
        if given["RuleName"] in self._rules:
            raise errors.invalid(f"A sampling rule named {given['RuleName']} already exists.")
        if not 1 <= given["Priority"] < LAST_PRIORITY:
            raise errors.invalid("The priority of a sampling rule is between 1 and 9999.")
        _check(given)
        if len(self._rules) > MOST_RULES:
            raise errors.rule_limit()
        return {"SamplingRuleRecord": self._keep(given, created_s=self._now_s)}

    def update(self, call: Call) -> dict[str, Any]:
        """UpdateSamplingRule: of the Default rule, the rate and the reservoir only."""
        given = call.parameters["SamplingRuleUpdate"]
        kept = self._find(given)
        change = {key: given[key] for key in _UPDATED if key in given}
        _check(change)
        if kept["RuleName"] == DEFAULT and change.keys() - {"FixedRate", "ReservoirSize"}:
            raise errors.invalid("Of the Default rule only FixedRate and ReservoirSize can be changed.")
        if not 1 <= change.get("Priority", 1) < LAST_PRIORITY:
            raise errors.invalid("The priority of a sampling rule is between 1 and 9999.")
        kept |= change
        kept["modified"] = self._modified_s = self._now_s
        return {"SamplingRuleRecord": _record(kept)}

    def delete(self, call: Call) -> dict[str, Any]:
        """DeleteSamplingRule."""
        kept = self._find(call.parameters)
        if kept["RuleName"] == DEFAULT:
            raise errors.invalid("The Default rule cannot be deleted.")
        del self._rules[kept["RuleName"]]
        self._modified_s = self._now_s
        return {"SamplingRuleRecord": _record(kept)}

    def targets(self, call: Call) -> dict[str, Any]:
        """GetSamplingTargets: each service gets an equal share of the reservoir of the rules it uses."""
        documents, unprocessed, now_s = [], [], self._now_s
        for given in call.parameters["SamplingStatisticsDocuments"]:
            kept = self._rules.get(given["RuleName"])
            if kept is None:
                unprocessed.append(
                    {"RuleName": given["RuleName"], "ErrorCode": "404", "Message": "The rule does not exist."}
                )
                continue
            reported = self._reported.setdefault(given["RuleName"], {})
            reported[given["ClientID"]] = now_s
            active = [client for client, at_s in reported.items() if at_s >= now_s - self._models.active_s]
            share, over = divmod(kept["ReservoirSize"], len(active))
            documents.append(
                {
                    "RuleName": given["RuleName"],
                    "FixedRate": kept["FixedRate"],
                    "ReservoirQuota": share + (active.index(given["ClientID"]) < over),
                    "ReservoirQuotaTTL": instant(now_s + QUOTA_S),
                    "Interval": INTERVAL_S,
                }
            )
        return {
            "SamplingTargetDocuments": documents,
            "LastRuleModification": instant(self._modified_s),
            "UnprocessedStatistics": unprocessed,
        }

    def _find(self, given: dict[str, Any]) -> dict[str, Any]:
        name, arn = given.get("RuleName"), given.get("RuleARN")
        if (name is None) == (arn is None):
            raise errors.invalid("Name the sampling rule by RuleName or by RuleARN, not both.")
        kept = self._rules.get(name or str(arn).rpartition("/")[2])
        if kept is None:
            raise errors.invalid("The sampling rule does not exist.")
        return kept

    def _keep(self, given: dict[str, Any], created_s: float) -> dict[str, Any]:
        name = given["RuleName"]
        arn = f"arn:aws:xray:{self._region}:{self._account.account_id}:sampling-rule/{name}"
        kept = {"Attributes": {}, "Version": _FIRST_VERSION, **given, "RuleARN": arn}
        kept["created"] = kept["modified"] = self._modified_s = created_s
        self._rules[name] = kept
        return _record(kept)

    @property
    def _now_s(self) -> float:
        return self._account.epoch_us / 1_000_000


def _check(given: dict[str, Any]) -> None:
    if not 0 <= given.get("FixedRate", 0) <= 1:
        raise errors.invalid("FixedRate is between 0 and 1.")
    if given.get("ReservoirSize", 0) < 0:
        raise errors.invalid("ReservoirSize is not negative.")


def _place(rule: dict[str, Any]) -> tuple[int, str]:
    return rule["Priority"], rule["RuleName"]


def _record(kept: dict[str, Any]) -> dict[str, Any]:
    rule = {key: value for key, value in kept.items() if key not in ("created", "modified")}
    return {
        "SamplingRule": rule,
        "CreatedAt": instant(kept["created"]),
        "ModifiedAt": instant(kept["modified"]),
    }
