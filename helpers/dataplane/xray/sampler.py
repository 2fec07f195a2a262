"""What an instrumented service does with sampling rules: it decides for each request that enters by it.

Pages: GUIDE/xray-api-sampling.html, GUIDE/xray-console-sampling.html
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from helpers.dataplane.stamp import instant, seconds
from helpers.dataplane.xray.rule import Request, SamplingRule

RULES_S = 300
"""How often the rules are fetched again."""
REPORT_S = 10
"""How often a service reports what it sampled, until X-Ray names another interval."""


@dataclass(slots=True)
class _Use:
    """One rule in the hands of one service."""

    rule: SamplingRule
    rate: float
    quota: int | None = None
    quota_until_s: float = 0.0
    report_s: float = 0.0
    second: int = -1
    taken: int = 0
    requests: int = 0
    sampled: int = 0
    borrowed: int = 0


class Sampler:
    """Decides whether to record a request: the first rule that matches, its reservoir first, then its rate.

    `client` is a boto3 client of X-Ray, `now` gives the present (seconds since 1970), `draws` the random numbers. Each
    instance of a service has a sampler of its own, told apart by `name`. Rules are fetched at the first request. Until
    X-Ray has assigned a quota, it borrows one request each second from a reservoir that is not empty.
    """

    def __init__(self, client: Any, now: Callable[[], float], draws: random.Random, name: str) -> None:
        self._client, self._now, self._draws = client, now, draws
        self._id = sha256(name.encode()).hexdigest()[:24].upper()
        self._uses: list[_Use] = []
        self._fetched_s: float | None = None

    def decide(self, request: Request) -> tuple[bool, str]:
        """Whether to record the request, and the name of the rule that said so."""
        now_s = self._now()
        if self._fetched_s is None or now_s - self._fetched_s >= RULES_S:
            self._fetch()
        use = next(each for each in self._uses if each.rule.matches(request))
        if now_s - use.report_s >= REPORT_S and use.requests:
            self.report()
        return self._take(use, now_s), use.rule.name

    def report(self) -> None:
        """Tell X-Ray what was sampled since the last report, and take the quotas that it assigns."""
        if self._fetched_s is None:
            self._fetch()
        now_s = self._now()
        statistics = [
            {
                "RuleName": use.rule.name,
                "ClientID": self._id,
                "Timestamp": instant(now_s),
                "RequestCount": use.requests,
                "SampledCount": use.sampled,
                "BorrowCount": use.borrowed,
            }
            for use in self._uses
        ]
        answer = self._client.get_sampling_targets(SamplingStatisticsDocuments=statistics)
        uses = {use.rule.name: use for use in self._uses}
        for use in self._uses:
            use.requests = use.sampled = use.borrowed = 0
            use.report_s = now_s
        for target in answer["SamplingTargetDocuments"]:
            use = uses[target["RuleName"]]
            use.rate, use.quota = target["FixedRate"], target["ReservoirQuota"]
            use.quota_until_s = seconds(target["ReservoirQuotaTTL"])

    def _fetch(self) -> None:
        records = self._client.get_sampling_rules()["SamplingRuleRecords"]
        rules = sorted(
            (SamplingRule.of(each["SamplingRule"]) for each in records),
            key=lambda rule: (rule.priority, rule.name),
        )
        before = {use.rule: use for use in self._uses}
        now_s = self._now()
        self._uses = [before.get(rule) or _Use(rule, rule.rate, report_s=now_s) for rule in rules]
        self._fetched_s = now_s

    def _take(self, use: _Use, now_s: float) -> bool:
        use.requests += 1
        if int(now_s) != use.second:
            use.second, use.taken = int(now_s), 0
        has_quota = use.quota is not None and now_s < use.quota_until_s
        most = (use.quota or 0) if has_quota else min(1, use.rule.reservoir)
        if use.taken < most:
            use.taken += 1
            use.borrowed += not has_quota
            use.sampled += 1
            return True
        if self._draws.random() < use.rate:
            use.sampled += 1
            return True
        return False
