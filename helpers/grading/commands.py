"""The instructor's commands of `devlab`: grade, regrade, and what goes with them.

Each imports what it needs when it is called: the learner's commands share this command line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.grading.limits import Limits
from helpers.grading.stopping import StoppedBySignal, stoppable

if TYPE_CHECKING:
    from helpers.grading.deliver import Delivery
    from helpers.grading.grade import Assignment, Marker
    from helpers.grading.record import Batch
    from helpers.labs import Lab

UNSAFE = 3
"""Exit code when submissions cannot be isolated and nobody said that they need not be."""


def add_to(commands: Any) -> None:
    """Add the commands to argparse's subparsers."""
    parser = commands.add_parser("grade", help="mark exported lab notebooks: a zip, folders or notebooks")
    add = parser.add_argument
    add("lab", help="a lab, such as 18_sqs, or the folder of an edition of it")
    add("submissions", nargs="+", help="what the platform gave you: zips, folders, notebooks")
    add("--out", required=True, type=Path, metavar="DIR", help="where the results go; run again to go on")
    add("--seed", type=_seed, metavar="N", help="draws the numbers (default: drawn once, and kept in DIR)")
    add("--jobs", type=_count, metavar="N", help="how many side by side (default: one a processor)")
    add("--roster", type=Path, metavar="FILE", help="a CSV file of the class")
    limits = Limits()
    said = "processor seconds of a cell, and of a task (default: %(default)g)"
    add("--cpu-limit", type=float, default=limits.cpu_s, metavar="S", help=said)
    said = "memory of a submission's processes together (default: %(default)d)"
    add("--memory-limit", type=_count, default=limits.memory_mb, metavar="MB", help=said)
    add("--unsafe", action="store_true", help="mark even where submissions cannot be isolated")
    add("--pseudonyms", action="store_true", help="keep names out of all but the gradebook")
    _add_scheduler(parser)
    _add_delivery(parser)
    parser.set_defaults(command=_reporting(_grade))

    parser = commands.add_parser(
        "regrade", help="mark again with corrected checks; list every mark that moves"
    )
    add = parser.add_argument
    add("out", type=Path, metavar="DIR", help="the results folder of `devlab grade`")
    add("--changed", action="store_true", help="only where the checks changed since; the rest is kept")
    add("--jobs", type=_count, metavar="N", help="as for grade")
    _add_scheduler(parser)
    _add_delivery(parser)
    parser.set_defaults(command=_reporting(_regrade))

    parser = commands.add_parser("variant", help="build a graded edition of a lab, with numbers of its own")
    add = parser.add_argument
    add("lab", help="a lab, such as 18_sqs")
    add(
        "--key",
        required=True,
        type=Path,
        metavar="FILE",
        help="what numbers are drawn from; made if it is not there",
    )
    add("--out", required=True, type=Path, metavar="DIR", help="where the edition goes")
    add("--per-student", type=Path, metavar="ROSTER", help="other numbers for each student of this CSV file")
    add("--extra", type=Path, metavar="FOLDER", help="your own unpublished tasks, in the labs' format")
    parser.set_defaults(command=_reporting(_variant))

    parser = commands.add_parser("teach", help="print a one-page plan for 50 minutes with a class")
    parser.add_argument("section", help="a section, such as 18_sqs")
    parser.set_defaults(command=_reporting(_teach))

    parser = commands.add_parser("nbgrader", help="exchange labs and marks with nbgrader")
    ways = parser.add_subparsers(required=True, metavar="way")
    way = ways.add_parser("export", help="write a lab as an nbgrader source notebook")
    way.add_argument("lab", help="a lab, such as 18_sqs")
    way.add_argument("--out", required=True, type=Path, metavar="FILE", help="the notebook to write")
    way.add_argument(
        "--seed", type=_seed, metavar="N", help="the seed of its numbers (default: that of practice)"
    )
    way.set_defaults(command=_reporting(_nbgrader_export))
    way = ways.add_parser("import", help="turn nbgrader's exported grades into results of this course")
    way.add_argument("grades", type=Path, help="the CSV file that `nbgrader export` wrote")
    way.add_argument("lab", help="the lab that it is about")
    way.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="where results.csv and results.json go"
    )
    way.set_defaults(command=_reporting(_nbgrader_import))
    way = ways.add_parser("grades", help="write the results of `devlab grade` as nbgrader exports them")
    way.add_argument("out", type=Path, metavar="DIR", help="the results folder of `devlab grade`")
    way.add_argument("--to", required=True, type=Path, metavar="FILE", help="the CSV file to write")
    way.set_defaults(command=_reporting(_nbgrader_grades))


