"""The plan for a class fits on a page, and everything in it is the section's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.experiments.catalog import experiments_of
from helpers.experiments.run import Run
from helpers.grading import teach
from helpers.sections.data import SectionError
from helpers.sections.quiz import load_quiz
from helpers.sections.syllabus import load_syllabus

BUILT = [section.id for section in load_syllabus() if section.built]


def flat(text: str) -> str:
    """One line, without the marks of code, which a terminal does not show."""
    return " ".join(text.replace("`", "").split())


@pytest.mark.parametrize("section", BUILT)
def test_the_plan_fits_on_a_page_and_repeats(section: str) -> None:
    text = teach.plan(section)
    lines = text.splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 100
    assert text == teach.plan(section)
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize("section", BUILT)
def test_the_minutes_are_fifty_without_a_gap(section: str) -> None:
    spans = re.findall(r"^ *(\d+)-(\d+)  ", teach.plan(section), re.MULTILINE)
    assert [start for start, _ in spans] == ["0", *(end for _, end in spans[:-1])]
    assert spans[-1][1] == "50"


@pytest.mark.parametrize("section", BUILT)
def test_every_run_can_be_typed_and_the_answers_are_those_of_the_scenes(section: str) -> None:
    text = teach.plan(section)
    typed = re.findall(r'devlab run "([^"\n]+)"$', text, re.MULTILINE)
    assert text.count("devlab run") == len(typed) >= 6
    assert [str(Run.parse(run)) for run in typed] == typed
    experiment = experiments_of(section)[0]
    for scene in experiment.scenes[:3]:
        before = Run(experiment, experiment.values()).changed(**scene.settings)
        assert {str(before), str(before.changed(**scene.change))} <= set(typed)
        assert flat(scene.prediction.question) in flat(text)
        for option in scene.prediction.options or ():
            mark = r"\* [a-e]\) " if option.right else r"(?<!\* )[a-e]\) "
            assert re.search(mark + re.escape(flat(option.text)), flat(text))
    asked = [question for question in load_quiz(section) if flat(question.question) in flat(text)]
    assert [question.pick for question in asked] == [1]


def test_the_first_plan_reads_like_this() -> None:
    assert teach.plan("18_sqs").splitlines()[:13] == [
        "18_sqs: Amazon SQS: queues, visibility, dead letters, FIFO. 50 minutes with a class.",
        "Nobody sees a run before everybody has answered. Let two who disagree explain, then run it.",
        "",
        "  0-4  Open     What happens when work takes longer than the visibility timeout?",
        '       Show     devlab run "18_sqs.visibility"',
        "",
        " 4-14  Ask      Jobs take 14 to 26 s. What does a shorter timeout do to them? What will the workers",
        "                do with a message that is not finished after 10 s?",
        "                  a) Its worker is interrupted, and the job fails",
        "                  b) Nothing: it belongs to its worker until deleted",
        "                * c) Another worker can receive it and do it again",
        "                  d) The late delete fails, so it is lost",
        '       Then     devlab run "18_sqs.visibility?visibility_timeout_s=10"',
    ]


def test_the_lab_and_its_checks_have_a_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "18_sqs").mkdir()
    lab = tmp_path / "18_sqs" / "lab.yaml"
    cited = "{id: c, text: t, points: 1, misconception: long_timeout_is_free}"
    lab.write_text(
        f"minutes: 70\ntasks: [{{id: a, title: The queues., checks: [{', '.join([cited] * 30)}]}}]\n"
    )
    monkeypatch.setattr(teach, "LABS", tmp_path)
    text = flat(teach.plan("18_sqs"))
    assert "34-40 Belief “A timeout of minutes or hours is the safe choice and costs nothing.”" in text
    assert text.endswith("Lab labs/18_sqs/lab.ipynb, 70 minutes: The queues.")
    lab.write_text(
        "minutes: 70\ntasks:\n" + "".join(f"- title: Task {number} {'x' * 60}\n" for number in range(30))
    )
    assert flat(teach.plan("18_sqs")).endswith("Lab labs/18_sqs/lab.ipynb, 70 minutes.")
    assert teach.plan("18_sqs").count("\n") <= 60
    monkeypatch.setattr(teach, "LABS", tmp_path / "none")
    assert "Lab  " not in teach.plan("18_sqs")


@pytest.mark.parametrize(
    ("section", "said"), [("18_sns", "18_sqs"), ("23_api_gateway", "no experiments to teach from yet")]
)
def test_a_section_without_a_plan_is_one_sentence(section: str, said: str) -> None:
    with pytest.raises(SectionError, match=said):
        teach.plan(section)
