"""Filter patterns: which log events they match, and what they find in them.

Page: LOGS/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from helpers.cloud import ServiceError
from helpers.dataplane.cloudwatch.logs import condition
from helpers.dataplane.cloudwatch.logs.regex import regex

Found = dict[str, str]
"""What a pattern found: "$.field" or "$name" -> the text."""

_TERM = re.compile(r'\s*(?P<sign>[?-]?)(?:"(?P<quoted>[^"]*)"|(?P<regex>%[^%]+%)|(?P<word>[^\s"]+))')
_FIELD = re.compile(r'\[(?P<bracketed>[^\]]*)\]|"(?P<quoted>[^"]*)"|(?P<plain>\S+)')


class Pattern:
    """A parsed pattern. Raises ServiceError (InvalidParameterException) if it is none."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self._find: Callable[[str], Found | None]
        if self.text.startswith("{"):
            self._find = self._in_json()
        elif self.text.startswith("["):
            self._find = self._in_fields()
        else:
            self._find = self._terms()

    def find(self, message: str) -> Found | None:
        """What the pattern finds in the message; None if it does not match."""
        return self._find(message)

    def _terms(self) -> Callable[[str], Found | None]:
        wanted: list[Callable[[str], bool]] = []
        others: list[Callable[[str], bool]] = []
        unwanted: list[Callable[[str], bool]] = []
        at = 0
        while at < len(self.text):
            match = _TERM.match(self.text, at)
            if match is None:
                raise wrong(self.text)
            at = match.end()
            kind = {"?": others, "-": unwanted, "": wanted}[match["sign"]]
            kind.append(_term(match))
        if wanted or unwanted:
            others = []  # as the page says, they are ignored then

        def find(message: str) -> Found | None:
            fits = (
                all(test(message) for test in wanted)
                and not any(test(message) for test in unwanted)
                and (not others or any(test(message) for test in others))
            )
            return {} if fits else None

        return find

    def _in_json(self) -> Callable[[str], Found | None]:
        if not self.text.endswith("}"):
            raise wrong(self.text)
        test, selectors = condition.parse(self.text[1:-1], lambda: wrong(self.text))

        def find(message: str) -> Found | None:
            try:
                document = json.loads(message)
            except ValueError:
                return None
            if not isinstance(document, dict) or not test(lambda name: condition.select(document, name)):
                return None
            return {name: text_of(value) for name in selectors if (value := at(document, name)) is not None}

        return find

    def _in_fields(self) -> Callable[[str], Found | None]:
        if not self.text.endswith("]"):
            raise wrong(self.text)
        parts = [part.strip() for part in self.text[1:-1].split(",")]
        open_at = parts.index("...") if "..." in parts else None
        named = [part for part in parts if part != "..."]
        names = [re.split(r"\s|[=!<>]", part.lstrip("("), maxsplit=1)[0] for part in named]
        tests = [
            condition.parse(part, lambda: wrong(self.text))[0] if re.search(r"[=<>]", part) else None
            for part in named
        ]

        def find(message: str) -> Found | None:
            fields = [
                next(group for group in match.groups() if group is not None)
                for match in _FIELD.finditer(message)
            ]
            if open_at is None and len(fields) != len(named):
                return None
            if len(fields) < len(named):
                return None
            if open_at is not None:
                behind = len(named) - open_at
                fields = fields[:open_at] + (fields[-behind:] if behind else [])
            found = {name: field for name, field in zip(names, fields, strict=True) if name}
            for test in tests:
                if test is not None and not test(lambda name: [found[name]] if name in found else []):
                    return None
            return {f"${name}": field for name, field in found.items()}

        return find


def at(document: dict[str, Any], selector: str) -> Any:
    """The first value that the selector, such as $.a.b[0], points to; None if there is none."""
    return next(iter(condition.select(document, selector)), None)


def text_of(value: Any) -> str:
    """A JSON value as text."""
    return value if isinstance(value, str) else json.dumps(value)


def wrong(text: str) -> ServiceError:
    """The pattern cannot be read."""
    return ServiceError("InvalidParameterException", f"Invalid filter pattern: {text}")


def _term(match: re.Match[str]) -> Callable[[str], bool]:
    if match["regex"]:
        wanted = regex(match["regex"], lambda: wrong(match["regex"]))
        return lambda message: wanted.search(message) is not None
    phrase = match["word"] if match["quoted"] is None else match["quoted"]
    if not phrase.strip():
        return lambda message: True
    word = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")
    return lambda message: word.search(message) is not None
