"""Review: 1, 3, 7 and 21 days, from a file that knows nothing about the person."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine

from helpers.sections import review
from helpers.sections.quiz import Question, QuizOption
from helpers.sections.review import Answer, State, due, load, pick, record, save, states, today

DAY = date(2026, 11, 21)
OPTIONS = (QuizOption("yes", "Because.", right=True), QuizOption("no", "Because."))


def on(days: int) -> str:
    return (DAY + timedelta(days=days)).isoformat()


def question(id_: str) -> Question:
    return Question(id_, "s", "1.1.1", (), "Is it so?", OPTIONS, "Because.")


QUESTIONS = {id_: question(id_) for id_ in ("01_one.a", "01_one.b", "01_one.c", "02_two.a", "02_two.b")}


def dues(*answers: tuple[int, bool]) -> tuple[int, int]:
    """Streak, and days from DAY until due, after answers given as (day, right)."""
    state = states(Answer("q", right, on(day)) for day, right in answers)["q"]
    return state.streak, (state.due - DAY).days


def test_a_question_comes_again_after_1_3_7_and_21_days() -> None:
    assert dues((0, True)) == (1, 1)
    assert dues((0, True), (1, True)) == (2, 1 + 3)
    assert dues((0, True), (1, True), (4, True)) == (3, 4 + 7)
    assert dues((0, True), (1, True), (4, True), (11, True)) == (4, 11 + 21)
    assert dues((0, True), (1, True), (4, True), (11, True), (32, True)) == (5, 32 + 21)


def test_a_wrong_answer_starts_afresh() -> None:
    assert dues((0, False)) == (0, 1)
    assert dues((0, True), (1, True), (4, False)) == (0, 5)
    assert dues((0, True), (1, True), (4, False), (5, True)) == (1, 6)


def test_a_right_answer_before_its_time_changes_nothing() -> None:
    assert dues((0, True), (0, True)) == (1, 1)
    assert dues((0, True), (1, True), (2, True)) == (2, 4)


def test_a_late_answer_counts_from_its_day() -> None:
    assert dues((0, True), (10, True)) == (2, 13)


def test_an_answer_after_a_wrong_one_on_the_same_day_waits_until_tomorrow() -> None:
    assert dues((0, False), (0, True)) == (0, 1)


def test_what_is_due_is_asked_the_longest_overdue_first_and_sections_in_turn() -> None:
    answers = [
        Answer("01_one.b", True, on(-3)),
        Answer("01_one.a", True, on(-5)),
        Answer("02_two.b", True, on(-2)),
        Answer("01_one.c", True, on(0)),  # due tomorrow
        Answer("09_gone.x", True, on(-9)),  # not in the course any more
    ]
    asked = [one.id for one in pick(QUESTIONS, answers, DAY)]
    assert asked == ["01_one.a", "02_two.b", "01_one.b"]
    assert [one.id for one in pick(QUESTIONS, answers, DAY, limit=2)] == ["01_one.a", "02_two.b"]


def test_nothing_that_was_never_answered_is_asked() -> None:
    assert pick(QUESTIONS, [], DAY) == []


def test_at_most_ten_are_asked() -> None:
    many = {f"01_one.q{n:02}": question(f"01_one.q{n:02}") for n in range(30)}
    answers = [Answer(id_, True, on(-2)) for id_ in many]
    assert len(pick(many, answers, DAY)) == 10


def test_states_of_nothing() -> None:
    assert states([]) == {}
    assert states([Answer("q", True, on(0))]) == {"q": State(1, DAY + timedelta(days=1))}


# ---- the file


def test_the_file_holds_ids_answers_and_dates_only(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "answers.json"
    record("18_sqs.charged_twice", True, DAY, file)
    record("18_sqs.charged_twice", False, DAY + timedelta(days=1), file)
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "answers": [
            {"question": "18_sqs.charged_twice", "right": True, "on": "2026-11-21"},
            {"question": "18_sqs.charged_twice", "right": False, "on": "2026-11-22"},
        ]
    }
    assert [path.name for path in file.parent.iterdir()] == ["answers.json"]


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    answers = [Answer("q", True, on(0)), Answer("r", False, on(1))]
    save(answers, file)
    assert load(file) == answers


def test_without_a_file_nothing_was_answered(tmp_path: Path) -> None:
    assert load(tmp_path / "answers.json") == []


DAMAGED = [
    "",
    "{",
    "[]",
    "null",
    '{"answers": 3}',
    '{"answers": [{}]}',
    '{"answers": [{"question": "q", "right": true, "on": "soon"}]}',
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_set_aside(tmp_path: Path, text: str) -> None:
    file = tmp_path / "answers.json"
    file.write_text(text, encoding="utf-8")
    assert load(file) == []
    assert [path.name for path in tmp_path.iterdir()] == ["answers.damaged.json"]
    record("q", True, DAY, file)
    assert load(file) == [Answer("q", True, on(0))]


def test_the_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVLAB_HOME", str(tmp_path))
    assert review.path() == tmp_path / "answers.json"
    record("18_sqs.charged_twice", True, DAY)
    assert [one.id for one in due(day=DAY + timedelta(days=1))] == ["18_sqs.charged_twice"]
    assert due(day=DAY) == []


def test_without_a_choice_it_lies_in_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DEVLAB_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert review.path() == tmp_path / ".aws-developer-labs" / "answers.json"


def test_today_is_the_real_day_also_while_time_is_virtual() -> None:
    real = today()
    with time_machine.travel("2001-02-03T12:00:00Z", tick=False):
        assert date.today() == date(2001, 2, 3)  # noqa: DTZ011 - that it is the virtual day is the point
        assert today() == real
