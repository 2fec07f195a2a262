"""Panels in a real kernel: moved, stopped and interrupted while cells run, and what goes on beside them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

import pytest
from frontend import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

OPEN = """
import json, time
from datetime import datetime
import boto3
from helpers import Cloud
cloud = Cloud.open(seed=1)
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="mine")["QueueUrl"]
"""
PANEL = """
from slow import SLOW
from helpers.experiments.run import Run
from helpers.ui.panel import Panel
panel = Panel(Run(SLOW, SLOW.values()))
print(json.dumps({
    "messages": panel.controls.fields["messages"].model_id,
    "stop": panel.stop_button.model_id,
    "status": panel._status.model_id,
    "claims": panel._claims.model_id,
    "picture": panel.tabs.picture.model_id,
}))
"""
LONG = 2_000_000
"""So many messages take minutes: such a run is still going on whenever a test stops it."""
CELL = """
for number in range(30_000):
    sqs.send_message(QueueUrl=url, MessageBody=str(number))
sent = int((cloud.trail["operation"] == "SendMessage").sum())
print(json.dumps([sent, round(cloud.now, 2), sorted(set(cloud.trail["actor"]))]))
"""
CELL_RESULT = [30_000, 300.01, ["main"]]


@pytest.fixture
def panel(kernel: Kernel) -> dict[str, str]:
    """A panel of the slow experiment beside a learner's own Cloud; the model ids of its parts."""
    assert kernel.run(OPEN).error is None
    ids: dict[str, str] = json.loads(kernel.value(PANEL))
    return ids


def says(kernel: Kernel, panel: dict[str, str], words: str, since: float) -> list[float]:
    """When the panel's status line said `words`."""
    return [when for when, value in kernel.changed(panel["status"], since=since) if words in value]


def begin_long_run(kernel: Kernel, panel: dict[str, str]) -> float:
    """Move the slider to a run of minutes and wait until the panel says that it goes on."""
    moved = kernel.move(panel["messages"], LONG)
    kernel.until(lambda: bool(says(kernel, panel, "of virtual time so far", moved)), 20, "a long run")
    return moved


def test_the_kernel_offers_subshells_as_jupyterlab_expects(kernel: Kernel) -> None:
    assert kernel.subshell


def test_a_slider_moved_while_a_cell_runs_in_the_learners_cloud(
    kernel: Kernel, panel: dict[str, str]
) -> None:
    cell = kernel.start(CELL)
    kernel.listen(0.3)
    assert not cell.done
    moved = kernel.move(panel["messages"], 7)
    kernel.until(
        lambda: any("7 were sent" in value for _, value in kernel.changed(panel["claims"], since=moved)),
        60,
        "the claim for 7 messages",
    )
    kernel.until(lambda: cell.done, 60, "the cell's end")
    assert cell.error is None
    assert json.loads(cell.text) == CELL_RESULT
    assert kernel.changed(panel["picture"], since=moved)
    assert kernel.value("print(panel.outcome.summary)") == "{'messages': 7}"
    assert kernel.value("print(len(panel.outcome.trail))") == "8"


def test_stop_ends_a_long_run_within_half_a_second(kernel: Kernel, panel: dict[str, str]) -> None:
    moved = begin_long_run(kernel, panel)
    pressed = kernel.press(panel["stop"])
    kernel.until(lambda: bool(says(kernel, panel, "Stopped at", moved)), 10, "the run's end")
    assert says(kernel, panel, "Stopped at", moved)[0] - pressed <= 0.5
    assert kernel.value("print(panel.outcome.summary)") == "{'messages': 5}", "the last complete run stays"


def test_stop_while_a_cell_runs(kernel: Kernel, panel: dict[str, str]) -> None:
    moved = begin_long_run(kernel, panel)
    cell = kernel.start(CELL)
    kernel.listen(0.3)
    pressed = kernel.press(panel["stop"])
    kernel.until(lambda: bool(says(kernel, panel, "Stopped at", moved)), 10, "the run's end")
    assert says(kernel, panel, "Stopped at", moved)[0] - pressed <= 0.5
    kernel.until(lambda: cell.done, 60, "the cell's end")
    assert cell.error is None
    assert json.loads(cell.text) == CELL_RESULT


def test_interrupt_ends_a_panels_run_within_half_a_second(kernel: Kernel, panel: dict[str, str]) -> None:
    moved = begin_long_run(kernel, panel)
    sent = kernel.interrupt()
    kernel.until(lambda: bool(says(kernel, panel, "Stopped at", moved)), 10, "the run's end")
    assert says(kernel, panel, "Stopped at", moved)[0] - sent <= 0.5
    assert kernel.value("print(1 + 1, cloud.now)") == "2 0.01"


