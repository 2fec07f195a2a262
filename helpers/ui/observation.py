"""What CloudWatch shows of a run: its metrics, alarms and logs, as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import ipywidgets as widgets

from helpers.experiments.observation import AlarmShown, LogShown, MetricShown, Observation
from helpers.experiments.observation import observe as observed
from helpers.experiments.run import Run
from helpers.ui import markup
from helpers.ui.shell import Shell, Still

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_STEPS: Final = " ▁▂▃▄▅▆▇█"
_WIDTH: Final = 24
_GAUGES: Final = ("Approximate", "Concurrent", "Provisioned", "Unreserved", "Claimed", "Account", "Iterator")
"""Metrics of unit Count whose values are levels: their maximum says more than their sum."""


class Observed(Shell):
    """The tables of one observation."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        super().__init__([widgets.HTML(observation_html(observation))])

    def still(self) -> Still:
        seen = self.observation
        words = (
            f"{seen.run}: {len(seen.metrics)} metrics, {len(seen.alarms)} alarms, {len(seen.logs)} log groups"
        )
        return Still(words, observation_html(seen))


def observe(run: str | Run, prepare: Callable[[Cloud], object] | None = None) -> Observed:
    """Carry out `run` ("18_sqs.visibility?seed=3") and show its metrics, alarms and logs as AWS would.

    `prepare(cloud)` is called before it begins: an alarm that it puts watches the run. Raises UnknownExperiment or
    ParameterError for a run that is not possible.
    """
    return Observed(observed(run, prepare))


def observation_html(seen: Observation) -> str:
    """All of an observation: metrics, alarms, logs."""
    parts = [
        _metrics_html(seen),
        _alarms_html(seen.alarms),
        *(_log_html(log) for log in seen.logs),
    ]
    return "".join(parts)


def _metrics_html(seen: Observation) -> str:
    if not seen.metrics:
        return "<p>No service published a metric.</p>"
    rows = []
    for metric in seen.metrics:
        of = ", ".join(f"{name} {value}" for name, value in metric.dimensions)
        rows.append(
            [
                f"<code>{markup.raw(metric.name)}</code><br>{markup.text(metric.namespace)}",
                markup.text(of),
                markup.text(metric.unit),
                *(_number(value) for value in (metric.samples, metric.sum, metric.minimum, metric.maximum)),
                _bars(metric, seen.virtual_s),
            ]
        )
    heads = ["Metric", "Of", "Unit", "Samples", "Sum", "Minimum", "Maximum", "Over the run"]
    return markup.table(heads, rows, f"{len(rows)} metrics", numeric=(3, 4, 5, 6), tight=(7,))


def _number(value: float) -> str:
    return markup.text(markup.number(int(value) if value == int(value) else round(value, 2)))


def _statistic(metric: MetricShown) -> str:
    counted = metric.unit == "Count" and not metric.name.startswith(_GAUGES)
    return "Sum" if counted else "Maximum"


def _bars(metric: MetricShown, virtual_s: float) -> str:
    """The metric's course as blocks: one for each 24th of the run, or for each period if there are fewer."""
    statistic = _statistic(metric)
    columns = max(1, min(_WIDTH, int(virtual_s // metric.period_s) + 1))
    highest = [0.0] * columns
    for at_s, values in metric.points:
        place = min(columns - 1, max(0, int(at_s / max(virtual_s, 1) * columns)))
        highest[place] = max(highest[place], values[statistic])
    top = max(highest) or 1.0
    drawn = "".join(_STEPS[max(0, round(value / top * 8))] for value in highest)
    said = f"{statistic} of each period, at most {markup.number(round(max(highest), 2))}"
    return f'<span role="img" aria-label="{said}" title="{said}"><code>{drawn}</code></span>'


def _alarms_html(alarms: tuple[AlarmShown, ...]) -> str:
    if not alarms:
        return "<p>No alarm was set.</p>"
    rows = []
    for alarm in alarms:
        changes = "<br>".join(
            f"{markup.text(markup.duration(at_s))}: {markup.text(said)}" for at_s, said in alarm.changes
        )
        rows.append(
            [
                f"<code>{markup.raw(alarm.name)}</code>",
                markup.text(alarm.state),
                markup.text(alarm.reason),
                changes,
            ]
        )
    return markup.table(["Alarm", "State", "Why", "History"], rows, f"{len(rows)} alarms")


def _log_html(log: LogShown) -> str:
    rows = [
        [f"{at_s:,.2f} s", markup.text(stream), f"<code>{markup.raw(message)}</code>"]
        for at_s, stream, message in log.lines
    ]
    more = ", the first ones" if log.more else ""
    table = markup.table(["Virtual time", "Stream", "Message"], rows, numeric=(0,))
    return markup.details(
        f"Log group {log.group}: {len(rows)} lines{more}", f'<div class="scroll">{table}</div>'
    )
