"""The one figure on which every picture of the process is drawn, and its PNG.

A picture is 900 x 560 pixels in at most 16 colours. The same drawing gives the same bytes: nothing in the
file names a date or a program, and what a learner sets in matplotlib does not show here.

The file's form: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

Read = TypeVar("Read")

SIZE_IN = (9.0, 5.6)
"""Width and height of a picture in inches."""

DPI = 100
"""Pixels an inch."""

THEMES = ("light",)
"""The looks a picture can have. A picture has a background of its own, so this one is legible on a dark page
too.
"""

# A notebook holds up to nine pictures, so their size counts. 16 colours put two pixels into a byte, and with all that
# zlib can do a picture is a third smaller than with 64 colours, for some 10 ms more.
_COLOURS = 16
_COMPRESSION = 9
_MISSED = 20_000
"""How much a colour must be missed to get a place: the root of its pixels times its distance from the next, squared."""

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
    with _drawing(draw) as (figure, text):
        figure.canvas.draw()
        return _png(figure), text


def read(draw: Callable[[Figure], str], reader: Callable[[Figure], Read]) -> Read:
    """What `reader(figure)` returns of what `draw(figure)` draws on an empty figure; no pixel is set."""
    with _drawing(draw) as (figure, _):
        return reader(figure)


@contextmanager
def _drawing(draw: Callable[[Figure], str]) -> Iterator[tuple[Figure, str]]:
    """The figure with what `draw` drew on it, and the text that it returned; empty again after the block."""
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
            yield figure, draw(figure)
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

    canvas: Any = figure.canvas
    pixels = np.asarray(canvas.buffer_rgba())
    height, width = pixels.shape[:2]
    places, palette = _few(pixels)
    rows = np.zeros((height, 1 + width // 2), dtype=np.uint8)  # each begins with its filter: none
    rows[:, 1:] = places[:, 0::2] << 4 | places[:, 1::2]
    deflate = zlib.compressobj(_COMPRESSION, memLevel=9)
    # Four bits a pixel, which name a colour of a palette.
    head = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(*chunk)
        for chunk in (
            (b"IHDR", head),
            (b"PLTE", palette),
            (b"IDAT", deflate.compress(rows.tobytes()) + deflate.flush()),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _few(pixels: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], bytes]:
    """Each pixel's place in a palette, and the palette.

    Colours that agree in their first five bits a channel count as the commonest of them. The background is the
    palette's first colour, and each next one the colour that is missed most: it is far from those that are there, and
    common. So areas, bars and marks keep their colours; only shades at the edges of letters and lines move a little.
    """
    import numpy as np
    from PIL import Image, ImageOps

    height, width = pixels.shape[:2]
    image = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1).convert("RGB")
    counted: Any = image.getcolors(1 << 16) or ImageOps.posterize(image, 5).getcolors(1 << 15)
    packed = pixels.view("<u4")[..., 0]
    cells = (packed >> 3 & 0x1F) | (packed >> 6 & 0x3E0) | (packed >> 9 & 0x7C00)
    common = np.array([(count, *colour) for count, colour in sorted(counted, reverse=True)])
    cell_of = common[:, 1] >> 3 | common[:, 2] >> 3 << 5 | common[:, 3] >> 3 << 10
    _, first = np.unique(cell_of, return_index=True)
    first.sort()
    colours, cell_of = common[first, 1:], cell_of[first]
    # An area grows as the square of its width: by the root of its size a thin mark is missed, too.
    weights = np.sqrt(np.bincount(cells.ravel(), minlength=1 << 15)[cell_of])
    chosen, place = [0], np.zeros(len(colours), dtype=np.uint8)
    missed = ((colours - colours[0]) ** 2).sum(axis=1)
    while len(chosen) < _COLOURS and (weights * missed).max() > _MISSED:
        chosen.append(int((weights * missed).argmax()))
        distance = ((colours - colours[chosen[-1]]) ** 2).sum(axis=1)
        place[distance < missed] = len(chosen) - 1
        missed = np.minimum(distance, missed)
    place_of = np.zeros(1 << 15, dtype=np.uint8)
    place_of[cell_of] = place
    return place_of[cells], colours[chosen].astype(np.uint8).tobytes()
