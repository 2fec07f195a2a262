"""Filter expressions: which traces GetTraceSummaries finds.

Done are the Boolean, number and string keywords of a request (ok, error, throttle, fault, partial, inferred, root,
responsetime, duration, http.status, http.url, http.method, http.useragent, http.clientip, user, name, type),
annotation[key] and annotation.key, service() and edge() with a name, id() and braces, AND, OR, ! and parentheses. Left
out are groups, root causes, instances and availability zones.
Page: GUIDE/xray-console-filters.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from helpers.dataplane.xray import errors
from helpers.dataplane.xray.segment import Segment
from helpers.dataplane.xray.trace import Trace

Value = str | float | bool
MOST = 2000
"""Characters in an expression."""

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.\-]*)'
    r"|(?P<sign><=|>=|!=|[=<>!(){}\[\],:]))"
)
_BOOLEAN = {"ok", "error", "throttle", "fault", "partial", "inferred", "root"}
_NUMBER = {"responsetime", "duration", "http.status"}
_TEXT = {"http.url", "http.method", "http.useragent", "http.clientip", "user", "name", "type"}
_OPERATORS = {"=", "!=", "<", "<=", ">", ">=", "contains", "beginswith", "endswith"}
_HTTP = {
    "http.url": "url", "http.method": "method", "http.useragent": "user_agent", "http.clientip": "client_ip",
}  # fmt: skip


class Subject(NamedTuple):
    """What an expression is asked about: a trace by its root, or one of its segments."""

    trace: Trace
    segment: Segment
    whole: bool


Test = Callable[[Subject], bool]


def matching(expression: str) -> Callable[[Trace], bool]:
    """Whether a trace satisfies the expression. Raises ServiceError for one that is not understood."""
    if len(expression) > MOST:
        raise errors.invalid("The filter expression is too long.")
    test = _Parser(expression).parse()
    return lambda trace: test(Subject(trace, trace.root, whole=True))


class _Parser:
    def __init__(self, expression: str) -> None:
        self._tokens = list(self._split(expression))
        self._at = 0

    @staticmethod
    def _split(expression: str) -> list[tuple[str, str]]:
        found, at = [], 0
        text = expression.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise errors.invalid(f"Invalid filter expression at {text[at : at + 20]!r}.")
            found.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        return found

    def parse(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise self._unexpected()
        return test

    # expression := both (OR both)*; both := one ((AND)? one)*; one := ! one | ( expression ) | term

    def _either(self) -> Test:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda subject: any(part(subject) for part in parts)

    def _both(self) -> Test:
        parts = [self._one()]
        while self._at < len(self._tokens) and not self._ahead(")", "}", "or"):
            self._word("and")
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda subject: all(part(subject) for part in parts)

    def _one(self) -> Test:
        if self._sign("!"):
            test = self._one()
            return lambda subject: not test(subject)
        if self._sign("("):
            test = self._either()
            self._need(")")
            return test
        return self._term()

    def _term(self) -> Test:
        kind, token = self._next()
        word = token.lower()
        if kind != "word":
            raise self._unexpected(back=1)
        if word == "service":
            return self._service()
        if word == "edge":
            return self._edge()
        if word == "annotation" or word.startswith("annotation."):
            return self._annotation(token)
        if word in _BOOLEAN:
            return self._compared(lambda subject: [_flag(subject, word)], bare=lambda values: bool(values[0]))
        if word in _NUMBER:
            return self._compared(lambda subject: _number(subject, word), bare=bool)
        if word in _TEXT:
            return self._compared(lambda subject: _texts(subject, word), bare=bool)
        if word.split(".")[0] in ("group", "rootcause", "json"):
            raise errors.invalid(f"This course does not filter by {word}.")
        raise errors.invalid(f"Invalid filter expression: unknown keyword {token}.")

    def _service(self) -> Test:
        fits, test = self._named(), self._braces()
        return lambda subject: any(
            fits(each) and test(Subject(subject.trace, each, whole=False)) for each in subject.trace.segments
        )

    def _edge(self) -> Test:
        self._need("(")
        source = self._name()
        self._need(",")
        target = self._name()
        self._need(")")
        test = self._braces()

        def holds(subject: Subject) -> bool:
            trace = subject.trace
            owners = {each.id: segment for segment in trace.segments for each in segment.walk()}
            calls = {each.id: each for each in trace.walk()}
            for segment in trace.segments:
                owner = owners.get(segment.parent_id or "")
                if owner is not None and source(owner) and target(segment):
                    call = calls[segment.parent_id or ""]
                    seen = call if call.namespace else segment
                    if test(Subject(trace, seen, whole=False)):
                        return True
            return False

        return holds

    def _named(self) -> Callable[[Segment], bool]:
        if not self._sign("("):
            return lambda segment: True
        if self._sign(")"):
            return lambda segment: True
        fits = self._name()
        self._need(")")
        return fits

    def _name(self) -> Callable[[Segment], bool]:
        kind, token = self._next()
        if kind == "text":
            name = _unquoted(token)
            return lambda segment: segment.name == name
        if token.lower() != "id":
            raise self._unexpected(back=1)
        self._need("(")
        wanted: dict[str, str] = {}
        while not self._sign(")"):
            key = self._next()[1].lower()
            self._need(":")
            kind, text = self._next()
            if key not in ("name", "type") or kind != "text":
                raise errors.invalid("This course knows id(name: ..., type: ...).")
            wanted[key] = _unquoted(text)
            self._sign(",")
        return lambda segment: (
            wanted.get("name", segment.name) == segment.name
            and wanted.get("type", segment.origin) == segment.origin
        )

    def _braces(self) -> Test:
        if not self._sign("{"):
            return lambda subject: True
        test = self._either()
        self._need("}")
        return test

    def _annotation(self, token: str) -> Test:
        key = token.partition(".")[2]
        if not key:
            self._need("[")
            kind, name = self._next()
            key = _unquoted(name) if kind == "text" else name
            self._need("]")
        return self._compared(lambda subject: _annotations(subject, key), bare=_is_set)

    def _compared(
        self, values: Callable[[Subject], list[Value]], bare: Callable[[list[Value]], bool]
    ) -> Test:
        if self._at < len(self._tokens) and self._tokens[self._at][1].lower() in _OPERATORS:
            operator = self._next()[1].lower()
            wanted = self._value()
            return lambda subject: any(_compare(value, operator, wanted) for value in values(subject))
        return lambda subject: bare(values(subject))

    def _value(self) -> Value:
        kind, token = self._next()
        if kind == "number":
            return float(token)
        if kind == "text":
            return _unquoted(token)
        if token.lower() in ("true", "false"):
            return token.lower() == "true"
        raise self._unexpected(back=1)

    # Tokens

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise errors.invalid("Invalid filter expression: it ends too soon.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _ahead(self, *tokens: str) -> bool:
        kind, token = self._tokens[self._at]
        return kind != "text" and token.lower() in tokens

    def _sign(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False

    def _word(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._ahead(word):
            self._at += 1
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._unexpected()

    def _unexpected(self, back: int = 0) -> Exception:
        at = self._at - back
        what = repr(self._tokens[at][1]) if at < len(self._tokens) else "the end"
        return errors.invalid(f"Invalid filter expression: {what} was not expected.")


def _flag(subject: Subject, word: str) -> bool:
    one = subject.segment
    if word == "partial":
        each = subject.trace.walk() if subject.whole else iter((one,))
        return any(part.end_time is None for part in each)
    if word == "inferred":
        return any(part.inferred for part in subject.trace.segments) if subject.whole else one.inferred
    if word == "root":
        return one is subject.trace.root
    return bool(getattr(one, word))


def _number(subject: Subject, word: str) -> list[Value]:
    if word == "http.status":
        return [] if subject.segment.status is None else [float(subject.segment.status)]
    if word == "duration" and subject.whole:
        return [subject.trace.duration_s]
    return [subject.segment.duration_s]


def _texts(subject: Subject, word: str) -> list[Value]:
    one = subject.segment
    if word == "name":
        return [one.name]
    if word == "type":
        return [one.origin]
    if word == "user":
        every = subject.trace.segments if subject.whole else [one]
        return [each.more["user"] for each in every if "user" in each.more]
    found = one.more.get("http", {}).get("request", {}).get(_HTTP[word])
    return [] if found is None else [str(found)]


def _annotations(subject: Subject, key: str) -> list[Value]:
    every = subject.trace.walk() if subject.whole else subject.segment.walk()
    return [each.annotations[key] for each in every if key in each.annotations]


def _is_set(values: list[Value]) -> bool:
    """An annotation that is Boolean stands for its value."""
    return any(value is not False for value in values)


def _compare(value: Value, operator: str, wanted: Value) -> bool:
    if operator in ("contains", "beginswith", "endswith"):
        text, part = str(value), str(wanted)
        return {
            "contains": part in text, "beginswith": text.startswith(part), "endswith": text.endswith(part),
        }[operator]  # fmt: skip
    if isinstance(wanted, bool) or isinstance(value, bool):
        same = str(value).lower() == str(wanted).lower()
        return same if operator == "=" else (not same if operator == "!=" else False)
    if isinstance(wanted, str) or isinstance(value, str):
        same = value == wanted
        return same if operator == "=" else (not same if operator == "!=" else False)
    return {
        "=": value == wanted, "!=": value != wanted, "<": value < wanted, "<=": value <= wanted,
        ">": value > wanted, ">=": value >= wanted,
    }[operator]  # fmt: skip


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1])
