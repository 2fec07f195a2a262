"""Submissions a minute, beside nbgrader's on the same lab; the memory that a class of 300 takes. Nothing fails here.

Run it with `make bench`, or `python benchmarks/grading.py`. nbgrader is no part of the course: it is installed into a
temporary folder, on top of this environment's packages, and left out where no package registry can be reached.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.grading.nbgrader import export
from helpers.grading.sandbox import best_isolation
from helpers.grading.sandbox.tree import family
from helpers.labs import load_lab
from helpers.labs.build import solution_sources

LAB = load_lab("18_sqs")
SEED = 7
NBGRADER = "0.9.6"
FEW, CLASS, JOBS = 12, 300, 2
RATIO, WALL_S, MEMORY_MB = 20, 180, 1024
CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "bench"\nc.Execute.timeout = 300\n'

Notebook = dict[str, object]


@dataclass
class Run:
    """How long a command took, and at its peak the memory of it and whatever it started, each page counted once."""

    wall_s: float
    memory_mb: float = 0.0


# What is handed in


def wrongs() -> Iterator[dict[str, str]]:
    """The solution with one task solved wrongly, over and over, task by task."""
    paths = sorted((LAB.folder / "wrong").glob("*.py"), key=lambda path: path.name.partition("__")[::-1])
    while True:
        for path in paths:
            source = "\n".join(path.read_text(encoding="utf-8").splitlines()[1:])
            yield {**solution_sources(LAB), path.name.partition("__")[0]: source}


def answers(count: int) -> dict[str, Mapping[str, str]]:
    """Sources by task for each student: of ten, seven are right in their own words, two are wrong, one is blank."""
    wrong = wrongs()
    found: dict[str, Mapping[str, str]] = {}
    for number in range(count):
        place = number % 10
        if place == 9:
            sources: Mapping[str, str] = {}
        elif place in {3, 6}:
            sources = next(wrong)
        else:
            sources = {
                task: f"{source}\n# variant {number}" for task, source in solution_sources(LAB).items()
            }
        found[f"student{number:03}"] = sources
    return found


def fill(notebook: Path, sources: Mapping[str, str], to: Path) -> None:
    """Write the notebook with a student's cells."""
    nb = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        cell["source"] = sources.get(cell["id"], cell["source"])
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(nb), encoding="utf-8")


# This course


def grade(sent: Mapping[str, Mapping[str, str]], folder: Path) -> tuple[Run, dict[str, float]]:
    """Mark it all with `devlab grade`: the run, and the total of each student."""
    for student, sources in sent.items():
        fill(LAB.folder / "lab.ipynb", sources, folder / "in" / f"{student}.ipynb")
    devlab = str(Path(sys.executable).with_name("devlab"))
    command = [devlab, "grade", LAB.id, str(folder / "in"), "--out", str(folder / "out")]
    command += ["--seed", str(SEED), "--jobs", str(JOBS)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peak = Peak(process.pid)
        try:
            if process.wait() != 0:
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}.")
        finally:
            process.terminate()  # if this script is stopped
    run = Run(time.perf_counter() - began, peak.stop())
    records = json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))["records"]
    return run, {record["student"]: float(record["total"]) for record in records}


class Peak:
    """Looks twice a second at the memory of a process and whatever it started, in a thread: a look takes the kernel
    milliseconds for each process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The peak, in MiB."""
        self._over.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._over.wait(0.5):
            self._most = max(self._most, sum(map(proportional_mb, family(self._pid))))


