"""Each property of a committed notebook finds what breaks it, and nothing in a notebook that keeps to all."""

import base64
import copy
import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.notebooks.normalise import VOLATILE_TYPES, normalise, to_bytes
from tests.notebooks import form
from tests.notebooks.form import PROPERTIES

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and so on").decode()


def good():
    picture = new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": "a line"}})
    cells = [
        new_markdown_cell("# Title", id="title"),
        new_code_cell("1", id="one", outputs=[new_output("execute_result", {"text/plain": "1"})]),
        new_code_cell("draw()", id="two", outputs=[picture]),
    ]
    return json.loads(to_bytes(normalise(new_notebook(cells=cells))))


def written(notebook):
    return (json.dumps(notebook, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
def test_a_good_notebook_breaks_nothing(check):
    assert check(written(good())) == []


def breaks(check, found):
    """A notebook that breaks `check`, made from a good one, with what is found in it."""

    def decorate(change):
        BROKEN.append(pytest.param(check, change, found, id=change.__name__.strip("_")))
        return change

    return decorate


BROKEN = []


@breaks(form.form, ["not in its form: run `make notebooks`"])
def _another_layout(nb):
    nb["cells"][0]["source"] = ["# Title   "]


@breaks(form.mathematics, ["title"])
def _two_prices_in_one_paragraph(nb):
    nb["cells"][0]["source"] = ["# From \\$1 and `$x$` to $2, or $3\n"]


@breaks(form.ids, ["6f1e0c3a"])
def _a_random_id(nb):
    nb["cells"][1]["id"] = "6f1e0c3a"


@breaks(form.ids, ["one", "one"])
def _an_id_twice(nb):
    nb["cells"][2]["id"] = "one"


@breaks(form.counts, ["two"])
def _a_count_of_another_run(nb):
    nb["cells"][2]["execution_count"] = 7


@breaks(form.counts, ["one"])
def _a_value_of_another_run(nb):
    nb["cells"][1]["outputs"][0]["execution_count"] = 7


@breaks(form.widgets, [VOLATILE_TYPES[0], "model_id"])
def _a_widgets_view(nb):
    nb["cells"][1]["outputs"][0]["data"][VOLATILE_TYPES[0]] = {"model_id": "abc"}


@breaks(form.widgets, [VOLATILE_TYPES[1], '"widgets"'])
def _a_widgets_state(nb):
    nb["metadata"]["widgets"] = {VOLATILE_TYPES[1]: {"state": {}}}


@breaks(form.metadata, ["language_info"])
def _a_version_of_python(nb):
    nb["metadata"]["language_info"]["version"] = "3.11.7"


@breaks(form.metadata, ["kernelspec"])
def _no_kernel(nb):
    del nb["metadata"]["kernelspec"]


@breaks(form.metadata, ["one: execution"])
def _a_timing(nb):
    nb["cells"][1]["metadata"]["execution"] = {"iopub.execute_input": "2026-01-01T00:00:00Z"}


@breaks(form.machine, ["one: " + "/" + "home/a"])
def _a_path(nb):
    nb["cells"][1]["outputs"][0]["data"]["text/plain"] = ["'/" + "home/ann/x'"]


@breaks(form.machine, ["one: 0x7f3a5c0d"])
def _an_objects_address(nb):
    nb["cells"][1]["outputs"][0]["data"]["text/plain"] = ["<A at 0x7f3a5c0d>"]


@breaks(form.machine, ["one: ipykernel_12"])
def _a_traceback(nb):
    lines = ["in ipykernel_12/3.py", "ValueError: x"]
    nb["cells"][1]["outputs"] = [
        {"output_type": "error", "ename": "ValueError", "evalue": "x", "traceback": lines}
    ]


@breaks(form.pictures, ["two: no alt text"])
def _a_picture_without_words(nb):
    nb["cells"][2]["outputs"][0]["metadata"] = {}


@breaks(form.pictures, ["two: not a PNG"])
def _a_drawing(nb):
    output = nb["cells"][2]["outputs"][0]
    output["data"] = {"image/svg+xml": ["<svg/>"]}
    output["metadata"] = {"image/svg+xml": {"alt": "a line"}}


@breaks(form.pictures, ["two: not a PNG"])
def _a_torn_picture(nb):
    nb["cells"][2]["outputs"][0]["data"]["image/png"] = "iVBO"


@breaks(form.semicolons, ["two"])
def _a_hidden_value(nb):
    nb["cells"][2]["source"] = ["draw();"]


@pytest.mark.parametrize(("check", "change", "found"), BROKEN)
def test_what_breaks_it_is_found(check, change, found):
    notebook = copy.deepcopy(good())
    change(notebook)
    assert check(written(notebook)) == found


def test_every_property_has_something_that_breaks_it():
    assert {param.values[0] for param in BROKEN} == set(PROPERTIES)
