"""A lab in the notebook: what a check, a hint and a solution show, whatever the learner's cells hold."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from IPython.core.events import EventManager, available_events
from IPython.core.interactiveshell import ExecutionInfo

import helpers
from helpers import Cloud
from helpers.labs import Finding, Lab, LabError, Status, Task, load_lab
from helpers.labs.build import solution_sources
from helpers.ui.history import History, executed, latest
from helpers.ui.lab import OpenLab, open_lab
from helpers.ui.lab_card import TaskCard, card_html

SAMPLE = Path(__file__).parents[1] / "labs" / "sample"
LAB = load_lab(str(SAMPLE))
SOLUTIONS = solution_sources(LAB)
NO_LIMIT = "def count_words(text, limit):\n    return len(text.split())\n"


class Kernel:
    """The cells that were run, and the lab that looks at them."""

    def __init__(self, lab: Lab = LAB) -> None:
        self.cells: list[str] = [""]
        self.lab = OpenLab(lab, lambda: self.cells)

    def run(self, *sources: str) -> None:
        self.cells += [f"{source}\n" for source in sources]

    def findings(self, task: str) -> dict[str, Finding]:
        return dict(self.lab.examine(LAB.task(task)))

    def statuses(self, task: str) -> list[str]:
        return [finding.status.value for finding in self.findings(task).values()]


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


# ---- which source counts


def test_the_last_cell_that_defines_the_tasks_functions_counts() -> None:
    task = Task("t", "T", ("a", "b"), (), ())
    both, main, other = "def a(): 1\ndef b(): 1", "def a(): 2", "def b(): 2"
    assert latest(task, []) is None
    assert latest(task, ["", other, "a = 1"]) is None
    assert latest(task, [both, main, other]) == both
    assert latest(task, [main, other]) == main
    assert latest(task, [both, "def a(): 3\ndef b(): 3", "x"]) == "def a(): 3\ndef b(): 3"


def test_a_cell_with_a_slip_is_still_the_learners_last_word() -> None:
    task = Task("t", "T", ("a",), (), ())
    assert latest(task, ["def a(): return 1", "def a(:\n    return 2"]) == "def a(:\n    return 2"
    assert latest(task, ["def a(): return 1", "text = 'def a(): x'"]) == "def a(): return 1"


def test_outside_a_notebook_nothing_was_run() -> None:
    assert executed() == []


def test_the_history_holds_what_ran_before_and_each_cell_that_starts_from_then_on() -> None:
    shell = SimpleNamespace(history_manager=SimpleNamespace(input_hist_raw=["", "a = 1"]))
    shell.events = EventManager(shell, available_events)
    history = History(shell)
    for source in ("%time b = 2\ndef f(): return a + b", "def f(:"):
        shell.events.trigger("pre_run_cell", ExecutionInfo(source, False, False, True, None))
    assert history() == ["", "a = 1", "pass  # %time b = 2\ndef f(): return a + b", "def f(:"]


# ---- verdicts


def test_a_task_whose_cell_was_not_run_is_not_attempted(kernel: Kernel) -> None:
    found = kernel.findings("count")
    assert [*found] == ["total", "limit"]
    assert {(one.status, one.reason) for one in found.values()} == {
        (Status.NOT_ATTEMPTED, "Run the cell of this task first.")
    }


def test_a_cell_as_it_was_released_is_not_attempted(kernel: Kernel) -> None:
    kernel.run(
        "def count_words(text, limit):  # mine\n"
        '    """The number of words of `text`; raises ValueError if there are more than `limit`."""\n'
        '    raise NotImplementedError("count: replace this line with your code")'
    )
    assert {one.reason for one in kernel.findings("count").values()} == {"count_words is not written yet."}
    kernel.run(kernel.lab._released["worker"])
    assert {one.reason for one in kernel.findings("worker").values()} == {
        "The cell is still as it was given."
    }
    assert kernel.statuses("count") + kernel.statuses("worker") == ["not attempted"] * 3


def test_right_wrong_and_crashed(kernel: Kernel) -> None:
    kernel.run(SOLUTIONS["count"])
    assert kernel.statuses("count") == ["passed", "passed"]
    kernel.run(NO_LIMIT)
    assert kernel.statuses("count") == ["passed", "failed"]
    kernel.run("def count_words(text, limit):\n    return text.words")
    assert kernel.statuses("count") == ["crashed", "crashed"]
    assert kernel.findings("count")["total"].reason == (
        "AttributeError in count_words, line 2 (`return text.words`): 'str' object has no attribute 'words'"
    )


def test_a_cell_that_is_no_python_crashes(kernel: Kernel) -> None:
    kernel.run(SOLUTIONS["count"], "def count_words(text, limit):\n    return len(")
    found = kernel.findings("count")
    assert {one.status for one in found.values()} == {Status.CRASHED}
    assert found["total"].reason.startswith("SyntaxError in the cell, line 2 (`return len(`)")


@pytest.mark.parametrize(
    "broken", ["def drain(sqs, queue:\n    pass", "def drain(sqs, queue):\n    pass\n1 / 0"]
)
def test_the_cells_of_other_tasks_do_not_disturb(kernel: Kernel, broken: str) -> None:
    kernel.run(SOLUTIONS["count"], broken)
    assert kernel.statuses("count") == ["passed", "passed"]


def test_an_error_is_that_of_the_tasks_own_cell(kernel: Kernel) -> None:
    kernel.run(f"{NO_LIMIT}\n1 / 0", "def drain(sqs, queue):\n    return (")
    assert kernel.findings("worker")["emptied"].reason.startswith("SyntaxError in the cell, line 2")


def test_a_task_may_use_what_another_ones_cell_defines_and_the_labs_imports(kernel: Kernel) -> None:
    kernel.run(
        f"{SOLUTIONS['worker']}\ndef words_of(text):\n    return BLANK.split(text.strip())",
        "def count_words(text, limit):\n    found = words_of(text)\n"
        "    if len(found) > limit:\n        raise ValueError\n    return len(found)",
    )
    # The grader runs the cells in the notebook's order, whichever was run first.
    assert kernel.statuses("count") == ["passed", "passed"]


def test_a_name_that_only_the_notebook_has_does_not_count(kernel: Kernel) -> None:
    kernel.run("import string", "def count_words(text, limit):\n    return string.capwords(text)")
    assert kernel.findings("count")["total"].reason.startswith("NameError in count_words, line 2")


def test_the_learners_own_account_is_left_alone(kernel: Kernel) -> None:
    with Cloud(seed=1) as cloud:
        cloud.client("sqs").create_queue(QueueName="mine")
        kernel.run(SOLUTIONS["worker"])
        assert kernel.statuses("worker") == ["passed"]
        assert list(cloud.trail["operation"]) == ["CreateQueue"]
        urls = cloud.client("sqs").list_queues()["QueueUrls"]
        assert [url.rpartition("/")[2] for url in urls] == ["mine"]


# ---- the card


def test_a_card_says_each_verdict_with_its_points_and_what_to_try_next(kernel: Kernel) -> None:
    kernel.run(NO_LIMIT)
    assert kernel.lab.check("count").still().text == (
        "Count the words: 2 of 3 points\n"
        "✔ passed (2 of 2 points) Every word of a text is counted, however many blanks stand around it.\n"
        "✘ not yet (0 of 1 point) A text with more words than allowed is refused with a ValueError.\n"
        "A text with more words than allowed is counted like any other.\n"
        "Try next\n"
        "Station 1. A queue between two programs in notebooks/18_sqs.ipynb, or the run 18_sqs.visibility?batch_size=5."
    )


def test_the_row_of_the_trail_is_named(kernel: Kernel) -> None:
    kernel.run("def drain(sqs, queue):\n    sqs.receive_message(QueueUrl=queue)")
    assert (
        "was in the queue again. <small>(at 0.1 s, <code>you</code>)</small>"
        in kernel.lab.check("worker").words
    )


def test_a_reason_that_all_checks_share_is_said_once(kernel: Kernel) -> None:
    assert kernel.lab.check("count").words.count("Run the cell of this task first.") == 1
    assert "Try next" not in kernel.lab.check("count").words


def test_a_students_text_is_only_text(kernel: Kernel) -> None:
    kernel.run(
        "def count_words(text, limit):\n    print('<script>alert(1)</script>')\n"
        "    raise ValueError('<img src=x onerror=alert(2)>')"
    )
    words = kernel.lab.check("count").words
    assert "<script" not in words
    assert "<img" not in words
    assert "&lt;script&gt;alert(1)" in words
    assert "ValueError in count_words, line 3" in words


def test_what_the_code_prints_is_folded_away_and_cut(
    kernel: Kernel, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel.run("def count_words(text, limit):\n    print('x' * 5_000)\n    return 0")
    words = kernel.lab.check("count").words
    assert f"<details><summary>What your code printed</summary><pre>{'x' * 2_000}…</pre></details>" in words
    assert capsys.readouterr().out == ""


def test_check_again_looks_at_what_was_run_since_and_the_still_stays(kernel: Kernel) -> None:
    card = kernel.lab.check("count")
    assert card.announcer.said.startswith("Count the words: 0 of 3 points Run the cell")
    first = card.still()
    kernel.run(SOLUTIONS["count"])
    card.again.click()
    assert "3 of 3 points" in card.said.value
    assert card.still() == first


def test_the_output_holds_text_and_html_and_no_picture(kernel: Kernel) -> None:
    data, _ = kernel.lab.check("count")._repr_mimebundle_()
    assert {"text/plain", "text/html"} < set(data)
    assert "image/png" not in data


def test_a_failed_check_offers_the_run_that_shows_why(kernel: Kernel) -> None:
    kernel.run(NO_LIMIT)
    card = kernel.lab.check("count")
    (see,) = card.evidence.children
    assert see.description == "See it: 18_sqs.visibility?batch_size=5"
    see.click()
    assert len(card.slot.children) == 1
    assert card.error_text == ""
    kernel.run(SOLUTIONS["count"])
    card.again.click()
    assert card.evidence.children == card.slot.children == ()


def test_a_misspelt_task_is_one_sentence_with_those_that_come_close(kernel: Kernel) -> None:
    for ask in (kernel.lab.check, kernel.lab.hint, kernel.lab.solution, kernel.lab.need):
        with pytest.raises(LabError) as error:
            ask("cuont")
        assert str(error.value) == "There is no task 'cuont'; there is count."


def test_a_defect_of_the_lab_does_not_look_like_the_learners(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "sample"))
    text = (folder / "checks.py").read_text(encoding="utf-8")
    (folder / "checks.py").write_text(text.replace('"total",', '"totals",'), encoding="utf-8")
    kernel = Kernel(load_lab(str(folder)))
    kernel.run(SOLUTIONS["count"])
    card = kernel.lab.check("count")
    assert "That is a defect of the lab, not of your code." in card.words
    assert "The task count has no check &#x27;totals&#x27;." in card.error_text


@pytest.mark.slow
def test_a_check_can_be_interrupted(kernel: Kernel) -> None:
    import _thread

    kernel.run("def drain(sqs, queue):\n    while True:\n        pass")
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    card = kernel.lab.check("worker")
    timer.join()
    assert card.words == "<p>Stopped before the check came to an end.</p>"
    kernel.run(SOLUTIONS["worker"])
    card.again.click()
    assert "3 of 3 points" in card.words


def test_a_manual_task_is_left_to_a_person() -> None:
    task = Task("why", "Say why", (), (), (), manual=True, manual_points=4)
    words = card_html(LAB, task, {})
    assert words == (
        "<h4>Say why: 4 points</h4><p>A person marks this answer. Write it into the cell above.</p>"
    )


# ---- hints and the solution


def test_hints_come_one_by_one_and_then_the_solution_opens(kernel: Kernel) -> None:
    lab = kernel.lab
    closed = 'The solution opens after the hints, and {} of 2 {} left: hint("count") shows the next one.'
    assert lab.solution("count").still().text == closed.format(2, "are")
    first = "Hint 1 of 2, Count the words: Words are what stands between blanks."
    assert lab.hint("count").still().text == first
    assert lab.hint("count", 1).still().text == first
    assert lab.solution("count").still().text == closed.format(1, "is")
    last = (
        "Hint 2 of 2, Count the words: str.split() without an argument cuts at any number of blanks. "
        "The solution opens now."
    )
    assert lab.hint("count").still().text == last
    assert lab.hint("count").still().text == last
    assert lab.solution("count").still().html == (
        "<p><strong>One solution, Count the words:</strong></p><pre>"
        + SOLUTIONS["count"].replace('"', "&quot;").replace(">", "&gt;")
        + "</pre>"
    )
    assert "2 of 2 are left" in lab.solution("worker").still().text


def test_the_last_hint_alone_does_not_open_the_solution(kernel: Kernel) -> None:
    kernel.lab.hint("count", 2)
    assert "1 of 2 is left" in kernel.lab.solution("count").still().text
    assert kernel.lab.hint("count").still().text.startswith("Hint 1 of 2")
    assert "One solution" in kernel.lab.solution("count").still().text


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_hint_that_is_not_there_is_one_sentence(kernel: Kernel, number: int) -> None:
    with pytest.raises(LabError) as error:
        kernel.lab.hint("count", number)
    assert str(error.value) == "The task count has 2 hints: ask for 1 to 2."


def test_the_buttons_of_a_card_follow_the_hints_wherever_they_are_asked_for(kernel: Kernel) -> None:
    card = kernel.lab.check("count")
    assert (card.hint.description, card.hint.disabled, card.solution.disabled) == ("Hint 1 of 2", False, True)
    card.hint.click()
    assert "Words are what stands between blanks." in card.more.value
    kernel.lab.hint("count")
    assert (card.hint.description, card.hint.disabled, card.solution.disabled) == (
        "No more hints",
        True,
        False,
    )
    card.solution.click()
    assert "One solution" in card.more.value
    assert "Words are what stands" in card.more.value
    other: TaskCard = kernel.lab.check("count")
    assert not other.solution.disabled


def test_an_edition_without_the_authors_notebook_has_no_solution(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "sample"))
    (folder / "source.ipynb").unlink()
    kernel = Kernel(load_lab(str(folder)))
    kernel.run(NO_LIMIT)
    assert kernel.statuses("count") == ["passed", "failed"]
    card = kernel.lab.check("count")
    card.hint.click()
    card.hint.click()
    assert card.solution.disabled
    assert kernel.lab.solution("count").still().text == "There is no solution to show for Count the words."


# ---- opening


@pytest.fixture
def _in_the_labs_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(SAMPLE)
    load_lab.cache_clear()
    yield
    load_lab.cache_clear()


@pytest.mark.usefixtures("_in_the_labs_folder")
def test_a_lab_is_opened_by_its_folder_or_its_id() -> None:
    opened = open_lab(".")
    assert repr(opened) == "A counter of words: 6 points in the tasks count, worker."
    assert opened.need("count") == {"limit": 32, "patience_s": 793}
    assert helpers.open_lab is open_lab
    with pytest.raises(LabError, match=r"^There is no lab '18_sqss'; there is "):
        open_lab("18_sqss")
