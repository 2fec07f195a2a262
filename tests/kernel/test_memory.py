"""A kernel stays small: after all experiments, and after many runs."""

from __future__ import annotations

import pytest
from frontend import Kernel
from measure import experiments, memory_mb, runs, show

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


def test_all_experiments_fit_in_350_mb_and_200_runs_add_no_more_than_20(kernel: Kernel) -> None:
    panels = [show(kernel, experiment) for experiment in experiments()]
    assert len(panels) >= 5
    assert memory_mb(kernel) <= 350
    runs(kernel, panels, 1, 10)
    after_10 = memory_mb(kernel)
    runs(kernel, panels, 11, 200)
    assert memory_mb(kernel) - after_10 <= 20
    assert memory_mb(kernel) <= 350
