"""Numbers in words, the same in every explanation and picture."""

from __future__ import annotations


def plural(number: int, one: str, many: str = "") -> str:
    """The number with its word: 1 message, 3 messages, no messages."""
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"
