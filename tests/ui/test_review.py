from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from test_quiz import ONE, TWO

from helpers.sections import review as progress
from helpers.ui.review import Review, record, review, warm_up

TODAY = date(2026, 11, 21)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DEVLAB_HOME", str(tmp_path))
    monkeypatch.setattr(progress, "today", lambda: TODAY)
    monkeypatch.setattr(progress, "load_questions", lambda: {ONE.id: ONE, TWO.id: TWO})
    return tmp_path


def test_a_review_asks_what_is_due(home: Path) -> None:
    progress.record(ONE.id, False, TODAY - timedelta(days=2))
    progress.record(TWO.id, True, TODAY)
    shown = review()
    assert [card.question.id for card in shown.cards] == [ONE.id]


def test_answers_in_a_review_are_kept(home: Path) -> None:
    progress.record(ONE.id, False, TODAY - timedelta(days=2))
    shown = review()
    card = shown.cards[0]
    card.choose(next(place for place, option in enumerate(card.options) if option.right))
    card.button.click()
    assert progress.load()[-1] == progress.Answer(ONE.id, True, "2026-11-21")
    assert review().cards == []


def test_the_output_never_depends_on_the_file(home: Path) -> None:
    empty = review().still()
    record(ONE, False)
    progress.record(TWO.id, False, TODAY - timedelta(days=30))
    assert review().still() == empty == Review([ONE, TWO]).still()


def test_nothing_due_is_said(home: Path) -> None:
    assert "Nothing is due today." in review().score.value


def test_a_warm_up_has_the_questions_of_earlier_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import import_module

    monkeypatch.setattr(import_module("helpers.ui.review"), "warm_up_questions", lambda section: (ONE, TWO))
    shown = warm_up("99_test", seed=2)
    assert [card.question for card in shown.cards] == [ONE, TWO]
    assert shown.still().text == "Warm up: from earlier sections: 2 questions"
