"""What CloudWatch and X-Ray show of a run: its metrics, alarms, logs and traces."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets as widgets

from helpers.experiments.canvas import render
from helpers.experiments.observation import AlarmShown, LogShown, MetricShown, Observation
from helpers.experiments.observation import observe as observed
from helpers.experiments.run import Run
from helpers.experiments.service_map_picture import draw
from helpers.experiments.words import plural
from helpers.ui import markup
from helpers.ui.observation_still import course, ended, log_words, number, still_html, trace_words
from helpers.ui.shell import Shell, Still

if TYPE_CHECKING:
    from helpers.dataplane import Cloud
    from helpers.dataplane.xray import Trace


class Observed(Shell):
    """The tables of one observation."""

    def __init__(self, observation: Observation) -> None:
        self.observation = observation
        self._png, self._alt = service_map_png(observation)
        super().__init__([widgets.HTML(observation_html(observation) + image_html(self._png, self._alt))])

    def still(self) -> Still:
        seen = self.observation
        kinds = {"metric": seen.metrics, "alarm": seen.alarms, "log group": seen.logs, "trace": seen.traces}
        words = ", ".join(plural(len(found), kind) for kind, found in kinds.items())
        return Still(f"{seen.run}: {words}", still_html(seen), self._png, self._alt)


def observe(run: str | Run, prepare: Callable[[Cloud], object] | None = None) -> Observed:
    """Carry out `run` ("18_sqs.visibility?seed=3") and show its metrics, alarms, logs and traces as AWS would.

    `prepare(cloud)` is called before it begins: an alarm that it puts watches the run. Raises UnknownExperiment or
    ParameterError for a run that is not possible.
    """
    return Observed(observed(run, prepare))


def observation_html(seen: Observation) -> str:
    """The tables of an observation: metrics, alarms, logs, traces."""
    parts = [
        _metrics_html(seen),
        _alarms_html(seen.alarms),
        *(_log_html(log) for log in seen.logs),
        *(_trace_html(trace, len(seen.traces)) for trace in seen.telling_traces),
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
                _bars(metric, seen.virtual_s),
                *(number(value) for value in (metric.samples, metric.sum, metric.minimum, metric.maximum)),
                markup.text(metric.unit),
                markup.text(of),
            ]
        )
    heads = ["Metric", "Over the run", "Samples", "Sum", "Minimum", "Maximum", "Unit", "Of"]
    return markup.table(heads, rows, f"{len(rows)} metrics", numeric=(2, 3, 4, 5), tight=(1,))


def _bars(metric: MetricShown, virtual_s: float) -> str:
    """The metric's course as blocks, with words for who does not see them."""
    drawn, said = course(metric, virtual_s)
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
    said = plural(len(rows), "alarm")
    return markup.table(["Alarm", "State", "Why", "History"], rows, said)


def _log_html(log: LogShown) -> str:
    rows = [
        [f"{at_s:,.2f} s", markup.text(stream), f"<code>{markup.raw(message)}</code>"]
        for at_s, stream, message in log.lines
    ]
    table = markup.table(["Virtual time", "Stream", "Message"], rows, numeric=(0,))
    return markup.details(log_words(log), markup.scroll(table, f"Log group {log.group}"))


def image_html(png: bytes, alt: str) -> str:
    """A picture as part of an HTML widget."""
    coded = base64.b64encode(png).decode()
    return f'<img alt="{markup.raw(alt)}" src="data:image/png;base64,{coded}" width="900" style="max-width:100%">'


def service_map_png(seen: Observation) -> tuple[bytes, str]:
    """The service map of all traces as a picture, and in words."""
    drawn, count = seen.service_map, len(seen.traces)
    title = f"{count} traces of {len(drawn.nodes)} services and resources"
    subtitle = f"{seen.run}   (on each arrow: requests, and the mean time of one)"
    return render(lambda figure: draw(figure, drawn, title, subtitle))


def _trace_html(trace: Trace, of: int) -> str:
    rows = [
        [
            "&nbsp;" * 4 * line.depth + f"<code>{markup.raw(line.name)}</code>",
            markup.text(line.kind),
            f"{line.start_s:,.3f} s",
            f"{line.duration_s:,.3f} s",
            "" if line.segment.ok else f'<span class="bad">✘ {ended(line.segment)}</span>',
        ]
        for line in trace.lines()
    ]
    heads = ["Segment", "Kind", "Begins", "Takes", "Ended with"]
    table = markup.table(heads, rows, numeric=(2, 3), tight=(0,))
    words = trace_words(trace, of)
    return markup.details(words, markup.scroll(table, words))
