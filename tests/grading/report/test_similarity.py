"""Copies are found, also renamed and reordered ones; what everyone was given or writes is not."""

from __future__ import annotations

import builtins
import csv
import io
import random
import re
import time

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from helpers.grading.report import similarity
from helpers.grading.report.fingerprints import GUARANTEE, NOISE, WINDOW, every_run, fingerprints, tokens
from helpers.grading.report.similarity import PUBLISHED, Pair, similar, sources_of, to_csv

COPY = '''def worker(sqs, url, handle):
    """Released docstring."""
    seen = {}
    while len(seen) < 50:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3, WaitTimeSeconds=18)
        for item in sorted(answer.get("Messages", []), key=lambda one: one["MessageId"]):
            if item["MessageId"] in seen:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=item["ReceiptHandle"])
                continue
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=item["ReceiptHandle"], VisibilityTimeout=95)
            seen[item["MessageId"]] = handle(item["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=item["ReceiptHandle"])
    return list(seen.values())
'''
RELEASED = {
    "worker": 'def worker(sqs, url, handle):\n    """Released docstring."""\n    raise NotImplementedError\n'
}


def renamed(source: str) -> str:
    """The copy after a search and replace."""
    for old, new in (
        ("seen", "done"),
        ("answer", "r"),
        ("item", "m"),
        ("one", "x"),
        ("50", "40"),
        ("95", "120"),
    ):
        source = re.sub(rf"\b{old}\b", new, source)
    return source.replace("    ", "  ").replace('"Messages"', "'Messages'")


def own(seed: int) -> str:
    """Code of somebody's own: random statements over the calls of the lab."""
    draw = random.Random(seed)
    calls = [
        "receive_message",
        "send_message",
        "delete_message",
        "get_queue_attributes",
        "create_queue",
        "purge_queue",
    ]
    names = ["a", "batch", "reply", "count", "left", "url", "body", "wait", "job", "total", "state", "rows"]
    kinds = [
        lambda: f"{draw.choice(names)} = sqs.{draw.choice(calls)}(QueueUrl={draw.choice(names)})",
        lambda: f"if {draw.choice(names)} {draw.choice(['<', '>', 'in', '=='])} {draw.choice(names)}: return",
        lambda: f"{draw.choice(names)}[{draw.choice(names)}] += {draw.choice(names)} * {draw.randint(1, 9)}",
        lambda: f"for {draw.choice(names)} in {draw.choice(['range', 'set'])}({draw.choice(names)}): pass",
        lambda: f"print({draw.choice(names)}, {draw.choice(names)}, sep='')",
        lambda: f"{draw.choice(names)}.{draw.choice(['append', 'pop'])}({draw.choice(names)})",
        lambda: f"while not {draw.choice(names)}: {draw.choice(names)} = handle({draw.choice(names)})",
    ]  # fmt: skip
    lines = [f"    {draw.choice(kinds)()}" for _ in range(14)]
    return "def worker(sqs, url, handle):\n" + "\n".join(lines) + "\n"


def two(seed: int) -> str:
    """Thirty lines of somebody's own."""
    return own(seed) + own(9_000 + seed).replace("worker", "helper")


def class_of(**cells: str) -> dict[str, dict[str, str]]:
    """Twelve students with code of their own, and those given."""
    students = {f"student {place:02}": own(place) for place in range(12)} | cells
    return {student: {"worker": source} for student, source in students.items()}


def found(pairs: list[Pair]) -> set[tuple[str, str]]:
    return {(pair.one, pair.other) for pair in pairs}


def test_a_class_of_independent_work_has_no_pairs() -> None:
    assert similar(class_of(), RELEASED, {}) == []


def test_a_copy_is_found_with_its_lines() -> None:
    [pair] = similar(class_of(ann=COPY, bob=COPY), RELEASED, {})
    assert (pair.one, pair.other, pair.task, pair.same, pair.renamed) == ("ann", "bob", "worker", 1.0, 1.0)
    assert pair.lines_one == pair.lines_other == "1 to 13"
    assert pair.fragment.startswith(
        'def worker(sqs, url, handle): """Released docstring.""" seen = {} while len(seen) < 50: answer = '
    )


