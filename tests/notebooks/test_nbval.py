"""nbval, strict, without a sanitiser, pictures included: each committed output against a fresh kernel's.

The same runs measure what each notebook needs: a kernel on Binder has 1 GB for certain, next to JupyterLab
(https://mybinder.readthedocs.io/en/latest/about/user-guidelines.html).
"""

import base64
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from helpers.labs.lab import LABS
from helpers.notebooks import NOTEBOOKS
from helpers.notebooks.execute import execute
from helpers.notebooks.normalise import normalise, to_bytes

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.kernel, pytest.mark.slow]
COURSE = sorted(NOTEBOOKS.glob("*.ipynb"))
PEAK_LIMIT_MB = 700
LAB_NOTEBOOKS = sorted([*LABS.glob("*/lab.ipynb"), *LABS.glob("*/solution.ipynb")])


def nbval(path: Path) -> subprocess.CompletedProcess[str]:
    """Run nbval over one notebook in a pytest of its own, which knows nothing of this one's settings."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "-p", "tests.notebooks.strict_pictures"]
    command += ["-p", "tests.notebooks.peak_memory"]
    command += ["-c", os.devnull, "--rootdir", str(path.parent), "-p", "no:cacheprovider"]
    command += ["--nbval-cell-timeout", "120", "--color=no", str(path)]
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )


def peak_mb(done: subprocess.CompletedProcess[str]) -> int:
    """The most memory that the kernel of this run ever had, in MB."""
    (peak,) = re.findall(r"^The kernel's peak memory was (\d+) MB\.$", done.stdout, flags=re.MULTILINE)
    return int(peak)


@pytest.fixture
def built(scratch, tmp_path):
    """A notebook with a picture, a panel-like bundle and a text, in its committed form."""
    nb = scratch(
        "import matplotlib.pyplot as plt\nlines = plt.plot([1, 2])",
        "import ipywidgets\nipywidgets.IntSlider()",
        "print(1)",
    )
    return normalise(execute(nb, tmp_path))


def test_a_true_notebook_passes_without_its_widget_views(built, tmp_path):
    path = tmp_path / "true.ipynb"
    path.write_bytes(to_bytes(built))
    done = nbval(path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_one_other_pixel_fails(built, tmp_path):
    data = next(output.data for output in built.cells[0].outputs if "image/png" in output.get("data", {}))
    picture = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    red, *others = picture.getpixel((0, 0))
    picture.putpixel((0, 0), (red ^ 1, *others))
    picture.save(changed := io.BytesIO(), "png")
    data["image/png"] = base64.b64encode(changed.getvalue()).decode()
    path = tmp_path / "false.ipynb"
    path.write_bytes(to_bytes(built))
    done = nbval(path)
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout
    assert "mismatch 'image/png'" in done.stdout


def test_another_text_fails(built, tmp_path):
    built.cells[2].outputs[0].text = "2\n"
    path = tmp_path / "false.ipynb"
    path.write_bytes(to_bytes(built))
    assert "1 failed, 2 passed" in nbval(path).stdout


def test_the_peak_counts_what_was_given_back(scratch, tmp_path):
    path = tmp_path / "large.ipynb"
    path.write_bytes(to_bytes(scratch('held = b"x" * 800_000_000\ndel held', "x = 1 + 1")))
    assert PEAK_LIMIT_MB < peak_mb(nbval(path)) < 1_000


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.stem)
def test_the_courses_notebooks(path):
    done = nbval(path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert peak_mb(done) <= PEAK_LIMIT_MB


@pytest.mark.parametrize("path", LAB_NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_labs_as_a_student_gets_them_and_solved(path):
    done = nbval(path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert peak_mb(done) <= PEAK_LIMIT_MB
