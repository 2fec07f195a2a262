"""The words of a query. Page: LOGS/CWL_QuerySyntax.html"""

from __future__ import annotations

import re
from typing import NamedTuple

from helpers.cloud import ServiceError
from helpers.dataplane.cloudwatch.logs.insights.errors import malformed

_NAME = r"(?:@?`[^`]+`|[@A-Za-z_][\w@]*)(?:\.(?:`[^`]+`|[\w@]+)|\[\d+\])*"
_TOKEN = re.compile(
    r"(?P<period>\d+(?:\.\d+)?[A-Za-z]+)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
    rf"|(?P<name>{_NAME})"
    r"|(?P<sign>!=|<=|>=|=~|[-+*/%^=<>()\[\],|])",
    re.DOTALL,
)
_SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
_REGEX = re.compile(r"/((?:\\.|[^/\\\n])+)/")


class Token(NamedTuple):
    """A word of the query: its kind (period, number, string, name, sign, regex or end), text and place."""

    kind: str
    text: str
    start: int
    end: int


class Lexer:
    """Gives the words of `text` one after another. A slash begins a regular expression only where one is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._next: Token | None = None

    def peek(self) -> Token:
        """The next word, which stays."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> Token:
        """The next word, which is gone then. Raises ServiceError for a character that fits nowhere."""
        token = self.peek()
        self._next, self._at = None, token.end
        return token

    def is_next(self, *words: str) -> bool:
        """Whether the next word is one of these signs or keywords, whatever its letters' case."""
        token = self.peek()
        return token.kind in ("sign", "name") and token.text.lower() in words

    def accept(self, *words: str) -> Token | None:
        """Take the next word if it is one of these."""
        return self.take() if self.is_next(*words) else None

    def expect(self, word: str, where: str) -> Token:
        """Take the next word, which has to be this one. Raises ServiceError."""
        if not self.is_next(word):
            raise self.wrong(f"{where} needs {word!r} here")
        return self.take()

    def regex(self) -> Token | None:
        """Take a regular expression between slashes, if one is next; the token's text is what lies between them."""
        start = self._skip(self._at)
        match = _REGEX.match(self.text, start)
        if match is None:
            return None
        self._next, self._at = None, match.end()
        return Token("regex", match[1], start, match.end())

    def wrong(self, sentence: str, token: Token | None = None) -> ServiceError:
        """The error that names the place of `token`, or of the next word."""
        token = self.peek() if token is None else token
        found = f", found {token.text!r}" if token.text else ", found the end of the query"
        return malformed(sentence + found, self.text, token.start, token.end)

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def _read(self) -> Token:
        start = self._skip(self._at)
        if start == len(self.text):
            return Token("end", "", start, start)
        match = _TOKEN.match(self.text, start)
        if match is None or match.lastgroup is None:
            raise malformed(f"Unexpected symbol {self.text[start]!r}", self.text, start)
        return Token(match.lastgroup, match[0], start, match.end())


def plain(name: str) -> str:
    """A field's name without backticks, and with list positions as dots: a.`b.c`[0] is a.b.c.0."""
    return re.sub(r"\[(\d+)\]", r".\1", name).replace("`", "")


def unquoted(text: str) -> str:
    """What a string between quotes says."""
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)