def test_a_renamed_copy_is_found_and_told_from_one_as_written() -> None:
    [pair] = similar(class_of(ann=COPY, bob=renamed(COPY)), RELEASED, {})
    assert (pair.one, pair.other, pair.renamed) == ("ann", "bob", 1.0)
    assert pair.same < similarity.SAME


def test_comments_blanks_and_docstrings_hide_nothing() -> None:
    hidden = COPY.replace("\n", "  # mine\n\n").replace('"""Released docstring."""', '"""My own words."""')
    [pair] = similar(class_of(ann=COPY, bob=hidden), RELEASED, {})
    assert pair.same == 1.0


def test_a_copy_pasted_into_a_longer_cell_still_scores_one() -> None:
    longer = (
        own(90) + "\n\n" + COPY.replace("def worker", "def copied") + "\n" + own(91).replace("worker", "more")
    )
    [pair] = similar(class_of(ann=COPY, bob=longer), RELEASED, {})
    assert pair.same >= 0.9
    assert pair.lines_one == "1 to 13"
    assert pair.lines_other == "18 to 30"


def test_functions_in_another_order_hide_nothing() -> None:
    one, two = COPY, renamed(COPY).replace("worker", "other") + own(80).replace("worker", "third")
    [pair] = similar(class_of(ann=one + two, bob=two + one), RELEASED, {})
    assert pair.same >= 0.9


@pytest.mark.parametrize(("lines", "score"), [(6, None), (8, 0.6667), (10, 0.8), (11, 0.9)])
def test_the_score_grows_with_what_was_copied(lines: int, score: float | None) -> None:
    part = "".join(COPY.splitlines(keepends=True)[:lines]) + own(70).partition("\n")[2]
    pairs = similar(class_of(ann=COPY, bob=part), RELEASED, {})
    expected = [] if score is None else [(score, f"1 to {lines}", f"1 to {lines}")]
    assert [(pair.same, pair.lines_one, pair.lines_other) for pair in pairs] == expected


def test_the_published_solution_is_one_to_compare_with() -> None:
    pairs = similar(class_of(ann=COPY), RELEASED, {"worker": COPY})
    assert found(pairs) == {("ann", PUBLISHED)}


def test_many_who_copied_the_solution_are_each_told_once() -> None:
    copies = {f"copy {place}": COPY for place in range(8)}
    pairs = similar(class_of(**copies), RELEASED, {"worker": COPY})
    # Eight of twenty write the same: among classmates that is the natural form; against the solution it still counts.
    assert found(pairs) == {(name, PUBLISHED) for name in copies}


def test_a_ring_of_five_is_found() -> None:
    copies = {f"ring {place}": COPY for place in range(5)}
    assert len(similar(class_of(**copies), RELEASED, {})) == 10


def test_what_was_released_does_not_count() -> None:
    assert similar({name: {"worker": COPY} for name in "abc"}, {"worker": COPY}, {"worker": COPY}) == []
    blank = {name: {"worker": RELEASED["worker"]} for name in "abcdefg"}
    assert similar(blank, RELEASED, {}) == []


def test_a_short_cell_does_not_count() -> None:
    short = "def worker(sqs, url, handle):\n    return [handle(one) for one in sqs.receive_message(QueueUrl=url)]\n"
    assert similar({"a": {"worker": short}, "b": {"worker": short}}, RELEASED, {}) == []


def test_tasks_are_compared_with_their_own_kind() -> None:
    assert similar({"a": {"one": COPY}, "b": {"two": COPY}}, {}, {}) == []
    assert similar({}, {}, {}) == []
    assert similar({"a": {"one": COPY}}, {}, {}) == []


def test_the_result_does_not_depend_on_the_order_of_submissions() -> None:
    cells = class_of(ann=COPY, bob=renamed(COPY), cid=COPY)
    turned = dict(reversed(cells.items()))
    assert similar(cells, RELEASED, {"worker": COPY}) == similar(turned, RELEASED, {"worker": COPY})


