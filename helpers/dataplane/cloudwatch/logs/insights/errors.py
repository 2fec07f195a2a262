"""How a query is refused. Page: API/API_MalformedQueryException.html"""

from __future__ import annotations

from helpers.cloud import ServiceError


def malformed(sentence: str, text: str, start: int, end: int | None = None) -> ServiceError:
    """The error for a query that cannot be read: one `sentence`, with the line and the position of `start` in `text`.

    The answer also names the place as offsets, as AWS does.
    """
    line = text.count("\n", 0, start) + 1
    position = start - (text.rfind("\n", 0, start) + 1) + 1
    message = f"{sentence.rstrip('.')} (line {line}, position {position})."
    place = {"startCharOffset": start, "endCharOffset": start + 1 if end is None else end}
    return ServiceError(
        "MalformedQueryException",
        message,
        parsed={
            "Error": {"Code": "MalformedQueryException", "Message": message, "Type": "Sender"},
            "queryCompileError": {"location": place, "message": message},
        },
    )
