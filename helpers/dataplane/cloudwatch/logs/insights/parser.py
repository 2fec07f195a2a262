"""Reads a query: commands with pipes between them. Page: LOGS/CWL_QuerySyntax.html"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from helpers.cloud import NotMocked
from helpers.dataplane.cloudwatch.logs.insights.commands import (
    Column,
    Command,
    Dedup,
    Display,
    Fields,
    Filter,
    Limit,
    Parse,
    Sort,
    Stats,
)
from helpers.dataplane.cloudwatch.logs.insights.expression import Expressions, pattern
from helpers.dataplane.cloudwatch.logs.insights.lexer import Lexer, Token, plain, unquoted
from helpers.dataplane.cloudwatch.logs.insights.scope import Value, Window
from helpers.dataplane.cloudwatch.logs.insights.values import number

MOST_ROWS, USUAL_ROWS = 100_000, 10_000
"""Rows that limit may ask for, and that come without it (LOGS/CWL_QuerySyntax-Limit.html)."""

MOST_STATS = 10
"""Commands stats in a query on groups of the Standard class (LOGS/CWL_QuerySyntax-Stats.html)."""

_NOT_HERE = frozenset(
    {
        "accum",
        "addtotals",
        "anomaly",
        "appendcols",
        "autoregress",
        "cidrlookup",
        "countfrequent",
        "diff",
        "estimate",
        "expand",
        "filldown",
        "fillmissing",
    }
    | {
        "filterindex",
        "join",
        "logcompare",
        "lookup",
        "outlier",
        "pattern",
        "relevantfields",
        "sessionize",
        "source",
        "subqueries",
        "unmask",
        "unnest",
    }
)


class Query(NamedTuple):
    """The commands of a query, and the most rows that it may return (None: nobody said)."""

    commands: list[Command]
    limit: int | None


def parse(text: str, window: Window) -> Query:
    """The query. Raises ServiceError (MalformedQueryException) for a text that is none, NotMocked for a command or a
    function that AWS has and this model has not.
    """
    return _Parser(text, window).query()


class _Parser:
    def __init__(self, text: str, window: Window) -> None:
        self._lexer = Lexer(text)
        self._expressions = Expressions(self._lexer, window)
        self._limit: int | None = None
        self._readers: dict[str, Callable[[Token], Command]] = {
            "fields": lambda token: Fields(self._columns()),
            "display": lambda token: Display(self._columns()),
            "filter": lambda token: Filter(self._expressions.read()),
            "where": lambda token: Filter(self._expressions.read()),
            "parse": self._parse,
            "stats": self._stats,
            "sort": lambda token: Sort(self._keys()),
            "limit": self._read_limit,
            "dedup": self._dedup,
        }

    def query(self) -> Query:
        """All of it."""
        lexer, commands, names = self._lexer, list[Command](), list[str]()
        while True:
            token = lexer.take()
            name = token.text.lower()
            if name in _NOT_HERE:
                raise NotMocked(f"Logs Insights here has no command {name}.")
            if name not in self._readers:
                raise lexer.wrong("A command must stand here", token)
            self._check_order(name, names, token)
            commands.append(self._readers[name](token))
            names.append(name)
            if lexer.peek().kind == "end":
                return Query(commands, self._limit)
            if not lexer.is_next("|"):
                raise lexer.wrong(f"The command {name} ends here, so a pipe must follow")
            lexer.take()

    def _check_order(self, name: str, before: list[str], token: Token) -> None:
        if name == "stats" and (early := {"sort", "limit"} & set(before)):
            raise self._lexer.wrong(f"{' and '.join(sorted(early))} must come after the last stats", token)
        if name == "stats" and before.count("stats") == MOST_STATS:
            raise self._lexer.wrong(f"A query has at most {MOST_STATS} stats commands", token)
        if "dedup" in before and name != "limit":
            raise self._lexer.wrong("Only limit may come after dedup", token)

    # Commands

    def _columns(self, *, aggregating: bool = False) -> list[Column]:
        columns = [self._column(aggregating=aggregating)]
        while self._lexer.accept(","):
            columns.append(self._column(aggregating=aggregating))
        return columns

    def _column(self, *, aggregating: bool = False) -> Column:
        start = self._lexer.peek().start
        value = self._expressions.read(aggregating=aggregating)
        text = self._lexer.text[start : self._lexer.peek().start].strip()
        text = re.sub(r"\s*#[^\n]*$", "", text)
        name = self._name() if self._lexer.accept("as") else plain(text)
        if not aggregating:
            self._know({name: 0})
        return Column(name, value)

    def _know(self, groups: dict[str, int]) -> dict[str, int]:
        """These fields are there from now on."""
        if self._expressions.known is not None:
            self._expressions.known |= set(groups)
        return groups

    def _name(self) -> str:
        token = self._lexer.take()
        if token.kind != "name":
            raise self._lexer.wrong("A name must stand here", token)
        return plain(token.text)

    def _names(self) -> list[str]:
        names = [self._name()]
        while self._lexer.accept(","):
            names.append(self._name())
        return names

    def _parse(self, token: Token) -> Command:
        source = "@message"
        regex = self._lexer.regex()
        if regex is None and self._lexer.peek().kind != "string":
            source = self._name()
            regex = self._lexer.regex()
        if regex is not None:
            compiled = pattern(regex, self._lexer)
            names = self._names() if self._lexer.accept("as") else []
            if not names and not compiled.groupindex:
                raise self._lexer.wrong("The regular expression needs named groups (?<name>...)", regex)
            if names and len(names) != compiled.groups:
                raise self._lexer.wrong(f"{compiled.groups} groups cannot become {len(names)} fields", regex)
            return Parse(source, compiled, self._know(_numbered(names) or dict(compiled.groupindex)))
        glob = self._lexer.take()
        if glob.kind != "string":
            raise self._lexer.wrong("parse needs a glob in quotes or a regular expression", glob)
        self._lexer.expect("as", "parse")
        names = self._names()
        parts = unquoted(glob.text).split("*")
        if len(parts) - 1 != len(names):
            raise self._lexer.wrong(f"{len(parts) - 1} wildcards cannot become {len(names)} fields", glob)
        return Parse(source, _globbed(parts), self._know(_numbered(names)))

    def _stats(self, token: Token) -> Command:
        columns, aliases, aggregated = list[Column](), set[str](), False
        before = self._expressions.known
        while True:
            start = self._lexer.peek()
            column = self._column(aggregating=True)
            if not self._expressions.aggregated and not set(self._expressions.names) <= aliases:
                raise self._lexer.wrong("stats needs a function such as count(*) here", start)
            aggregated = aggregated or self._expressions.aggregated
            columns.append(column)
            aliases.add(column.name)
            if before is not None:
                self._expressions.known = before | aliases
            if not self._lexer.accept(","):
                break
        if not aggregated:
            raise self._lexer.wrong("stats needs a function such as count(*)", token)
        self._expressions.known = before
        by = self._columns() if self._lexer.accept("by") else []
        self._expressions.known = aliases | {each.name for each in by}
        return Stats(columns, by)

    def _keys(self) -> list[tuple[Value, bool]]:
        keys = []
        while True:
            value = self._expressions.read()
            order = self._lexer.accept("asc", "desc")
            keys.append((value, order is not None and order.text.lower() == "desc"))
            if not self._lexer.accept(","):
                return keys

    def _read_limit(self, token: Token) -> Command:
        self._lexer.accept("any")
        given = self._lexer.take()
        count = number(given.text) if given.kind == "number" else None
        if not isinstance(count, int) or not 1 <= count <= MOST_ROWS:
            raise self._lexer.wrong(f"limit needs a whole number from 1 to {MOST_ROWS:,}", given)
        self._limit = count
        return Limit(count)

    def _dedup(self, token: Token) -> Command:
        return Dedup([column.value for column in self._columns()])


def _numbered(names: list[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names, 1)}


def _globbed(parts: list[str]) -> re.Pattern[str]:
    """A glob as a regular expression: each wildcard takes as little as it can, one at the end the rest."""
    escaped = [re.escape(each) for each in parts]
    last = "(.*)" if not parts[-1] else "(.*?)"
    head = "(.*?)".join(escaped[:-1])
    return re.compile(head + last + escaped[-1], re.DOTALL)
