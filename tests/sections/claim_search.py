"""Claims, searched for a counterexample: there is none in the stated range, and one as soon as a rule is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers.experiments import Finding, Run, Values, Verdict, find

Strategy = st.SearchStrategy[Any]
Drawn = st.SearchStrategy[dict[str, Any]]
Patch = pytest.MonkeyPatch
Rule = Callable[[Patch], None]
Towards = Mapping[str, Callable[..., Drawn]]
"""Claim (short id) -> what draws settings most of which lie in its range; keywords narrow single parameters."""

EXAMPLES = 25
"""Runs that are looked at for each claim."""
PATIENCE = 4
"""How much longer a search looks for the counterexample that a broken rule must give: it ends with the first one."""


@dataclass(frozen=True)
class Break:
    """With `rule` broken, `claim` is false somewhere in its range; `where` narrows the search for it."""

    claim: str
    rule: Rule
    where: dict[str, Strategy] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.claim}-{self.rule.__name__}"


class Counterexample(AssertionError):
    """A run in the range of a claim that the claim does not describe."""


@dataclass(frozen=True)
class ClaimSearch:
    """The claims of the experiment `id`, where to look at them, and the rules of the data plane that they rest on."""

    id: str
    towards: Towards
    breaks: tuple[Break, ...]
    examples: int = EXAMPLES

    @property
    def claims(self) -> list[str]:
        """The short ids of the experiment's claims."""
        return [claim.id for claim in find(self.id).claims]

    def find_none(self, claim: str) -> None:
        """Raise Counterexample for a run in the stated range where the claim is false or has nothing to say."""
        self._search(claim, frozenset(Verdict) - {Verdict.TRUE}, self.examples, {})

    def find_one(self, case: Break, patch: Patch) -> None:
        """With the rule broken the same search comes upon a run where the claim is false."""
        case.rule(patch)
        with pytest.raises(Counterexample):
            self._search(case.claim, frozenset({Verdict.FALSE}), PATIENCE * self.examples, case.where)

    def within(self, claim: str, **narrowed: Strategy) -> st.SearchStrategy[Values]:
        """Values in the stated range of the claim."""
        experiment = find(self.id)
        drawn = self.towards[claim](**narrowed)
        return drawn.map(lambda given: experiment.values(**given)).filter(experiment.claim(claim).range)

    def _search(
        self,
        claim: str,
        wrong: frozenset[Verdict],
        examples: int,
        where: Mapping[str, Strategy],
    ) -> None:
        experiment = find(self.id)

        @settings(max_examples=examples, phases=(Phase.generate,))
        @given(values=self.within(claim, **where), seed=st.integers(0, 99))
        def holds(values: Values, seed: int) -> None:
            run = Run(experiment, values, seed)
            found: Finding = run.outcome().findings[claim]
            if found.verdict in wrong:
                raise Counterexample(f"{claim} is {found.verdict} at {run}: {found.explanation}")

        holds()


class SearchedClaims:
    """The tests of a search. A test file subclasses it, with its `search`."""

    search: ClassVar[ClaimSearch]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test for each claim, and for each broken rule."""
        if "claim" in metafunc.fixturenames:
            metafunc.parametrize("claim", self.search.claims)
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.search.breaks, ids=str)

    @pytest.mark.slow
    def test_there_is_no_counterexample_in_the_stated_range(self, claim: str) -> None:
        self.search.find_none(claim)

    @pytest.mark.slow
    def test_the_same_search_finds_a_counterexample_once_a_rule_is_broken(
        self, case: Break, monkeypatch: Patch
    ) -> None:
        self.search.find_one(case, monkeypatch)

    def test_each_claim_has_a_rule_that_can_break_it(self) -> None:
        assert {case.claim for case in self.search.breaks} == set(self.search.claims)
