"""%aws and %%aws in a notebook: what is shown, what Python gets, and the same bytes in a kernel."""

from __future__ import annotations

import copy
import subprocess
import sys

import nbformat
import pytest

from helpers.notebooks.execute import execute
from helpers.notebooks.normalise import normalise, to_text
from helpers.notebooks.warm import WarmRunner

pytestmark = pytest.mark.slow

QUEUE = "https://queue.amazonaws.com/123456789012/q"
CELLS = {
    "before": "from helpers import Cloud\n%aws sqs list-queues",
    "one": "cloud = Cloud.open(seed=3)\n%aws sqs create-queue --queue-name q",
    "result": "done = %aws sqs get-queue-url --queue-name q\nurl = done.json()['QueueUrl']\nprint(done.code, url)",
    "many": (
        "%%aws\n# the panel's line, as it is\n"
        "aws sqs send-message --queue-url $url --message-body '{\"order\": 7}' \\\n"
        "   --query MD5OfMessageBody\n\n"
        'sqs send-message --queue-url {url} --message-body "{url.upper()} {{n}}" --query MD5OfMessageBody'
    ),
    "bodies": (
        "%aws sqs receive-message --queue-url $url --max-number-of-messages 10 "
        '--query "Messages[].{Body: Body}" --output text'
    ),
    "stops": "%%aws\nsqs list-queues --query QueueUrls\nsqs get-queue-url --queue-name no\nsqs list-queues",
    "wrong": "%aws sqs create-queue",
    "local": "def url_of(name):\n    %aws sqs get-queue-url --queue-name $name --output text\n\n\nurl_of('q')",
    "pipe": "%aws sqs list-queues | head",
    "name": "%aws sqs get-queue-url --queue-name $nobody",
    "behind": "%%aws sqs\nlist-queues",
    "nothing": "print(len(cloud.trail), cloud.now)",
}


@pytest.fixture(scope="module")
def notebook():
    return normalise(
        nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell(source, id=name, metadata={"tags": ["raises-exception"]})
                for name, source in CELLS.items()
            ]
        )
    )


@pytest.fixture(scope="module")
def raw(notebook, tmp_path_factory):
    return WarmRunner().run(notebook, tmp_path_factory.mktemp("ran"))


@pytest.fixture(scope="module")
def ran(raw):
    return normalise(copy.deepcopy(raw))


@pytest.fixture
def shown(ran):
    """What a cell shows: a dict from each stream to its text, and `error` to the error's sentence."""

    def of(name):
        (cell,) = (cell for cell in ran.cells if cell.id == name)
        return {
            output["name"] if output.output_type == "stream" else output.output_type: output.get("text")
            or f"{output.ename}: {output.evalue}"
            for output in cell.outputs
        }

    return of


def test_no_empty_box_is_shown(raw):
    assert [output for cell in raw.cells for output in cell.outputs if output.get("text") == ""] == []


def test_the_output_is_the_cli_s_and_shown_once(shown):
    assert shown("one") == {"stdout": f'{{\n    "QueueUrl": "{QUEUE}"\n}}\n'}
    assert shown("result") == {"stdout": f'{{\n    "QueueUrl": "{QUEUE}"\n}}\n0 {QUEUE}\n'}


def test_one_command_a_line(shown):
    assert shown("many") == {
        "stdout": '"7fa20081ee1217af020c02f44b6a3f91"\n"fde7ad0190d5329d45f01f35c697cf76"\n'
    }
    assert shown("bodies") == {"stdout": f'{{"order": 7}}\n{QUEUE.upper()} {{{{n}}}}\n'}


def test_the_first_that_fails_is_the_last(shown):
    assert shown("stops") == {
        "stdout": f'[\n    "{QUEUE}"\n]\n',
        "stderr": "\nAn error occurred (AWS.SimpleQueueService.NonExistentQueue) when calling the GetQueueUrl "
        "operation: The specified queue does not exist.\naws: exit code 255\n"
        "Stopped at line 3 of the cell; what follows it was not run.\n",
    }


def test_a_wrong_command_shows_the_cli_s_message_and_its_exit_code(shown):
    assert list(shown("wrong")) == ["stderr"]
    assert shown("wrong")["stderr"].endswith(
        "aws: error: the following arguments are required: --queue-name\naws: exit code 2\n"
    )


def test_a_function_s_own_names(shown):
    assert shown("local") == {"stdout": f"{QUEUE}\n"}


def test_what_is_no_command_is_said_in_a_sentence(shown):
    assert shown("before") == {
        "error": "SealedError: No Cloud is open for the AWS CLI: open one first (cloud = Cloud.open())."
    }
    assert shown("pipe") == {
        "error": "CommandLineError: | needs a shell, and this is none: run one command a line, "
        "or put | in single quotes."
    }
    assert shown("name") == {
        "error": "CommandLineError: No value for `nobody` can be put here (NameError: name 'nobody' is "
        "not defined); single quotes keep $ and braces as they are."
    }
    assert shown("behind") == {
        "stderr": "UsageError: %%aws stands alone on its line: its commands go on the lines below, one a line.\n"
    }
    assert shown("nothing") == {"stdout": "8 0.08\n"}


@pytest.mark.kernel
def test_a_kernel_shows_the_same_bytes(notebook, ran, tmp_path):
    assert to_text(normalise(execute(notebook, tmp_path))) == to_text(ran)


IMPORTS = """
import sys
import IPython
shell = IPython.InteractiveShell.instance()
import helpers
print(type(shell.magics_manager.magics["line"]["aws"]).__name__, "aws" in shell.magics_manager.magics["cell"])
print([name for name in ("awscli", "helpers.ui", "helpers.cloud.aws_cli") if name in sys.modules])
"""


def test_importing_the_package_offers_it_and_loads_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORTS], capture_output=True, text=True, check=True
    )
    assert done.stdout == "function True\n[]\n"
