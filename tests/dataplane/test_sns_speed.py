"""How fast a topic fans out."""

from __future__ import annotations

import resource

import pytest

from helpers import Cloud

from .topics import Topic

MOST_CPU_S = 12.0
"""Twice what 10,000 publishes to five queues may take on a quiet processor: a guard against a slip."""


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_ten_thousand_messages_to_five_queues() -> None:
    with Cloud(seed=1) as cloud:
        topic = Topic(cloud)
        queues = [topic.queue(f"q{number}", raw=False) for number in range(5)]

        def publisher() -> None:
            for number in range(10_000):
                topic.publish(str(number))

        began_s = cpu_s()
        cloud.spawn(publisher)
        cloud.run()
        cloud.advance(1)
        assert cpu_s() - began_s < MOST_CPU_S
        assert [queue.counts()[0] for queue in queues] == [10_000] * 5
