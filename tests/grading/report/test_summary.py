"""The instructor's page: it counts, and it names nobody."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
import report_samples as samples
from test_feedback import Page

from helpers.grading.record import Batch, State
from helpers.grading.report import similarity, summary
from helpers.sections.misconceptions import find_misconception


def read(batch: Batch) -> Page:
    return Page(summary.page(batch, samples.LAB))


def rows(raw: str, caption: str) -> list[list[str]]:
    """The cells of the table with that caption, without its head."""
    table = (
        raw.partition(f"<caption>{caption}</caption>")[2].partition("</table>")[0].partition("</thead>")[2]
    )
    return [
        [
            html.unescape(" ".join(re.sub("<[^>]*>", " ", cell).split()))
            for cell in re.split("<t[dh][^>]*>", line)[1:]
        ]
        for line in table.split("<tr>")[1:]
    ]


def test_the_distribution_counts_every_total_once() -> None:
    totals = [0, 1.69, 1.7, 8.5, 16.9, 17]
    records = [replace(samples.RIGHT, total=total) for total in totals]
    batch = replace(samples.BATCH, records=[*records, samples.UNREADABLE, samples.TAMPERED])
    raw = summary.page(batch, samples.LAB)
    assert rows(raw, "Submissions by points") == [
        ["0 to 1.7", "2"], ["1.7 to 3.4", "1"], ["3.4 to 5.1", "0"], ["5.1 to 6.8", "0"], ["6.8 to 8.5", "0"],
        ["8.5 to 10.2", "1"], ["10.2 to 11.9", "0"], ["11.9 to 13.6", "0"], ["13.6 to 15.3", "0"], ["15.3 to 17", "2"],
    ]  # fmt: skip
    assert (
        "6 totals: the median is 5.1, the mean 7.6, the lowest 0, the highest 17 of 17 points. "
        "2 submissions without a mark are not counted." in Page(raw).text
    )


def test_the_picture_has_a_bar_for_each_class_that_is_not_empty() -> None:
    raw = summary.page(samples.many(), samples.LAB)
    [bars] = re.findall(r'<path d="([^"]*)" class="fill-mark"', raw)
    counts = [int(row[1]) for row in rows(raw, "Submissions by points")]
    tall = [float(height) for height in re.findall(r"M\d+ ([\d.]+)h60V180h-60z", bars)]
    assert tall == [round(180 - 150 * count / max(counts), 1) for count in counts if count]


def test_states_are_counted_with_their_reasons() -> None:
    found = rows(summary.page(samples.many(20), samples.LAB), "How marking ended")
    assert [row[:2] for row in found] == [
        ["● graded", "8"], ["▲ partial", "2"], ["… needs-manual", "2"], ["▲ crashed", "2"], ["▲ timeout", "2"],
        ["▲ died", "2"], ["✘ unreadable", "2"],
    ]  # fmt: skip
    assert found[3][2].endswith("2 × KeyError in the student's code")
    assert found[6][2].endswith("2 × this is a web page, not a notebook: the download was not logged in")


def test_each_check_is_counted_by_its_status() -> None:
    found = rows(summary.page(samples.many(10), samples.LAB), "How each check ended")
    assert found == [
        ["Create the queues", "Each job is done once, also when a worker is slow. (2)", "78%", "7", "2", "0", "0"],
        ["A job that can never succeed is set aside after a few tries. (2)", "78%", "7", "2", "0", "0"],
        ["Write the worker", "An empty queue costs few calls. (1)", "62%", "5", "0", "2", "1"],
        ["No job is lost when a worker dies at work. (3)", "38%", "3", "2", "2", "1"],
        ["A job that was late is not done a second time by the same worker. (2)", "38%", "3", "2", "2", "1"],
        ["Keep the order of each customer", "The jobs of a customer are done in the order in which they were sent. (3)",
         "75%", "6", "0", "0", "2"],
    ]  # fmt: skip


def test_beliefs_are_those_of_failed_checks_by_their_number() -> None:
    one = replace(samples.WRONG, tasks=samples.WRONG.tasks[:1])
    batch = replace(samples.BATCH, records=[samples.WRONG, one, samples.CRASHED])
    found = rows(summary.page(batch, samples.LAB), "The most frequent misconceptions")
    names = ["dlq_counts_failures", "timeout_starts_with_work", "queue_deletes_on_receive"]
    known = [find_misconception("18_sqs", name) for name in names]
    assert [row[0] for row in found] == ["2", "2", "1"]
    for row, belief in zip(found, known, strict=True):
        said = f'“{belief.belief}” {belief.truth} Watch it: panel("{belief.run}") Station '
        assert row[1].startswith(said)


def test_the_slowest_come_first_as_digits_of_their_hash() -> None:
    batch = samples.many(30)
    found = rows(summary.page(batch, samples.LAB), "Processor time")
    slow = sorted(batch.records, key=lambda record: -record.seconds)[:10]
    assert found == [[one.sha256[:12], f"{one.seconds:.2f} s", one.state.value] for one in slow]


NAMES = ("Jane Doe", "Zoë Ångström", "Peter Pan", "12345")


def test_nobody_is_named() -> None:
    leaks = [
        replace(samples.WRONG, reason="Jane Doe/lab.ipynb: jane doe wrote “Zoë Ångström” (Peter Pan) and `Peter Pan`"),
        replace(samples.CRASHED, student="Zoë Ångström", file="Zoë Ångström.ipynb",
                reason="KeyError in jane_doe, line 3 (`x`): Jane Doe"),
        replace(samples.DIED, reason="ValueError: Peter Pan"),
        replace(samples.UNREADABLE, reason="submission 12345678 is half a file", student="Jane Doe"),
        replace(samples.UNREADABLE, student="Jane Doe", file="x/Jane Doe_12345_file_.ipynb",
                reason="Jane Doe_12345_file_.ipynb is half a file"),
    ]  # fmt: skip
    raw = summary.page(replace(samples.BATCH, records=[*samples.ALL, *leaks]), samples.LAB)
    for name in (
        *NAMES,
        *(record.student for record in samples.ALL),
        "jane_doe",
        "assignsubmission",
        "ipynb is",
    ):
        assert name.lower() not in raw.lower(), name
    assert "1 thing matched no student or no lab." in Page(raw).text


def test_what_a_person_wrote_about_an_override_is_not_shown() -> None:
    note = "send: 2 of 4 points, set by N. Lecturer: Ada showed it to me"
    one = replace(samples.TIMEOUT, notes=(note,), reason=f"{samples.TIMEOUT.reason} {note}")
    assert summary.anonymous(one) == summary.anonymous(samples.TIMEOUT)


def test_equal_troubles_have_equal_words() -> None:
    reasons = ["KeyError in worker, line 4 (`a`): 'x'", "KeyError in run, line 9 (`b`): 'y'", "KeyError: 'z'"]
    assert {summary.anonymous(replace(samples.CRASHED, reason=reason)) for reason in reasons} == {
        "KeyError in the student's code"
    }


@pytest.mark.parametrize("records", [[], [samples.UNREADABLE], list(samples.ALL), samples.many(300).records])
def test_the_page_is_whole_and_repeats(records: list[object]) -> None:
    batch = replace(samples.BATCH, records=records, unmatched=[])
    raw = summary.page(batch, samples.LAB)
    page = Page(raw)
    assert (page.wrong, page.open) == ([], [])
    assert raw == summary.page(batch, samples.LAB)
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption")
    assert "<script" not in raw
    assert len(raw) < 40_000
    assert "Everything that was handed in belongs to a student and to the lab." in page.text


def test_the_order_of_submissions_does_not_matter() -> None:
    batch = samples.many(40)
    turned = replace(batch, records=batch.records[::-1])
    for caption in (
        "How marking ended",
        "Submissions by points",
        "Processor time",
        "The most frequent misconceptions",
    ):
        assert rows(summary.page(batch, samples.LAB), caption) == rows(
            summary.page(turned, samples.LAB), caption
        )


def test_a_state_without_a_mark_is_not_in_the_distribution() -> None:
    assert set(summary.UNMARKED) == {State.UNREADABLE, State.TAMPERED}
    assert "No submission has a total." in read(replace(samples.BATCH, records=[samples.TAMPERED])).text


def test_pairs_that_are_alike_are_shown_without_names() -> None:
    one, other = samples.BATCH.records[:2]
    pairs = [
        similarity.Pair(one.student, other.student, "worker", 0.9, 0.95, "1 to 4", "2 to 5", "code"),
        similarity.Pair(one.student, similarity.PUBLISHED, "worker", 0.7, 0.8, "1", "1", "code"),
    ]
    raw = summary.page(samples.BATCH, samples.LAB, pairs)
    assert rows(raw, "The most alike") == [
        [one.sha256[:12], other.sha256[:12], "worker", "90%", "95%"],
        [one.sha256[:12], "(published solution)", "worker", "70%", "80%"],
    ]
    assert "2 pairs;" in Page(raw).text
    assert "alike" not in Page(summary.page(samples.BATCH, samples.LAB)).text
