import pytest

from helpers.notebooks.execute import NotebookError, execute
from helpers.notebooks.normalise import normalise, to_text

EVERY_KIND_OF_OUTPUT = (
    "# Pictures",
    "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\naxes.plot([1, 3, 2]);",
    "axes.set_title('again')\nfigure",
    "plt.plot([1, 2])\nprint('a text before the picture')",
    "from IPython.display import HTML, Image, Markdown, display\ndisplay(HTML('<b>1</b>'), Markdown('*2*'))",
    "Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + b'\\0' * 40, format='png', alt='nothing')",
    "# Tables and values",
    "import pandas as pd",
    "table = pd.DataFrame({'operation' * 8: range(200), 'b' * 60: 0.1, 'c' * 60: None})\ntable",
    "print(table)\ntable.describe()",
    "{'a': [1, 2], 'b': (3,)}, 'x' * 200, None",
    "None",
    "_ = 3; 4;",
    "5\n6",
    "__name__, [1, 2][-1]",
    "# Streams",
    "import sys, logging\nprint('out'); print('err', file=sys.stderr); print('out again', end='')",
    "for n in range(3): print(f'{n} of 3', end='\\r')",
    "import logging\nlogging.getLogger('x').warning('to the error stream')",
    "sys.stdout.write('no value')",
    "# Displays that change",
    "handle = display(HTML('first'), display_id='it')",
    "handle.update(HTML('second'))",
    "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')",
    "print('gone too')\nclear_output(wait=True)\nprint('stays too')",
    "# Widgets",
    "import ipywidgets as widgets\nslider = widgets.IntSlider(3)\nslider",
    "slider.value = 5\nwidgets.HBox([slider])",
    "display(slider)\nprint(slider.value)",
    "# Errors",
    "!raises\n1 / 0",
    "!raises\nthis is no python",
    "!raises\nraise ValueError('one\\ntwo')",
    "!raises\ndef f(): return g()\nf()",
    "!raises\nraise SystemExit",
    "# Cells without code",
    "",
    "# a comment is Markdown here",
    "%who_ls",
    "# Asynchronous cells",
    "import asyncio\nawait asyncio.sleep(0)\nplt.plot([2, 1])\n'awaited'",
    "asyncio.get_running_loop().is_running()",
    "In[1][:10], len(Out) > 3",
)


@pytest.mark.kernel
def test_every_kind_of_output_is_the_same_bytes_as_the_kernels(scratch, warm, tmp_path):
    nb = normalise(scratch(*EVERY_KIND_OF_OUTPUT))
    kernel = to_text(normalise(execute(nb, tmp_path)))
    assert to_text(normalise(warm.run(nb, tmp_path))) == kernel


@pytest.mark.slow
def test_each_notebook_starts_afresh_in_its_folder(scratch, warm, tmp_path):
    warm.run(scratch("x = 1\nimport sys\nsys.left_over = True"), tmp_path)
    look = "import os, sys\nprint('x' in globals(), hasattr(sys, 'left_over'), os.getcwd())"
    out = warm.run(scratch(look), tmp_path)
    assert out.cells[0].outputs[0].text == f"False False {tmp_path}\n"


def test_the_given_notebook_is_left_alone(scratch, warm, tmp_path):
    nb = scratch("print(1)")
    warm.run(nb, tmp_path)
    assert nb.cells[0].outputs == []


def test_a_cell_that_raises_is_named_and_the_rest_is_not_run(scratch, warm, tmp_path):
    nb = scratch("{}['q']", "open('ran', 'w')")
    with pytest.raises(NotebookError, match=r"^x\.ipynb: cell [0-9a-f]{8} raised KeyError: 'q'$"):
        warm.run(nb, tmp_path, name="x.ipynb")
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_a_notebook_that_takes_too_long_is_stopped(scratch, warm, tmp_path):
    with pytest.raises(NotebookError, match=r"^x\.ipynb: ran longer than 2 s$"):
        warm.run(scratch("while True: pass"), tmp_path, name="x.ipynb", timeout_s=2)


def test_a_process_that_dies_is_said(scratch, warm, tmp_path):
    with pytest.raises(NotebookError, match=r"^x\.ipynb: the process died$"):
        warm.run(scratch("import os\nos._exit(3)"), tmp_path, name="x.ipynb")
