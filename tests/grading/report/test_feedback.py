"""A student's page: it says what to mend, shows nothing hidden, and is safe whatever the student wrote."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import report_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.grading.record import Record, State
from helpers.grading.report import feedback
from helpers.grading.report.sheet import _DARK, _LIGHT, sheet
from helpers.grading.report.states import STATES, VERDICTS
from helpers.labs import Status

VOID = {"meta", "br"}
OPTIONAL = {"li", "td", "th", "tr", "dd", "dt", "thead", "tbody"}
"""Elements whose end tag HTML lets go."""


class Page(HTMLParser):
    """A page as its tags (with what is open around them) and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.parts: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in OPTIONAL:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


def read(record: Record) -> Page:
    return Page(feedback.page(record, samples.LAB))


def test_the_page_of_a_wrong_submission_in_words() -> None:
    text = read(samples.WRONG).text
    head, rest = text.split(" 1. Create the queues 0 of 4 points ")
    assert head == (
        "Lab 18: a queue that loses nothing Feedback for Jane Doe 1 of 17 points ▲ Handed in late. "
        "● Marked. Every task was examined. "
        "What to do: Where a check did not pass, read its reason, and look at “Try next” below it. "
        "Notes An earlier attempt (lab-1.ipynb) was not marked. "
        "Your tasks Task Points Checks 1. Create the queues 0 of 4 ✘ 2 failed "
        "2. Write the worker 1 of 6 ✔ 1 passed , ✘ 2 failed "
        "3. Keep the order of each customer 0 of 3 – 1 not attempted "
        "4. Explain your own run 0 of 4 read by a person"
    )
    first = rest.partition(" ✘ failed · 2. ")[0]
    assert first == (
        "✘ failed · 1. Each job is done once, also when a worker is slow. 0 of 2 "
        "A job was handed to a second worker while the first was still at it. "
        "Try next Station 2. The visibility timeout: open notebooks/18_sqs.ipynb#2.-The-visibility-timeout "
        "Watch it happen: devlab run '18_sqs.visibility?batch_size=5&arrival_every_s=0' , or in a notebook "
        'panel("18_sqs.visibility?batch_size=5&arrival_every_s=0") '
        "It is easy to believe: “The timeout of a message begins when the worker begins to work on it.” "
        "What is so: All messages of a receive are timed from that receive. The last of five waits for four "
        "others while its own time runs."
    )


@pytest.mark.parametrize("state", list(State))
def test_each_state_says_what_it_means_and_what_to_do(state: State) -> None:
    text = read(replace(samples.MANUAL, state=state, reason="it is so")).text
    words = STATES[state]
    said = f"{words.icon} {words.heading}. {words.meaning} It is so. What to do: {words.advice}"
    assert said.replace("`", "") in re.sub(r" (?=[,)])|(?<=[(]) ", "", text)


def test_every_status_has_an_icon_and_a_word_of_its_own() -> None:
    assert set(VERDICTS) == set(Status)
    assert len({icon for icon, _, _ in VERDICTS.values()}) == 4
    assert len({word for _, word, _ in VERDICTS.values()}) == 4


def test_full_marks_leave_nothing_to_do() -> None:
    record = replace(samples.RIGHT, total=17)
    assert "What to do: Nothing: you have all points." in read(record).text
    assert "Try next" not in read(record).text


def test_no_mark_is_never_a_zero() -> None:
    assert "No mark of 17 points" in read(samples.UNREADABLE).text


def test_a_mark_that_still_grows_says_so() -> None:
    assert "13 of 17 points; 4 more can still be given" in read(samples.MANUAL).text


def test_the_line_that_raised_is_marked() -> None:
    page = feedback.page(samples.CRASHED, samples.LAB)
    assert re.findall(r"<li>( *)<mark>(.*?)</mark> <b>(.*?)</b>", page) == [
        (" " * 8, "for message in reply[&quot;Messages&quot;]:", "◀ raised here")
    ]
    stopped = feedback.page(samples.TIMEOUT, samples.LAB)
    assert re.findall(r"<mark>(.*?)</mark> <b>(.*?)</b>", stopped) == [
        ("reply = sqs.receive_message(QueueUrl=url)", "◀ stopped here")
    ]


def test_an_error_is_told_once_and_blames_no_belief() -> None:
    text = read(samples.CRASHED).text
    section = text.partition("2. Write the worker 0 of 6 points")[2].partition("3. Keep the order")[0]
    assert section.count("KeyError in worker, line 4") == 1
    assert section.count("The same as above.") == 2
    assert "It is easy to believe" not in section
    assert "notebooks/18_sqs.ipynb#4.-Short-and-long-polling" in section


def test_what_was_not_begun_says_what_is_asked_and_where_to_begin() -> None:
    text = read(samples.WRONG).text
    assert (
        "– not attempted. send is not written yet. It asks for this: The jobs of a customer are done in the order in "
        "which they were sent. (3 points) Begin here Station 6. FIFO: order and repeated sends: open "
        "notebooks/18_sqs.ipynb#6.-FIFO:-order-and-repeated-sends Your code" in text
    )


