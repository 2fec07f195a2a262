"""Submissions of the lab 18_sqs as students and attackers send them, each with what has to come of it.

A submission is made of the worked solution or the student's notebook, so that it follows them when they change. `total`
is what it earns of 20 points: 4 a task.
"""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpers.labs import load_lab

LAB = "18_sqs"
TASKS = ("queues", "send", "work", "payments", "redrive")

Notebook = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """What a student sent: the file's name and bytes; and the state, total and part of the reason that are due."""

    file: str
    data: bytes
    state: str
    total: float
    reason: str = ""

    @property
    def name(self) -> str:
        return self.file.rpartition("/")[2].rpartition(".")[0]


def _read(name: str) -> Notebook:
    nb = json.loads((load_lab(LAB).folder / name).read_text(encoding="utf-8"))
    for one in nb["cells"]:
        one["source"] = "".join(one["source"])
    return nb


def solution() -> Notebook:
    return _read("solution.ipynb")


def released() -> Notebook:
    return _read("lab.ipynb")


def cell(nb: Notebook, name: str) -> dict[str, Any]:
    return next(one for one in nb["cells"] if one["id"] == name)


def source(nb: Notebook, name: str) -> str:
    return cell(nb, name)["source"]


def data(nb: Notebook, **options: Any) -> bytes:
    return json.dumps(nb, **options).encode()


def wrong(task: str, name: str) -> str:
    return (load_lab(LAB).folder / "wrong" / f"{task}__{name}.py").read_text(encoding="utf-8")


SENT: dict[str, Sent] = {}


def sent(
    name: str,
    content: bytes | Notebook,
    state: str = "graded",
    total: float = 20,
    reason: str = "",
    file: str = "",
) -> None:
    """One more submission."""
    assert name not in SENT
    raw = content if isinstance(content, bytes) else data(content)
    SENT[name] = Sent(file or f"{name}.ipynb", raw, state, total, reason)


def with_code(task: str, code: str, *, replace: bool = False, before: bool = False) -> Notebook:
    """The solution, in which `code` stands behind the task's own, before it, or in its place."""
    nb = solution()
    own = source(nb, task)
    cell(nb, task)["source"] = code if replace else f"{code}\n{own}" if before else f"{own}\n\n{code}"
    return nb


def attack(
    name: str,
    code: str,
    state: str = "graded",
    total: float = 20,
    reason: str = "",
    *,
    task: str = "send",
    replace: bool = False,
    before: bool = False,
) -> None:
    """The solution with something hostile or odd in one task's cell."""
    sent(name, with_code(task, code, replace=replace, before=before), state, total, reason)


def changed(name: str, change: Callable[[Notebook], Any], *args: Any, **options: Any) -> None:
    """The solution after `change`."""
    nb = solution()
    change(nb)
    sent(name, nb, *args, **options)


# ---- honest

sent("right", solution())
sent("blank", released(), total=0)


def _only(*tasks: str) -> Notebook:
    nb, solved = released(), solution()
    for task in tasks:
        cell(nb, task)["source"] = source(solved, task)
    return nb


sent("partly", _only("queues", "work"), total=8)
sent("wrong", with_code("send", wrong("send", "one_by_one"), replace=True), total=19)
sent(
    "crashing",
    with_code("send", "def send_orders(sqs, queue_url, orders):\n    return orders[0]['id']", replace=True),
    "crashed",
    16,
    "TypeError in send_orders, line 2",
)
sent(
    "syntax_error",
    with_code("send", "def send_orders(sqs queue_url, orders):", replace=True),
    "crashed",
    16,
    "SyntaxError",
)
changed("out_of_order", lambda nb: nb["cells"].reverse())
sent("renamed", solution(), file="Final version (2) REALLY.ipynb")
sent("windows_lines", data(solution()).replace(b"\\n", b"\\r\\n"))

# ---- what tools and editors do


def _strip(nb: Notebook) -> None:
    nb["metadata"] = {}
    for one in nb["cells"]:
        one["metadata"] = {}


def _strip_all(nb: Notebook) -> None:
    _strip(nb)
    for place, one in enumerate(nb["cells"]):
        one["id"] = f"cell{place}"


def _remove(*names: str) -> Callable[[Notebook], None]:
    def change(nb: Notebook) -> None:
        nb["cells"] = [one for one in nb["cells"] if one["id"] not in names]

    return change


