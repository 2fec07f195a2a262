"""Runs: one string, a Cloud of their own, progress and stop."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import boto3
import pytest
from bell import BELL, Bell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import Cloud
from helpers.cloud import Stopped
from helpers.experiments import Choice, ParameterError, Run, UnknownExperiment


@pytest.mark.parametrize(
    ("text", "values", "seed"),
    [
        ("99_bells.bell", {}, 0),
        ("99_bells.bell?rings=3", {"rings": 3}, 0),
        ("99_bells.bell?rings=3&gap_s=2.5&echo=true&seed=7", {"rings": 3, "gap_s": 2.5, "echo": True}, 7),
        ("99_bells.bell?metal=white gold %26 tin", {"metal": "white gold & tin"}, 0),
        ("99_bells.bell?seed=3", {}, 3),
    ],
)
def test_run_string_both_ways(bell: Bell, text: str, values: dict[str, Any], seed: int) -> None:
    run = Run(bell, bell.values(**values), seed)
    assert Run.parse(text) == run
    assert str(run) == text


def test_run_string_is_written_in_declared_order_without_defaults(bell: Bell) -> None:
    assert (
        str(Run.parse(" 99_bells.bell?seed=0&echo=no&gap_s=2.50&rings=3 "))
        == "99_bells.bell?rings=3&gap_s=2.5"
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the catalogue is the same for every example
@given(
    rings=st.integers(0, 5000),
    gap_s=st.floats(0, 100),
    echo=st.booleans(),
    metal=st.sampled_from(BELL.parameters[3].choices if isinstance(BELL.parameters[3], Choice) else ()),
    seed=st.integers(0, 2**32 - 1),
)
def test_run_string_is_read_back(
    bell: Bell, rings: int, gap_s: float, echo: bool, metal: str, seed: int
) -> None:
    run = Run(bell, bell.values(rings=rings, gap_s=gap_s, echo=echo, metal=metal), seed)
    assert Run.parse(str(run)) == run
    assert hash(Run.parse(str(run))) == hash(run)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("99_bells.bell?ring=3", "99_bells.bell has no parameter 'ring'; did you mean rings?"),
        ("99_bells.bell?rings", "In '99_bells.bell?rings', 'rings' is not of the form name=value."),
        ("99_bells.bell?rings=1&rings=2", "In '99_bells.bell?rings=1&rings=2', rings is set twice."),
        ("99_bells.bell?seed=-1", "seed must be a whole number between 0 and 4294967295; got -1."),
        ("99_bells.bell?rings=5001", "rings must be a whole number between 0 and 5000; got 5001."),
    ],
)
def test_impossible_run_string_is_one_sentence(bell: Bell, text: str, said: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Run.parse(text)
    assert str(caught.value) == said


def test_misspelt_experiment_gives_close_matches(bell: Bell) -> None:
    with pytest.raises(UnknownExperiment) as caught:
        Run.parse("99_bels.bell?rings=3")
    assert str(caught.value) == "There is no experiment '99_bels.bell'; did you mean 99_bells.bell?"


def test_values_may_be_a_mapping_of_some(bell: Bell) -> None:
    assert Run(bell, {"rings": 3}) == Run(bell, bell.values(rings=3))


def test_changed(bell: Bell) -> None:
    run = Run(bell, bell.values(rings=3), 7)
    assert str(run.changed(echo=True)) == "99_bells.bell?rings=3&echo=true&seed=7"
    assert str(run.changed(rings=10, seed=0)) == "99_bells.bell"


def test_equal_runs_have_equal_trails(bell: Bell) -> None:
    run = Run.parse("99_bells.bell?echo=true&seed=5")
    first, second, other = run.outcome(), run.outcome(), run.changed(seed=6).outcome()
    assert first.trail.to_dict("records") == second.trail.to_dict("records")
    assert first.png() == second.png()
    assert first.trail.to_dict("records") != other.trail.to_dict("records")


def test_a_run_neither_sees_nor_spoils_the_learners_account(bell: Bell) -> None:
    with Cloud(seed=1) as cloud:
        sqs = boto3.client("sqs")
        sqs.create_queue(QueueName="mine")
        before = cloud.now, len(cloud.trail)
        outcome = Run.parse("99_bells.bell").outcome()
        assert (cloud.now, len(cloud.trail)) == before
        assert boto3.client("sqs").list_queues()["QueueUrls"] == [
            sqs.get_queue_url(QueueName="mine")["QueueUrl"]
        ]
    assert outcome.trail["operation"].value_counts().to_dict() == {"SendMessage": 10, "CreateQueue": 1}


def test_a_clients_account_beside_a_run_stays_the_learners(
    bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    original = Bell.run

    def run(self: Bell, cloud: Any, p: Any) -> None:
        boto3.client("sqs").create_queue(QueueName="beside")  # what the learner's cell does meanwhile
        original(self, cloud, p)

    monkeypatch.setattr(Bell, "run", run)
    with Cloud(seed=1) as cloud:
        trail = Run.parse("99_bells.bell").outcome().trail
        seen = list(cloud.trail["parameters"].map(lambda one: one["QueueName"]))
    assert seen == ["beside"]
    assert len(trail) == 11


def test_progress_rises_to_the_end(bell: Bell) -> None:
    reached: list[float] = []
    outcome = Run.parse("99_bells.bell?rings=3000").outcome(progress=reached.append)
    assert reached == sorted(reached)
    assert reached[-1] == outcome.virtual_s
    assert len(reached) > 1


@pytest.mark.parametrize("kind", ["event", "function"])
def test_stop_ends_a_run_soon(bell: Bell, kind: str) -> None:
    event = threading.Event()
    timer = threading.Timer(0.2, event.set)
    timer.start()
    began = time.perf_counter()
    reached: list[float] = []
    with pytest.raises(Stopped, match=r"^Stopped at [\d.]+ s of virtual time\.$"):
        Run.parse("99_bells.bell?rings=5000&echo=true").outcome(
            reached.append, event if kind == "event" else event.is_set
        )
    assert time.perf_counter() - began < 1.5
    assert 0 < reached[-1] < 5000
    timer.join()


def test_stop_before_the_start(bell: Bell) -> None:
    with pytest.raises(Stopped, match="Stopped at 0 s of virtual time"):
        Run.parse("99_bells.bell").outcome(stop=lambda: True)


def test_no_thread_is_left_behind(bell: Bell) -> None:
    Run.parse("99_bells.bell").outcome()
    before = threading.active_count()
    Run.parse("99_bells.bell").outcome(progress=lambda _: None)
    assert threading.active_count() == before


def test_garbage_is_collected_again_after_a_run_even_if_it_fails(
    bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    ring = bell.run

    def look(cloud: Cloud, p: Any) -> None:
        seen.append(gc.isenabled())
        ring(cloud, p)
        raise ValueError("The clapper fell off.")

    monkeypatch.setattr(type(bell), "run", staticmethod(look))
    with pytest.raises(ValueError, match="clapper"):
        Run(bell, bell.values()).outcome()
    assert seen == [False]
    assert gc.isenabled()
