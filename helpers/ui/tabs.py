"""The tabs of a panel: the picture, the API calls behind it, the data, what they would cost, and what CloudWatch shows.

The data are the picture as tables, then the trail. Each tab's children are made once. A new run replaces their
values; the tabs that are not open are filled when the learner opens them, so that a slider pays for the picture alone.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import ipywidgets as widgets
from traitlets import Unicode

from helpers.cloud.code import as_boto3, as_cli
from helpers.experiments.observation import observe
from helpers.experiments.outcome import Outcome
from helpers.ui import markup
from helpers.ui.observation import image_html, observation_html, service_map_png

WIDTH, HEIGHT = 900, 560
"""Size of every picture in pixels."""

HEADS = {"usd": "US$", "usd_per_million": "US$ per million", "list_price": "list price of"}
"""Words for the columns of the cost table, where the column's name is not one."""

CALLS_SHOWN = 60
CODE_SHOWN = 4_000
"""Characters of a call: a batch of records may have millions, and a browser would stand still."""

ROWS_SHOWN = 40
DRAWN_ROWS_SHOWN = 200
TITLES = ("Picture", "API calls", "Data", "Cost", "Telemetry")
SCRIPT = "the whole run"
COLUMNS = (
    "time_s",
    "duration_s",
    "actor",
    "service",
    "operation",
    "parameters",
    "response",
    "error",
    "attempt",
)


def _json(value: Any) -> str:
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _short(value: Any, length: int = 160) -> str:
    words = _json(value)
    return words if len(words) <= length else words[: length - 1] + "…"


def script(run: str) -> str:
    """A Python file and a command line that make the picture of `run` again."""
    return (
        "# as a command line\n"
        f"devlab run {_command(run)} --png picture.png\n\n"
        "# as a Python file\n"
        "from pathlib import Path\n\n"
        "from helpers.experiments import Run\n\n"
        f'outcome = Run.parse("{run}").outcome()\n'
        'Path("picture.png").write_bytes(outcome.png())\n'
        "print(outcome.text)\n"
        "print(outcome.trail)\n"
    )


def _command(run: str) -> str:
    name, _, query = run.partition("?")
    words = [name]
    for pair in query.split("&") if query else []:
        key, _, value = pair.partition("=")
        value = shlex.quote(unquote(value))
        words.append(f"--seed {value}" if key == "seed" else f"--set {key}={value}")
    return " ".join(words)


def calls_html(outcome: Outcome, style: str) -> str:
    """The first calls of the trail as boto3 code or as AWS CLI lines; `style` is "boto3", "CLI" or "the whole run"."""
    if style == SCRIPT:
        return f"<pre>{markup.raw(script(str(outcome.run)))}</pre>"
    write = as_boto3 if style == "boto3" else as_cli
    rows = []
    for place, row in outcome.trail.head(CALLS_SHOWN).iterrows():
        error = f' <span class="bad">✘ {markup.text(row["error"])}</span>' if _json(row["error"]) else ""
        rows.append(
            [
                str(place),
                f"{row['time_s']:,.2f} s",
                markup.text(row["actor"]),
                f"{_code(write(row))}{error}",
            ]
        )
    more = len(outcome.trail) - len(rows)
    said = f"{len(outcome.trail):,} API calls" + (f"; the first {len(rows)} are shown" if more > 0 else "")
    shown = markup.table(["Row", "Virtual time", "Actor", "Call"], rows, said, [0, 1], [2])
    return markup.scroll(shown, said)


def picture_html(outcome: Outcome) -> str:
    """The picture as tables, each within a box that scrolls."""
    parts = []
    for one in outcome.tables():
        rows = [[markup.text(cell) for cell in row] for row in one.rows[:DRAWN_ROWS_SHOWN]]
        count = f"{len(one.rows):,} {'row' if len(one.rows) == 1 else 'rows'}"
        if len(one.rows) > len(rows):
            count = f"the first {len(rows)} of {count}"
        said = f"{one.caption}: {count}"
        parts.append(markup.scroll(markup.table(one.head, rows, said, one.numeric), said))
    title = f"<h4>The picture as tables: {markup.text(outcome.run.experiment.title)}</h4>"
    return f'{title}<div class="drawn">{"".join(parts)}</div>'


def _code(call: str) -> str:
    more = len(call) - CODE_SHOWN
    cut = f"… <em>{more:,} more characters</em>" if more > 0 else ""
    return f"<code>{markup.raw(call[:CODE_SHOWN])}</code>{cut}"


