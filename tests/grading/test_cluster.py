"""Grading on a cluster: what one machine finds, whatever happens to a worker."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from helpers.grading import grade as grading
from helpers.grading import station
from helpers.grading.cluster import Cluster
from helpers.grading.grade import Assignment, Refused, Unsafe, grade
from helpers.grading.mark import Work
from helpers.grading.progress import Progress
from helpers.grading.record import Batch
from helpers.grading.sandbox import Isolation
from helpers.labs import load_lab

LAB = "18_sqs"
SEED = 5


class SmallCluster:
    def __init__(self) -> None:
        script = str(Path(__file__).with_name("small_cluster.py"))
        self.process = subprocess.Popen(
            [sys.executable, "-P", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("tcp://127.0.0.1:")

    def kill_a_worker(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("kill\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def cluster() -> Iterator[SmallCluster]:
    small = SmallCluster()
    yield small
    small.end()


def notebook(name: str = "solution.ipynb", **cells: str) -> bytes:
    """A notebook of the lab; `cells` are sources by task."""
    nb = json.loads((load_lab(LAB).folder / name).read_text(encoding="utf-8"))
    for cell in nb["cells"]:
        cell["source"] = cells.get(cell["id"], cell["source"])
    return json.dumps(nb).encode()


SENT = {
    "right": notebook(),
    "blank": notebook("lab.ipynb"),
    "wrong": notebook("lab.ipynb", queues="def create_queues(sqs, need):\n    return None"),
    "raises": notebook("lab.ipynb", send="def send_orders(sqs, queue_url, orders):\n    return 1 / 0"),
    "leaves": notebook("lab.ipynb", queues="import os\nos._exit(0)"),
    "forges": notebook(
        "lab.ipynb",
        queues='import os\nfor fd in range(3, 99):\n    try: os.write(fd, b"yes")\n    except OSError: 1',
    ),
    "surrogate": notebook(
        "lab.ipynb", queues="def create_queues(sqs, need):\n    raise ValueError('\\udcff')"
    ),
    "no notebook": b"hello",
}


def sent(folder: Path, **files: bytes) -> Path:
    folder.mkdir()
    for name, data in files.items():
        (folder / f"{name}.ipynb").write_bytes(data)
    return folder


def text(batch: Batch) -> str:
    """All but what no two runs share."""
    records = [replace(record, seconds=0.0) for record in batch.records]
    return json.dumps(asdict(replace(batch, records=records)), ensure_ascii=True)


def asked(submissions: Path, out: Path) -> Assignment:
    return Assignment(LAB, (str(submissions),), str(out), seed=SEED, jobs=2)


class Silent(Progress):
    def __init__(self, total: int) -> None:
        super().__init__(total, io.StringIO())


@pytest.mark.slow
def test_a_cluster_finds_what_one_machine_finds_and_goes_on_where_that_stopped(
    cluster: SmallCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = sent(tmp_path / "in", **SENT)
    there = partial(Cluster, cluster.address)
    far, _ = grade(asked(submissions, tmp_path / "far"), progress=Silent, marker=there)
    here, _ = grade(asked(submissions, tmp_path / "here"), progress=Silent)
    assert text(far) == text(here)
    assert {record.student: record.state for record in far.records} == {
        "right": "graded",
        "blank": "graded",
        "wrong": "graded",
        "raises": "crashed",
        "leaves": "died",
        "forges": "tampered",
        "surrogate": "crashed",
        "no notebook": "unreadable",
    }
    names = [sorted(path.name for path in (tmp_path / run / ".marks").iterdir()) for run in ("far", "here")]
    assert names[0] == names[1]
    monkeypatch.delattr(Cluster, "mark")  # nothing is left to mark, here or there
    again, _ = grade(asked(submissions, tmp_path / "here"), progress=Silent, marker=there)
    assert again == here


@pytest.mark.slow
def test_what_a_worker_was_marking_when_it_died_goes_to_another(
    cluster: SmallCluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Killing(Silent):
        marks = 0

        def marked(self, record: Any) -> None:
            Killing.marks += 1
            if Killing.marks == 1:
                cluster.kill_a_worker()

    many = {f"student{number}": SENT["right"] for number in range(4)}
    submissions = sent(tmp_path / "in", **many)
    assignment = asked(submissions, tmp_path / "out")
    batch, _ = grade(assignment, progress=Killing, marker=partial(Cluster, cluster.address))
    assert [(record.student, record.total, record.state) for record in batch.records] == [
        (name, 20, "graded") for name in many
    ]
    gone = "is gone; what it was marking goes to another one."
    said = [line for line in capfd.readouterr().err.splitlines() if "worker" in line]
    assert len(said) == 1
    assert said[0].startswith("The worker tcp://127.0.0.1:")
    assert said[0].endswith(gone)


@pytest.mark.slow
def test_a_worker_with_other_files_of_the_lab_marks_nothing(
    cluster: SmallCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(station, "marked_by", lambda lab: "another")
    submissions = sent(tmp_path / "in", right=SENT["right"])
    with pytest.raises(Refused) as refused:
        grade(asked(submissions, tmp_path / "out"), marker=partial(Cluster, cluster.address))
    assert str(refused.value).startswith(f"The cluster at {cluster.address} does not mark. tcp://127.0.0.1:")
    assert "The files of 18_sqs or the version of the course are others there" in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_where_no_scheduler_is_one_sentence_says_so(tmp_path: Path) -> None:
    submissions = sent(tmp_path / "in", right=SENT["right"])
    with pytest.raises(Refused, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9\."):
        grade(asked(submissions, tmp_path / "out"), marker=partial(Cluster, "tcp://127.0.0.1:9"))


def test_without_dask_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("helpers.grading.cluster.find_spec", lambda name: None)
    with pytest.raises(Refused, match=r"--scheduler needs Dask: .* -e \"\.\[cluster\]\"$"):
        Cluster("tcp://127.0.0.1:9", load_lab(LAB), asked(tmp_path, tmp_path))


# The station


def answers(order: dict[str, Any], *works: Work) -> list[dict[str, Any]]:
    """What a station says; it must not come to the point where it forks."""
    lines = io.StringIO("".join(f"{json.dumps(line)}\n" for line in (order, *map(asdict, works))))
    said = io.StringIO()
    station.serve(lines, said)
    return [json.loads(line) for line in said.getvalue().splitlines()]


def order(**changed: Any) -> dict[str, Any]:
    return station.order_for(load_lab(LAB), Assignment(LAB, (), "", seed=SEED)) | changed


def test_a_station_that_cannot_isolate_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = Isolation("rlimits-only", "The sandbox cannot make namespaces. Fix: none.")
    monkeypatch.setattr(grading, "best_isolation", lambda: weak)
    (answer,) = answers(order())
    assert answer == {
        "refused": "Submissions would not be isolated: The sandbox cannot make namespaces. Fix: none. "
        "Grade only work you trust, with --unsafe.",
        "unsafe": True,
    }


def test_a_station_refuses_a_lab_that_it_does_not_have() -> None:
    (answer,) = answers(order(lab="/nowhere/at/all"))
    assert answer["unsafe"] is False
    assert answer["refused"].startswith("There is no lab")


def test_a_refusal_about_isolation_stays_one_on_its_way() -> None:
    cluster = Cluster("tcp://127.0.0.1:9", load_lab(LAB), Assignment(LAB, (), "", seed=SEED))
    program = 'print(\'{"refused": "tcp://10.0.0.7:1: No.", "unsafe": true}\')'
    cluster._courier = subprocess.Popen([sys.executable, "-c", program], stdout=-1, stdin=-1, text=True)
    with pytest.raises(
        Unsafe, match=r"^The cluster at tcp://127\.0\.0\.1:9 does not mark\. tcp://10\.0\.0\.7:1: No\. "
    ):
        cluster._hear()
    with pytest.raises(Refused, match=r"^The connection to the cluster at tcp://127\.0\.0\.1:9 ended\. "):
        cluster._hear()
    cluster.__exit__()


def test_a_submission_is_the_same_after_its_way() -> None:
    work = Work(
        "Ann",
        "in/ann.ipynb",
        "ab",
        {"queues": "x = '\udcff'"},
        ("send",),
        ("late",),
        {"why": "because"},
        True,
        "",
        7,
    )
    assert asdict(station.work_from(json.loads(json.dumps(asdict(work))))) == asdict(work)
