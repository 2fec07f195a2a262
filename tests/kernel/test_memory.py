"""The kernel of a notebook stays small: after all experiments of its section, and after many runs."""

from __future__ import annotations

import pytest
from frontend import Kernel
from measure import experiments, memory_mb, runs, show

pytestmark = [pytest.mark.kernel, pytest.mark.slow]


@pytest.mark.parametrize("section", sorted({name.partition(".")[0] for name in experiments()}))
def test_a_sections_experiments_fit_in_350_mb_and_200_runs_add_no_more_than_20(
    section: str, kernel: Kernel
) -> None:
    panels = [show(kernel, name) for name in experiments() if name.startswith(section + ".")]
    assert len(panels) >= 5
    assert memory_mb(kernel) <= 350
    runs(kernel, panels, 1, 10)
    after_10 = memory_mb(kernel)
    runs(kernel, panels, 11, 200)
    assert memory_mb(kernel) - after_10 <= 20
    assert memory_mb(kernel) <= 350
