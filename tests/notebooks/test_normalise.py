import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.notebooks.normalise import (
    KERNELSPEC,
    cell_ids,
    is_stable_id,
    load,
    normalise,
    outputs,
    slug,
    to_bytes,
    to_text,
)

VIEW = "application/vnd.jupyter.widget-view+json"


def code(source, *outs, **extra):
    return new_code_cell(source, outputs=list(outs), **extra)


def stream(name, text):
    return new_output("stream", name=name, text=text)


def messy():
    """A notebook as JupyterLab and nbclient leave it."""
    return new_notebook(
        cells=[
            new_markdown_cell("# A queue hides what it hands out\n\nText.  \n"),
            code(
                "panel('x')\n\n",
                new_output(
                    "display_data",
                    data={VIEW: {"model_id": "abc"}, "image/png": "iVBO", "text/plain": "a panel"},
                    metadata={"image/png": {"alt": "3 of 9 were hidden"}, VIEW: {"x": 1}},
                ),
                execution_count=41,
                metadata={
                    "execution": {"iopub.execute_input": "2026-01-05T09:00:00Z"},
                    "collapsed": False,
                    "scrolled": True,
                    "facts": ["sqs.visibility.default"],
                    "tags": ["raises-exception"],
                },
            ),
            code("1", new_output("execute_result", data={"text/plain": "1"}, execution_count=7)),
        ],
        metadata={
            "course": {"section": "18_sqs"},
            "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}}},
            "language_info": {"name": "python", "version": "3.13.5"},
            "kernelspec": {"name": "my-venv", "display_name": "mine", "language": "python"},
            "toc": {},
        },
    )


