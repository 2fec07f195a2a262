"""The one figure: fixed size, few colours, the same bytes whatever the learner sets in matplotlib."""

from __future__ import annotations

import io
import threading
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from helpers.experiments.canvas import render

OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")


def bars(figure: Any) -> str:
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.bar(range(8), range(1, 9), color=OKABE_ITO)
    axes.set_title("Bars of all colours")
    return "Eight bars."


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_size_and_text() -> None:
    png, text = render(bars)
    image = Image.open(io.BytesIO(png))
    assert (image.size, image.mode, text) == ((900, 560), "P", "Eight bars.")


def test_nothing_but_the_picture_is_in_the_file() -> None:
    png, _ = render(bars)
    kinds, place = [], 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        kinds.append(png[place + 4 : place + 8])
        place += length + 12
    assert set(kinds) == {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def test_colours_of_bars_and_background_are_exact() -> None:
    picture = pixels(render(bars)[0])
    seen = {tuple(colour) for colour in picture.reshape(-1, 3)}
    named = {tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)) for colour in OKABE_ITO}
    assert named | {(255, 255, 255)} <= seen


def test_shades_hardly_move() -> None:
    kept: list[np.ndarray[Any, Any]] = []

    def draw(figure: Any) -> str:
        text = bars(figure)
        figure.canvas.draw()
        kept.append(np.array(figure.canvas.buffer_rgba())[..., :3])
        return text

    moved = np.abs(pixels(render(draw)[0]).astype(int) - kept[0])
    assert (moved.max(axis=2) > 24).mean() < 0.001


def test_a_thin_mark_and_a_pale_area_keep_their_colours() -> None:
    mark, area = (204, 121, 167), (232, 238, 245)

    def draw(figure: Any) -> str:
        text = bars(figure)
        axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
        axes.set_axis_off()
        axes.axhspan(0.95, 0.99, color=[level / 255 for level in area])
        axes.plot([0.02, 0.04], [0.5, 0.5], color=[level / 255 for level in mark], linewidth=3)
        return text

    seen = {tuple(colour) for colour in pixels(render(draw)[0]).reshape(-1, 3)}
    assert {mark, area} <= seen


def test_two_pixels_share_a_byte() -> None:
    png, _ = render(bars)
    assert png[24:26] == bytes((4, 3)), "four bits a pixel, a palette"
    assert len(np.unique(pixels(png).reshape(-1, 3), axis=0)) <= 16
    assert len(png) < 6_000


def test_a_picture_of_text_needs_few_shades() -> None:
    png, _ = render(lambda figure: str(figure.text(0.1, 0.5, "Black on white, in letters", size=20)))
    assert len(np.unique(pixels(png).reshape(-1, 3), axis=0)) < 10


def test_a_picture_of_many_colours_keeps_them_close() -> None:
    def gradient(figure: Any) -> str:
        figure.add_axes((0, 0, 1, 1)).imshow(np.random.default_rng(0).random((560, 900, 3)), aspect="auto")
        return "Noise."

    png, _ = render(gradient)
    assert Image.open(io.BytesIO(png)).mode == "P"


def test_same_bytes_whatever_was_drawn_before_and_whatever_the_learner_set() -> None:
    alone, _ = render(bars)
    render(lambda figure: str(figure.text(0.5, 0.5, "something else")))
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 30, "savefig.dpi": 20}):
        after, _ = render(bars)
        assert mpl.rcParams["font.size"] == 30
    assert after == alone
    assert pixels(render(lambda _: "")[0]).min() == 255


def test_an_error_leaves_a_clean_figure_and_the_learners_settings() -> None:
    alone, _ = render(bars)

    def broken(figure: Any) -> str:
        figure.set_size_inches(1, 1)
        raise RuntimeError("no ink")

    with mpl.rc_context({"font.size": 30}):
        with pytest.raises(RuntimeError, match="no ink"):
            render(broken)
        assert mpl.rcParams["font.size"] == 30
    assert render(bars)[0] == alone


def test_pyplot_knows_nothing_of_it() -> None:
    import matplotlib.pyplot as plt

    render(bars)
    assert plt.get_fignums() == []


def test_threads_draw_one_at_a_time() -> None:
    alone, _ = render(bars)
    drawn: list[bytes] = []
    threads = [threading.Thread(target=lambda: drawn.append(render(bars)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [alone] * 4
