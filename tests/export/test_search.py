from __future__ import annotations

import json

import pytest

from helpers.export import search
from helpers.export.body import Body, Heading, Part
from helpers.export.glossary import Entry

BODY = Body(
    "Queues",
    "",
    parts=(
        Part(Heading(1, "Queues", "Queues"), "start"),
        Part(Heading(2, "1. Hidden", "1.-Hidden"), "a message waits " * 40),
        Part(Heading(3, "Your turn", "Your-turn"), "try"),
    ),
)
TERM = Entry("DLQ", "dead-letter queue", "Where `bad` ones go.", ("RedrivePolicy",), "term-dlq", "", "")


def data(text: str) -> dict[str, list[list[object]]]:
    found: dict[str, list[list[object]]] = json.loads(
        text.removeprefix("window.COURSE_INDEX=").removesuffix(";\n")
    )
    return found


def test_the_index_holds_each_heading_and_each_term() -> None:
    assert data(search.index({"18_sqs": BODY}, [TERM])) == {
        "pages": [["18_sqs", "Queues"], ["glossary", "Glossary"]],
        "entries": [
            [0, "", "Queues", "start", ""],
            [0, "1.-Hidden", "1. Hidden", "a message waits " * 40, ""],
            [0, "Your-turn", "Your turn", "try", "1. Hidden"],
            [1, "term-dlq", "DLQ, dead-letter queue", "Where bad ones go. RedrivePolicy", ""],
        ],
    }


def test_an_index_that_is_too_large_keeps_every_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LIMIT", 400)
    text = search.index({"18_sqs": BODY}, [TERM])
    assert len(text.encode()) <= 400
    assert [entry[2] for entry in data(text)["entries"]] == [
        "Queues", "1. Hidden", "Your turn", "DLQ, dead-letter queue",
    ]  # fmt: skip


def test_the_script_is_valid_in_old_browsers() -> None:
    body = Body("A\u2028B", "", parts=(Part(Heading(1, "A\u2028B", "a"), "c\u2029d"),))
    assert r'"A\u2028B","c\u2029d"' in search.index({"x": body}, [])
