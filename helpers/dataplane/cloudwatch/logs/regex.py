"""Regular expressions in filter patterns, which stand between two percent signs: %gr[ae]y%.

Page: LOGS/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SUPPORTED = re.compile(r"[A-Za-z0-9\s:_#=@/;,\-^$?\[\]{}|\\*+.]+", re.ASCII)
"""Letters, digits, some symbols and operators. Brackets that make a group are none of them, and so no pattern can ask
for repetitions of repetitions. White space is in AWS's examples.
"""


def regex(text: str, wrong: Callable[[], Exception]) -> re.Pattern[str]:
    """What stands between the percent signs of `text`; `wrong` makes the error if AWS does not support it."""
    between = text[1:-1]
    if not (len(text) > 2 and text[0] == text[-1] == "%" and _SUPPORTED.fullmatch(between)):
        raise wrong()
    try:
        return re.compile(between)
    except (re.error, OverflowError, RecursionError) as error:
        raise wrong() from error
