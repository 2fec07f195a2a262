"""Conditions in filter patterns on JSON or space-delimited events: $.a = "x*" && ($.b > 3 || $.c IS NULL).

Page: LOGS/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

Look = Callable[[str], list[Any]]
Test = Callable[[Look], bool]

_TOKEN = re.compile(
    r'\s*(?P<all>&&|\|\||[()]|!=|>=|<=|=|>|<|"[^"]*"|%[^%]+%|NOT\s+EXISTS|IS\s+(?:NULL|TRUE|FALSE)|EXISTS'
    r"|\$?[^\s()=!<>&|\"]+)"
)
_NUMERIC = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
_STEP = re.compile(r"\.?([\w*-]+)|\[(\d+|\*)\]|\[[\"']([^\"']+)[\"']\]")


def parse(text: str, wrong: Callable[[], Exception]) -> tuple[Test, list[str]]:
    """The condition as a test on what a selector finds, and its selectors. Raises what `wrong` makes."""
    tokens: list[str] = []
    position = 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise wrong()
        tokens.append(match["all"])
        position = match.end()
    selectors: list[str] = []

    def peek() -> str:
        return tokens[0] if tokens else ""

    def one() -> Test:
        if not tokens:
            raise wrong()
        token = tokens.pop(0)
        if token == "(":  # noqa: S105  # a bracket, no secret
            inner = either()
            if not tokens or tokens.pop(0) != ")":
                raise wrong()
            return inner
        name = token
        selectors.append(name)
        if not tokens:
            raise wrong()
        sign = " ".join(tokens.pop(0).split()).upper()
        if sign == "EXISTS":
            return lambda look: bool(look(name))
        if sign == "NOT EXISTS":
            return lambda look: not look(name)
        if sign.startswith("IS "):
            literal = {"NULL": None, "TRUE": True, "FALSE": False}[sign[3:]]
            return lambda look: any(value is literal for value in look(name))
        if not tokens or sign not in ("=", "!=", *_NUMERIC):
            raise wrong()
        return _compared(name, sign, tokens.pop(0), wrong)

    def both() -> Test:
        parts = [one()]
        while peek() == "&&":
            tokens.pop(0)
            parts.append(one())
        return lambda look: all(part(look) for part in parts)

    def either() -> Test:
        parts = [both()]
        while peek() == "||":
            tokens.pop(0)
            parts.append(both())
        return lambda look: any(part(look) for part in parts)

    whole = either()
    if tokens:
        raise wrong()
    return whole, selectors


def _compared(name: str, sign: str, wanted: str, wrong: Callable[[], Exception]) -> Test:
    if sign in _NUMERIC:
        number = _number(wanted)
        if number is None:
            raise wrong()
        compare = _NUMERIC[sign]
        return lambda look: any(
            compare(held, number) for value in look(name) if (held := _number(value)) is not None
        )

    def equal(value: Any) -> bool:
        if isinstance(value, (dict, list)) or value is None:
            return False
        if wanted.startswith("%"):
            return re.search(wanted.strip("%"), str(value)) is not None
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
