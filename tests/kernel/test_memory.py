"""A kernel stays small: after all experiments of the course, and after many runs of a section's."""

from __future__ import annotations

import pytest
from frontend import Kernel
from measure import experiments, memory_mb, runs, show

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

SECTION = "20_kinesis."
"""The one whose experiments leave most in memory."""


def test_all_experiments_of_the_course_fit_in_350_mb(kernel: Kernel) -> None:
    assert len([show(kernel, experiment) for experiment in experiments()]) >= 37
    assert memory_mb(kernel) <= 350


def test_200_runs_of_a_sections_experiments_add_no_more_than_20_mb(kernel: Kernel) -> None:
    panels = [show(kernel, experiment) for experiment in experiments() if experiment.startswith(SECTION)]
    assert len(panels) == 7
    runs(kernel, panels, 1, 10)
    after_10 = memory_mb(kernel)
    runs(kernel, panels, 11, 200)
    assert memory_mb(kernel) - after_10 <= 20
    assert memory_mb(kernel) <= 350
