"""Where the claims of section 18 are searched: small runs, dense at the edges of the stated ranges."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from claim_search import Drawn, Strategy
from hypothesis import strategies as st
from runs import settings_of

from helpers.experiments import find
from helpers.sections.s18_sqs.experiments import visibility

SMALL: dict[str, dict[str, Strategy]] = {
    "visibility": {
        "messages": st.integers(1, 10),
        "consumers": st.integers(1, 6),
        "work_mean_s": st.integers(1, 25),
        "arrival_every_s": st.integers(0, 20),
    },
    "poison": {
        "messages": st.integers(1, 12),
        "visibility_timeout_s": st.integers(1, 60),
        "work_s": st.integers(1, 40),
        "max_receive_count": st.integers(1, 8),
        "poison_percent": st.integers(0, 10).map(lambda step: 5 * step),
        "days_before_work": st.sampled_from([0, 0.5, 1, 2.5, 3]),
    },
    "polling": {
        "arrivals_per_min": st.integers(0, 60),
        # Whole minutes, as the slider gives them.
        "duration_min": st.integers(1, 3),
        "short_interval_s": st.sampled_from([0.2, 0.5, 1, 2.5, 7, 30]),
    },
    "fifo_groups": {
        "messages": st.integers(5, 40),
        "groups": st.integers(1, 12),
        "consumers": st.integers(1, 12),
        "work_s": st.sampled_from([0.1, 0.5, 1, 2.3, 5]),
    },
    "asg": {
        "arrivals_per_min": st.sampled_from([0, 3, 9, 15, 24]),
        "burst_factor": st.sampled_from([1, 1.5, 3, 5]),
        "job_s": st.sampled_from([1, 2.5, 6, 12, 20]),
        "max_instances": st.integers(1, 15),
    },
}
"""For each experiment the parameters that decide how long a run takes; the others keep their whole range."""


def anywhere(name: str, **narrowed: Strategy) -> Drawn:
    """Settings of a small run of the experiment, in no claim's range in particular."""
    return settings_of(find(f"18_sqs.{name}"), **{**SMALL[name], **narrowed})


@st.composite
def hidden_long_enough(draw: st.DrawFn, /, **narrowed: Strategy) -> dict[str, Any]:
    """visibility.once: a timeout just over all the work of a receive and beyond, or one that is extended."""
    found: dict[str, Any] = draw(anywhere("visibility", **narrowed))
    if found["extend"]:
        return {**found, "visibility_timeout_s": draw(st.integers(1, 120))}
    longest_s = found["work_mean_s"] * (1 + found["work_spread_percent"] / 100)
    need_s = math.floor(found["batch_size"] * (longest_s + visibility.LATENCY_S))
    return {**found, "visibility_timeout_s": need_s + draw(st.integers(1, 40))}


@st.composite
def work_fits(draw: st.DrawFn, /, **narrowed: Strategy) -> dict[str, Any]:
    """poison.only_poison: a timeout from one second over the work on."""
    found: dict[str, Any] = draw(anywhere("poison", **narrowed))
    return {**found, "visibility_timeout_s": found["work_s"] + draw(st.integers(1, 20))}


@st.composite
def steady(draw: st.DrawFn, /, **narrowed: Strategy) -> dict[str, Any]:
    """asg.in_time: no burst, and just enough instances and patience, or more."""
    found: dict[str, Any] = draw(anywhere("asg", burst_factor=st.just(1), **narrowed))
    enough = max(1, math.ceil(1.25 * found["arrivals_per_min"] * found["job_s"] / 60))
    patience_s = math.ceil(20 * found["job_s"])
    return {
        **found,
        "min_instances": min(20, enough + draw(st.integers(0, 3))),
        "acceptable_wait_s": draw(st.integers(patience_s, 600)),
    }


@st.composite
def burst(draw: st.DrawFn, /, **narrowed: Strategy) -> dict[str, Any]:
    """asg.boot: the fewest instances do the steady load and not the burst."""
    towards = {"burst_factor": st.sampled_from([1.5, 2, 3.5, 6, 10]), "boot_s": st.integers(60, 600)}
    found: dict[str, Any] = draw(anywhere("asg", **{**towards, **narrowed}))
    enough = max(1, math.ceil(1.25 * found["arrivals_per_min"] * found["job_s"] / 60))
    return {**found, "min_instances": min(20, enough + draw(st.integers(0, 2)))}


def _plain(name: str, **narrowed: Strategy) -> Callable[..., Drawn]:
    return lambda **more: anywhere(name, **{**narrowed, **more})


_BAD = {"poison_percent": st.integers(1, 10).map(lambda step: 5 * step)}
_FIFO = {"queue_type": st.just("fifo")}

TOWARDS: dict[str, dict[str, Callable[..., Drawn]]] = {
    "visibility": {
        "once": hidden_long_enough,
        "recovery": _plain(
            "visibility",
            rare_duplicate_percent=st.just(0),
            crash_percent=st.integers(2, 10).map(lambda step: 5 * step),
            visibility_timeout_s=st.integers(0, 120),
        ),
        "kept": _plain("visibility"),
    },
    "poison": {
        "receives": _plain("poison", **_BAD),
        "only_poison": work_fits,
        "move": _plain("poison", **_BAD, release_on_failure=st.just(False)),
        "full_retention": _plain("poison", **_BAD),
    },
    "polling": {
        "fewer": _plain("polling", arrivals_per_min=st.integers(0, 40)),
        # A short poller that asks seldom, and few servers, may have picked up nothing that could be compared.
        "sooner": _plain(
            "polling",
            arrivals_per_min=st.integers(4, 120),
            short_interval_s=st.sampled_from([0.2, 0.5, 1, 2.5]),
        ),
        "idle": _plain(
            "polling", arrivals_per_min=st.sampled_from([0, 0.2]), duration_min=st.integers(1, 30)
        ),
        "complete": _plain("polling"),
    },
    "fifo_groups": {
        "order": _plain("fifo_groups", **_FIFO),
        "alone": _plain("fifo_groups", **_FIFO),
        "bound": _plain("fifo_groups", **_FIFO),
        "own_group_only": _plain("fifo_groups", **_FIFO, head_failures=st.integers(1, 5)),
    },
    "asg": {
        "in_time": steady,
        "boot": burst,
        "kept": _plain("asg"),
    },
}
"""By experiment, for each claim: what draws settings most of which lie in its range; keywords narrow single parameters
further.
"""
