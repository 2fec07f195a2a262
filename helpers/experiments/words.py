"""Numbers in words, the same in every explanation and picture."""

from __future__ import annotations

import math


def plural(number: int, one: str, many: str = "") -> str:
    """The number with its word: 1 message, 3 messages, no messages."""
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"


def number(value: object) -> str:
    """A measured value as people read it: 1,234, 0.25, yes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
            return f"{int(value):,}"
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    return str(value)


def duration(seconds: float) -> str:
    """Virtual time as people read it: 45 s, 12 min 30 s, 2 h 5 min."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 and seconds != int(seconds) else f"{seconds:.0f} s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if not hours:
        return f"{minutes} min {left} s" if left else f"{minutes} min"
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
