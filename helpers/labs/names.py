"""Names in the source of a cell: what it binds for the cells after it, and what it takes from elsewhere."""

from __future__ import annotations

import ast
import builtins
import hashlib
import re
import symtable
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType

MAX_SOURCE = 50_000
"""Characters of a source that is looked into; a longer one is taken as it is. A long solution has 5,000."""

_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
_LINE_MAGIC = re.compile(r"^(\s*)((?:%(?!%)|!).*|[\w.]+\?{1,2}\s*|\?{1,2}[\w.]+\s*)$")
_CELL_MAGIC = re.compile(r"\s*%%(?:time|timeit|capture|prun)\b.*")
"""Cell magics that run the cell as Python."""


@contextmanager
def _quiet() -> Iterator[None]:
    """What Python warns about in a student's source is not for the instructor's terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@lru_cache(maxsize=256)
def is_python(source: str) -> bool:
    """Whether the source is Python; a longer one than is looked into counts as none."""
    with _quiet():
        try:
            ast.parse(source if len(source) <= MAX_SOURCE else "(")
        except _NO_PYTHON:
            return False
    return True


@lru_cache(maxsize=256)
def without_magics(source: str) -> str:
    """The source with IPython's commands (`%time`, `!pip`, `name?`) as comments, each on its line; Python stays as it
    is.
    """
    if is_python(source):
        return source
    lines = source.split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if _CELL_MAGIC.fullmatch(lines[first]):
        lines[first] = f"# {lines[first].strip()}"
    mended = "\n".join(_LINE_MAGIC.sub(r"\1pass  # \2", line) for line in lines)
    return mended if is_python(mended) else source


@lru_cache(maxsize=256)
def defined(source: str) -> frozenset[str]:
    """The functions and classes that the source defines at its top level; none if it is not Python."""
    if not is_python(source):
        return frozenset()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    with _quiet():
        return frozenset(node.name for node in ast.parse(source).body if isinstance(node, kinds))


def same_code(one: str, other: str) -> bool:
    """Whether two sources are the same but for comments and blanks; two that are no Python, if equal but for blanks."""
    if one == other or max(len(one), len(other)) > MAX_SOURCE:
        return one == other
    if is_python(one) and is_python(other):
        return _words(one) == _words(other) and _essence(one) == _essence(other)
    return one.split() == other.split()


@lru_cache(maxsize=256)
def bound(source: str) -> frozenset[str]:
    """The names that the source binds at its top level, by an assignment, an import or a definition."""
    table = _table(source)
    if table is None:
        return frozenset()
    names = {
        symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()
    }
    inner = (symbol for scope in _scopes(table) for symbol in scope.get_symbols())
    return frozenset(names) | {
        name.get_name() for name in inner if name.is_declared_global() and name.is_assigned()
    }


@lru_cache(maxsize=256)
def taken(source: str) -> frozenset[str]:
    """The names that the source uses, in its functions or outside, and that neither it nor Python defines."""
    table = _table(source)
    if table is None:
        return frozenset()
    used = {
        symbol.get_name()
        for scope in _scopes(table)
        for symbol in scope.get_symbols()
        if symbol.is_referenced() and (scope is table or (symbol.is_global() and not _is_own(symbol)))
    }
    return frozenset(used) - bound(source) - set(dir(builtins))


@lru_cache(maxsize=256)
def _words(source: str) -> tuple[object, ...]:
    """The names and constants of the source. Where they differ, the code does, and that is quickly found out."""
    with _quiet():
        try:
            return _words_of(compile(source, "<cell>", "exec", dont_inherit=True))
        except _NO_PYTHON:  # as Python alone it is well-formed, but not as a program
            return ()


def _words_of(code: CodeType) -> tuple[object, ...]:
    inner = (_words_of(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts)
    return (code.co_names, code.co_varnames, *inner)


@lru_cache(maxsize=256)
def _essence(source: str) -> str:
    """What is left of Python without comments and blanks, as a digest: to write the tree out takes longest here."""
    with _quiet():
        try:
            return hashlib.sha256(ast.dump(ast.parse(source)).encode()).hexdigest()
        except _NO_PYTHON:  # too deep to be written out
            return source


def _table(source: str) -> symtable.SymbolTable | None:
    if not is_python(source):
        return None
    with _quiet():
        try:
            return symtable.symtable(source, "<cell>", "exec")
        except _NO_PYTHON:
            return None


def _is_own(symbol: symtable.Symbol) -> bool:
    """Whether a function binds the name itself. `is_global` alone takes a function called "top" for the module."""
    binds = symbol.is_parameter() or symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    return binds and not symbol.is_declared_global()


def _scopes(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    waiting = [table]
    while waiting:
        scope = waiting.pop()
        yield scope
        waiting += scope.get_children()
