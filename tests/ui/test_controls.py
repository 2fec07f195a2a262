from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import pytest
import tea

from helpers.ui.controls import Controls
from helpers.ui.panel import panel


@pytest.fixture
def heard() -> list[Any]:
    return []


@pytest.fixture
def controls(heard: list[Any]) -> Controls:
    """The controls of the tea shop; `heard` notes each change and each sentence."""
    made = Controls(
        tea.SHOP.parameters, tea.SHOP.values(), 0, lambda: heard.append(made.read()), heard.append
    )
    return made


def test_every_number_has_a_slider_and_a_box(controls: Controls) -> None:
    sliders = {name for name, field in controls.fields.items() if not isinstance(field, widgets.Dropdown)}
    assert set(controls.boxes) == sliders == {"cups", "guests", "pour_s"}
    for name, box in controls.boxes.items():
        assert box.value == controls.fields[name].value
        assert not controls.fields[name].readout
        assert box.step == controls.fields[name].step


def test_a_typed_number_moves_the_slider_once(controls: Controls, heard: list[Any]) -> None:
    controls.boxes["cups"].value = 9
    assert controls.fields["cups"].value == 9
    assert [change["cups"] for change in heard] == [9]


def test_the_box_follows_the_slider(controls: Controls, heard: list[Any]) -> None:
    controls.fields["pour_s"].value = 0.7
    assert controls.boxes["pour_s"].value == 0.7
    assert [change["pour_s"] for change in heard] == [0.7]
    controls.show({"pour_s": 0.5}, 0)
    assert controls.boxes["pour_s"].value == 0.5
    assert len(heard) == 1


@pytest.mark.parametrize(("typed", "kept"), [("above", "maximum"), ("below", "minimum")])
def test_a_number_out_of_bounds_becomes_the_nearest_and_that_is_said(
    controls: Controls, heard: list[Any], typed: str, kept: str
) -> None:
    cups = tea.SHOP.parameter("cups")
    limit = getattr(cups, kept)
    number = limit + (5 if typed == "above" else -5)
    controls.boxes["cups"].value = number
    assert controls.boxes["cups"].value == controls.fields["cups"].value == limit
    sentence = f"{cups.text(number)} is {typed} the limit: set to {cups.text(limit)}."
    assert heard[0] == f"Cups: {sentence}"
    assert [change["cups"] for change in heard[1:]] == [limit]
    assert sentence in controls.helps["cups"].value
    controls.boxes["cups"].value = 4
    assert "limit" not in controls.helps["cups"].value


def test_what_does_not_fit_at_first_unfolds(controls: Controls) -> None:
    more = controls.more
    assert more is not None
    folded = controls.box.children[-1]
    assert more.description == f"More controls ({len(folded.children)})"
    assert folded.layout.display == "none"
    more.value = True
    assert folded.layout.display is None
    more.value = False
    assert folded.layout.display == "none"


def test_boxes_wait_for_the_prediction_too(shop: tea.TeaShop) -> None:
    shown = panel("99_test.tea", scene="fewer")
    assert all(field.disabled for field in (*shown.controls.fields.values(), *shown.controls.boxes.values()))
    assert shown.prediction is not None
    shown.prediction.show_me.click()
    assert shown.wait(20)
    assert not any(box.disabled for box in shown.controls.boxes.values())
