"""An observation where no kernel runs: lists and lines instead of the widget's wide tables.

That is a third of the size, and reads on a narrow page, on paper and from top to bottom. Nothing that the tables hold
is left out.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from helpers.experiments.observation import AlarmShown, LogShown, MetricShown, Observation
from helpers.ui import markup

if TYPE_CHECKING:
    from helpers.dataplane.xray import Trace
    from helpers.dataplane.xray.segment import Segment

_STEPS: Final = " ▁▂▃▄▅▆▇█"
_WIDTH: Final = 24
_GAUGES: Final = ("Approximate", "Concurrent", "Provisioned", "Unreserved", "Claimed", "Account", "Iterator")
"""Metrics of unit Count whose values are levels: their maximum says more than their sum."""


def still_html(seen: Observation) -> str:
    """Metrics, alarms, logs and traces of an observation as lists and lines."""
    return "".join(
        (
            _metrics(seen),
            _alarms(seen.alarms),
            *(_log(log) for log in seen.logs),
            *(_trace(trace, len(seen.traces)) for trace in seen.telling_traces),
        )
    )


def course(metric: MetricShown, virtual_s: float) -> tuple[str, str]:
    """The metric over the run as blocks, and what they are: "Sum of each period, at most 3".

    A block stands for a 24th of the run, or for each period if there are fewer.
    """
    counted = metric.unit == "Count" and not metric.name.startswith(_GAUGES)
    statistic = "Sum" if counted else "Maximum"
    columns = max(1, min(_WIDTH, int(virtual_s // metric.period_s) + 1))
    highest = [0.0] * columns
    for at_s, values in metric.points:
        place = min(columns - 1, max(0, int(at_s / max(virtual_s, 1) * columns)))
        highest[place] = max(highest[place], values[statistic])
    top = max(highest) or 1.0
    drawn = "".join(_STEPS[max(0, round(value / top * 8))] for value in highest)
    return drawn, f"{statistic} of each period, at most {number(max(highest))}"


def number(value: float) -> str:
    """A metric's value as people read it, with at most two decimals."""
    return markup.number(int(value) if value == int(value) else round(value, 2))


def trace_words(trace: Trace, of: int) -> str:
    """Which trace it is, of how many, how long it took, and how many segments it has."""
    count = sum(1 for _ in trace.lines())
    return f"One of {of} traces: {trace.root.name}, {markup.duration(trace.duration_s)}, {count} segments"


def log_words(log: LogShown) -> str:
    """Which log group it is, and how many of its lines stand below."""
    return f"Log group {log.group}: {len(log.lines)} lines{', the first ones' if log.more else ''}"


def ended(segment: Segment) -> str:
    """How a segment that is not ok ended, in X-Ray's word for it."""
    return "fault" if segment.fault else "throttle" if segment.throttle else "error"


def _metrics(seen: Observation) -> str:
    if not seen.metrics:
        return "<p>No service published a metric.</p>"
    parts = [f"<p><strong>{len(seen.metrics)} metrics</strong></p>"]
    lines: dict[str, list[str]] = {}
    for metric in seen.metrics:
        lines.setdefault(metric.namespace, []).append(_metric(metric, seen.virtual_s))
    parts += (f"<p>{markup.text(namespace)}</p>{markup.items(said)}" for namespace, said in lines.items())
    return "".join(parts)


def _metric(metric: MetricShown, virtual_s: float) -> str:
    drawn, said = course(metric, virtual_s)
    of = "".join(f", {name} {value}" for name, value in metric.dimensions)
    least, most = number(metric.minimum), number(metric.maximum)
    values = f"samples {number(metric.samples)}, sum {number(metric.sum)}, minimum {least}, maximum {most}"
    return (
        f"<code>{markup.raw(metric.name)}</code>{markup.text(of)}: {said} "
        f'<code aria-hidden="true">{drawn}</code> {values}; unit {markup.text(metric.unit)}'
    )


def _alarms(alarms: tuple[AlarmShown, ...]) -> str:
    if not alarms:
        return "<p>No alarm was set.</p>"
    parts = []
    for alarm in alarms:
        changes = [
            f"{markup.text(markup.duration(at_s))}: {markup.text(said)}" for at_s, said in alarm.changes
        ]
        parts.append(
            f"<p>Alarm <code>{markup.raw(alarm.name)}</code>: <strong>{markup.text(alarm.state)}</strong>. "
            f"{markup.text(alarm.reason)}</p>{markup.items(changes)}"
        )
    return "".join(parts)


def _log(log: LogShown) -> str:
    parts = []
    for stream, lines in groupby(log.lines, key=lambda line: line[1]):
        said = "\n".join(f"{at_s:,.2f} s  {markup.raw(message.rstrip())}" for at_s, _, message in lines)
        parts.append(f"<p>{markup.text(stream)}</p><pre>{said}</pre>")
    return markup.details(log_words(log), "".join(parts))


def _trace(trace: Trace, of: int) -> str:
    lines = []
    for line in trace.lines():
        kind = f" ({line.kind})" if line.kind else ""
        failed = "" if line.segment.ok else f", ✘ {ended(line.segment)}"
        lines.append(
            f"{'  ' * line.depth}{markup.raw(line.name + kind)}: "
            f"begins {line.start_s:,.3f} s, takes {line.duration_s:,.3f} s{failed}"
        )
    return markup.details(trace_words(trace, of), "<pre>" + "\n".join(lines) + "</pre>")
