from __future__ import annotations

from helpers.export.body import Body, Heading, Part
from helpers.export.glossary import Entry, entries
from helpers.sections.glossary import Term

HEADINGS = [Heading(1, "Queues", "Queues"), Heading(2, "Paths", "Paths"), Heading(2, "1. Wait", "1.-Wait"),
            Heading(2, "2. Dead letters", "2.-Dead-letters")]  # fmt: skip
WORDS = ["the DLQ in short", "FIFO", "it has a DLQ", "set aside"]
BODY = Body("Queues", "", parts=tuple(Part(heading, words) for heading, words in zip(HEADINGS, WORDS)))


def entry(term: Term) -> Entry:
    return entries([term], {"18_sqs": BODY})[0]


def test_a_term_leads_to_the_heading_that_names_it_or_else_to_the_first_text_that_does() -> None:
    named = entry(Term("DLQ", "dead-letter queue", "Bad ones.", "18_sqs", ("dead letter",)))
    assert named == Entry("DLQ", "dead-letter queue", "Bad ones.", ("dead letter",), "term-dlq",
                          "Section 18: 2. Dead letters", "18_sqs.html#2.-Dead-letters")  # fmt: skip
    assert entry(Term("DLQ", "", "Bad ones.", "18_sqs")).href == "18_sqs.html#1.-Wait"
    assert entry(Term("FIFO", "", "In order.", "18_sqs")).href == "18_sqs.html#Paths"
    assert entry(Term("L", "", "No word begins so.", "18_sqs")).href == "18_sqs.html#Queues"


def test_a_section_that_is_not_on_the_site_is_only_named() -> None:
    found = entry(Term("IAM", "", "Who may.", "01_iam"))
    assert (found.taught, found.href) == ("Section 1: Global infrastructure and IAM.", "")


def test_the_order_is_alphabetical_and_signs_do_not_count() -> None:
    terms = [
        Term(term, "", "x", "01_iam")
        for term in ("zone", "$LATEST", "%aws", "99th percentile", "API", "ähnlich")
    ]
    assert [(one.letter, one.term) for one in entries(terms, {})] == [
        ("0-9", "99th percentile"), ("A", "%aws"), ("A", "API"), ("A", "ähnlich"), ("L", "$LATEST"), ("Z", "zone"),
    ]  # fmt: skip
