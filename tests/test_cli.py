"""`devlab`: what it prints, what it says to mistakes, how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers import cli
from helpers.doctor import Result
from helpers.experiments import Run, catalog

VISIBILITY = "18_sqs.visibility"


def devlab(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = cli.main(arguments)
    written = capsys.readouterr()
    return code, written.out, written.err


def test_list_names_sections_experiments_and_questions(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = devlab("list", capsys=capsys)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    sections = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert sections == ["17_monitoring", "18_sqs", "19_sns", "20_kinesis", "21_lambda", "22_dynamodb"]
    for one in catalog().values():
        assert any(
            re.fullmatch(rf"  {re.escape(one.id)} +{re.escape(one.question)}", line) for line in lines
        ), one.id


def test_run_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = devlab(
        "run", VISIBILITY, "--set", "visibility_timeout_s=10", "--seed", "3", "--json", capsys=capsys
    )
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert list(said) == [
        "experiment", "parameters", "seed", "claims", "summary", "calls", "virtual_s", "wall_s",
    ]  # fmt: skip
    expected = Run.parse(f"{VISIBILITY}?visibility_timeout_s=10&seed=3").outcome().to_json()
    assert said.pop("wall_s") > 0
    expected.pop("wall_s")
    assert said == expected
    assert {tuple(claim) for claim in said["claims"]} == {("id", "text", "verdict", "explanation")}


def test_run_string_and_settings_mean_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> dict[str, Any]:
        _, out, _ = devlab("run", *arguments, "--json", capsys=capsys)
        return {**json.loads(out), "wall_s": 0}

    whole = said(f"{VISIBILITY}?visibility_timeout_s=10&seed=3")
    assert whole == said(VISIBILITY, "--set", "visibility_timeout_s=10", "--seed", "3")
    assert whole == said(f"{VISIBILITY}?visibility_timeout_s=20&seed=3", "--set", "visibility_timeout_s=10")
    assert whole == said(VISIBILITY, "--set", "seed=3", "--set", "visibility_timeout_s=10")


def test_run_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = devlab("run", f"{VISIBILITY}?visibility_timeout_s=10", capsys=capsys)
    assert (code, err) == (0, "")
    outcome = Run.parse(f"{VISIBILITY}?visibility_timeout_s=10").outcome()
    experiment = outcome.run.experiment
    words = " ".join(out.split())
    assert out.splitlines()[:3] == [
        f"{VISIBILITY}?visibility_timeout_s=10",
        experiment.title,
        experiment.question,
    ]
    assert "10 s visibility_timeout_s, default 30 s" in words
    assert " ".join(outcome.text.split()) in words
    for claim in experiment.claims:
        finding = outcome.findings[claim.id]
        assert f"{cli.WORDS[finding.verdict]}: {claim.text} {finding.explanation}" in words
    for name, value in outcome.summary.items():
        assert f"{name} {value}" in words
    assert re.search(
        rf"{outcome.calls:,} API calls, {outcome.virtual_s:,.0f} s of virtual time in [\d.]+ s\.$", words
    )


def test_run_writes_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = devlab("run", VISIBILITY, "--json", "--png", str(tmp_path / "p.png"), capsys=capsys)
    assert code == 0
    assert json.loads(out)["experiment"] == VISIBILITY
    assert (tmp_path / "p.png").read_bytes() == Run.parse(VISIBILITY).outcome().png()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["run", "18_sqs.visibilty"],
            "There is no experiment '18_sqs.visibilty'; did you mean 18_sqs.visibility?",
        ),
        (
            ["run", VISIBILITY, "--set", "visibility_timeout=10"],
            "18_sqs.visibility has no parameter 'visibility_timeout'; did you mean visibility_timeout_s?",
        ),
        (
            ["run", VISIBILITY, "--seed", "x"],
            "seed must be a whole number between 0 and 4294967295; got 'x'.",
        ),
        (
            ["run", VISIBILITY, "--set", "visibility_timeout_s"],
            "--set visibility_timeout_s: write it as name=value, such as --set visibility_timeout_s=30.",
        ),
        (
            ["run"],
            "The following arguments are required: experiment; `devlab run --help` says what is possible.",
        ),
        (
            ["run", VISIBILITY, "--fast"],
            "Unrecognized arguments: --fast; `devlab --help` says what is possible.",
        ),
        ([], "The following arguments are required: command; `devlab --help` says what is possible."),
        (["run", VISIBILITY, "--png", "/no/such/folder/p.png"], "The picture cannot be written to"),
        (["rum"], "Argument command: invalid choice: 'rum'"),
    ],
)
def test_a_mistake_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = devlab(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(said)
    assert line.endswith((".", "?"))


@pytest.mark.parametrize("text", ["1000000", "-1", "2.5", "ten", ""])
def test_a_value_out_of_bounds_names_bounds_and_unit(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = devlab("run", VISIBILITY, "--set", f"visibility_timeout_s={text}", capsys=capsys)
    assert (code, out) == (2, "")
    assert re.fullmatch(
        r"visibility_timeout_s \(visibility timeout\) must be a whole number between 0 s and \d+ s; got .*\.\n",
        err,
    )


@pytest.mark.parametrize("verb", ["list", "run", "doctor", "notebooks", "export", "differences"])
def test_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([verb, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: devlab {verb}")


def test_doctor_is_content_when_every_check_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("helpers.doctor.examine", lambda: iter([Result("Python", "ok", "3.11")]))
    code, out, _ = devlab("doctor", capsys=capsys)
    assert (code, out) == (0, "ok    Python: 3.11\nThis environment is ready.\n")


def test_doctor_fails_when_one_check_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [Result("Python", "FAIL", "too old"), Result("clock", "note", "turns")]
    monkeypatch.setattr("helpers.doctor.examine", lambda: iter(results))
    code, out, _ = devlab("doctor", capsys=capsys)
    assert code == 1
    assert out.splitlines() == [
        "FAIL  Python: too old",
        "note  clock: turns",
        "This environment is not ready: see the lines marked FAIL.",
    ]


@pytest.mark.parametrize("check", [True, False])
def test_notebooks_are_built_by_their_module(
    check: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[bool] = []

    def build(*, check: bool) -> int:
        asked.append(check)
        return 1

    monkeypatch.setattr("helpers.notebooks.build", build)
    code, _, _ = devlab("notebooks", *(["--check"] if check else []), capsys=capsys)
    assert (code, asked) == (1, [check])


def test_differences_are_those_of_the_data_planes(capsys: pytest.CaptureFixture[str]) -> None:
    from helpers.dataplane.rules import differences_markdown

    code, out, err = devlab("differences", capsys=capsys)
    assert (code, out, err) == (0, differences_markdown(), "")


@pytest.fixture
def long_run() -> Iterator[subprocess.Popen[str]]:
    """A run that takes minutes, in a process of its own."""
    many = "from helpers import cli; import sys; from helpers.experiments import catalog;"
    slow = (
        "one = catalog()['18_sqs.visibility']; original = type(one).run\n"
        "def run(self, cloud, p):\n"
        "    while True:\n"
        "        original(self, cloud, p)\n"
        "type(one).run = run\n"
        "print('ready', flush=True)\n"
        "sys.exit(cli.main(['run', '18_sqs.visibility']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{many}\n{slow}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_ctrl_c_ends_a_long_run_in_one_sentence(long_run: subprocess.Popen[str]) -> None:
    assert long_run.stdout is not None
    assert long_run.stdout.readline() == "ready\n"
    time.sleep(1)
    long_run.send_signal(signal.SIGINT)
    out, err = long_run.communicate(timeout=10)
    assert (long_run.returncode, out) == (130, "")
    assert re.fullmatch(r"Stopped at \d+ s of virtual time\.\n", err)