def _double(nb: Notebook) -> None:
    place = nb["cells"].index(cell(nb, "queues"))
    nb["cells"].insert(place + 1, copy.deepcopy(nb["cells"][place]))


def _add(nb: Notebook) -> None:
    scratch = {
        "cell_type": "code",
        "id": "scratch",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        "source": "print('trying things')\n1/0",
    }
    nb["cells"].insert(5, scratch)


def _needs_scratch(nb: Notebook) -> None:
    _add(nb)
    cell(nb, "scratch")["source"] = "def size_of(text):\n    return len(text.encode())"
    own = cell(nb, "send")
    own["source"] = source(nb, "send").replace("len(order.encode())", "size_of(order)")


def _fake_checks(nb: Notebook) -> None:
    for task in TASKS:
        cell(nb, f"{task}-check")["source"] = "print('5 of 5 points'); check = lambda task: True"


def _as_text(nb: Notebook) -> None:
    cell(nb, "work")["cell_type"] = "markdown"


def _as_raw(nb: Notebook) -> None:
    for one in nb["cells"]:
        one["cell_type"] = one["cell_type"].replace("code", "raw")


def _kernel(nb: Notebook) -> None:
    nb["metadata"]["kernelspec"] = {"name": "julia-1.9", "display_name": "Julia", "language": "julia"}


def _twin_ids(nb: Notebook) -> None:
    for one in nb["cells"]:
        if one["cell_type"] == "code":
            one["id"] = "same"


def _no_ids(nb: Notebook) -> None:
    nb["nbformat_minor"] = 4
    for one in nb["cells"]:
        del one["id"]
        one.pop("outputs", None)


def _lines(nb: Notebook) -> None:
    for one in nb["cells"]:
        one["source"] = one["source"].splitlines(keepends=True)


def _version(major: int, minor: int) -> Callable[[Notebook], None]:
    def change(nb: Notebook) -> None:
        nb["nbformat"], nb["nbformat_minor"] = major, minor

    return change


def _v3() -> Notebook:
    cells = []
    for one in solution()["cells"]:
        text = one["source"]
        kind = one["cell_type"]
        body = {"input": text, "language": "python"} if kind == "code" else {"source": text}
        cells.append(
            {"cell_type": kind, "metadata": one["metadata"], "collapsed": False, "outputs": [], **body}
        )
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}


changed("metadata_stripped", _strip)
changed("everything_stripped", _strip_all)
changed("cells_deleted", _remove("queues", "work"), "partial", 12, "“The queues”")
changed("checks_deleted", _remove(*(f"{task}-check" for task in TASKS)))
changed("setup_deleted", _remove("setup", "account"))
changed("cell_copied", _double)
changed("cell_added", _add)
changed("needs_an_added_cell", _needs_scratch, "crashed", 16, "NameError in batches")
changed("checks_replaced", _fake_checks)
changed("cell_as_text", _as_text)
changed("unknown_kernel", _kernel)
changed("twin_ids", _twin_ids)
changed("no_ids", _no_ids)
changed("source_as_lines", _lines)
changed("future_minor", _version(4, 99))
changed("future_major", _version(5, 0))
sent("nbformat_3", _v3())
sent("byte_order_mark", b"\xef\xbb\xbf" + data(solution()))
sent(
    "magics",
    with_code(
        "send", "%matplotlib inline\n!ls -l /\nget_ipython().run_line_magic('pip', 'install x')", before=True
    ),
)
sent("asks", with_code("send", "answer = input('your name? ')"), "crashed", 20, "EOFError")

# ---- no notebooks

sent("half_a_file", data(solution())[:5000], "unreadable", 0, "ends in the middle")
sent("empty", b"", "unreadable", 0, "empty")
sent("login_page", b"<!DOCTYPE html><html><body>Sign in</body></html>", "unreadable", 0, "web page")
sent("latin_1", "{'übung': 'gelöst'}".encode("latin-1"), "unreadable", 0)
sent("list", b"[]", "unreadable", 0)
sent(
    "other_notebook", data({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}), "unreadable", 0
)
sent("deep", b"[" * 200_000, "unreadable", 0)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


sent("zip_in_zip", zipped(**{"inner.zip": zipped(**{"work.ipynb": data(solution())})}), file="zip_in_zip.zip")
sent("zip_bomb", zipped(**{"bomb.ipynb": b"0" * 400_000_000}), "unreadable", 0, file="zip_bomb.zip")

