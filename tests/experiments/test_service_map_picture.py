"""The picture of a service map, and the same in words."""

from __future__ import annotations

from helpers.dataplane.xray import service_map, traces
from helpers.experiments.canvas import render
from helpers.experiments.run import Run
from helpers.experiments.service_map_picture import draw


def test_a_map_is_drawn_and_said_in_words() -> None:
    drawn = service_map(traces(Run.parse("18_sqs.visibility").outcome().trail))
    png, words = render(lambda figure: draw(figure, drawn, "A queue", "two sides"))
    assert png[:4] == b"\x89PNG"
    assert words == "A queue. producer to jobs, 24; jobs to worker, 24; worker to jobs, 24; no failures."


def test_a_map_of_nothing_is_an_empty_picture() -> None:
    png, words = render(lambda figure: draw(figure, service_map([]), "Nothing", "no traces"))
    assert png[:4] == b"\x89PNG"
    assert words == "Nothing. no calls; no failures."
