"""The map of traces as a picture: which services and resources took part, who called whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import ipywidgets as widgets

from helpers.experiments.canvas import render
from helpers.experiments.service_map_picture import draw
from helpers.ui.observation import image_html
from helpers.ui.shell import Shell, Still

if TYPE_CHECKING:
    from helpers.dataplane.xray import Trace


class TraceMap(Shell):
    """The map of some traces; `words` says what it shows."""

    def __init__(self, traces: Iterable[Trace]) -> None:
        from helpers.dataplane.xray import service_map

        found = list(traces)
        drawn = service_map(found)
        title = (
            f"{len(found)} trace{'' if len(found) == 1 else 's'}, {len(drawn.nodes)} services and resources"
        )
        note = "on each arrow: requests, and the mean time of one"
        self._png, self.words = render(lambda figure: draw(figure, drawn, title, note))
        super().__init__([widgets.HTML(image_html(self._png, self.words))])

    def still(self) -> Still:
        return Still(self.words, "", self._png, self.words)


def trace_map(traces: Iterable[Trace]) -> TraceMap:
    """The map of `traces`, such as `helpers.dataplane.xray.traces(cloud)` gives.

    X-Ray draws such a map from the segments that it was sent (xray/latest/devguide/xray-console-servicemap.html).
    """
    return TraceMap(traces)
