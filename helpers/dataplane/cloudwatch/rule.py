"""The rule of a composite alarm: ALARM(a) AND (OK("b") OR NOT INSUFFICIENT_DATA(c)).

Page: API/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from helpers.cloud import ServiceError
from helpers.dataplane.cloudwatch.errors import validation
from helpers.dataplane.cloudwatch.evaluation import State

MOST_CHILDREN, MOST_ELEMENTS = 100, 500

_TOKEN = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"(?P<quoted>[^\"]+)\"|(?P<plain>[^\s()\"]+))\s*\)"
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))",
    re.IGNORECASE,
)
_Test = Callable[[Callable[[str], State]], bool]


@dataclass
class Rule:
    """A parsed rule. `children` are the names or ARNs it asks for, in their order.

    Raises ServiceError if it is none.
    """

    text: str
    children: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tokens = self._split()
        self._test = self._any()
        if self._tokens:
            raise self._wrong()
        if len(self.children) > MOST_CHILDREN:
            raise validation(f"AlarmRule must not contain more than {MOST_CHILDREN} alarms.")

    def holds(self, state_of: Callable[[str], State]) -> bool:
        """Whether it is true, where `state_of` tells the state of an alarm by the name or ARN in the rule."""
        return self._test(state_of)

    def _split(self) -> list[tuple[str, str]]:
        tokens, at, text = [], 0, self.text.strip()
        elements = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._wrong()
            at = match.end()
            name = match["quoted"] or match["plain"]
            if match["state"]:
                tokens.append((match["state"].upper(), name))
                if name not in self.children:
                    self.children.append(name)
            else:
                tokens.append(((match["word"] or match["bracket"]).upper(), ""))
            elements += tokens[-1][0] not in ("AND", "OR", "NOT")
        if elements > MOST_ELEMENTS:
            raise validation(f"AlarmRule must not contain more than {MOST_ELEMENTS} elements.")
        return tokens

    def _wrong(self) -> ServiceError:
        return validation(f"AlarmRule is not a valid expression: {self.text}")

    def _next(self) -> str:
        return self._tokens[0][0] if self._tokens else ""

    def _any(self) -> _Test:
        parts = [self._all()]
        while self._next() == "OR":
            self._tokens.pop(0)
            parts.append(self._all())
        return lambda state_of: any(part(state_of) for part in parts)

    def _all(self) -> _Test:
        parts = [self._one()]
        while self._next() == "AND":
            self._tokens.pop(0)
            parts.append(self._one())
        return lambda state_of: all(part(state_of) for part in parts)

    def _one(self) -> _Test:
        if not self._tokens:
            raise self._wrong()
        word, name = self._tokens.pop(0)
        if word == "NOT":
            inner = self._one()
            return lambda state_of: not inner(state_of)
        if word == "(":
            inner = self._any()
            if not self._tokens or self._tokens.pop(0)[0] != ")":
                raise self._wrong()
            return inner
        if word in ("TRUE", "FALSE"):
            return lambda state_of: word == "TRUE"
        if name:
            return lambda state_of: state_of(name) == word
        raise self._wrong()
