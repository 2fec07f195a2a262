"""From a slider to the new picture and claims, in a live kernel and in the browser; and what a kernel holds.

Run as a script. Each experiment starts at its defaults; its first number moves one step there and back.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TESTS = [ROOT / "tests" / "kernel", ROOT / "tests" / "browser"]
sys.path[:0] = [str(ROOT), *map(str, TESTS)]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])

import lab  # noqa: E402  # beside the browser's tests
from frontend import kernel  # noqa: E402  # beside the kernel's tests
from measure import experiments, latencies, memory_mb, p95, runs, show, step  # noqa: E402  # likewise
from nbformat.v4 import new_code_cell, new_notebook  # noqa: E402  # after the path

from helpers.export.pdf import find_browser  # noqa: E402  # likewise
from helpers.notebooks.normalise import normalise, to_bytes  # noqa: E402  # likewise
from helpers.ui.pace import REST_S  # noqa: E402  # likewise

TRIALS = 40
CLOCK = """
image => {
    window.moved = [];
    let begun = null;
    document.addEventListener("keydown", () => { begun = performance.now(); }, true);
    image.addEventListener("load", () => {
        if (begun !== null) window.moved.push(performance.now() - begun);
        begun = null;
    });
}
"""
"""In the page: milliseconds from a key to the next picture that the browser has decoded."""


def in_kernel() -> dict[str, list[float]]:
    """Milliseconds for each experiment, in a kernel."""
    with tempfile.TemporaryDirectory() as folder, kernel(Path(folder)) as live:
        return {name: [s * 1e3 for s in latencies(live, name, TRIALS)] for name in experiments()}


def in_browser(path: Path) -> dict[str, list[float]]:
    """Milliseconds for each experiment, in JupyterLab."""
    names = experiments()
    cells = ["from helpers import panel", *(f"panel({name!r})" for name in names)]
    notebook = normalise(new_notebook(cells=[new_code_cell(source) for source in cells]))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bench.ipynb").write_bytes(to_bytes(notebook))
        with lab.jupyterlab(Path(folder)) as server, lab.chromium(path) as browser:
            page = lab.Notebook.open(browser, server, "bench.ipynb")
            page.run_all()
            for number, name in enumerate(names):
                panel = page.panel(number)
                one = step(name)
                panel.box.locator("img").first.evaluate(CLOCK)
                for trial in range(TRIALS + 1):
                    panel.press(one.label, one.back if trial % 2 else one.there)
                    page.page.wait_for_function("count => window.moved.length > count", arg=trial)
                    page.page.wait_for_timeout(1_000 * REST_S + 50)  # a step that follows closely would wait
                found[name] = page.page.evaluate("() => window.moved")[1:]
            page.close()
    return found


def memory() -> None:
    """Print what a kernel holds after all experiments, and how it grows."""
    with tempfile.TemporaryDirectory() as folder, kernel(Path(folder)) as live:
        panels = [show(live, name) for name in experiments()]
        print(f"\nKernel with all {len(panels)} experiments: {memory_mb(live):.0f} MB (goal: at most 350 MB)")
        runs(live, panels, 1, 10)
        after_10 = memory_mb(live)
        runs(live, panels, 11, 200)
        grown = memory_mb(live) - after_10
        print(f"Growth from run 10 to run 200: {grown:+.1f} MB (goal: at most 20 MB)")


def main() -> None:
    inside = in_kernel()
    path = find_browser()
    outside = in_browser(path) if path is not None else {}
    print(
        "Slider to picture and claims, ms     kernel                     browser           more in the browser"
    )
    print("                                     median (<= 200)  p95 (<= 350)  median     p95   (<= 60)")
    for name, ours in inside.items():
        line = f"  {name:<34} {median(ours):>15.0f} {p95(ours):>13.0f}"
        if name in outside:
            theirs = outside[name]
            line += f" {median(theirs):>7.0f} {p95(theirs):>7.0f} {median(theirs) - median(ours):>+9.0f}"
        print(line)
    if path is None:
        print("  The browser was not measured: no Chromium was found.")
    if Path("/proc/self/status").exists():
        memory()


if __name__ == "__main__":
    main()
