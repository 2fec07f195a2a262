"""Conditions in filter patterns on JSON or space-delimited events: $.a = "x*" && ($.b > 3 || $.c IS NULL).

Page: LOGS/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from helpers.dataplane.cloudwatch.logs.regex import regex

Look = Callable[[str], list[Any]]
Test = Callable[[Look], bool]

_TOKEN = re.compile(
    r'\s*(?P<all>&&|\|\||[()]|!=|>=|<=|=|>|<|"[^"]*"|%[^%]+%|NOT\s+EXISTS|IS\s+(?:NULL|TRUE|FALSE)|EXISTS'
    r"|\$?[^\s()=!<>&|\"]+)"
)
_NUMERIC = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
_LITERALS = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}
_STEP = re.compile(r"\.?([\w*-]+)|\[(\d+|\*)\]|\[[\"']([^\"']+)[\"']\]")


class _Parser:
    """Reads a condition by precedence: || binds weaker than &&."""

    def __init__(self, text: str, wrong: Callable[[], Exception]) -> None:
        self._wrong = wrong
        self.selectors: list[str] = []
        self._tokens: list[str] = []
        position, text = 0, text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise wrong()
            self._tokens.append(match["all"])
            position = match.end()

    def whole(self) -> Test:
        test = self._either()
        if self._tokens:
            raise self._wrong()
        return test

    def _next(self) -> str:
        if not self._tokens:
            raise self._wrong()
        return self._tokens.pop(0)

    def _joined(self, sign: str, part: Callable[[], Test]) -> list[Test]:
        parts = [part()]
        while self._tokens[:1] == [sign]:
            self._tokens.pop(0)
            parts.append(part())
        return parts

    def _either(self) -> Test:
        parts = self._joined("||", self._both)
        return lambda look: any(part(look) for part in parts)

    def _both(self) -> Test:
        parts = self._joined("&&", self._one)
        return lambda look: all(part(look) for part in parts)

    def _one(self) -> Test:
        name = self._next()
        if name == "(":
            inner = self._either()
            if self._next() != ")":
                raise self._wrong()
            return inner
        self.selectors.append(name)
        sign = " ".join(self._next().split()).upper()
        if sign == "EXISTS":
            return lambda look: bool(look(name))
        if sign == "NOT EXISTS":
            return lambda look: not look(name)
        if sign in _LITERALS:
            literal = _LITERALS[sign]
            return lambda look: any(value is literal for value in look(name))
        if sign not in ("=", "!=", *_NUMERIC):
            raise self._wrong()
        return _compared(name, sign, self._next(), self._wrong)


def parse(text: str, wrong: Callable[[], Exception]) -> tuple[Test, list[str]]:
    """The condition as a test on what a selector finds, and its selectors. Raises what `wrong` makes."""
    parser = _Parser(text, wrong)
    return parser.whole(), parser.selectors


def _compared(name: str, sign: str, wanted: str, wrong: Callable[[], Exception]) -> Test:
    if sign in _NUMERIC:
        number = _number(wanted)
        if number is None:
            raise wrong()
        compare = _NUMERIC[sign]
        return lambda look: any(
            compare(held, number) for value in look(name) if (held := _number(value)) is not None
        )

    searched = regex(wanted, wrong) if wanted.startswith("%") else None

    def equal(value: Any) -> bool:
        if isinstance(value, (dict, list)) or value is None:
            return False
        if searched is not None:
            return searched.search(str(value)) is not None
        plain = wanted.strip('"')
        number, held = _number(plain), _number(value)
        if number is not None and held is not None:
            return held == number
        return fnmatchcase(str(value), plain.replace("[", "[[]"))

    if sign == "=":
        return lambda look: any(equal(value) for value in look(name))
    return lambda look: any(not equal(value) for value in look(name))


def select(document: Any, selector: str) -> list[Any]:
    """What a selector such as $.a.b[0] or $.a[*] finds."""

    def steps() -> Iterator[str]:
        for match in _STEP.finditer(selector.removeprefix("$")):
            yield next(group for group in match.groups() if group is not None)

    found = [document]
    for step in steps():
        further: list[Any] = []
        for each in found:
            if isinstance(each, dict):
                further += each.values() if step == "*" else [each[step]] if step in each else []
            elif isinstance(each, list):
                further += (
                    each
                    if step == "*"
                    else [each[int(step)]]
                    if step.isdigit() and int(step) < len(each)
                    else []
                )
        found = further
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