# ---- code that does not end, or takes too much

attack("loop", "while True:\n    pass", "timeout", 20, "“Send the orders”")
attack(
    "loop_swallows",
    "while True:\n    try:\n        x = 1\n    except BaseException:\n        pass",
    "timeout",
    20,
)
attack(
    "loop_in_function",
    "def create_queues(sqs, need):\n    while True:\n        pass",
    "timeout",
    16,
    "“The queues”",
    task="queues",
    replace=True,
)
attack(
    "loop_of_calls",
    "def create_queues(sqs, need):\n    while True:\n        sqs.list_queues()",
    "timeout",
    16,
    task="queues",
    replace=True,
)
attack(
    "sleeps_for_years",
    "import time\ndef create_queues(sqs, need):\n    time.sleep(1e9)",
    "crashed",
    16,
    "did not return",
    task="queues",
    replace=True,
)
attack(
    "worker_returns",
    "def work(sqs, queue_url, handle):\n    return None",
    "graded",
    16,
    task="work",
    replace=True,
)
attack(
    "memory",
    "hoard = []\nwhile True:\n    hoard.append(bytearray(10_000_000))",
    "died",
    16,
    "MB that a submission may use",
)
attack(
    "memory_of_many",
    """import os, time
for _ in range(30):
    if os.fork() == 0:
        hoard = bytearray(60_000_000)
        while True:
            pass
while True:
    pass""",
    "died",
    16,
)
attack("fork_bomb", "import os\nwhile True:\n    os.fork()", "crashed", 20, "BlockingIOError")
attack(
    "threads",
    """import threading
threading.stack_size(256 * 1024)  # so that it is their number that ends it, not their memory
while True:
    threading.Thread(target=threading.Event().wait, daemon=True).start()""",
    "crashed",
    20,
    "can't start new thread",
)
attack("prints", "for _ in range(200):\n    print('x' * 1_000_000)", "graded", 20)
attack(
    "prints_for_ever",
    """import threading
def chatter():
    while True:
        print("still here")
threading.Thread(target=chatter, daemon=True).start()""",
    "graded",
    20,
)
attack(
    "fills_the_disk",
    """import pathlib
for place in range(100):
    pathlib.Path(f"file{place}").write_bytes(bytes(30_000_000))""",
    "crashed",
    20,
    "OSError",
)
attack(
    "returns_a_lot",
    "def create_queues(sqs, need):\n    return 'x' * 5_000_000",
    "graded",
    16,
    task="queues",
    replace=True,
)
attack(
    "returns_too_much",
    "def create_queues(sqs, need):\n    return 'x' * 40_000_000",
    "crashed",
    16,
    task="queues",
    replace=True,
)
attack("recursion", "def deeper():\n    deeper()\ndeeper()", "crashed", 20, "RecursionError in deeper")
attack(
    "nested_value",
    "def create_queues(sqs, need):\n    nest = []\n    for _ in range(10_000):\n        nest = [nest]\n    return nest",
    "crashed",
    16,
    task="queues",
    replace=True,
)

# ---- code that ends its process, or others

attack("os_exit", "import os\nos._exit(0)", "died", 16, "ended its own process")
attack(
    "os_exit_in_function",
    "import os\ndef create_queues(sqs, need):\n    os._exit(0)",
    "died",
    16,
    task="queues",
    replace=True,
)
attack("sys_exit", "import sys\nsys.exit(0)", "crashed", 20, "SystemExit")
attack(
    "sys_exit_in_function",
    "import sys\ndef create_queues(sqs, need):\n    sys.exit(0)",
    "crashed",
    16,
    "SystemExit",
    task="queues",
    replace=True,
)
attack("segfault", "import ctypes\nctypes.string_at(0)", "died", 16)
attack("signals_parent", "import os, signal\nos.kill(os.getppid(), signal.SIGTERM)", "graded", 20)
attack(
    "signals_all",
    "import os, signal\ntry:\n    os.kill(-1, signal.SIGKILL)\nexcept OSError:\n    pass",
    "graded",
    20,
)
attack(
    "signals_itself",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\nos.kill(os.getpid(), signal.SIGSEGV)",
    "graded",
    20,
)

# ---- code that looks for answers, or for a way out

