"""The one figure on which every picture of the process is drawn, and its PNG.

A picture is 900 x 560 pixels in at most 64 colours. The same drawing gives the same bytes: nothing in the
file names a date or a program, and what a learner sets in matplotlib does not show here.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

SIZE_IN = (9.0, 5.6)
"""Width and height of a picture in inches."""

DPI = 100
"""Pixels an inch."""

THEMES = ("light",)
"""The looks a picture can have. A picture has a background of its own, so this one is legible on a dark page
too.
"""

# A notebook holds some fifteen pictures, so their size counts. With a palette a PNG is a third of one without,
# and quicker to write; 64 colours instead of 256 and level 8 instead of zlib's usual 6 take away another
# quarter, for some milliseconds.
_COLOURS = 64
_COMPRESSION = 8

_lock = threading.RLock()
_figure: Figure | None = None
_settings: dict[str, Any] = {}


def render(draw: Callable[[Figure], str], theme: str = "light") -> tuple[bytes, str]:
    """The PNG of what `draw(figure)` draws on an empty figure, and the text that it returns.

    One drawing at a time: a second thread waits. Raises ValueError for an unknown theme, and whatever `draw`
    raises.
    """
    if theme not in THEMES:
        raise ValueError(f"A picture has no theme {theme!r}; there is {', '.join(THEMES)}.")
    import matplotlib as mpl

    with _lock:
        figure = _empty_figure()
        # RcParams checks every value that is set through it, which takes longer than drawing.
        # These were checked before.
        kept = dict(mpl.rcParams)
        raw: Any = mpl.rcParams
        dict.update(raw, _settings)
        try:
            figure.clear()
            figure.set_size_inches(*SIZE_IN)
            figure.set_facecolor("white")
            text = draw(figure)
            figure.canvas.draw()
            return _png(figure), text
        finally:
            for axes in figure.axes:
                figure.delaxes(axes)  # clear() alone would first make each of them anew
            figure.clear()  # or it would keep what was drawn
            dict.update(raw, kept)


def _empty_figure() -> Figure:
    global _figure
    if _figure is None:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        _figure = Figure(figsize=SIZE_IN, dpi=DPI)
        FigureCanvasAgg(_figure)
        # The backend belongs to the learner's own plots.
        _settings.update({key: value for key, value in mpl.rcParamsDefault.items() if "backend" not in key})
    return _figure


def _png(figure: Figure) -> bytes:
    import numpy as np
    from PIL import Image

    canvas: Any = figure.canvas
    pixels = np.asarray(canvas.buffer_rgba())
    height, width = pixels.shape[:2]
    full = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1).convert("RGB")
    colours: Any = full.getcolors(1 << 16)
    image = full.quantize(_COLOURS, dither=Image.Dither.NONE) if colours is None else _few(pixels, colours)
    file = io.BytesIO()
    image.save(file, "png", compress_level=_COMPRESSION)
    return file.getvalue()


def _few(pixels: np.ndarray[Any, Any], colours: list[tuple[int, tuple[int, int, int]]]) -> Any:
    """The picture with a palette. Colours that agree in their first five bits a channel become the commonest
    of them.

    So the background and the colours of bars stay exact; only shades at the edges of letters and lines move a
    little.
    """
    import numpy as np
    from PIL import Image

    palette: list[tuple[int, int, int]] = []
    place_of = np.zeros(1 << 15, dtype=np.uint8)
    seen: set[int] = set()
    for _, (red, green, blue) in sorted(colours, reverse=True):
        cell = red >> 3 | green >> 3 << 5 | blue >> 3 << 10
        if cell in seen:
            continue
        seen.add(cell)
        if len(palette) < _COLOURS:
            place_of[cell] = len(palette)
            palette.append((red, green, blue))
        else:
            distances = [(red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2 for r, g, b in palette]
            place_of[cell] = distances.index(min(distances))
    packed = pixels.view("<u4")[..., 0]
    cells = (packed >> 3 & 0x1F) | (packed >> 6 & 0x3E0) | (packed >> 9 & 0x7C00)
    image = Image.fromarray(place_of[cells], "P")
    image.putpalette([level for colour in palette for level in colour])
    return image