def _add_scheduler(parser: argparse.ArgumentParser) -> None:
    said = "mark on a Dask cluster whose workers have the same clone, such as tcp://10.0.0.5:8786"
    parser.add_argument("--scheduler", metavar="ADDRESS", help=said)


def _add_delivery(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    said = "the empty worksheet of Moodle or Canvas: it comes back filled in, beside a zip of feedback"
    add("--gradebook", type=Path, metavar="FILE", help=said)
    said = "the gradebook's column, where the lab's name does not tell"
    add("--column", default="", metavar="NAME", help=said)


def _reporting(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Let a command that refuses, or is stopped, say so in one sentence."""

    def run(asked: argparse.Namespace) -> int:
        try:
            with stoppable():
                return _answered(command, asked)
        except StoppedBySignal as stopped:
            print("Stopped. Run the same command again to go on.", file=sys.stderr)
            return 128 + stopped.number

    return run


def _answered(command: Callable[[argparse.Namespace], int], asked: argparse.Namespace) -> int:
    from helpers.cloud import OneSentence
    from helpers.grading.grade import Refused, Unsafe
    from helpers.grading.gradebook import GradebookError
    from helpers.grading.report.pseudonyms import KeyFileError

    try:
        return command(asked)
    except Unsafe as error:
        print(error, file=sys.stderr)
        return UNSAFE
    except (Refused, OneSentence, GradebookError, KeyFileError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _grade(asked: argparse.Namespace) -> int:
    from helpers.grading.grade import Assignment, grade

    assignment = Assignment(
        lab=asked.lab,
        submissions=tuple(asked.submissions),
        out=str(asked.out),
        seed=asked.seed,
        roster=None if asked.roster is None else str(asked.roster),
        unsafe=asked.unsafe,
        limits=Limits(cpu_s=asked.cpu_limit, memory_mb=asked.memory_limit),
    )
    if asked.jobs:
        assignment = replace(assignment, jobs=asked.jobs)
    _require_gradebook(assignment, asked)
    batch, _ = grade(assignment, marker=_marker(asked))
    _tell(_delivered(batch, assignment, asked), Path(assignment.out))
    return 0


def _require_gradebook(assignment: Assignment, asked: argparse.Namespace) -> None:
    if asked.gradebook is None:
        return  # what reports need is not loaded yet: the processes that mark are forked from this one
    from helpers.grading.deliver import require_gradebook
    from helpers.labs import load_lab

    require_gradebook(asked.gradebook, load_lab(assignment.lab), asked.column)


def _marker(asked: argparse.Namespace) -> Callable[[Lab, Assignment], Marker]:
    from helpers.grading.grade import Here

    if asked.scheduler is None:
        return Here
    from helpers.grading.cluster import Cluster

    return partial(Cluster, asked.scheduler)


def _regrade(asked: argparse.Namespace) -> int:
    from helpers.grading.deliver import DOCUMENT, MOVED, RESULTS, pseudonymous
    from helpers.grading.grade import Assignment, Refused, grade
    from helpers.grading.regrade import kept_beside, moved, moves_csv, moves_text
    from helpers.grading.report import document, files

    out: Path = asked.out
    assignment = replace(Assignment.load(out), out=str(out))
    if asked.jobs:
        assignment = replace(assignment, jobs=asked.jobs)
    try:
        old = document.from_json((out / DOCUMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Refused(f"There are no results in {out} to compare with: {error}") from error
    asked.pseudonyms = pseudonymous(out)  # the marks that moved are found by what students are called
    _require_gradebook(assignment, asked)
    batch, _ = grade(assignment, afresh=not asked.changed, marker=_marker(asked))
    for name, kept in kept_beside([RESULTS, DOCUMENT], [path.name for path in out.iterdir()]).items():
        files.write(out / kept, (out / name).read_bytes())
    delivery = _delivered(batch, assignment, asked)
    moves = moved(old, document.from_json((out / DOCUMENT).read_text(encoding="utf-8")))
    files.write(out / MOVED, moves_csv(moves))
    print(moves_text(moves))
    _tell(delivery, out)
    return 0


def _variant(asked: argparse.Namespace) -> int:
    from helpers.grading.editions import build_variant, read_key
    from helpers.grading.intake import load_roster
    from helpers.labs import load_lab

    students = [one.key for one in load_roster(asked.per_student).students] if asked.per_student else []
    key = read_key(asked.key)
    build_variant(load_lab(asked.lab), key, asked.out, students=students, extra=asked.extra)
    many = f"{len(students)} editions" if students else "one edition for the class"
    print(
        f"Built {many} in {asked.out / 'editions'}. Keep {asked.out / 'manifest.json'} and the key to yourself.\n"
        f"To mark them: devlab grade {asked.out / 'lab'} SUBMISSIONS --out RESULTS"
    )
    return 0


def _teach(asked: argparse.Namespace) -> int:
    from helpers.grading.teach import plan

    print(plan(asked.section), end="")
    return 0


def _nbgrader_export(asked: argparse.Namespace) -> int:
    import json

    from helpers.grading.nbgrader import export
    from helpers.labs import load_lab

    notebook = export(load_lab(asked.lab), seed=asked.seed, name=asked.out.stem)
    asked.out.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def _nbgrader_import(asked: argparse.Namespace) -> int:
    from helpers.grading.deliver import DOCUMENT, RESULTS
    from helpers.grading.nbgrader import from_gradebook
    from helpers.grading.report import document, files, table
    from helpers.labs import load_lab

    batch = from_gradebook(asked.grades.read_bytes(), load_lab(asked.lab))
    files.write(asked.out / RESULTS, table.to_table(batch))
    files.write(asked.out / DOCUMENT, document.to_json(batch))
    for sentence in batch.unmatched:
        print(sentence)
    return 0


def _nbgrader_grades(asked: argparse.Namespace) -> int:
    from helpers.grading.deliver import DOCUMENT
    from helpers.grading.nbgrader import to_gradebook
    from helpers.grading.report import document, files

    files.write(
        asked.to, to_gradebook(document.from_json((asked.out / DOCUMENT).read_text(encoding="utf-8")))
    )
    return 0


def _delivered(batch: Batch, assignment: Assignment, asked: argparse.Namespace) -> Delivery:
    from helpers.grading.deliver import deliver
    from helpers.grading.intake import load_roster
    from helpers.labs import load_lab

    return deliver(
        batch,
        load_lab(assignment.lab),
        Path(assignment.out),
        pseudonyms=asked.pseudonyms,
        gradebook=asked.gradebook,
        column=asked.column,
        roster=load_roster(Path(assignment.roster)) if assignment.roster else None,
    )


def _tell(delivery: Delivery, out: Path) -> None:
    from helpers.experiments.words import plural
    from helpers.grading.deliver import RESULTS, SUMMARY
    from helpers.grading.grade import counted

    batch = delivery.batch
    states = ", ".join(f"{count} {state}" for state, count in counted(batch.records))
    said = [f"{plural(len(batch.records), 'submission')}: {states}. Seed {batch.seed}."]
    said += [f"  {sentence}" for sentence in (*batch.unmatched, *delivery.said)]
    said.append(f"Read {out / SUMMARY} first; the marks are in {out / RESULTS}.")
    print("\n".join(said))


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if not 0 <= seed < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2,147,483,647")
    return seed


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)