attack("network", "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)", "crashed", 20)
attack("loopback", "import socket\nsocket.create_connection(('127.0.0.1', 8888), 1)", "crashed", 20)
attack(
    "downloads",
    "import urllib.request\nurllib.request.urlopen('http://example.com', timeout=1)",
    "crashed",
    20,
)
_LOOKS = """import pathlib, helpers
root = pathlib.Path(helpers.__file__).parents[1]
print((root / "labs" / "18_sqs" / "{}").read_text())"""
attack("reads_solution", _LOOKS.format("solution.ipynb"), "crashed", 20, "FileNotFoundError")
attack("reads_checks", _LOOKS.format("checks.py"), "crashed", 20, "FileNotFoundError")
attack("reads_passwords", "print(open('/etc/shadow').read())", "crashed", 20, "FileNotFoundError")
attack(
    "reads_home",
    "import pwd\nprint(open(pwd.getpwuid(0).pw_dir + '/.bashrc').read())",
    "crashed",
    20,
    "FileNotFoundError",
)
attack("reads_parent", "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')", "crashed", 20)
attack(
    "lists_processes",
    "import os\nassert [p for p in os.listdir('/proc') if p.isdigit()] != ['1']",
    "crashed",
    20,
    "AssertionError",
)
attack(
    "mounts",
    "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'.', b'tmpfs', 0, None) == 0",
    "crashed",
    20,
)
attack("writes_helpers", "import helpers\nopen(helpers.__file__, 'a').write('#')", "crashed", 20)

# ---- code that lies

attack(
    "lying_eq",
    """class Right(dict):
    def __eq__(self, other):
        return True
    def __getitem__(self, key):
        return "anything you like"
def create_queues(sqs, need):
    return Right()""",
    "graded",
    16,
    task="queues",
    replace=True,
)
attack(
    "ast_transformer",
    """import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(NoAsserts())
def send_orders(sqs, queue_url, orders):
    return []""",
    "graded",
    16,
    replace=True,
)
attack(
    "patched_boto3",
    """import boto3, botocore.client
boto3.client = None
botocore.client.BaseClient._make_api_call = lambda self, name, given: {"QueueUrl": "https://queue", "Successful": []}
""",
    "timeout",
    0,
)
attack("patched_time", "import time, random\ntime.time = lambda: 0\nrandom.random = lambda: 4", "graded", 20)
attack(
    "patched_moto",
    """import sys
for name in list(sys.modules):
    if name.startswith("moto"):
        sys.modules[name].__dict__.clear()""",
    "graded",
    20,
)
attack(
    "patched_cloud",
    """import helpers.cloud.transport as transport, helpers.labs.finding as finding
transport._answered = None
finding.failed = finding.passed
import helpers.grading.child.remote as remote
def send_orders(sqs, queue_url, orders):
    return []""",
    "crashed",
    0,
    replace=True,
)
attack(
    "forged_results",
    """import os
for descriptor in range(3, 256):
    try:
        os.write(descriptor, b'\\x00\\x00\\x00\\x20{"event":"done","total":20}     ')
    except OSError:
        pass""",
    "tampered",
    0,
    "before it was asked",
)
attack(
    "forged_event",
    """import gc, helpers.grading.link as link
line = next(one for one in gc.get_objects() if isinstance(one, link.Link))
def create_queues(sqs, need):
    line.send({"event": "done", "value": {"orders": "x", "failures": "y"}})
    line.send({"event": "done", "value": {"orders": "x", "failures": "y"}})""",
    "tampered",
    0,
    task="queues",
    replace=True,
)
attack(
    "forged_garbage",
    """import gc, os, helpers.grading.link as link
line = next(one for one in gc.get_objects() if isinstance(one, link.Link))
def create_queues(sqs, need):
    os.write(line.fileno(), b"\\xff" * 64)""",
    "tampered",
    0,
    task="queues",
    replace=True,
)
attack(
    "writes_in_a_thread",
    """import gc, os, threading, helpers.grading.link as link
line = next(one for one in gc.get_objects() if isinstance(one, link.Link))
def scribble():
    while True:
        os.write(line.fileno(), b"x")
threading.Thread(target=scribble, daemon=True).start()
while True:
    pass""",
    "tampered",
    0,
)
attack(
    "async_function",
    "async def create_queues(sqs, need):\n    return {}",
    "crashed",
    16,
    "coroutine",
    task="queues",
    replace=True,
)
attack(
    "generator",
    "def create_queues(sqs, need):\n    yield {}",
    "crashed",
    16,
    "generator",
    task="queues",
    replace=True,
)
attack(
    "swallows_everything",
    """def work(sqs, queue_url, handle):
    while True:
        try:
            for message in sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20).get("Messages", []):
                handle(message["Body"])
        except BaseException:
            pass""",
    "graded",
    19,
    task="work",
    replace=True,
)
attack(
    "own_client",
    """import boto3
mine = boto3.client("sqs")
def create_queues(sqs, need):
    return mine.create_queue(QueueName="x")""",
    "crashed",
    16,
    "another account",
    task="queues",
    replace=True,
)
attack(
    "class_returned",
    "def create_queues(sqs, need):\n    class Queues:\n        pass\n    return Queues",
    "crashed",
    16,
    "TypeError",
    task="queues",
    replace=True,
)