def test_the_csv_names_pairs_and_runs_no_formula() -> None:
    pairs = [Pair("=cmd", "bob", "worker", 1.0, 0.987, "3 to 13", "3 to 13 and 20", '=1 "x"')]
    text = to_csv(pairs)
    assert text.startswith("\ufeffone,other,task,same,renamed,lines_one,lines_other,fragment\r\n")
    assert list(csv.reader(io.StringIO(text[1:], newline="")))[1:] == [
        ["'=cmd", "bob", "worker", "1.00", "0.99", "3 to 13", "3 to 13 and 20", '\'=1 "x"']
    ]


def test_sources_of_a_batch() -> None:
    found = sources_of(samples.BATCH)
    assert found["Jane Doe"] == {
        "queues": samples.QUEUES,
        "worker": samples.WORKER,
        "order": samples.RELEASED["order"],
    }
    assert found["Sam Lee"] == {}


@given(st.text(st.characters()))
def test_any_text_has_tokens_on_its_lines(source: str) -> None:
    taken = tokens(source)
    assert len(taken.exact) == len(taken.renamed) == len(taken.lines)
    assert list(taken.lines) == sorted(taken.lines)
    assert all(1 <= line <= source.count("\n") + 1 for line in taken.lines)
    similar({"a": {"t": source}, "b": {"t": source}}, {}, {"t": source})


def test_tokens_of_a_line() -> None:
    taken = tokens("reply = sqs.receive_message(QueueUrl=url, n=3)  # text\nif reply != len('a b'): pass")
    assert taken.exact == (
        "reply", "=", "sqs", ".", "receive_message", "(", "QueueUrl", "=", "url", ",", "n", "=", "3", ")",
        "if", "reply", "!=", "len", "(", "'a b'", ")", ":", "pass",
    )  # fmt: skip
    assert taken.renamed == (
        "n", "=", "n", ".", "receive_message", "(", "QueueUrl", "=", "n", ",", "n", "=", "0", ")",
        "if", "n", "!=", "len", "(", "s", ")", ":", "pass",
    )  # fmt: skip
    assert taken.lines == (1,) * 14 + (2,) * 9


words = st.lists(st.sampled_from("abcdefgh"), max_size=60).map(tuple)


runs = st.lists(st.sampled_from("abcdefgh"), min_size=GUARANTEE, max_size=GUARANTEE).map(tuple)


@given(st.tuples(words, words), runs, st.tuples(words, words))
def test_a_shared_run_as_long_as_the_guarantee_is_found(
    one: tuple[tuple[str, ...], ...], run: tuple[str, ...], other: tuple[tuple[str, ...], ...]
) -> None:
    assert fingerprints(one[0] + run + one[1]).keys() & fingerprints(other[0] + run + other[1]).keys()


@given(words)
def test_fingerprints_are_some_of_all_runs_and_one_in_each_window(sequence: tuple[str, ...]) -> None:
    marks = fingerprints(sequence)
    assert marks.keys() <= every_run(sequence)
    runs = len(sequence) - NOISE + 1
    assert all(0 <= place < runs for place in marks.values())
    if runs > 0:
        assert marks
        by_place = {place: every_run(sequence[place : place + NOISE]) for place in range(runs)}
        for first in range(runs - WINDOW + 1):
            assert marks.keys() & set().union(*(by_place[place] for place in range(first, first + WINDOW)))


def test_a_fingerprint_does_not_depend_on_the_process() -> None:
    assert fingerprints(tuple("abcdefghij")) == {4_621_666_993_385_740_320: 0}


@pytest.mark.slow
def test_three_hundred_submissions_take_less_than_five_seconds() -> None:
    tasks = ("queues", "worker", "order", "mend", "more")
    cells = {
        f"student {place:03}": {task: two(10 * place + number) for number, task in enumerate(tasks)}
        for place in range(298)
    }
    cells |= {name: dict.fromkeys(tasks, COPY) for name in ("ann", "bob")}
    started = time.process_time()
    pairs = similar(cells, dict.fromkeys(tasks, RELEASED["worker"]), dict.fromkeys(tasks, renamed(COPY)))
    assert time.process_time() - started < 5
    assert {(pair.one, pair.other) for pair in pairs} == {
        ("ann", "bob"),
        ("ann", PUBLISHED),
        ("bob", PUBLISHED),
    }


def test_builtins_are_not_names_of_a_student() -> None:
    assert tokens("len(len)").renamed == ("len", "(", "len", ")")
    assert hasattr(builtins, "len")