def test_the_form_of_a_whole_notebook():
    nb = normalise(messy())
    assert nb == {
        "cells": [
            {
                "cell_type": "markdown",
                "id": "a-queue-hides-what-it-hands-out",
                "metadata": {},
                "source": "# A queue hides what it hands out\n\nText.",
            },
            {
                "cell_type": "code",
                "execution_count": 1,
                "id": "a-queue-hides-what-it-hands-out-code",
                "metadata": {"facts": ["sqs.visibility.default"], "tags": ["raises-exception"]},
                "outputs": [
                    {
                        "output_type": "display_data",
                        "data": {"image/png": "iVBO", "text/plain": "a panel"},
                        "metadata": {"image/png": {"alt": "3 of 9 were hidden"}},
                    }
                ],
                "source": "panel('x')",
            },
            {
                "cell_type": "code",
                "execution_count": 2,
                "id": "a-queue-hides-what-it-hands-out-code-2",
                "metadata": {},
                "outputs": [
                    {
                        "output_type": "execute_result",
                        "data": {"text/plain": "1"},
                        "metadata": {},
                        "execution_count": 2,
                    }
                ],
                "source": "1",
            },
        ],
        "metadata": {
            "course": {"section": "18_sqs"},
            "kernelspec": KERNELSPEC,
            "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def test_the_given_notebook_is_left_alone():
    nb = messy()
    before = nbformat.writes(nb)
    normalise(nb)
    assert nbformat.writes(nb) == before


def test_a_second_time_changes_nothing_not_even_through_a_file():
    once = to_bytes(normalise(messy()))
    assert to_bytes(normalise(load(once))) == once


def test_the_form_is_a_valid_notebook():
    nbformat.validate(normalise(messy()))


def test_the_text_has_sorted_keys_and_ends_in_one_newline():
    text = to_text(normalise(messy()))
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n" == text


def test_the_text_is_laid_out_as_jupyterlab_lays_out_what_it_saves():
    nb = normalise(messy())
    assert to_text(nb) == nbformat.writes(nb, version=4) + "\n"  # as its server calls it


def test_an_accent_is_written_as_itself():
    nb = normalise(new_notebook(cells=[new_markdown_cell("# Größe")]))
    assert "Größe".encode() in to_bytes(nb)


def test_an_output_that_held_only_a_widget_view_is_gone():
    assert outputs([new_output("display_data", data={VIEW: {"model_id": "abc"}})], 1) == []


def test_texts_written_in_a_row_are_one_output_a_stream_however_they_were_flushed():
    one = outputs([stream("stdout", "a\n"), stream("stderr", "x\n"), stream("stdout", "b\n")], 1)
    other = outputs([stream("stderr", "x\n"), stream("stdout", "a\nb\n")], 1)
    assert one == other == [stream("stdout", "a\nb\n"), stream("stderr", "x\n")]


def test_a_picture_between_two_texts_stays_between_them():
    picture = new_output("display_data", data={"image/png": "iVBO"})
    raw = [stream("stdout", "before\n"), picture, stream("stdout", "after\n")]
    assert outputs(raw, 1) == raw


def test_a_text_without_a_character_is_gone():
    assert outputs([stream("stdout", "")], 1) == []


def test_a_carriage_return_starts_its_line_again():
    raw = [stream("stdout", "10 %\r50 %\r100 %\nnext\r\nlast\r")]
    assert outputs(raw, 1) == [stream("stdout", "100 %\nnext\nlast\r")]


def test_an_error_keeps_name_and_message_and_the_last_line():
    raw = new_output(
        "error",
        ename="ValueError",
        evalue="no such queue",
        traceback=["\x1b[31m----\x1b[0m", "File /somewhere/x.py:3", "ValueError: no such queue"],
    )
    (short,) = outputs([raw], 1)
    assert short == {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "no such queue",
        "traceback": ["ValueError: no such queue"],
    }


@pytest.mark.parametrize(
    ("cell_id", "stable"),
    [
        ("visibility-question", True),
        ("sqs_2", True),
        ("a", True),
        ("", False),
        ("Visibility", False),
        ("two words", False),
        ("-x", False),
        ("0f3a9b12", False),  # nbformat's
        ("8f14e45f-ceea-467f-a0e6-1f1b3c5d7e9a", False),  # JupyterLab's
    ],
)
def test_which_ids_stay(cell_id, stable):
    assert is_stable_id(cell_id) is stable


def test_ids_that_are_slugs_stay_whatever_stands_around_them():
    cells = [new_markdown_cell("# New title", id="old-title"), new_code_cell("1", id="first-run")]
    assert cell_ids(cells) == ["old-title", "first-run"]


def test_a_new_cell_takes_its_name_from_the_heading_above_and_no_other_cell_changes():
    cells = [
        new_code_cell("0", id="deadbee1"),
        new_markdown_cell("## Long polling", id="polling"),
        new_code_cell("1", id="polling-run"),
        new_markdown_cell("More.", id="0123abcd"),
        new_code_cell("2", id="1123abcd"),
        new_code_cell("3", id="2123abcd"),
        new_markdown_cell("## Polling", id="3123abcd"),
    ]
    assert cell_ids(cells) == [
        "cell-code",
        "polling",
        "polling-run",
        "long-polling-text",
        "long-polling-code",
        "long-polling-code-2",
        "polling-2",
    ]


def test_of_two_cells_with_one_id_the_first_keeps_it():
    cells = [new_markdown_cell("# A", id="a"), new_code_cell("1", id="a")]
    assert cell_ids(cells) == ["a", "a-code"]


def test_slugs():
    assert slug("What is *hidden*, and for how long?") == "what-is-hidden-and-for-how-long"
    assert slug("Café: 256 KiB") == "cafe-256-kib"
    assert slug("x" * 60) == "x" * 40
    assert (
        slug("a word after word until the id would be too long to read")
        == "a-word-after-word-until-the-id-would-be"
    )
    assert slug("—") == ""


def test_what_is_no_notebook_is_said_in_one_sentence():
    with pytest.raises(ValueError, match=r"^this file is not a Jupyter notebook \(NotJSONError\)$"):
        load(b"\x20")
