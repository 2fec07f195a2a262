"""What a panel costs in a live kernel: the time from a slider to the picture, and the kernel's memory."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from frontend import Kernel

from helpers.experiments import catalog
from helpers.experiments.parameter import Choice, Float, Int
from helpers.ui.pace import REST_S

PANEL = """
import json
from helpers import panel
shown = panel({experiment!r})
print(json.dumps({{
    "field": shown.controls.fields[{parameter!r}].model_id,
    "seed": shown.controls.seed.model_id,
    "claims": shown._claims.model_id,
    "picture": shown.tabs.picture.model_id,
    "status": shown._status.model_id,
}}))
"""


def experiments() -> list[str]:
    """The ids of all experiments of the course."""
    return sorted(catalog())


class Step(NamedTuple):
    """A control of a panel, and one step beside its default: `trait` is what of the widget moves, `there` and `back`
    are the keys that a learner would press.
    """

    name: str
    label: str
    trait: str
    default: Any
    beside: Any
    there: str
    back: str


def step(experiment: str) -> Step:
    """One step of the experiment's first number; or of its first choice, if it has no number."""
    parameters = catalog()[experiment].parameters
    for one in parameters:
        if isinstance(one, Int | Float):
            keys = ("ArrowRight", "ArrowLeft")
            if one.default + one.step <= one.maximum:
                return Step(one.name, one.label, "value", one.default, one.default + one.step, *keys)
            return Step(one.name, one.label, "value", one.default, one.default - one.step, *reversed(keys))
    for one in parameters:
        if isinstance(one, Choice):
            place, keys = one.choices.index(one.default), ("ArrowDown", "ArrowUp")
            if place + 1 < len(one.choices):
                return Step(one.name, one.label, "index", place, place + 1, *keys)
            return Step(one.name, one.label, "index", place, place - 1, *reversed(keys))
    raise LookupError(f"{experiment} has neither a number nor a choice")


def show(kernel: Kernel, experiment: str) -> dict[str, str]:
    """Show the panel of `experiment` in the kernel; the model ids of its parts."""
    code = PANEL.format(experiment=experiment, parameter=step(experiment).name)
    ids: dict[str, str] = json.loads(kernel.value(code))
    return ids


def ended(kernel: Kernel, ids: dict[str, str], since: float) -> bool:
    """Whether a run that began after `since` has come to its last message, the line with its calls."""
    said = kernel.changed(ids["status"], since=since)
    return any("API calls" in value for _, value in said)


def latencies(kernel: Kernel, experiment: str, trials: int) -> list[float]:
    """Real seconds from the slider's message to the new picture and claims, for one step there and back."""
    ids = show(kernel, experiment)
    one = step(experiment)
    found = []
    for trial in range(trials + 1):
        kernel.listen(REST_S + 0.05)  # a step that follows another closely would wait
        moved = kernel.move(ids["field"], one.default if trial % 2 else one.beside, one.trait)
        kernel.until(lambda since=moved: ended(kernel, ids, since), 30, experiment)  # type: ignore[misc]  # mypy knows no default of a lambda
        # The line with the calls is the last thing a run changes: picture and claims have come before it.
        found.append(kernel.changed(ids["status"], since=moved)[-1][0] - moved)
        kernel.widgets.clear()
    return found[1:]  # the first fills caches


def memory_mb(kernel: Kernel) -> float:
    """The kernel's resident memory in MB (10**6 bytes), after a garbage collection."""
    pid = int(kernel.value("import gc, os\ngc.collect()\nprint(os.getpid())").splitlines()[-1])
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (kilobytes,) = re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) * 1024 / 1e6


def runs(kernel: Kernel, panels: list[dict[str, str]], first: int, last: int) -> None:
    """Run number `first` to `last`, over the panels in turn, each with a seed of its own."""
    for number in range(first, last + 1):
        ids = panels[number % len(panels)]
        moved = kernel.move(ids["seed"], number)
        kernel.until(lambda ids=ids, since=moved: ended(kernel, ids, since), 60, f"run {number}")  # type: ignore[misc]  # as above
        kernel.widgets.clear()


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(values, n=20, method="inclusive")[-1]