def test_interrupt_ends_a_cells_run_within_half_a_second_and_its_cloud_goes_on(kernel: Kernel) -> None:
    kernel.run(OPEN)
    cell = kernel.start(
        """
def producer():
    client = boto3.client("sqs")
    for number in range(2_000_000):
        client.send_message(QueueUrl=url, MessageBody=str(number))
        time.sleep(1)
actor = cloud.spawn(producer)
try:
    cloud.run()
finally:
    print("ended", flush=True)
"""
    )
    kernel.listen(1.5)
    assert not cell.done
    sent = kernel.interrupt()
    kernel.until(lambda: cell.done, 10, "the cell's end")
    # To the run's end: the first traceback of a kernel takes IPython a third of a second more.
    ended = next(when for when, message in cell.messages if message["header"]["msg_type"] == "stream")
    assert ended - sent <= 0.5
    assert cell.error is not None
    assert cell.error.startswith(("KeyboardInterrupt", "Stopped"))
    # The account is whole: what was sent is there, once, and time stands where the run was stopped.
    counted = kernel.value(
        """
actor.stop()
sends = cloud.trail[cloud.trail["operation"] == "SendMessage"]
bodies = [parameters["MessageBody"] for parameters in sends["parameters"]]
here = cloud.now
held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
print(bodies == [str(n) for n in range(len(bodies))], int(held["ApproximateNumberOfMessages"]) == len(bodies),
      len(bodies) > 100, here >= len(bodies) - 1)
"""
    )
    assert counted == "True True True True"


def test_an_asyncio_ticker_and_a_thread_keep_real_pace_beside_a_panels_run(
    kernel: Kernel, panel: dict[str, str]
) -> None:
    kernel.value(
        """
import asyncio, threading
ticks, beats = [], []
async def ticker():
    while len(ticks) < 60:
        await asyncio.sleep(0.05)
        ticks.append(time.perf_counter_ns())
def sleeper():
    while len(beats) < 60:
        time.sleep(0.05)
        beats.append(time.perf_counter_ns())
"""
    )
    moved = begin_long_run(kernel, panel)
    kernel.value(
        """
task = asyncio.get_running_loop().create_task(ticker())
thread = threading.Thread(target=sleeper)
thread.start()
await asyncio.sleep(3)
"""
    )
    kernel.press(panel["stop"])
    kernel.until(lambda: bool(says(kernel, panel, "Stopped at", moved)), 10, "the run's end")
    # The ticks were stamped by the kernel's own clock, which in a thread and a task is the real one.
    kernel.value("while len(ticks) < 60 or len(beats) < 60:\n    await asyncio.sleep(0.05)")
    for name in ("ticks", "beats"):
        stamps = json.loads(kernel.value(f"print(json.dumps({name}))"))
        gaps = [(later - sooner) / 1e9 for sooner, later in pairwise(stamps)]
        assert len(stamps) >= 40, name
        assert 0.045 <= median(gaps) <= 0.09, name
        assert max(gaps) <= 0.5, name


def test_a_thread_keeps_real_pace_beside_a_cells_run(kernel: Kernel) -> None:
    kernel.run(OPEN)
    cell = kernel.run(
        """
import threading
beats, over = [], threading.Event()
def sleeper():
    while not over.is_set():
        time.sleep(0.05)
        beats.append(time.perf_counter_ns())
def producer():
    client = boto3.client("sqs")
    for number in range(40_000):
        client.send_message(QueueUrl=url, MessageBody="x")
        time.sleep(1)
thread = threading.Thread(target=sleeper)
thread.start()
cloud.spawn(producer)
cloud.run()
over.set()
thread.join()
print(json.dumps(beats))
"""
    )
    assert cell.error is None
    stamps = json.loads(cell.text)
    gaps = [(later - sooner) / 1e9 for sooner, later in pairwise(stamps)]
    assert cell.took_s > 1
    assert len(stamps) >= 0.5 * cell.took_s / 0.05
    assert 0.045 <= median(gaps) <= 0.09
    assert sum(gaps) <= cell.took_s, "the thread's clock is the real one"


def test_cell_timings_are_real(kernel: Kernel) -> None:
    """The dates in a cell's messages are those of the wall, though its Cloud stands in another year."""
    kernel.run(OPEN)
    before = datetime.now(UTC)
    cell = kernel.run(
        """
print(datetime.now().year)
cloud.advance(86_400)
time.sleep(3_600)
print(time.time() > 1_767_000_000, cloud.datetime.isoformat(timespec="hours"))
"""
    )
    after = datetime.now(UTC)
    assert cell.text.splitlines() == ["2026", "True 2026-01-06T10+00:00"]
    assert cell.took_s < 5
    slack = timedelta(seconds=0.05)
    for name, date in cell.dates().items():
        assert before - slack <= date <= after + slack, name


def test_a_panels_messages_carry_real_dates_too(kernel: Kernel, panel: dict[str, str]) -> None:
    before = datetime.now(UTC)
    moved = kernel.move(panel["messages"], 9)
    dates: list[datetime] = []
    end = time.monotonic() + 20
    while time.monotonic() < end and not dates:
        message = kernel.client.get_iopub_msg(timeout=20)
        if message["header"]["msg_type"] == "comm_msg" and message["content"]["comm_id"] == panel["claims"]:
            dates.append(message["header"]["date"])
    assert moved
    assert before <= dates[0] <= datetime.now(UTC)
