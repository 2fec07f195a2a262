"""The controls of a panel, made from an experiment's declared parameters.

Every control acts on release, can be reached and moved by keyboard, carries its unit, bounds and help, and takes no
value outside the bounds. A number has a slider to look around with and a box to type it into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets as widgets

from helpers.experiments.parameter import Choice, Flag, Float, Int, Parameter
from helpers.experiments.run import SEED
from helpers.ui import markup

SHOWN_AT_FIRST = 3
"""More controls than this start folded under "More controls"."""


def _label(parameter: Parameter) -> str:
    return parameter.label[:1].upper() + parameter.label[1:]


def _field(parameter: Parameter, value: Any) -> widgets.Widget:
    unit = f" ({parameter.unit})" if parameter.unit else ""
    label = _label(parameter)
    common: dict[str, Any] = {
        "description": f"{label}{unit}",
        "tooltip": markup.plain(parameter.help),
        "style": {"description_width": "initial"},
        "layout": {"width": "100%"},
    }
    if isinstance(parameter, Int):
        return widgets.IntSlider(
            value=value,
            min=parameter.minimum,
            max=parameter.maximum,
            step=parameter.step,
            continuous_update=False,
            readout=False,
            **common,
        )
    if isinstance(parameter, Float):
        return widgets.FloatSlider(
            value=value,
            min=parameter.minimum,
            max=parameter.maximum,
            step=parameter.step,
            continuous_update=False,
            readout=False,
            **common,
        )
    if isinstance(parameter, Flag):
        common["description"] = label
        return widgets.Dropdown(value=value, options=[("no", False), ("yes", True)], **common)
    if isinstance(parameter, Choice):
        return widgets.Dropdown(value=value, options=list(parameter.choices), **common)
    raise TypeError(f"{parameter.name}: no control for a {type(parameter).__name__}.")


def _box(parameter: Int | Float, value: Any) -> widgets.Widget:
    """The box beside a slider. It knows no bounds: a bounded one would change what was typed without a word."""
    kind = widgets.IntText if isinstance(parameter, Int) else widgets.FloatText
    return kind(
        value=value,
        step=parameter.step,
        continuous_update=False,
        tooltip=markup.plain(parameter.help),
        layout={"width": "100px", "flex": "0 0 auto"},
    )


def _help(parameter: Parameter, note: str = "") -> str:
    """The bounds and the help; before them a `note` on what was typed."""
    parts = []
    if isinstance(parameter, Int | Float):
        parts.append(f"{parameter.text(parameter.minimum)} to {parameter.text(parameter.maximum)}.")
    parts.append(parameter.help)
    if parameter.assumption:
        parts.append("(A teaching assumption, not an AWS value.)")
    words = markup.text(" ".join(part for part in parts if part))
    if parameter.source:
        words += " " + markup.link(parameter.source, "AWS page")
    said = f'<strong class="bad">✘ {markup.text(note)}</strong> ' if note else ""
    return f'{said}<small class="quiet">{words}</small>'


class Controls:
    """Controls for `parameters`, in the given order, and a field for the seed.

    `changed()` is called once after each change by the learner, never after `show()`; `said(sentence)` when a number
    was typed that is out of bounds, and the nearest possible one stands instead.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        values: Mapping[str, Any],
        seed: int,
        changed: Callable[[], object],
        said: Callable[[str], object] = lambda sentence: None,
    ):
        self._changed = changed
        self._said = said
        self._quiet = False
        self.fields: dict[str, widgets.Widget] = {}
        self.boxes: dict[str, widgets.Widget] = {}
        self.helps: dict[str, widgets.HTML] = {}
        rows = [self._row(parameter, values[parameter.name]) for parameter in parameters]
        self.seed = widgets.BoundedIntText(
            value=seed,
            min=0,
            max=SEED.maximum,
            description="Seed",
            continuous_update=False,
            tooltip="Same seed, same run. Another seed draws other random times and failures.",
            style={"description_width": "initial"},
            layout={"width": "150px"},
        )
        self.seed.observe(self._moved, names="value")
        self.box = widgets.VBox(rows[:SHOWN_AT_FIRST], layout={"width": "100%"})
        self.more: widgets.ToggleButton | None = None
        if len(rows) > SHOWN_AT_FIRST:
            folded = widgets.VBox(rows[SHOWN_AT_FIRST:], layout={"width": "100%", "display": "none"})
            # Not an accordion: the keyboard does not reach its heads.
            self.more = widgets.ToggleButton(
                description=f"More controls ({len(rows) - SHOWN_AT_FIRST})",
                icon="sliders",
                tooltip="Show or hide the other controls",
                layout={"align_self": "flex-start"},
            ).add_class("unfold")

            def fold(change: Any) -> None:
                folded.layout.display = None if change["new"] else "none"

            self.more.observe(fold, names="value")
            self.box.children = (*self.box.children, self.more, folded)

    def _row(self, parameter: Parameter, value: Any) -> widgets.Widget:
        """The controls of one parameter, with its help below."""
        field = self.fields[parameter.name] = _field(parameter, value)
        shown = field
        if isinstance(parameter, Int | Float):
            box = self.boxes[parameter.name] = _box(parameter, value)

            def follow(change: Any) -> None:
                box.value = change["new"]

            def typed(change: Any) -> None:
                self._typed(parameter, change["new"])

            field.observe(follow, names="value")
            box.observe(typed, names="value")
            shown = widgets.HBox([field, box], layout={"width": "100%"}).add_class("number")
        field.observe(self._moved, names="value")
        self.helps[parameter.name] = widgets.HTML(_help(parameter)).add_class("help")
        return widgets.VBox([shown, self.helps[parameter.name]], layout={"width": "100%"}).add_class(
            "control"
        )

    def _typed(self, parameter: Int | Float, number: float) -> None:
        """Take the number that stands in the box; out of bounds, the nearest possible one, and say so."""
        field, box = self.fields[parameter.name], self.boxes[parameter.name]
        if number == field.value:  # the box follows the slider
            return
        possible = min(max(number, parameter.minimum), parameter.maximum)
        note = ""
        if possible != number:
            side = "above" if number > possible else "below"
            note = f"{parameter.text(number)} is {side} the limit: set to {parameter.text(possible)}."
        self.helps[parameter.name].value = _help(parameter, note)
        if note:
            self._said(f"{_label(parameter)}: {note}")
        field.value = possible
        box.value = possible

    def _moved(self, _: Any) -> None:
        if not self._quiet:
            self._changed()

    @property
    def everything(self) -> tuple[widgets.Widget, ...]:
        """All that the learner can move or type into, the seed too."""
        more = () if self.more is None else (self.more,)
        return (*self.fields.values(), *self.boxes.values(), *more, self.seed)

    def read(self) -> dict[str, Any]:
        """The values on the controls, by parameter name (the seed apart)."""
        return {name: field.value for name, field in self.fields.items()}

    def show(self, values: Mapping[str, Any], seed: int) -> None:
        """Move the controls to `values` without calling `changed`."""
        self._quiet = True
        try:
            for name, field in self.fields.items():
                if name in values and field.value != values[name]:
                    field.value = values[name]
            if self.seed.value != seed:
                self.seed.value = seed
        finally:
            self._quiet = False

    def enable(self, on: bool) -> None:
        """Let the learner move the controls, or not."""
        for field in (*self.fields.values(), *self.boxes.values(), self.seed):
            field.disabled = not on