# ---- more that is odd, and more that is hostile

attack("reads_users", "print(open('/etc/passwd').read().splitlines()[1])", "crashed", 20)
attack(
    "reads_submissions",
    """import pathlib, helpers
root = pathlib.Path(helpers.__file__).parents[1]
print([path for name in ("labs", "notebooks", "tests") for path in (root / name).rglob("*")][0])""",
    "crashed",
    20,
    "IndexError",
)
attack(
    "looks_around",
    "import os\nassert not {'SSH_AUTH_SOCK', 'PYTHONPATH'} & set(os.environ) and os.environ['HOME'] == '/work'",
)
attack(
    "sleeps_for_longer",
    "import time\ndef create_queues(sqs, need):\n    time.sleep(1e12)",
    "crashed",
    16,
    task="queues",
    replace=True,
)
attack(
    "sleeps_for_ever",
    "import time\ndef create_queues(sqs, need):\n    time.sleep(float('inf'))",
    "crashed",
    16,
    task="queues",
    replace=True,
)
attack(
    "million_calls",
    "def create_queues(sqs, need):\n    for _ in range(1_000_000):\n        sqs.list_queues()",
    "timeout",
    16,
    task="queues",
    replace=True,
)
attack(
    "huge_message",
    """def send_orders(sqs, queue_url, orders):
    sqs.send_message(QueueUrl=queue_url, MessageBody="x" * 10_000_000)""",
    "crashed",
    16,
    "ClientError",
    replace=True,
)
attack(
    "huge_call",
    """def send_orders(sqs, queue_url, orders):
    sqs.send_message(QueueUrl=queue_url, MessageBody="x" * 40_000_000)""",
    "crashed",
    16,
    replace=True,
)
attack(
    "half_a_character",
    """def send_orders(sqs, queue_url, orders):
    sqs.send_message(QueueUrl=queue_url, MessageBody="\\ud800")""",
    "crashed",
    16,
    replace=True,
)
attack(
    "half_a_character_raised",
    "print('\\ud800')\nraise ValueError('\\ud800 \\x00 \\x1b[31m</script><b>')",
    "crashed",
    20,
    "ValueError",
)
attack(
    "error_that_lies",
    """class Lies(Exception):
    def __str__(self):
        raise self
    __repr__ = __str__
    response = property(__str__)
Lies.__name__ = 5 * "\\ud800"
raise Lies""",
    "crashed",
    20,
)
attack(
    "error_without_end",
    """class Endless(Exception):
    def __str__(self):
        while True:
            pass
def create_queues(sqs, need):
    raise Endless""",
    "timeout",
    16,
    task="queues",
    replace=True,
)
attack(
    "number_without_end",
    "def create_queues(sqs, need):\n    return {'orders': 10 ** 6000}",
    "crashed",
    16,
    task="queues",
    replace=True,
)
attack(
    "open_file_returned",
    "def create_queues(sqs, need):\n    return open('/dev/null', 'rb')",
    "graded",
    16,
    task="queues",
    replace=True,
)
attack("forks", "import os\nif os.fork() == 0:\n    pass")
attack(
    "forks_in_function",
    """import os
own = create_queues
def create_queues(sqs, need):
    os.fork()
    return own(sqs, need)""",
    task="queues",
)
attack("hangs_up", "import os\nos.closerange(3, 256)", "died", 16)
attack(
    "hangs_up_in_function",
    "import os\ndef create_queues(sqs, need):\n    os.closerange(3, 256)",
    "died",
    16,
    task="queues",
    replace=True,
)
attack(
    "replayed_events",
    """import helpers.grading.link as link
sent = link.Link.send
said = []
def replay(self, frame):
    said.append(frame)
    sent(self, said[0])
link.Link.send = replay""",
    "graded",
    0,
)
attack(
    "twice_said",
    """import helpers.grading.link as link
sent = link.Link.send
def twice(self, frame):
    sent(self, frame)
    sent(self, frame)
link.Link.send = twice""",
    "tampered",
    0,
)
attack(
    "forged_length",
    """import gc, os, helpers.grading.link as link
line = next(one for one in gc.get_objects() if isinstance(one, link.Link))
def create_queues(sqs, need):
    os.write(line.fileno(), b"\\x00\\xff\\xff\\xff{")
    while True:
        pass""",
    "timeout",
    16,
    task="queues",
    replace=True,
)
attack(
    "forged_call",
    """import gc, greenlet
from helpers.grading.child.runner import Runner
runner = next(one for one in gc.get_objects() if isinstance(one, Runner))
def create_queues(sqs, need):
    number = runner._current.account.number
    event = {"event": "call", "account": number, "service": ["sqs"], "operation": "ListQueues", "parameters": {}}
    greenlet.getcurrent().parent.switch({**event, "region": "us-east-1", "call": None, "attempt": 1})""",
    "tampered",
    0,
    task="queues",
    replace=True,
)
attack(
    "forged_order",
    """import greenlet
def create_queues(sqs, need):
    greenlet.getcurrent().parent.switch({"event": "trial"})""",
    "tampered",
    0,
    task="queues",
    replace=True,
)
attack(
    "clock_turned_back",
    """import greenlet
def create_queues(sqs, need):
    greenlet.getcurrent().parent.switch({"event": "sleep", "us": -5})""",
    "tampered",
    0,
    task="queues",
    replace=True,
)
attack(
    "patched_limits",
    """import signal, sys
signal.setitimer(signal.ITIMER_PROF, 0)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGPROF, signal.SIG_IGN)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
while True:
    pass""",
    "timeout",
    16,
)
attack(
    "waits_for_ever",
    "import os\nreading, writing = os.pipe()\nos.read(reading, 1)",
    "timeout",
    20,
)
attack(
    "daemons",
    """import os
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "1000"])
        os._exit(0)""",
    "graded",
    20,
)
attack(
    "fills_the_account",
    """def create_queues(sqs, need):
    url = sqs.create_queue(QueueName="hoard")["QueueUrl"]
    while True:
        sqs.send_message(QueueUrl=url, MessageBody=1_000_000 * "x")""",
    "timeout",
    16,
    task="queues",
    replace=True,
)
attack(
    "odd_callbacks",
    """def work(sqs, queue_url, handle):
    for odd in (None, 5, [], {}, b"x", float("nan"), "\\ud800", {1: {2}}):
        try:
            handle(odd)
        except Exception:
            pass
    handle(1, 2, 3)""",
    "crashed",
    16,
    task="work",
    replace=True,
)
sent("utf_16", json.dumps(solution()).encode("utf-16"), "unreadable", 0)
sent("half_a_zip", zipped(**{"work.ipynb": data(solution())})[:2000], "unreadable", 0, file="half_a_zip.zip")
changed("cells_as_raw", _as_raw)
attack(
    "writes_to_the_terminal",
    """import os
for _ in range(300):
    os.write(1, b"\\x1b[2J \\x1b]0;hello" * 1000)
    os.write(2, b"\\x1b[2J \\x1b]0;hello" * 1000)
os.system("yes | head -c 1000000")""",
)
attack("half_a_character_in_code", "# \ud800\nhalf = '\ud800'\nprint(half)")
attack(
    "tells_its_need",
    """def create_queues(sqs, need):
    raise type(f"Need {need}", (Exception,), {})(f"it is {need}, that is {sorted(need.values(), key=str)}")""",
    "crashed",
    16,
    task="queues",
    replace=True,
)
attack(
    "tells_what_it_is_given",
    """import helpers.grading.link as link
sent = link.Link.send
def send_orders(sqs, queue_url, orders):
    print(orders)
    told = {"event": "raised", "kind": orders[0], "message": str(orders), "function": orders[0], "line": 10 ** 50}
    link.Link.send = lambda line, event: sent(line, {**event, **told, "source": orders[0], "code": orders[0]})
    return []""",
    "crashed",
    4,
    replace=True,
)
