"""What a feedback page may repeat of an error's message: nothing that was drawn for the student's code.

A message can hold what the code was given (`KeyError: 'order-8731'`). A number or a quoted text that does not stand
in the student's own source was given to it, so it is left out. A student who wants to smuggle an input out can still
do so letter by letter; that is why an instructor's seed is used once.
"""

from __future__ import annotations

import re

_GIVEN = re.compile(
    r"""(?<!\w)'[^']*(?:'|$)|"[^"]*(?:"|$)|`[^`]*(?:`|$)|\S*\d\S*|(?!\([A-Za-z.]+\))[\[{(].*[\])}]|\S{60,}"""
)
"""Quoted text, also where it was cut; what has a digit; a collection; and what is too long for a word.
A single word in brackets is none of these: it is where boto3 puts the error's code.
"""


def redacted(message: str, source: str) -> str:
    """`message` with "…" for every number, quoted text and collection that the student's `source` does not contain."""

    def shown(match: re.Match[str]) -> str:
        text = match[0]
        return text if text.strip("'\"`.,;:()") in source else "…"

    return re.sub(r"…(?:\s*…)+", "…", _GIVEN.sub(shown, message))
