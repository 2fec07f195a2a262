from __future__ import annotations

import pytest
import tea

from helpers.sections.quiz import Question, QuizOption, shuffled
from helpers.ui.quiz import Quiz

ONE = Question(
    id="99_test.one",
    station="pot",
    skill="1.1.1",
    facts=(),
    question="Who gets `tea` if cups < guests?",
    options=(
        QuizOption("Everybody", "Nobody pours twice.", misconception="plenty", run="99_test.tea?cups=2"),
        QuizOption("All but some", "There are too few cups.", right=True),
        QuizOption("The first", "There is no order."),
    ),
    why="A cup is a cup.",
)
TWO = Question(
    id="99_test.two",
    station="pot",
    skill="1.1.1",
    facts=(),
    question="Which two are teas?",
    pick=2,
    options=(
        QuizOption("Green", "It is.", right=True),
        QuizOption("Black", "It is.", right=True),
        QuizOption("Red", "It is rooibos."),
    ),
    why="",
)


@pytest.fixture
def answers() -> list[tuple[str, bool]]:
    return []


@pytest.fixture
def shown(answers: list[tuple[str, bool]]) -> Quiz:
    return Quiz([ONE, TWO], "From memory", 5, lambda question, right: answers.append((question.id, right)))


def places(question: Question, *texts: str) -> list[int]:
    return [n for n, option in enumerate(shuffled(question, 5)) if option.text in texts]


def test_a_right_answer_is_explained(shown: Quiz, answers: list[tuple[str, bool]]) -> None:
    card = shown.cards[0]
    assert card.button.disabled
    card.choose(*places(ONE, "All but some"))
    card.button.click()
    assert "✔ Right:</strong> “All but some”. There are too few cups." in card.feedback.value
    assert "A cup is a cup." in card.feedback.value
    assert card.evidence.children == ()
    assert answers == [("99_test.one", True)]
    assert "<strong>1 of 2</strong> right at the first try (1 answered)" in shown.score.value


def test_a_wrong_answer_is_answered_and_its_run_opens(shop: tea.TeaShop, shown: Quiz) -> None:
    card = shown.cards[0]
    card.choose(*places(ONE, "Everybody"))
    card.button.click()
    assert "✘ Not right:</strong> “Everybody”. Nobody pours twice." in card.feedback.value
    assert "A cup is a cup." not in card.feedback.value
    (button,) = card.evidence.children
    assert card.slot.children == ()
    button.click()
    (opened,) = card.slot.children
    assert str(opened.run) == "99_test.tea?cups=2"
    assert shown.error_text == ""


def test_a_run_that_cannot_open_is_an_error_in_the_quiz(shown: Quiz, monkeypatch: pytest.MonkeyPatch) -> None:
    card = shown.cards[0]
    card.choose(*places(ONE, "Everybody"))
    card.button.click()
    card.evidence.children[0].click()
    assert "There is no experiment" in shown.error_text


def test_two_answers_are_wanted_before_the_check(shown: Quiz, answers: list[tuple[str, bool]]) -> None:
    card = shown.cards[1]
    card.choose(*places(TWO, "Green"))
    assert card.button.disabled
    card.choose(*places(TWO, "Green", "Red"))
    assert not card.button.disabled
    card.button.click()
    assert "1 of 2 right." in card.feedback.value
    assert "“Red”. It is rooibos." in card.feedback.value
    card.choose(*places(TWO, "Green", "Black"))
    card.button.click()
    assert "2 of 2 right." in card.feedback.value
    assert answers == [("99_test.two", False)], "the first answer counts"


def test_the_output_is_the_question_with_the_answer_folded(shown: Quiz) -> None:
    before = shown.still()
    shown.cards[0].choose(1)
    shown.cards[0].button.click()
    assert shown.still() == before
    assert before == Quiz([ONE, TWO], "From memory", 5).still()
    assert "Who gets <code>tea</code> if cups &lt; guests?" in before.html
    open_part = before.html.partition("<details>")[0]
    assert "too few cups" not in open_part
    letter = "ABC"[places(ONE, "All but some")[0]]
    assert f"<summary>Answer</summary><p>{letter}. A cup is a cup.</p>" in before.html
    assert before.text == "From memory: 2 questions"


def test_the_seed_decides_the_order() -> None:
    orders = {tuple(option.text for option in shuffled(ONE, seed)) for seed in range(20)}
    assert len(orders) == 6


def test_options_have_labels_in_words(shown: Quiz) -> None:
    labels = [label for label, _ in shown.cards[0].fields[0].options]
    assert [label[:3] for label in labels] == ["A. ", "B. ", "C. "]
    assert all(field.description for field in shown.cards[1].fields)