def proportional_mb(pid: int) -> float:
    """Its part of memory: a page that several have is divided among them."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


# nbgrader


class Nbgrader:
    """nbgrader in an environment of its own, with a course in `folder`. Raises OSError if it cannot be installed."""

    def __init__(self, folder: Path) -> None:
        self._course = folder / "course"
        here = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(here)], check=True)
        python = here / "bin" / "python"
        packages = next((here / "lib").glob("python3*/site-packages"))
        ours = [path for path in sys.path if path.endswith("site-packages")]
        lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in ours)
        (packages / "course.pth").write_text(lines, encoding="utf-8")
        install = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "-qq",
            f"nbgrader=={NBGRADER}",
        ]
        done = subprocess.run(install, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(done.stderr.strip().rpartition("\n")[2])
        # It starts `alembic` and its kernel by name; the kernel reads no configuration of this machine.
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
            "PATH": f"{here / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
        }
        self._command = [str(python), "-W", "ignore", "-m", "nbgrader"]

    def prepare(self, sent: Mapping[str, Mapping[str, str]]) -> None:
        """Make the assignment, and hand in."""
        source = self._course / "source" / LAB.id / "lab.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(json.dumps(export(LAB, seed=SEED)), encoding="utf-8")
        (self._course / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
        self._run("generate_assignment", LAB.id)
        for student, sources in sent.items():
            released = self._course / "release" / LAB.id / "lab.ipynb"
            fill(released, sources, self._course / "submitted" / student / LAB.id / "lab.ipynb")

    def autograde(self) -> Run:
        """Mark everything in one batch; it has no way to mark side by side."""
        began = time.perf_counter()
        self._run("autograde", LAB.id)
        return Run(time.perf_counter() - began)

    def totals(self) -> dict[str, float]:
        """The total of each student."""
        self._run("export", "--to", "grades.csv")
        with (self._course / "grades.csv").open(encoding="utf-8", newline="") as file:
            return {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self._command, *command],
            cwd=self._course,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"nbgrader {' '.join(command)} failed:\n{done.stderr[-2000:]}")


# The report


def met(good: bool) -> str:
    return "" if good else "   MISSED"


def side_by_side(folder: Path) -> float | None:
    """Print both; nbgrader's submissions a minute, if it was measured."""
    sent = answers(FEW)
    ours, totals = grade(sent, folder / "ours")
    print(f"{FEW} submissions of {LAB.id}, start-up included   submissions/min")
    print(f"  devlab grade --jobs {JOBS}                        {FEW / ours.wall_s * 60:>12.1f}")
    try:
        nbgrader = Nbgrader(folder)
    except OSError as error:
        print(f"  nbgrader {NBGRADER} was not measured: it could not be installed ({error}).")
        return None
    nbgrader.prepare(sent)
    theirs = nbgrader.autograde()
    print(f"  nbgrader {NBGRADER} autograde, one batch          {FEW / theirs.wall_s * 60:>12.1f}")
    print(f"  ratio                                       {theirs.wall_s / ours.wall_s:>12.1f}")
    same = nbgrader.totals() == totals
    print(f"  the same marks: {'yes' if same else 'NO'}   (goal: yes){met(same)}")
    return FEW / theirs.wall_s * 60


def a_class(folder: Path, theirs: float | None) -> None:
    """Print how a class fares, beside the rate of nbgrader."""
    run, totals = grade(answers(CLASS), folder / "class")
    wall, memory = run.wall_s, run.memory_mb
    print(f"\n{len(totals)} submissions of {LAB.id}, --jobs {JOBS}, isolation: {best_isolation().level}")
    print(f"  wall time      {wall:>7.0f} s    (goal: at most {WALL_S}){met(wall <= WALL_S)}")
    print(f"  rate           {CLASS / wall * 60:>7.0f} /min")
    if theirs is not None:
        ratio = CLASS / wall * 60 / theirs
        print(f"  beside nbgrader {ratio:>6.1f} times (goal: at least {RATIO}){met(ratio >= RATIO)}")
    print(f"  peak memory    {memory:>7.0f} MB   (goal: at most {MEMORY_MB:,}){met(memory <= MEMORY_MB)}")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="devlab-bench-") as folder:
        theirs = side_by_side(Path(folder))
        a_class(Path(folder), theirs)


if __name__ == "__main__":
    main()