def data_html(outcome: Outcome) -> str:
    """The first rows of the trail as a table, and all of them as a CSV file to save."""
    trail = outcome.trail
    columns = [name for name in COLUMNS if name in trail.columns]
    rows = []
    for place, row in trail.head(ROWS_SHOWN)[columns].iterrows():
        cells = [str(place)]
        for name in columns:
            value = row[name]
            shown = f"{value:,.2f}" if name in ("time_s", "duration_s") else _short(value)
            cells.append(markup.raw(shown))
        rows.append(cells)
    flat = trail.copy(deep=False)
    for name in ("parameters", "response"):
        if name in flat.columns:
            flat[name] = [_json(value) for value in trail[name]]
    coded = base64.b64encode(flat.to_csv(index_label="row").encode()).decode()
    name = f"{outcome.run.experiment.id}.csv"
    address = f"data:text/csv;charset=utf-8;base64,{coded}"
    save = f'<a download="{name}" href="{address}">Save all {len(trail):,} rows as CSV</a>'
    said = (
        f"The trail: a row per attempt of an API call. {min(len(trail), ROWS_SHOWN)} of {len(trail):,} rows."
    )
    shown = markup.table(["row", *columns], rows, said, [0, 1, 2], [3, 4, 5])
    return f"<h4>The trail</h4><p>{save}</p>{markup.scroll(shown, said)}"


def cost_html(outcome: Outcome) -> str:
    """Requests by operation times the list price, as the experiment counts them."""
    cost = outcome.cost
    numeric = [place for place, name in enumerate(cost.columns) if cost[name].dtype.kind in "if"]
    rows = []
    for _, row in cost.iterrows():
        rows.append([_cell(row[name]) for name in cost.columns])
    note = cost.attrs.get("note", "")
    heads = [HEADS.get(name, str(name).replace("_", " ")) for name in cost.columns]
    return f"{markup.table(heads, rows, numeric=numeric)}<p><small>{markup.text(note)}</small></p>"


def telemetry_html(outcome: Outcome) -> str:
    """The metrics, alarms, logs and traces of the run, which is carried out once more for them."""
    seen = observe(outcome.run)
    shown = markup.scroll(observation_html(seen), "Metrics, alarms, logs and traces of the run")
    return f"{shown}{image_html(*service_map_png(seen))}"


def _cell(value: Any) -> str:
    if isinstance(value, str) and value.startswith("https://"):
        return markup.link(value, "AWS page")
    if value != value:  # NaN: a total has no price of its own
        return ""
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        return f"{value:.8f}".rstrip("0")
    return markup.text(markup.number(value.item() if hasattr(value, "item") else value))


class Picture(widgets.Image):  # type: ignore[misc]  # ipywidgets has no types
    """A PNG with an accessible name: its `tooltip` becomes the image's `title`.

    ipywidgets 8.1 fails to show an image with a tooltip, because it looks for a description; here it finds one.
    """

    description = Unicode("").tag(sync=True)


class Tabs(widgets.Tab):  # type: ignore[misc]  # ipywidgets has no types
    """Picture, API calls, data, cost and telemetry of one outcome; `show(outcome, png, alt)` replaces their values."""

    def __init__(self, guard: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        self.picture = Picture(format="png", width=WIDTH, height=HEIGHT)
        self.picture.layout = {
            "width": f"{WIDTH}px",
            "max_width": "100%",
        }  # the style sheet keeps its proportions
        self.style_of_calls = widgets.ToggleButtons(
            options=["boto3", "CLI", SCRIPT],
            description="Show as",
            tooltips=["Python code", "AWS command line", "A script that makes this picture again"],
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.calls = widgets.HTML()
        self.data = widgets.HTML()
        self.cost = widgets.HTML()
        self.telemetry = widgets.HTML()
        self._outcome: Outcome | None = None
        self._stale: set[int] = set()
        super().__init__(
            children=[
                widgets.VBox([self.picture]),  # a picture cannot be a picture and a tab's page at once
                widgets.VBox([self.style_of_calls, self.calls]),
                self.data,
                self.cost,
                self.telemetry,
            ],
            titles=TITLES,
            selected_index=0,
        )
        self.observe(guard(self._opened), names="selected_index")
        self.style_of_calls.observe(guard(self._restyled), names="value")

    def show(self, outcome: Outcome, png: bytes, alt: str) -> None:
        """Put `outcome` into the tabs: the picture at once, the others when they are open."""
        self._outcome = outcome
        self.picture.value = png
        self.picture.tooltip = alt
        self._stale = {1, 2, 3, 4}
        self._fill()

    def _opened(self, _: Any) -> None:
        self._fill()

    def _restyled(self, _: Any) -> None:
        self._stale.add(1)
        self._fill()

    def _fill(self) -> None:
        place, outcome = self.selected_index, self._outcome
        if outcome is None or place not in self._stale:
            return
        self._stale.discard(place)
        if place == 1:
            self.calls.value = calls_html(outcome, self.style_of_calls.value)
        elif place == 2:
            self.data.value = picture_html(outcome) + data_html(outcome)
        elif place == 3:
            self.cost.value = cost_html(outcome)
        elif place == 4:
            self.telemetry.value = telemetry_html(outcome)
