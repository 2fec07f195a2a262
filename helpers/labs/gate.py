"""The author's gate: a lab may be released if its checks tell right from wrong, whatever the seed draws.

Under the seed of practice and under others: the worked solution earns every point, the student's notebook as it is
released earns none, and each wrong solution fails the checks that it says it fails and no other. Each check is failed
by a wrong solution, and the same seed gives the same findings. A wrong solution is a file `wrong/<task>__<name>.py`:

    # fails: once, order
    # crashes
    def create_queues(sqs, need): ...

The first line names the checks that do not pass. The second one, if it is there, says that the code raises: then at
least one of these checks is crashed, and the file does not prove that a check tells right from wrong. The whole file is
the source of the task's cell.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from helpers.labs.build import released_sources, solution_sources
from helpers.labs.examine import earned
from helpers.labs.finding import Finding, Status
from helpers.labs.lab import PRACTICE_SEED, Lab, LabError, Task
from helpers.labs.practice import examine_here

SEEDS = (1, 2, 3)
"""The seeds under which a lab is tried beside that of practice."""

_FAILS = re.compile(r"# fails:\s*(.+)")
_CRASHES = "# crashes"


@dataclass(frozen=True)
class WrongSolution:
    """A wrong solution: the task, the `source` of its cell, and the checks that it does not pass.

    `crashes` says that its code raises.
    """

    name: str
    task: str
    fails: tuple[str, ...]
    crashes: bool
    source: str

    @classmethod
    def read(cls, path: Path, lab: Lab) -> WrongSolution:
        """The wrong solution in the file at `path`. Raises LabError if it does not say what it fails."""
        source = path.read_text(encoding="utf-8")
        lines = [*source.splitlines(), "", ""]
        said = _FAILS.fullmatch(lines[0].strip())
        if said is None:
            raise LabError(f"wrong/{path.name} does not begin with a line such as `# fails: once, order`.")
        task = lab.task(path.stem.partition("__")[0])
        fails = tuple(name.strip() for name in said[1].split(","))
        unknown = set(fails) - {check.id for check in task.checks}
        if unknown:
            raise LabError(
                f"wrong/{path.name}: the task {task.id} has no check {', '.join(sorted(unknown))}."
            )
        return cls(path.name, task.id, fails, lines[1].strip() == _CRASHES, source)

    def as_declared(self, findings: Mapping[str, Finding]) -> bool:
        """Whether these are the findings that it declares."""
        bad = {Status.FAILED, Status.CRASHED} if self.crashes else {Status.FAILED}
        crashed = any(one.status == Status.CRASHED for one in findings.values())
        return crashed == self.crashes and all(
            finding.status in (bad if check in self.fails else {Status.PASSED})
            for check, finding in findings.items()
        )


def wrong_solutions(lab: Lab) -> tuple[WrongSolution, ...]:
    """The lab's wrong solutions, in the order of their names. Raises LabError for one that is not well-formed."""
    return tuple(WrongSolution.read(path, lab) for path in sorted((lab.folder / "wrong").glob("*.py")))


