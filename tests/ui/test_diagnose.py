from __future__ import annotations

import pytest
import tea

from helpers.experiments.diagnosis import Cause, Diagnosis, Mend
from helpers.ui.diagnose import FailureLab

OTHERS = ("pot", "kind", "water", "host", "seed")
LAB = Diagnosis(
    id="99_test.thirst",
    story="Guests go `thirsty`.",
    run="99_test.tea?cups=2&guests=4",
    causes=(
        Cause("cups", "Too few cups are poured.", "There are two calls, and four guests.", right=True),
        *(Cause(name, f"It is the {name}.", f"The {name} is fine.", f"m-{name}") for name in OTHERS),
    ),
    pointer="Which row is the last cup?",
    evidence=lambda trail: [trail.index[-1]],
    mend=Mend("cups", lambda cups: cups >= 4, "at least 4", 5),
    well=lambda values, measured: measured.cups >= values.guests,
    answer="Pour a cup for each guest.",
)


@pytest.fixture
def lab(shop: tea.TeaShop) -> FailureLab:
    return FailureLab(LAB)


def choose(lab: FailureLab, cause: str) -> None:
    lab.cause.value = [one.id for one in lab.causes].index(cause)
    lab.check_cause.click()


def point(lab: FailureLab, row: int) -> None:
    lab.row.value = str(row)
    lab.check_row.click()


def mend(lab: FailureLab, **values: int) -> None:
    lab.panel.set(**values)
    assert lab.panel.wait(20)


def test_the_answer_opens_when_all_three_steps_are_right(lab: FailureLab) -> None:
    choose(lab, "pot")
    assert "✘ Not yet.</strong> The pot is fine." in lab.cause_said.value
    choose(lab, "cups")
    assert "✔ Right.</strong> There are two calls" in lab.cause_said.value
    point(lab, 0)
    assert "✘ Not yet." in lab.row_said.value
    point(lab, 1)
    assert "✔ Right." in lab.row_said.value
    assert lab.answer.value == ""
    mend(lab, cups=6)
    assert "the right setting" in lab.setting_said.value
    assert "✔ Right." in lab.setting_said.value
    assert "Pour a cup for each guest." in lab.answer.value
    for name in OTHERS:
        assert f"The {name} is fine." in lab.answer.value


def test_a_setting_that_does_not_mend_it_is_told_why(lab: FailureLab) -> None:
    assert lab.show_answer.disabled
    mend(lab, guests=2)
    assert "✘ Not yet." in lab.setting_said.value
    assert "not the setting which causes this" in lab.setting_said.value
    mend(lab, guests=4, cups=3)
    assert "this value does not mend it" in lab.setting_said.value
    assert lab.answer.value == ""


def test_the_answer_may_be_asked_for_after_a_try(lab: FailureLab) -> None:
    mend(lab, cups=1)
    assert not lab.show_answer.disabled
    lab.show_answer.click()
    assert "Cups: at least 4, for example 5." in lab.answer.value


def test_claims_that_would_name_the_cause_are_hidden(lab: FailureLab) -> None:
    assert lab.panel.claims_html == ""


def test_buttons_wait_for_something_to_check(lab: FailureLab) -> None:
    assert lab.check_cause.disabled
    assert lab.check_row.disabled
    lab.row.value = "two"
    assert lab.check_row.disabled
    point(lab, 77)
    assert "has no row 77" in lab.row_said.value


def test_the_output_asks_all_and_folds_the_answer(lab: FailureLab) -> None:
    still = lab.still()
    asked, answer = still.html.split("<details>")
    for cause in LAB.causes:
        assert cause.text in asked
        assert cause.reply not in asked
        assert cause.reply in answer
    assert "2 cups were poured in 1 s. 4 guests came." in asked
    assert still.png is None
    mend(lab, cups=6)
    assert lab.still() == still


def test_the_causes_stand_in_an_order_of_their_own(lab: FailureLab) -> None:
    assert [cause.id for cause in lab.causes] == [cause.id for cause in FailureLab(LAB).causes]
    assert [cause.id for cause in lab.causes] != [cause.id for cause in LAB.causes]
