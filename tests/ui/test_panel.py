"""The panel without a kernel: what the learner does is done by setting values and clicking buttons."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import tea

from helpers.experiments.run import Run
from helpers.ui.markup import LEFT
from helpers.ui.panel import Panel, panel
from helpers.ui.worker import worker

PNG = b"\x89PNG\r\n\x1a\n"


def moved(shown: Panel) -> Panel:
    """`shown`, once its runs are done."""
    assert shown.wait(20)
    return shown


def test_the_first_picture_is_there_when_the_cell_ends(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea?cups=6&seed=3")
    assert shown.picture.startswith(PNG)
    assert str(shown.outcome.run) == "99_test.tea?cups=6&seed=3"
    assert "6 cups are enough for 4 guests." in shown.claims_html
    assert shown.stop_button.disabled
    assert "6 API calls, 3 s of virtual time" in shown.status


def test_moving_a_slider_gives_a_new_picture_and_claims(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    before = shown.picture
    shown.controls.fields["cups"].value = 3
    moved(shown)
    assert shown.picture != before
    assert shown.picture == Run(shop, shop.values(cups=3)).outcome().png()
    assert "3 cups are too few for 4 guests." in shown.claims_html
    assert "✘ does not hold" in shown.claims_html


def test_the_picture_is_replaced_and_nothing_is_made_again(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    children, image, inner = shown.children, shown.tabs.picture, shown.tabs.children
    seen: list[str] = []
    for widget in (shown, shown.tabs, image):
        widget.observe(lambda change: seen.append(change["name"]))
    shown.set(cups=7)
    moved(shown)
    assert shown.children is children
    assert shown.tabs.children is inner
    assert shown.tabs.picture is image
    assert set(seen) == {"value", "tooltip"}
    assert image.layout.width == "900px"
    assert image.tooltip == "7 cups were poured in 3.5 s. 4 guests came."


def test_the_same_values_give_the_same_picture(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    first = hashlib.sha256(shown.picture).hexdigest()
    moved_away = moved_to(shown, cups=9)
    assert moved_away != first
    shown.reset_button.click()
    moved(shown)
    assert hashlib.sha256(shown.picture).hexdigest() == first
    assert shown.controls.fields["cups"].value == 4


def moved_to(shown: Panel, **values: int) -> str:
    shown.set(**values)
    moved(shown)
    return hashlib.sha256(shown.picture).hexdigest()


def test_a_scene_frees_its_controls_only(shop: tea.TeaShop) -> None:
    assert list(panel("99_test.tea", scene="count").controls.fields) == ["pour_s", "cups"]
    assert list(panel("99_test.tea", scene="party").controls.fields) == [
        "cups",
        "guests",
        "pour_s",
        "spill",
        "kind",
    ]


def test_a_scene_starts_from_its_settings_and_a_run_string_wins(shop: tea.TeaShop) -> None:
    assert str(panel("99_test.tea", scene="fewer").run) == "99_test.tea?cups=5&guests=5"
    assert (
        str(panel("99_test.tea?guests=2&seed=7", scene="fewer").run) == "99_test.tea?cups=5&guests=2&seed=7"
    )


def test_predict_then_run(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    assert shown.prediction is not None
    assert shown.controls.fields["cups"].disabled
    assert shown.run_button.disabled
    assert shown.prediction.commit.disabled
    assert shown.reply_html == ""
    shown.prediction.choice.value = 0
    shown.prediction.sure.value = "certain"
    shown.prediction.commit.click()
    moved(shown)
    assert str(shown.run) == "99_test.tea?cups=3&guests=5"
    assert "Not as you predicted." in shown.reply_html
    assert "Nobody pours twice: <code>cups</code> says how many there are." in shown.reply_html
    assert "There are fewer cups than guests." not in shown.reply_html
    rows = shown.reply_html.replace(LEFT, "")
    assert "◆ your prediction</strong> </td><td>Everybody gets &lt;two&gt; cups." in rows
    assert "You said: certain." in shown.reply_html
    assert "3 cups were poured in 1.5 s." in shown.reply_html
    assert not shown.controls.fields["cups"].disabled
    assert shown.controls.fields["cups"].value == 3
    assert shown.prediction.choice.disabled


def test_the_reply_stays_when_the_learner_goes_on(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    assert shown.prediction is not None
    shown.prediction.choice.value = 1
    shown.prediction.commit.click()
    moved(shown)
    said = shown.reply_html
    assert "As you predicted." in said
    shown.set(cups=9)
    moved(shown)
    assert shown.reply_html == said


def test_show_me_skips_the_prediction(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    assert shown.prediction is not None
    shown.prediction.show_me.click()
    moved(shown)
    assert "The answer: “Somebody gets none.” There are fewer cups than guests." in shown.reply_html
    assert "predicted" not in shown.reply_html
    assert not shown.run_button.disabled


@pytest.mark.parametrize(("said", "right"), [("4", True), ("4.9", True), ("9", False)])
def test_a_number_is_drawn_beside_the_outcome(shop: tea.TeaShop, said: str, right: bool) -> None:
    shown = panel("99_test.tea", scene="count")
    assert shown.prediction is not None
    shown.prediction.choice.value = "soon"
    assert shown.prediction.commit.disabled
    shown.prediction.choice.value = said
    shown.prediction.commit.click()
    moved(shown)
    assert str(shown.run) == "99_test.tea?pour_s=1&seed=2"
    assert ("As you predicted." in shown.reply_html) == right
    widths = [int(width) for width in re.findall(r"width:(\d+)px", shown.reply_html)]
    assert widths == [round(320 * value / max(float(said), 4)) for value in (float(said), 4)]
    assert "<strong>4 s</strong>" in shown.reply_html


def test_a_goal_is_checked_after_every_run(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="party")
    assert "– not yet" in shown.goal_html
    shown.set(**tea.SHOP.scenes[2].goal.example)
    moved(shown)
    assert "✔ reached" in shown.goal_html


def test_an_error_is_one_sentence_and_the_last_good_picture_stays(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    before = shown.picture
    shown.set(spill=True)
    moved(shown)
    assert shown.picture == before
    assert "✘ Error:</strong> The pot is broken.<details><summary>RuntimeError" in shown.error_text
    assert "Traceback (most recent call last)" in shown.error_text
    assert "last complete run" in shown.status
    assert shown.stop_button.disabled
    shown.set(spill=False)
    moved(shown)
    assert shown.error_text == ""


def test_an_error_in_a_callback_shows_in_the_panel(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    shown.controls.fields["kind"].options = ["green", "blue"]
    shown.controls.fields["kind"].value = "blue"
    assert "kind (Kind) must be one of black, green; got" in shown.error_text


def test_a_first_run_that_fails_raises_in_the_cell(shop: tea.TeaShop) -> None:
    with pytest.raises(RuntimeError, match="The pot is broken"):
        panel("99_test.tea?spill=true")


def test_stop_ends_a_long_run_and_keeps_the_picture(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    before = shown.picture
    shown.set(cups=5000)
    wait_for(lambda: shown._job is not None and shown._job.started)
    time.sleep(0.05)
    assert not shown.stop_button.disabled
    began = time.monotonic()
    shown.stop_button.click()
    moved(shown)
    assert time.monotonic() - began < 2
    assert "Stopped at" in shown.status
    assert shown.picture == before
    assert shown.error_text == ""


def test_a_stopped_prediction_frees_the_controls(shop: tea.TeaShop, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Panel(Run(shop, shop.values(cups=1)), shop.scene("fewer"))
    assert shown.prediction is not None
    monkeypatch.setattr(shown, "_changed_run", lambda: Run(shop, shop.values(cups=5000)))
    shown.prediction.show_me.click()
    wait_for(lambda: shown._job is not None and shown._job.started)
    shown.stop()
    moved(shown)
    assert not shown.controls.fields["cups"].disabled
    assert shown.reply_html == ""


def test_the_latest_values_win(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    for cups in (5000, 4000, 3000, 2):
        shown.controls.fields["cups"].value = cups
    moved(shown)
    assert shown.outcome.summary["cups"] == 2
    assert "2 API calls" in shown.status
    assert "Stopped" not in shown.status


def test_a_callback_returns_before_the_run_is_done(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    shown.controls.fields["cups"].value = 5000
    assert worker().busy(shown)
    shown.stop()
    moved(shown)
    assert not worker().busy(shown)


def test_callbacks_may_come_from_any_thread(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    threads = [threading.Thread(target=shown.set, kwargs={"cups": cups}) for cups in (6, 7, 8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved(shown)
    assert shown.outcome.run == shown.run
    assert shown.picture == shown.run.outcome().png()


def test_a_long_run_says_how_far_it_is(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    said: list[str] = []
    shown._status.observe(lambda change: said.append(change["new"]), names="value")
    shown.set(cups=5000)
    wait_for(lambda: any("of virtual time so far" in words for words in said))
    shown.stop()
    moved(shown)


def wait_for(what: Callable[[], bool], timeout: float = 10) -> None:
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)


def test_the_output_is_a_widget_and_a_picture_with_its_words(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"] == shown.picture
    alt = "5 cups were poured in 2.5 s. 5 guests came."
    assert metadata == {"image/png": {"alt": alt}}
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == shown.model_id
    settings = "Settings: Cups 5 · Guests 5 · Pouring 0.5 s · Spill no · Kind green · seed 0."
    assert data["text/plain"] == settings
    html = data["text/html"]
    assert f"<p>{settings}</p>" in html
    assert "✔ holds</strong>: Every guest gets a cup." in html
    question, answer = html.split("<details><summary>Answer</summary>")
    assert "Everybody gets &lt;two&gt; cups." in question
    assert "fewer cups than guests" not in question
    assert "3 cups were poured in 1.5 s. 5 guests came." in answer


def test_the_output_never_changes_with_use(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    before = {key: value for key, value in shown._repr_mimebundle_()[0].items() if "widget" not in key}
    assert shown.prediction is not None
    shown.prediction.show_me.click()
    moved(shown)
    shown.set(cups=1)
    moved(shown)
    again = panel("99_test.tea", scene="fewer")
    for one in (shown, again):
        assert {
            key: value for key, value in one._repr_mimebundle_()[0].items() if "widget" not in key
        } == before


def test_a_cell_shows_picture_and_words_in_two_outputs(shop: tea.TeaShop, published: list[Any]) -> None:
    shown = panel("99_test.tea")
    shown._ipython_display_()
    picture, words = published
    assert sorted(picture.data) == ["application/vnd.jupyter.widget-view+json", "image/png", "text/plain"]
    assert base64.b64decode(picture.data["image/png"]) == shown.picture
    assert picture.metadata["image/png"]["alt"] == picture.data["text/plain"]
    assert sorted(words.data) == ["application/vnd.jupyter.widget-view+json", "text/html", "text/plain"]
    assert "What the notes claim" in words.data["text/html"]


def test_the_goal_and_a_way_to_it_stand_in_the_output(shop: tea.TeaShop) -> None:
    html = panel("99_test.tea", scene="party").still().html
    assert "<details><summary>One way to reach it</summary><p>Cups 6</p></details>" in html


def test_an_unknown_scene_is_named(shop: tea.TeaShop) -> None:
    with pytest.raises(LookupError, match="has no scene 'feewer'; did you mean fewer"):
        panel("99_test.tea", scene="feewer")


def test_tabs_are_filled_when_they_are_opened(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea")
    assert shown.tabs.calls.value == shown.tabs.data.value == shown.tabs.cost.value == ""
    shown.tabs.selected_index = 1
    assert "sts.get_caller_identity()" in shown.tabs.calls.value
    shown.tabs.style_of_calls.value = "CLI"
    assert "aws sts get-caller-identity" in shown.tabs.calls.value
    shown.set(cups=2)
    moved(shown)
    assert "2 API calls" in shown.tabs.calls.value
    assert shown.tabs.data.value == ""
    assert shown.error_text == ""


def test_the_next_scene_opens_below(shop: tea.TeaShop) -> None:
    scenes = [scene.id for scene in shop.scenes]
    shown = panel("99_test.tea", scene=scenes[0])
    assert shown.next_button is not None
    assert shown.next_button.description == f"Next scene: {shop.scenes[1].title}"
    shown.next_button.click()
    assert shown.next_panel is not None
    assert shown.children[-1] is shown.next_panel
    assert shown.next_button.disabled
    assert shown.next_panel.picture.startswith(PNG)
    last = panel("99_test.tea", scene=scenes[-1])
    assert last.next_button is None
    assert panel("99_test.tea").next_button is None


def runs_asked(shown: Panel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that the panel asks for from now on."""
    asked: list[str] = []
    ask = shown._ask

    def note(run: Run) -> None:
        asked.append(str(run))
        ask(run)

    monkeypatch.setattr(shown, "_ask", note)
    return asked


