"""Split lines of commands into words, as a POSIX shell does, on every system.

Quotes, backslashes, comments and continued lines mean what they mean in a shell
(https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02). Python takes the place of the
shell's variables: `$name` and `{expression}` stand for a value, which stays in one word whatever is in it. Single
quotes keep both as they are. Braces that are doubled or hold no Python expression stay, too: JSON survives, quoted
either way.

What a shell does beside that (pipes, files, lists of commands, substitution) is refused.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from typing import NamedTuple

from helpers.cloud.call import OneSentence

_NAME = re.compile(r"[A-Za-z_]\w*")
_SHELL_ONLY = frozenset("|&;<>()`")
_ESCAPED_IN_DOUBLE_QUOTES = '$`"\\{}'


class CommandLineError(OneSentence, ValueError):
    """The text is no line of commands."""


class Command(NamedTuple):
    """The words of one command, and the line on which it begins (1 for the first)."""

    line: int
    words: list[str]


def commands(text: str, value_of: Callable[[str], object] | None = None) -> list[Command]:
    """The commands in `text`, one a line; a backslash at its end continues a line.

    `value_of` is given the Python expression in `$name` or `{expression}`. Without it both are text. A value that is
    no string is written as JSON. Raises CommandLineError for a quote that is not closed, for what only a shell can do,
    and for an expression that cannot be evaluated.
    """
    return _Reader(text, value_of).read()


class _Reader:
    def __init__(self, text: str, value_of: Callable[[str], object] | None) -> None:
        self._text = text.replace("\r\n", "\n")
        self._value_of = value_of
        self._at = 0
        self._word: list[str] | None = None  # None between words; an empty word is a word
        self._words: list[str] = []
        self._commands: list[Command] = []
        self._line = 0

    def read(self) -> list[Command]:
        text = self._text
        while self._at < len(text):
            character = text[self._at]
            if character == "\n":
                self._end_command()
            elif character.isspace():
                self._end_word()
            elif character == "#" and self._word is None:
                self._at = text.find("\n", self._at) if "\n" in text[self._at :] else len(text)
                continue
            elif text.startswith("\\\n", self._at):
                self._at += 1
            elif character == "\\":
                self._at += 1
                self._add(text[self._at : self._at + 1] or "\\")
            elif character == "'":
                self._single_quoted()
            elif character == '"':
                self._double_quoted()
            else:
                self._plain(character)
            self._at += 1
        self._end_command()
        return self._commands

    def _add(self, text: str) -> None:
        if self._word is None:
            self._word = []
            if not self._words:
                self._line = self._here()
        self._word.append(text)

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append("".join(self._word))
            self._word = None

    def _end_command(self) -> None:
        self._end_word()
        if self._words:
            self._commands.append(Command(self._line, self._words))
            self._words = []

    def _here(self) -> int:
        return self._text.count("\n", 0, self._at) + 1

    def _fail(self, sentence: str) -> CommandLineError:
        where = f"Line {self._here()}: " if "\n" in self._text else ""
        return CommandLineError(where + sentence)

    def _single_quoted(self) -> None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise self._fail("A single quote is opened and not closed.")
        self._add(self._text[self._at + 1 : end])
        self._at = end

    def _double_quoted(self) -> None:
        text, opened = self._text, self._at
        self._add("")
        self._at += 1
        while self._at < len(text) and text[self._at] != '"':
            if text.startswith("\\\n", self._at):
                self._at += 1
            elif text[self._at] == "\\" and text[self._at + 1 : self._at + 2] in _ESCAPED_IN_DOUBLE_QUOTES:
                self._at += 1
                self._add(text[self._at : self._at + 1])
            else:
                self._plain(text[self._at], quoted=True)
            self._at += 1
        if self._at >= len(text):
            self._at = opened
            raise self._fail("A double quote is opened and not closed.")

    def _plain(self, character: str, *, quoted: bool = False) -> None:
        text = self._text
        if text.startswith("$(", self._at) or character == "`" or (character in _SHELL_ONLY and not quoted):
            shown = "$(" if character == "$" else character
            raise self._fail(
                f"{shown} needs a shell, and this is none: run one command a line, or put {shown} in single quotes."
            )
        if character == "$" and self._value_of is not None:
            name = _NAME.match(text, self._at + 1)
            if name is not None:
                self._add(self._value(name.group()))
                self._at = name.end() - 1
                return
            if text.startswith("${", self._at):
                self._at += 1
                character = "{"
        if text.startswith("{{", self._at):
            character = "{{"
            self._at += 1
        elif character == "{" and self._value_of is not None:
            expression = self._expression()
            if expression is not None:
                self._add(self._value(expression.strip()))
                self._at += len(expression) + 1
                return
        self._add(character)

    def _expression(self) -> str | None:
        """What stands between this brace and the next one that makes it a Python expression."""
        line = self._text[self._at + 1 :].partition("\n")[0]
        for brace in re.finditer("}", line):
            expression = line[: brace.start()]
            try:
                ast.parse(expression.strip(), mode="eval")
            except SyntaxError:
                continue
            return expression
        return None

    def _value(self, expression: str) -> str:
        assert self._value_of is not None
        try:
            value = self._value_of(expression)
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        except Exception as error:
            raise self._fail(
                f"No value for `{expression}` can be put here ({type(error).__name__}: {error}); "
                "single quotes keep $ and braces as they are."
            ) from error
