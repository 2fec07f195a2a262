"""moto's DynamoDB tables: what grows with a table and need not, one form for each value, two numbers that are AWS's.

The answers stay moto's (tests/cloud/test_differential.py), but for the form of numbers ("12.50" comes back as it was
written there) and for sets, whose order is an accident of the process there.
"""

from __future__ import annotations

import copy
import functools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Context, Decimal
from typing import Any

from helpers.cloud.touch import replace

_PAGE_BYTES = 1_048_576  # API_Query.html, API_Scan.html: 1 MB, where moto reads 1,000,000 bytes
_TRANSACTION_ACTIONS = 100  # API_TransactGetItems.html, where moto takes 25


def install() -> None:
    """Called when moto loads DynamoDB."""
    from moto.dynamodb import responses
    from moto.dynamodb.models import table
    from moto.dynamodb.models.dynamo_type import Item, LimitedSizeDict
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.models.utilities import dynamo_to_dict
    from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]  # untyped

    query = Table.query

    def all_items(self: Table) -> list[Item]:
        if not self.has_range_key:
            items: Iterable[Any] = self.items.values()
            return sorted(items, key=lambda item: item.hash_key.cast_value)
        return sorted(
            (item for collection in self.items.values() for item in collection.values()),
            key=lambda item: (item.hash_key.cast_value, item.range_key.cast_value),
        )

    def sorted_items(
        self: Table, hash_key_attrs: list[str], range_key_attrs: list[str | None], items: list[Item]
    ) -> list[Item]:
        names = self._generate_attr_to_sort_by(hash_key_attrs, range_key_attrs)
        items.sort(key=lambda item: [item.attrs[name].cast_value for name in names])
        return items

    def query_collection(self: Table, hash_key: Any, *conditions: Any, **more: Any) -> Any:
        index_name = conditions[6]
        if index_name is None:
            whole, self = self, copy.copy(self)
            self.items = defaultdict(dict)
            if hash_key in whole.items:
                self.items[hash_key] = whole.items[hash_key]
        return query(self, hash_key, *conditions, **more)

    replace(
        Table, "all_items", all_items, because="items are sorted by values, not by moto's wrappers of them"
    )
    replace(
        Table,
        "sorted_items",
        sorted_items,
        because="items are sorted by values, not by moto's wrappers of them",
    )
    replace(
        Table, "query", query_collection, because="a query looks at one item collection, not at the table"
    )
    replace(
        LimitedSizeDict,
        "__setitem__",
        dict.__setitem__,
        because="the data plane counts an item's bytes as AWS does",
    )
    parsed = functools.lru_cache(maxsize=1_000)(UpdateExpressionParser.make)
    replace(UpdateExpressionParser, "make", staticmethod(parsed), because="an expression is parsed once")
    replace(table, "RESULT_SIZE_LIMIT", _PAGE_BYTES, because="a page has 1 MB")
    replace(responses, "TRANSACTION_MAX_ITEMS", _TRANSACTION_ACTIONS, because="a transaction reads 100 items")
    replace(
        responses,
        "dynamo_to_dict",
        lambda found: _settled(dynamo_to_dict(found)),
        because="a value has one form",
    )


def _settled(value: Any) -> Any:
    """`value` with each number in it without exponent and needless zeros, and each set in order: by size or text."""
    if isinstance(value, dict):
        for kind, content in value.items():
            if kind == "N" and isinstance(content, str):
                value[kind] = _number(content)
            elif kind in _SETS and _is_set(content):
                value[kind] = sorted(map(_number, content), key=Decimal) if kind == "NS" else sorted(content)
            else:
                _settled(content)
    elif isinstance(value, list):
        for item in value:
            _settled(item)
    return value


_SETS = ("SS", "NS", "BS")
_DIGITS = Context(prec=38)  # what DynamoDB keeps of a number


def _is_set(content: Any) -> bool:
    return isinstance(content, Sequence) and bool(content) and not isinstance(content[0], dict)


def _number(text: str) -> str:
    if text.isdigit() and text[0] != "0":
        return text
    number = Decimal(text)
    return format(number.normalize(_DIGITS), "f") if number else "0"
