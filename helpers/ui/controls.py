"""The controls of a panel, made from an experiment's declared parameters.

Every control acts on release, can be reached and moved by keyboard, carries its unit, bounds and help, and offers no
value outside the bounds.
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


def _decimals(step: float) -> int:
    """How many decimals a step of this size needs."""
    digits = f"{step:.10f}".rstrip("0").partition(".")[2]
    return len(digits)


def _field(parameter: Parameter, value: Any) -> widgets.Widget:
    unit = f" ({parameter.unit})" if parameter.unit else ""
    label = parameter.label[:1].upper() + parameter.label[1:]
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
            readout_format="d",
            **common,
        )
    if isinstance(parameter, Float):
        return widgets.FloatSlider(
            value=value,
            min=parameter.minimum,
            max=parameter.maximum,
            step=parameter.step,
            continuous_update=False,
            readout_format=f".{_decimals(parameter.step)}f",
            **common,
        )
    if isinstance(parameter, Flag):
        common["description"] = label
        return widgets.Dropdown(value=value, options=[("no", False), ("yes", True)], **common)
    if isinstance(parameter, Choice):
        return widgets.Dropdown(value=value, options=list(parameter.choices), **common)
    raise TypeError(f"{parameter.name}: no control for a {type(parameter).__name__}.")


def _help(parameter: Parameter) -> str:
    parts = []
    if isinstance(parameter, Int | Float):
        parts.append(f"{parameter.text(parameter.minimum)} to {parameter.text(parameter.maximum)}.")
    parts.append(parameter.help)
    if parameter.assumption:
        parts.append("(A teaching assumption, not an AWS value.)")
    words = markup.text(" ".join(part for part in parts if part))
    if parameter.source:
        words += " " + markup.link(parameter.source, "AWS page")
    return f'<small class="quiet">{words}</small>'


class Controls:
    """Controls for `parameters`, in the given order, and a field for the seed.

    `changed()` is called once after each change by the learner, never after `show()`.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        values: Mapping[str, Any],
        seed: int,
        changed: Callable[[], object],
    ):
        self._changed = changed
        self._quiet = False
        self.fields: dict[str, widgets.Widget] = {}
        rows: list[widgets.Widget] = []
        for parameter in parameters:
            field = _field(parameter, values[parameter.name])
            field.observe(self._moved, names="value")
            self.fields[parameter.name] = field
            row = widgets.VBox(
                [field, widgets.HTML(_help(parameter)).add_class("help")], layout={"width": "100%"}
            )
            rows.append(row.add_class("control"))
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
        if len(rows) > SHOWN_AT_FIRST:
            more = widgets.Accordion([widgets.VBox(rows[SHOWN_AT_FIRST:])], selected_index=None)
            more.titles = [f"More controls ({len(rows) - SHOWN_AT_FIRST})"]
            self.box.children = (*self.box.children, more)

    def _moved(self, _: Any) -> None:
        if not self._quiet:
            self._changed()

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
        for field in (*self.fields.values(), self.seed):
            field.disabled = not on
