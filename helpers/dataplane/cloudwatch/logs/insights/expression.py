"""Expressions of a query: arithmetic, comparisons, conditions, functions.

Pages: LOGS/CWL_QuerySyntax-operations-functions.html, LOGS/CWL_QuerySyntax-Filter.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from helpers.cloud import NotMocked
from helpers.dataplane.cloudwatch.logs.insights import aggregates
from helpers.dataplane.cloudwatch.logs.insights.functions import FUNCTIONS, NOT_HERE
from helpers.dataplane.cloudwatch.logs.insights.lexer import Lexer, Token, plain, unquoted
from helpers.dataplane.cloudwatch.logs.insights.period import period_ms
from helpers.dataplane.cloudwatch.logs.insights.scope import Value, Window
from helpers.dataplane.cloudwatch.logs.insights.values import Instant, compared, is_true, number, text

_ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    ">": lambda order: order > 0,
    "<=": lambda order: order <= 0,
    ">=": lambda order: order >= 0,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": operator.pow,
}
_WORDS = frozenset({"and", "or", "not", "like", "in", "as", "by", "asc", "desc"})
_KEYWORD_VALUES = {"true": 1, "false": 0, "null": None}


def pattern(token: Token, lexer: Lexer) -> re.Pattern[str]:
    """The regular expression of the token. Raises ServiceError if it is none."""
    try:
        return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", token.text))
    except re.error as error:
        raise lexer.wrong(f"The regular expression is not valid ({error.msg})", token) from None


class Expressions:
    """Reads expressions by precedence: or, and, not, comparison, + -, * / %, ^, sign.

    `known` holds the fields that there are after stats; None means that any may be named.
    """

    def __init__(self, lexer: Lexer, window: Window) -> None:
        self._lexer = lexer
        self._window = window
        self._inside: bool | None = None  # in the argument of an aggregate; None: no stats
        self.aggregated = False
        self.names: list[str] = []
        self.known: set[str] | None = None

    def read(self, *, aggregating: bool = False) -> Value:
        """The expression that comes next, with functions of stats in it if `aggregating`. Raises ServiceError for one
        that cannot be read.

        Afterwards `names` holds the fields in it outside functions of stats, and `aggregated` whether it has some.
        """
        self._inside = False if aggregating else None
        self.aggregated, self.names = False, []
        return self._either()

    # Conditions

    def _either(self) -> Value:
        parts = [self._both()]
        while self._lexer.accept("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda scope: any(is_true(part(scope)) for part in parts)

    def _both(self) -> Value:
        parts = [self._negated()]
        while self._lexer.accept("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else lambda scope: all(is_true(part(scope)) for part in parts)

    def _negated(self) -> Value:
        if self._lexer.accept("not"):
            inner = self._negated()
            return lambda scope: not is_true(inner(scope))
        return self._comparison()

    def _comparison(self) -> Value:
        left = self._sum()
        lexer = self._lexer
        if lexer.accept("=~"):
            return self._matching(left, need_regex=True)
        if lexer.is_next("=", "!="):
            unlike = lexer.take().text == "!="
            right = self._sum()
            return lambda scope: (compared(left(scope), right(scope)) == 0) is not unlike
        if lexer.is_next(*_ORDERS):
            return _ordered(_ORDERS[lexer.take().text], left, self._sum())
        negative = lexer.is_next("not")
        if negative:
            lexer.take()
        if lexer.accept("like"):
            test = self._matching(left, need_regex=False)
        elif lexer.accept("in"):
            test = self._member(left)
        elif negative:
            raise lexer.wrong("After a field, not needs like or in")
        else:
            return left
        return (lambda scope: not test(scope)) if negative else test

    def _matching(self, left: Value, *, need_regex: bool) -> Value:
        regex = self._lexer.regex()
        if regex is not None:
            search = pattern(regex, self._lexer).search
            return lambda scope: (held := text(left(scope))) is not None and search(held) is not None
        if need_regex or self._lexer.peek().kind != "string":
            kind = (
                "a regular expression between slashes" if need_regex else "a string or a regular expression"
            )
            raise self._lexer.wrong(f"Here must be {kind}")
        part = unquoted(self._lexer.take().text)
        return lambda scope: (held := text(left(scope))) is not None and part in held

    def _member(self, left: Value) -> Value:
        self._lexer.expect("[", "in")
        items = [self._sum()]
        while self._lexer.accept(","):
            items.append(self._sum())
        self._lexer.expect("]", "The list")
        return lambda scope: any(compared(left(scope), item(scope)) == 0 for item in items)

    # Arithmetic

    def _sum(self) -> Value:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._power))

    def _chain(self, signs: tuple[str, ...], part: Callable[[], Value]) -> Value:
        value = part()
        while self._lexer.is_next(*signs):
            value = _calculated(self._lexer.take().text, value, part())
        return value

    def _power(self) -> Value:
        base = self._signed()
        return _calculated("^", base, self._power()) if self._lexer.accept("^") else base

    def _signed(self) -> Value:
        if self._lexer.accept("-"):
            inner = self._signed()
            return _calculated("-", lambda scope: 0, inner)
        return self._atom()

    # Single values

    def _atom(self) -> Value:
        lexer = self._lexer
        if lexer.accept("("):
            inner = self._either()
            lexer.expect(")", "The bracket")
            return inner
        token = lexer.peek()
        if token.kind == "number":
            lexer.take()
            held = number(token.text)
            return lambda scope: held
        if token.kind == "string":
            lexer.take()
            said = unquoted(token.text)
            return lambda scope: said
        if token.kind == "name" and token.text.lower() not in _WORDS:
            lexer.take()
            if lexer.is_next("("):
                return self._call(token)
            if token.text.lower() in _KEYWORD_VALUES:
                literal = _KEYWORD_VALUES[token.text.lower()]
                return lambda scope: literal
            return self._field(plain(token.text), token)
        raise lexer.wrong("A field, a value or a function must stand here")

    def _field(self, name: str, token: Token) -> Value:
        if self.known is not None and not any(
            name == each or name.startswith(f"{each}.") for each in self.known
        ):
            raise self._lexer.wrong(f"The stats before does not define {name}", token)
        if not self._inside:
            self.names.append(name)
        return lambda scope: scope.look(name)

    def _call(self, token: Token) -> Value:
        name = token.text.lower().replace("_", "")
        if name in NOT_HERE:
            raise NotMocked(f"Logs Insights here has no function {token.text}.")
        if name == "count" or name == "pct" or name in aggregates.AGGREGATES:
            return self._aggregate(token, name)
        self._lexer.expect("(", token.text)
        if name in ("bin", "datefloor", "dateceil"):
            return self._bucket(token, name)
        constants = {
            "now": self._window.now_s,
            "querystarttime": self._window.start_ms,
            "queryendtime": self._window.end_ms,
            "querytimerange": self._window.end_ms - self._window.start_ms,
        }
        if name in constants:
            self._lexer.expect(")", token.text)
            return lambda scope: constants[name]
        if name not in FUNCTIONS:
            raise self._lexer.wrong("There is no such function", token)
        arguments = self._arguments()
        function = FUNCTIONS[name]
        if not function.fewest <= len(arguments) <= function.most:
            raise self._lexer.wrong(f"This function does not take {len(arguments)} arguments", token)
        of = function.of
        return lambda scope: of(*[each(scope) for each in arguments])

    def _arguments(self) -> list[Value]:
        arguments: list[Value] = []
        if not self._lexer.is_next(")"):
            arguments.append(self._either())
            while self._lexer.accept(","):
                arguments.append(self._either())
        self._lexer.expect(")", "The function")
        return arguments

    def _bucket(self, token: Token, name: str) -> Value:
        if name == "bin":
            of = self._field("@timestamp", token)
        else:
            of = self._either()
            self._lexer.expect(",", token.text)
        period = self._lexer.take()
        length = period_ms(period.text)
        if length is None:
            raise self._lexer.wrong(f"{token.text} needs a period such as 5m", period)
        self._lexer.expect(")", token.text)
        up = length - 1 if name == "dateceil" else 0

        def bucket(scope: Any) -> Any:
            at = number(of(scope))
            return None if at is None else Instant((int(at) + up) // length * length)

        return bucket

    def _aggregate(self, token: Token, name: str) -> Value:
        if self._inside is None:
            raise self._lexer.wrong("This function belongs into stats; name its result there with as", token)
        if self._inside:
            raise self._lexer.wrong("A function of stats cannot stand in another one", token)
        self._lexer.expect("(", token.text)
        self.aggregated = True
        if name == "count" and (self._lexer.accept("*") or self._lexer.is_next(")")):
            self._lexer.expect(")", token.text)
            return aggregates.count(None)
        self._inside = True
        of = self._either()
        self._inside = False
        if name == "pct":
            self._lexer.expect(",", token.text)
            percent = number(self._lexer.take().text)
            if percent is None or not 0 <= percent <= 100:
                raise self._lexer.wrong("pct needs a number from 0 to 100", token)
            self._lexer.expect(")", token.text)
            return aggregates.percentile(of, percent)
        self._lexer.expect(")", token.text)
        return aggregates.count(of) if name == "count" else aggregates.AGGREGATES[name](of)


def _ordered(holds: Callable[[int], bool], left: Value, right: Value) -> Value:
    def value(scope: Any) -> bool:
        order = compared(left(scope), right(scope))
        return order is not None and holds(order)

    return value


def _calculated(sign: str, left: Value, right: Value) -> Value:
    calculate = _ARITHMETIC[sign]

    def value(scope: Any) -> Any:
        numbers = number(left(scope)), number(right(scope))
        if numbers[0] is None or numbers[1] is None:
            return None
        try:
            result = calculate(*(int(each) if isinstance(each, int) else each for each in numbers))
        except (ZeroDivisionError, OverflowError, ValueError):
            return None
        return None if isinstance(result, complex) else result

    return value