def test_steps_in_quick_succession_run_at_the_first_and_at_the_last(
    shop: tea.TeaShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = panel("99_test.tea")
    asked = runs_asked(shown, monkeypatch)
    for cups in range(5, 13):
        shown.controls.fields["cups"].value = cups
    moved(shown)
    assert asked == ["99_test.tea?cups=5", "99_test.tea?cups=12"]
    assert shown.outcome.summary["cups"] == 12


def test_the_run_button_does_not_wait_for_steps_to_rest(
    shop: tea.TeaShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = panel("99_test.tea")
    asked = runs_asked(shown, monkeypatch)
    for cups in (5, 6):
        shown.controls.fields["cups"].value = cups
    shown.run_button.click()
    assert asked == ["99_test.tea?cups=5", "99_test.tea?cups=6"]
    time.sleep(0.5)
    moved(shown)
    assert len(asked) == 2


def test_a_run_is_announced_once_with_its_finding_and_the_claims_that_changed(
    shop: tea.TeaShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = panel("99_test.tea")
    said: list[str] = []
    monkeypatch.setattr(shown.announcer, "say", said.append)
    shown.set(cups=3)
    moved(shown)
    shown.set(cups=2)
    moved(shown)
    shown.set(cups=4)
    moved(shown)
    assert said == [
        "3 cups were poured in 1.5 s. Now does not hold: Every guest gets a cup.",
        "2 cups were poured in 1 s.",
        "4 cups were poured in 2 s. Now holds: Every guest gets a cup.",
    ]
    assert "role=" not in shown.status
    assert "aria-live" not in shown.status


def test_a_prediction_a_stop_and_an_error_are_announced(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    assert shown.announcer.said == ""
    assert shown.prediction is not None
    shown.prediction.choice.value = 1
    shown.prediction.commit.click()
    moved(shown)
    assert shown.announcer.said.startswith("As you predicted. There are fewer cups than guests.")
    assert "3 cups were poured in 1.5 s." in shown.announcer.said
    shown.set(cups=5000)
    wait_for(lambda: shown._job is not None and shown._job.started)
    shown.stop()
    moved(shown)
    assert shown.announcer.said.startswith("Stopped at ")
    shown.set(cups=4, spill=True)
    moved(shown)
    assert shown.announcer.said == "Error: The pot is broken."