@dataclass(frozen=True)
class GateReport:
    """What the gate found: why the lab may not be released, if anything, and how long each task takes.

    `seconds` are of processor time, for one examination of the worked solution, the median over the `seeds`.
    """

    lab: Lab
    seeds: tuple[int, ...]
    wrong: tuple[WrongSolution, ...]
    seconds: Mapping[str, float]
    defects: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the lab may be released."""
        return not self.defects

    def __str__(self) -> str:
        tasks = _examined(self.lab)
        seeds = ", ".join(map(str, self.seeds))
        width = max(len(task.id) for task in tasks)
        lines = [f"{self.lab.id}: {self.lab.title}", f"Seeds {seeds}; seconds are of processor time.", ""]
        lines.append(f"  {'task':<{width}}  points  checks  wrong  seconds")
        for task in tasks:
            wrong = sum(one.task == task.id for one in self.wrong)
            seconds = self.seconds.get(task.id, 0.0)
            lines.append(
                f"  {task.id:<{width}}  {task.points:>6g}  {len(task.checks):>6}  {wrong:>5}  {seconds:>7.2f}"
            )
        lines += ["", *(f"- {defect}" for defect in self.defects)]
        lines.append(
            f"Refused: {len(self.defects)} defect{'s' if len(self.defects) > 1 else ''}."
            if self.defects
            else "May be released."
        )
        return "\n".join(lines)


def gate(lab: Lab, seeds: Sequence[int] = SEEDS) -> GateReport:
    """Try the lab under the seed of practice and under `seeds`. Raises LabError if its files are not well-formed."""
    trial = _Trial(lab, tuple(dict.fromkeys((PRACTICE_SEED, *seeds))))
    for task in _examined(lab):
        trial.examine(task)
    seconds = {task: median(measured) for task, measured in trial.seconds.items()}
    return GateReport(lab, trial.seeds, trial.wrong, seconds, tuple(dict.fromkeys(trial.defects)))


def _examined(lab: Lab) -> tuple[Task, ...]:
    return tuple(task for task in lab.tasks if not task.manual)


class _Trial:
    """The gate at work on one lab."""

    def __init__(self, lab: Lab, seeds: tuple[int, ...]) -> None:
        self.lab = lab
        self.seeds = seeds
        self.released = released_sources(lab)
        self.solutions = solution_sources(lab)
        self.wrong = wrong_solutions(lab)
        self.seconds: dict[str, list[float]] = {}
        self.defects: list[str] = []

    def examine(self, task: Task) -> None:
        """Try everything there is for a task."""
        wrongs = [one for one in self.wrong if one.task == task.id]
        for seed in self.seeds:
            self._solution(task, seed)
            self._as_released(task, seed)
            for wrong in wrongs:
                self._wrong(wrong, seed)
        self._repeats(task, self.solutions, "the solution")
        for wrong in wrongs:
            self._repeats(task, {**self.solutions, task.id: wrong.source}, f"wrong/{wrong.name}")
        caught = {check for one in wrongs if not one.crashes for check in one.fails}
        for check in task.checks:
            if check.id not in caught:
                self.defects.append(f"{task.id}: no wrong solution fails the check {check.id}.")

    def _solution(self, task: Task, seed: int) -> None:
        before = time.process_time()
        findings = self._findings(task.id, self.solutions, seed, "the solution")
        self.seconds.setdefault(task.id, []).append(time.process_time() - before)
        if findings and earned(task, findings) < task.points:
            self.defects.append(
                f"{task.id}, seed {seed}: the solution does not earn every point: {_said(findings)}."
            )

    def _as_released(self, task: Task, seed: int) -> None:
        findings = self._findings(task.id, self.released, seed, "the student's notebook")
        if findings and any(one.status != Status.NOT_ATTEMPTED for one in findings.values()):
            self.defects.append(
                f"{task.id}, seed {seed}: the student's notebook as released is not 'not attempted': "
                f"{_said(findings)}."
            )
        if not task.broken:
            return
        findings = self._findings(task.id, self.released, seed, "the broken system", touched=True)
        if findings and earned(task, findings) == task.points:
            self.defects.append(f"{task.id}, seed {seed}: the broken system passes every check.")

    def _wrong(self, wrong: WrongSolution, seed: int) -> None:
        sources = {**self.solutions, wrong.task: wrong.source}
        findings = self._findings(wrong.task, sources, seed, f"wrong/{wrong.name}")
        if findings and not wrong.as_declared(findings):
            declared = ", ".join(wrong.fails) + (" by a crash" if wrong.crashes else "")
            self.defects.append(
                f"wrong/{wrong.name}, seed {seed}: should fail {declared}, but: {_said(findings)}."
            )

    def _repeats(self, task: Task, sources: Mapping[str, str], what: str) -> None:
        one, other = (self._findings(task.id, sources, self.seeds[0], what) for _ in range(2))
        if one != other:
            self.defects.append(f"{task.id}, seed {self.seeds[0]}: {what} is judged otherwise a second time.")

    def _findings(
        self, task: str, sources: Mapping[str, str], seed: int, what: str, *, touched: bool = False
    ) -> dict[str, Finding]:
        """The findings for these sources; none if the check itself raised, which is a defect.

        With `touched`, a cell that is as it was released counts as the student's own work.
        """
        released = {} if touched else self.released
        try:
            return examine_here(self.lab, task, sources, released, seed)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the lab's
            self.defects.append(
                f"{task}, seed {seed}: the check itself raised on {what}: {type(error).__name__}: {error}"
            )
            return {}


def _said(findings: Mapping[str, Finding]) -> str:
    """The findings in one line."""
    return ", ".join(
        f"{check} {finding.status.value}" + (f" ({finding.reason})" if finding.reason else "")
        for check, finding in findings.items()
    )
