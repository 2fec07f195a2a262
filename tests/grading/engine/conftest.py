"""The process that students' code is forked from, as the grader starts it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from helpers.cloud import scheduler
from helpers.dataplane.awslambda.process import process_class, run_handlers_in
from helpers.grading import handlers
from helpers.grading.grade import isolate, policy
from helpers.grading.limits import Limits
from helpers.grading.nursery import Nursery


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery(isolate(unsafe=False), policy(Limits()), ["lambda", "sqs"]) as started:
        started.wait()
        yield started


@pytest.fixture
def marking(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is set up as one that marks, and afterwards as it was."""
    monkeypatch.setattr(scheduler, "PATIENCE_S", math.inf)
    before = process_class()
    handlers.install()
    yield
    run_handlers_in(before)
