"""`devlab`: the course on the command line: list its experiments, run one, check the environment, build its files."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from helpers.cloud import Stopped
from helpers.experiments.catalog import UnknownExperiment, experiments_of
from helpers.experiments.claim import Verdict
from helpers.experiments.parameter import ParameterError
from helpers.experiments.run import SEED, Run
from helpers.grading.commands import add_to as add_instructors_commands
from helpers.sections.data import SectionError

if TYPE_CHECKING:
    from helpers.experiments.outcome import Outcome

MISTAKE = 2
"""Exit code when what was asked for is not possible."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

WORDS = {Verdict.TRUE: "holds", Verdict.FALSE: "does not hold", Verdict.NOT_APPLICABLE: "not applicable"}


class Mistake(Exception):
    """What was asked for is not possible; the message is one sentence."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Mistake(f"{message[0].upper()}{message[1:]}; `{self.prog} --help` says what is possible.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code.

    0 if all went well, 1 if a check failed, 2 for a mistake in what was asked, 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a character shows "?", and not a traceback
            stream.reconfigure(errors="replace")
    try:
        asked = _parser().parse_args(arguments)
        return int(asked.command(asked))
    except (Mistake, ParameterError, SectionError, UnknownExperiment) as error:
        print(error, file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `devlab list | head`: the reader has seen enough
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="devlab", description="AWS Developer Labs on the command line.")
    commands = parser.add_subparsers(required=True, metavar="command")

    listed = commands.add_parser(
        "list", help="list the sections, their experiments and the questions they answer"
    )
    listed.set_defaults(command=_list)

    run = commands.add_parser("run", help="run an experiment and say which claims hold")
    run.add_argument("run", metavar="experiment", help="an id, or a run string: 18_sqs.visibility?seed=3")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="name=value",
        dest="settings",
        help="set a parameter; may be repeated",
    )
    run.add_argument("--seed", metavar="N", help="same seed, same run (default: 0)")
    run.add_argument("--json", action="store_true", help="print the result as JSON")
    run.add_argument("--png", metavar="FILE", type=Path, help="write the picture to FILE")
    run.set_defaults(command=_run)

    doctor = commands.add_parser("doctor", help="can this environment run the course, and is it sealed?")
    doctor.set_defaults(command=_doctor)

    notebooks = commands.add_parser(
        "notebooks", help="run the notebooks and bring them into their committed form"
    )
    notebooks.add_argument("--check", action="store_true", help="change nothing; fail if a file would change")
    notebooks.set_defaults(command=_notebooks)

    labs = commands.add_parser("labs", help="make the notebooks of the labs from their sources")
    labs.add_argument("labs", metavar="LAB", nargs="*", help="a lab, such as 18_sqs (default: every lab)")
    labs.add_argument("--check", action="store_true", help="change nothing; fail if a file would change")
    labs.set_defaults(command=_labs)

    export = commands.add_parser("export", help="write the course, or single notebooks, as pages and PDFs")
    export.add_argument(
        "notebooks",
        metavar="NOTEBOOK",
        nargs="*",
        help="a file, or a section such as 18_sqs (default: the course)",
    )
    export.add_argument("--out", type=Path, default=Path("site"), help="the folder to write (default: site)")
    export.add_argument(
        "--pdf",
        action=argparse.BooleanOptionalAction,
        help="print PDFs, or none (default: print them if there is a Chromium)",
    )
    export.set_defaults(command=_export)

    gate = commands.add_parser("gate", help="may this lab be released? Try its solution and the wrong ones")
    gate.add_argument("lab", metavar="LAB", help="a lab, such as 18_sqs, or the folder of one")
    gate.set_defaults(command=_gate)

    add_instructors_commands(commands)

    differences = commands.add_parser(
        "differences", help="print for each rule of AWS whether it is mocked, modelled or not done"
    )
    differences.set_defaults(command=_differences)
    return parser


def _list(_asked: argparse.Namespace) -> int:
    from helpers.sections.syllabus import load_syllabus

    for section in load_syllabus():
        experiments = experiments_of(section.id) if section.built else ()
        if not experiments:
            continue
        print(f"{section.id}: {section.title}")
        width = max(len(one.id) for one in experiments)
        for one in experiments:
            print(f"  {one.id:<{width}}  {one.question}")
    return 0


def _run(asked: argparse.Namespace) -> int:
    run = Run.parse(asked.run)
    settings = {}
    for setting in asked.settings:
        name, sign, text = setting.partition("=")
        if not sign:
            raise Mistake(f"--set {setting}: write it as name=value, such as --set {_example(run)}.")
        # A name that is not known passes as it is: the run refuses it with the names that come close.
        known = {SEED.name: SEED, **{one.name: one for one in run.experiment.parameters}}
        settings[name] = known[name].parse(text) if name in known else text
    if asked.seed is not None:
        settings["seed"] = SEED.parse(asked.seed)
    run = run.changed(**settings)
    reached = 0.0

    def progress(virtual_s: float) -> None:
        nonlocal reached
        reached = virtual_s

    try:
        outcome = run.outcome(progress=progress)
        if asked.png is not None:
            _write(asked.png, outcome.png())
        print(json.dumps(outcome.to_json(), indent=2, ensure_ascii=False) if asked.json else report(outcome))
    except (KeyboardInterrupt, Stopped):
        print(f"Stopped at {reached:.0f} s of virtual time.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _example(run: Run) -> str:
    one = run.experiment.parameters[0]
    return f"{one.name}={one.format(one.default)}"


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Mistake(f"The picture cannot be written to {path}: {error.strerror}.") from error


def report(outcome: Outcome) -> str:
    """An outcome in plain text: the question, the values, the finding, the claims and the numbers."""
    run, experiment = outcome.run, outcome.run.experiment
    lines = [str(run), experiment.title, experiment.question, ""]
    rows = [(one.label, one.text(run.values[one.name]), one) for one in experiment.parameters]
    labels, texts = (
        max((len(row[0]) for row in rows), default=0),
        max((len(row[1]) for row in rows), default=0),
    )
    for label, text, one in rows:
        changed = "" if run.values[one.name] == one.default else f", default {one.text(one.default)}"
        lines.append(f"  {label:<{labels}}  {text:<{texts}}  {one.name}{changed}")
    lines += [f"  {'seed':<{labels}}  {run.seed}", "", *_wrapped(outcome.text, ""), "", "Claims"]
    for claim in experiment.claims:
        finding = outcome.findings[claim.id]
        lines += _wrapped(f"{WORDS[finding.verdict]}: {claim.text}", "  ")
        lines += _wrapped(finding.explanation, "    ")
    lines += ["", "Summary"]
    width = max((len(name) for name in outcome.summary), default=0)
    lines += [f"  {name:<{width}}  {value}" for name, value in outcome.summary.items()]
    lines += [
        "",
        f"{outcome.calls:,} API calls, {outcome.virtual_s:,.0f} s of virtual time in {outcome.wall_s:.2f} s.",
    ]
    return "\n".join(lines)


def _wrapped(text: str, indent: str) -> list[str]:
    width = min(shutil.get_terminal_size((100, 24)).columns, 110)
    return textwrap.wrap(
        text, max(width, 40), initial_indent=indent, subsequent_indent=indent + "  " if indent else ""
    )


def _doctor(_asked: argparse.Namespace) -> int:
    from helpers.doctor import examine

    ready = True
    for result in examine():
        print(result)
        ready = ready and result.ok
    print(
        "This environment is ready." if ready else "This environment is not ready: see the lines marked FAIL."
    )
    return 0 if ready else 1


def _notebooks(asked: argparse.Namespace) -> int:
    from helpers.notebooks import build

    return int(build(check=asked.check))


def _labs(asked: argparse.Namespace) -> int:
    from helpers.notebooks.labs import build_labs

    return build_labs(check=asked.check, labs=asked.labs)


def _export(asked: argparse.Namespace) -> int:
    from helpers.export import ExportError, export

    def warn(sentence: str) -> None:
        print(sentence, file=sys.stderr)

    try:
        return export(asked.notebooks, asked.out, pdf=asked.pdf, warn=warn)
    except ExportError as error:
        raise Mistake(str(error)) from error


def _gate(asked: argparse.Namespace) -> int:
    from helpers.labs import load_lab
    from helpers.labs.gate import gate

    result = gate(load_lab(asked.lab))
    print(result)
    return 0 if result.passed else 1


def _differences(_asked: argparse.Namespace) -> int:
    from helpers.dataplane.rules import differences_markdown

    print(differences_markdown(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