def test_the_picture_stands_where_a_check_points_and_nowhere_else() -> None:
    ids = [attributes.get("id") for tag, attributes in read(samples.WRONG).tags if tag == "desc"]
    assert ids == ["trail-1-d", "trail-2-d"]
    assert "svg" not in [tag for tag, _ in read(samples.RIGHT).tags]
    assert "svg" not in [
        tag for tag, _ in read(samples.CRASHED).tags
    ]  # it has a trail, and no row to point to


def test_output_is_folded_and_cut() -> None:
    page = feedback.page(samples.TIMEOUT, samples.LAB)
    printed = page.partition("<summary>What it printed</summary>")[2].partition("</details>")[0]
    assert printed.startswith("<pre>still nothing 1\n")
    assert printed.endswith("still nothing 40</pre><p><small>1,959 more lines are not shown.</small></p>")


@pytest.mark.parametrize("record", samples.ALL, ids=lambda record: f"{record.state}-{record.total}")
def test_a_page_is_whole_accessible_and_fetches_nothing(record: Record) -> None:
    raw = feedback.page(record, samples.LAB)
    page = Page(raw)
    tags = [tag for tag, _ in page.tags]
    assert (page.wrong, page.open) == ([], [])
    assert ("html", {"lang": "en"}) in page.tags
    assert tags.count("h1") == tags.count("main") == tags.count("title") - tags.count("svg") == 1
    assert tags.count("table") == tags.count("caption")
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for _, attributes in page.tags if "href" in attributes]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert not set(tags) & {
        "script",
        "img",
        "link",
        "iframe",
        "object",
        "embed",
        "form",
        "base",
        "image",
        "use",
    }
    assert not [
        name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "src"
    ]
    assert "url(" not in raw
    assert "@import" not in raw


@pytest.mark.parametrize("record", samples.ALL, ids=lambda record: f"{record.state}-{record.total}")
def test_a_page_tells_no_seed_and_is_small(record: Record) -> None:
    page = feedback.page(record, samples.LAB)
    assert "4711" not in page
    assert len(page.encode()) < 60_000
    assert page == feedback.page(record, samples.LAB)


def test_hostile_text_is_text() -> None:
    page = feedback.page(samples.HOSTILE, samples.LAB)
    assert "<script" not in page
    assert "<img" not in page
    assert "<svg/onload" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩evil⟨U+0000⟩red" in page
    assert not set(page) & {"\u202e", "\x00", "\x1b", "\x07", "\r", "\ud800"}
    assert "x" * 401 not in page


nasty = st.text(st.characters()) | st.sampled_from(
    [samples.EVIL, "`" * 3, "</pre>", "]]>", "<!--", "&lt;", "in f, line 1"]
)


@settings(max_examples=60)
@given(nasty, nasty, nasty, nasty)
def test_no_text_breaks_out(name: str, reason: str, code: str, actor: str) -> None:
    task = samples.WRONG.tasks[1]
    trail = tuple(replace(row, actor=actor, operation=reason, error=name) for row in task.trail[:5])
    checks = tuple(
        replace(check, reason=reason, actor=actor, at_s=round(trail[0].start_s, 3)) for check in task.checks
    )
    task = replace(task, code=code, output=code, problem=reason, checks=checks, trail=trail)
    manual = replace(samples.WHY_WAITS, answer=code)
    record = replace(
        samples.WRONG, student=name, reason=reason, notes=(reason,), file=name, tasks=(task, manual)
    )
    clean = replace(record, student="x", reason="x", notes=("x",), file="x", tasks=(
        replace(task, code="x", output="x", problem="x", checks=tuple(replace(check, reason="x") for check in checks)),
        replace(manual, answer="x"),
    ))  # fmt: skip
    found, expected = read(record), read(clean)
    assert (found.wrong, found.open) == ([], [])
    # Whatever was written, the page has only tags that a harmless page has, and `code` for backticks.
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in expected.tags} | {"code", "mark", "b"}
    feedback.page(record, samples.LAB).encode()


def test_an_instructors_own_lab_has_no_stations() -> None:
    record = replace(samples.WRONG, lab="99_own")
    text = read(record).text
    assert "Station" not in text
    assert "devlab run 18_sqs.poison" in text


def test_a_page_costs_less_than_five_milliseconds() -> None:
    for record in (samples.WRONG, samples.HOSTILE):
        took = []
        for _ in range(20):
            started = time.thread_time()
            feedback.page(record, samples.LAB)
            took.append(time.thread_time() - started)
        assert min(took) < 0.005


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("table", [_LIGHT, _DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "soft"])
@pytest.mark.parametrize("ink", ["ink", "quiet", "good", "bad", "none", "mark"])
def test_contrast(table: dict[str, str], ground: str, ink: str) -> None:
    light, dark = sorted([luminance(table[ground]), luminance(table[ink])], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_a_title_is_escaped() -> None:
    assert "<title>&lt;b&gt;</title>" in sheet("<b>", "")
