"""A handler's process: what it sees, and that nobody else sees any of it."""

from __future__ import annotations

import builtins
import gc
import io
import json
import logging
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import helpers
from helpers import Cloud, zipped
from helpers.dataplane.awslambda import machine

from .functions import Function, runs

PROBE = """
import os
import sys


def handler(event, context):
    return eval(event, globals())
"""


@pytest.fixture
def function(cloud: Cloud) -> Function:
    return Function(
        cloud, PROBE, Environment={"Variables": {"TABLE": "orders", "PATH": "/own"}}, MemorySize=256
    )


def process() -> dict[str, object]:
    """What a handler must leave as it was."""
    return {
        "environ": {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "cwd": Path.cwd(),
        "path": list(sys.path),
        "modules": set(sys.modules),
        "meta path": list(sys.meta_path),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "open": (builtins.open, io.open, os.open, os.stat, os.listdir),
        "process": (os._exit, os.kill, os.getpid, os.urandom, os.putenv),
        "loggers": (list(logging.root.handlers), logging.root.level, set(logging.root.manager.loggerDict)),
        "random": random.getstate(),
        "tempdir": tempfile.gettempdir(),
        "session": boto3.DEFAULT_SESSION,
    }


WILD = """
import builtins, json, logging, os, random, sys, tempfile, time
import decimal

os.environ["CHANGED"] = "yes"
os.environ.pop("TABLE", None)
sys.path.append("/nowhere")
sys.stdout = sys.__stdout__
logging.getLogger().setLevel(logging.DEBUG)
logging.getLogger().addHandler(logging.NullHandler())
logging.getLogger("own").setLevel(logging.DEBUG)
logging.disable(logging.CRITICAL)
builtins.open = None
os.getcwd = None


def handler(event, context):
    os.chdir("/tmp")
    random.seed(1)
    sys.modules["own_module"] = sys
    sys.meta_path.clear()
    time.sleep(1)
    for name in list(sys.modules):
        if name.startswith(("json", "helpers.cloud")):
            del sys.modules[name]
    if event == "environ":
        os.environ = {}
    if event == "raise":
        raise ValueError
    if event == "exit":
        sys.exit(1)
    time.sleep(5)
"""


def test_nothing_of_a_handler_is_left_behind(cloud: Cloud) -> None:
    function = Function(cloud, WILD, Timeout=4)
    function.invoke("warm up")
    before = process()
    loops = json, helpers.cloud
    for event in ("raise", "exit", "environ", "time out"):
        function.invoke(event)
        assert process() == before
    assert (sys.modules["json"], sys.modules["helpers.cloud"]) == loops


def test_other_actors_see_nothing_of_it_in_between(cloud: Cloud) -> None:
    function = Function(cloud, WILD, Timeout=4)
    function.invoke("warm up")
    seen: list[bool] = []
    before = process()
    del before["random"]  # an actor has its own

    def look() -> None:
        for _ in range(20):
            now = process()
            del now["random"]
            seen.append(now == before)
            time.sleep(0.25)

    cloud.spawn(look)
    cloud.spawn(function.invoke, "raise")
    cloud.spawn(function.invoke, "time out")
    cloud.run()
    assert seen == [True] * 20


def test_other_threads_keep_their_files(cloud: Cloud, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("of this machine")
    seen: set[object] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(mine.read_text())
            seen.add(mine.exists())

    thread = threading.Thread(target=read)
    thread.start()
    try:
        source = """
        import time
        def handler(event, context):
            end = time.process_time() + 0.3
            while time.process_time() < end:
                with open("/tmp/file", "w") as file:
                    file.write("of the function")
        """
        assert Function(cloud, source).invoke({}).error is None
    finally:
        done.set()
        thread.join()
    assert seen == {"of this machine", True}


def test_other_threads_keep_their_process_id_and_entropy(cloud: Cloud) -> None:
    source = """
    import os, time
    def handler(event, context):
        end = time.process_time() + 0.3
        while time.process_time() < end:
            os.getpid()
        return [os.getpid(), os.urandom(8).hex()]
    """
    alone = Function(cloud, source).result()
    mine, seen = os.getpid(), set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(os.getpid())
            os.urandom(8)

    with Cloud(seed=cloud.seed) as again:
        function = Function(again, source)
        thread = threading.Thread(target=look)
        thread.start()
        try:
            beside = function.result()
        finally:
            done.set()
            thread.join()
    assert seen == {mine}
    assert beside == alone


def test_environment_variables(function: Function) -> None:
    variables = function.result("dict(os.environ)")
    stream = variables.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert stream.startswith("2026/01/05/[$LATEST]")
    assert len(stream) == len("2026/01/05/[$LATEST]") + 32
    assert variables.pop("_X_AMZN_TRACE_ID").startswith("Root=1-")
    sealed = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED", "BOTO_CONFIG"}
    assert {name: text for name, text in variables.items() if name not in sealed} == {
        "TABLE": "orders",
        "PATH": "/own",
        "_HANDLER": "lambda_function.handler",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LANG": "en_US.UTF-8",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:"
        "/var/task:/var/task/lib:/opt/lib",
        "PYTHONPATH": "/var/runtime",
        "TZ": ":UTC",
    }


def test_variable_that_a_handler_sets_stays_in_its_environment(cloud: Cloud) -> None:
    source = """
    import os
    def handler(event, context):
        before = os.environ.get("COUNT", "0")
        os.environ["COUNT"] = str(int(before) + 1)
        return before, os.getenv("COUNT")
    """
    one, two = Function(cloud, source, "one"), Function(cloud, source, "two")
    assert [one.result() for _ in range(2)] == [["0", "1"], ["1", "2"]]
    assert two.result() == ["0", "1"]
    assert "COUNT" not in os.environ


def test_function_calls_itself_and_another(cloud: Cloud) -> None:
    source = """
    import json, os
    import boto3

    depth = 0

    def handler(event, context):
        global depth
        depth += 1
        os.environ["N"] = str(event)
        if event:
            answer = boto3.client("lambda").invoke(FunctionName=context.function_name, Payload=json.dumps(event - 1))
            below = json.load(answer["Payload"])
        else:
            below = []
        return [[event, depth, os.environ["N"]], *below]
    """
    cloud.plane("lambda").models.init_s = 0
    function = Function(cloud, source)
    assert function.result(3) == [[3, 1, "3"], [2, 1, "2"], [1, 1, "1"], [0, 1, "0"]]
    assert [run["Environment"] for run in runs(cloud)] == ["f-1", "f-2", "f-3", "f-4"][
        ::-1
    ]  # the last ends first
    assert list(cloud.trail[cloud.trail.operation == "Invoke"].actor) == ["main", "f-1", "f-2", "f-3"]


def test_function_is_the_account_and_region_it_belongs_to(cloud: Cloud) -> None:
    source = """
    import boto3
    def handler(event, context):
        client = boto3.client("sqs")
        return client.meta.region_name, client.create_queue(QueueName="q")["QueueUrl"]
    """
    with Cloud(region="eu-west-1") as other:
        function = Function(other, source)
        region, url = function.result()
    assert region == "eu-west-1"
    assert url == "https://sqs.eu-west-1.amazonaws.com/123456789012/q"


# Modules


def test_package_of_several_modules(cloud: Cloud) -> None:
    package = zipped(
        {
            "app/__init__.py": "",
            "app/main.py": "from .texts import greet\nimport settings\nimport space.deep\n"
            "def handler(event, context):\n    return greet(settings.NAME), __name__, __file__, space.deep.WHERE\n",
            "app/texts.py": "def greet(name):\n    return f'hello {name}'\n",
            "settings.py": "import json, os, pkgutil\n"
            "NAME = json.loads(pkgutil.get_data(__name__, 'data/name.json'))['name']\n",
            "data/name.json": '{"name": "you"}',
            "space/deep.py": "WHERE = __file__\n",
        }
    )
    expected = ["hello you", "app.main", "/var/task/app/main.py", "/var/task/space/deep.py"]
    assert Function(cloud, package, handler="app.main.handler").result() == expected
    assert Function(cloud, package, "g", handler="app/main.handler").result() == expected
    assert not {"app", "app.main", "settings", "space"} & set(sys.modules)


def test_module_imported_late_stays_with_the_environment(cloud: Cloud) -> None:
    package = zipped(
        {
            "lambda_function.py": "def handler(event, context):\n    import late\n    late.n += 1\n    return late.n\n",
            "late.py": "n = 0\n",
        }
    )
    function = Function(cloud, package)
    assert [function.result() for _ in range(3)] == [1, 2, 3]
    assert "late" not in sys.modules


def test_two_functions_with_modules_of_one_name(cloud: Cloud) -> None:
    ones = [
        Function(cloud, zipped({"app.py": f"import util\ndef handler(e, c):\n    return util.x, {n}\n",
                                "util.py": f"x = 'util of {n}'\n"}), f"f{n}", "app.handler")
        for n in range(2)
    ]  # fmt: skip
    for _ in range(2):
        assert [function.result() for function in ones] == [["util of 0", 0], ["util of 1", 1]]


def test_module_of_the_learner_is_not_the_function_s(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "orders.py").write_text("x = 'of the notebook'\n")
    monkeypatch.syspath_prepend(tmp_path)
    import orders  # type: ignore[import-not-found]  # it was just written

    package = zipped(
        {
            "lambda_function.py": "import orders\ndef handler(event, context):\n    return orders.x\n",
            "orders.py": "x = 'of the function'\n",
        }
    )
    assert Function(cloud, package).result() == "of the function"
    assert sys.modules.pop("orders") is orders
    assert orders.x == "of the notebook"
    without = Function(cloud, "import orders\n", "without")
    assert without.invoke().payload["errorType"] == "Runtime.ImportModuleError"


def test_standard_library_and_sdk_are_shared(cloud: Cloud) -> None:
    package = zipped(
        {
            "lambda_function.py": "import boto3, colorsys, queue\n"
            "def handler(e, c):\n    return boto3.__name__, hasattr(queue, 'Queue'), hasattr(boto3, 'mine')\n",
            "boto3/__init__.py": "mine = True\n",
            "queue.py": "mine = True\n",
        }
    )
    assert Function(cloud, package).result() == ["boto3", True, False]
    assert not hasattr(sys.modules["boto3"], "mine")


def test_layers(cloud: Cloud) -> None:
    client = cloud.client("lambda")
    layers = [
        client.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)})["LayerVersionArn"]
        for name, files in (
            (
                "one",
                {
                    "python/shared.py": "x = 'one'\n",
                    "lib/a.txt": "a",
                    "python/lib/python3.13/site-packages/deep.py": "y = 1\n",
                },
            ),
            ("two", {"python/shared.py": "x = 'two'\n"}),
        )
    ]
    source = """
    import shared
    import deep
    def handler(event, context):
        with open("/opt/lib/a.txt") as file:
            return shared.x, shared.__file__, file.read(), deep.y
    """
    function = Function(cloud, source, Layers=layers)
    assert function.result() == ["two", "/opt/python/shared.py", "a", 1]
    function.change(Layers=layers[:1])
    assert function.result()[0] == "one"


# Files


def test_paths(function: Function) -> None:
    assert function.result("sys.path[:2]") == ["/var/task", "/opt/python/lib/python3.13/site-packages"]
    assert function.result("os.getcwd()") == "/var/task"
    assert function.result("os.listdir('.')") == ["lambda_function.py"]
    assert function.result("os.path.exists('/var/task/lambda_function.py')") is True
    assert function.result("__import__('pathlib').Path('lambda_function.py').read_text()") == PROBE


FILES = """
import os, pathlib, shutil, tempfile


def handler(event, context):
    folder = pathlib.Path("/tmp/a/b")
    folder.mkdir(parents=True)
    (folder / "text").write_text("1")
    os.rename("/tmp/a/b/text", "/tmp/a/moved")
    shutil.copy("/tmp/a/moved", "/tmp/a/b/copy")
    os.chdir("/tmp/a")
    with open("moved", "r+b", buffering=0) as file:
        file.write(b"22")
    with tempfile.NamedTemporaryFile("w+", dir="/tmp") as file:
        named = file.name
    with tempfile.TemporaryDirectory() as name:
        where = os.path.dirname(name)
    walked = [[at, sorted(folders), sorted(files)] for at, folders, files in os.walk("/tmp")]
    text = pathlib.Path("b/copy").read_text(), pathlib.Path("moved").read_text(), os.path.getsize("moved")
    stat = os.stat("/tmp/a/moved").st_size, os.access("/tmp/a", os.W_OK), os.path.isdir("b")
    shutil.rmtree("/tmp/a")
    os.chdir("/var/task")
    return {"walked": walked, "text": text, "stat": stat, "left": os.listdir("/tmp"), "temporary": [named[:5], where]}
"""


def test_tmp_is_a_folder_of_the_environment(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_TMP", str(tmp_path))
    function = Function(cloud, FILES)
    for _ in range(2):
        assert function.result() == {
            "walked": [["/tmp", ["a"], []], ["/tmp/a", ["b"], ["moved"]], ["/tmp/a/b", [], ["copy"]]],
            "text": ["1", "22", 2],
            "stat": [2, True, True],
            "left": [],
            "temporary": ["/tmp/", "/tmp"],
        }
    assert len(list(tmp_path.iterdir())) == 2  # the package, and /tmp of the one environment
    cloud.close()
    del function
    gc.collect()
    assert list(tmp_path.iterdir()) == []


OBJECTS = """
import bz2, gzip, lzma, os, shutil, tarfile, zipfile
import boto3

s3 = boto3.client("s3")


def handler(event, context):
    s3.download_file("bucket", "key", "/tmp/got")
    shutil.copy2("/tmp/got", "/tmp/copy")
    shutil.move("/tmp/copy", "/tmp/moved")
    s3.upload_file("/tmp/moved", "bucket", "out")
    with open("/tmp/object", "wb") as file:
        s3.download_fileobj("bucket", "out", file)
    boto3.resource("s3").Bucket("bucket").download_file("out", "/tmp/again")
    with zipfile.ZipFile("/tmp/a.zip", "w") as archive:
        archive.write("/tmp/got", "member")
    with tarfile.open("/tmp/a.tar.gz", "w:gz") as archive:
        archive.add("/tmp/got", "member")
    with tarfile.open("/tmp/a.tar.gz") as archive:
        members = archive.getnames()
    sizes = []
    for module in (bz2, gzip, lzma):
        with module.open("/tmp/packed", "wb") as file:
            file.write(b"x" * 50)
        with module.open("/tmp/packed") as file:
            sizes.append(len(file.read()))
    return sorted(os.listdir("/tmp")), os.path.getsize("/tmp/again"), members, sizes
"""


def test_objects_and_archives_in_tmp(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=b"x" * 100)
    names = ["a.tar.gz", "a.zip", "again", "got", "moved", "object", "packed"]
    assert Function(cloud, OBJECTS).result() == [names, 100, ["member"], [50, 50, 50]]
    assert s3.head_object(Bucket="bucket", Key="out")["ContentLength"] == 100


def test_each_environment_has_its_own_tmp(cloud: Cloud) -> None:
    source = """
    import os, time
    def handler(event, context):
        with open(f"/tmp/{event}", "w") as file:
            file.write("x")
        time.sleep(1)
        return sorted(os.listdir("/tmp"))
    """
    function = Function(cloud, source)
    replies: list[object] = []
    for name in "ab":
        cloud.spawn(lambda name=name: replies.append(function.result(name)))
    cloud.run()
    assert replies == [["a"], ["b"]]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("open('/var/task/new', 'w')", "[Errno 30] Read-only file system: '/var/task/new'"),
        ("open('new', 'a')", "[Errno 30] Read-only file system: 'new'"),
        ("open('/opt/lib/new', 'wb')", "[Errno 30] Read-only file system: '/opt/lib/new'"),
        ("open('/srv/new', 'w')", "[Errno 30] Read-only file system: '/srv/new'"),
        ("os.mkdir('/var/new')", "[Errno 30] Read-only file system: '/var/new'"),
        ("os.remove('lambda_function.py')", "[Errno 30] Read-only file system: 'lambda_function.py'"),
        ("os.open('/etc/new', os.O_CREAT)", "[Errno 30] Read-only file system: '/etc/new'"),
        ("open('/tmp/missing')", "[Errno 2] No such file or directory: '/tmp/missing'"),
        ("os.stat('/tmp/missing')", "[Errno 2] No such file or directory: '/tmp/missing'"),
        ("os.listdir('/var/task/missing')", "[Errno 2] No such file or directory: '/var/task/missing'"),
        (
            "os.rename('/tmp/missing', '/tmp/b')",
            "[Errno 2] No such file or directory: '/tmp/missing' -> '/tmp/b'",
        ),
        ("os.chdir('/tmp/missing')", "[Errno 20] Not a directory: '/tmp/missing'"),
    ],
)
def test_file_errors_are_those_of_an_environment(function: Function, code: str, said: str) -> None:
    document = function.invoke(code).payload
    assert document["errorMessage"] == said


STORAGE = """
import os


def handler(event, context):
    with open("/tmp/big", "wb") as file:
        file.seek(event["mb"] * 1024 * 1024 - 1)
        file.write(b"x")
    if event.get("remove"):
        os.remove("/tmp/big")
"""


def test_ephemeral_storage_is_limited(cloud: Cloud) -> None:
    function = Function(cloud, STORAGE)
    assert function.invoke({"mb": 512, "remove": True}).error is None
    assert function.invoke({"mb": 512}).error is None
    assert function.invoke({"mb": 513}).payload["errorMessage"] == "[Errno 28] No space left on device"
    function.change(EphemeralStorage={"Size": 600})
    assert function.invoke({"mb": 600}).error is None


# The process


def test_what_would_leave_virtual_time_is_refused(function: Function) -> None:
    for code in (
        "os.fork()",
        "os.system('true')",
        "os.execv('/bin/true', ['true'])",
        "__import__('subprocess').run(['true'])",
        "os.popen('true')",
        "__import__('threading').Thread(target=print).start()",
    ):
        document = function.invoke(code).payload
        assert document["errorType"] == "RuntimeError", code
        assert "real time" in document["errorMessage"]
    assert function.invoke("input()").payload["errorType"] == "EOFError"
    assert function.result("sys.stdin.read()") == ""
    assert function.result("os.getpid()") == function.result("os.getpid()")
    assert function.invoke("os.kill(1, 9)").payload["errorType"] == "ProcessLookupError"
    assert function.result("os.kill(os.getpid(), 0)") is None


def test_what_a_handler_draws_repeats_with_the_seed(cloud: Cloud) -> None:
    source = """
    import os, random, secrets, uuid
    def handler(event, context):
        own = random.SystemRandom()
        return [random.random(), str(uuid.uuid4()), os.urandom(4).hex(), secrets.token_hex(4), own.random()]
    """
    drawn = Function(cloud, source).result()
    assert Function(cloud, source, "g").result() != drawn
    with Cloud(seed=cloud.seed) as again:
        second = Function(again, source).result()
    with Cloud(seed=cloud.seed + 1) as other:
        third = Function(other, source).result()
    assert second == drawn
    assert all(one != another for one, another in zip(drawn, third))


def test_time_is_virtual(cloud: Cloud) -> None:
    source = """
    import time, datetime
    started = time.time()
    def handler(event, context):
        left = context.get_remaining_time_in_millis()
        began = time.monotonic()
        time.sleep(1.5)
        slept = time.monotonic() - began, time.time() - started
        return left, context.get_remaining_time_in_millis(), *(round(seconds, 6) for seconds in slept)
    """
    assert Function(cloud, source).result() == [3000, 1500, 1.5, 1.5]


def test_asyncio_waits_in_virtual_time(cloud: Cloud) -> None:
    source = """
    import asyncio

    async def work(seconds):
        await asyncio.sleep(seconds)
        return seconds

    async def all_of(event):
        done = await asyncio.gather(*(work(seconds) for seconds in event))
        try:
            await asyncio.wait_for(work(60), timeout=0.5)
        except TimeoutError:
            return done

    def handler(event, context):
        return asyncio.run(all_of(event))
    """
    function = Function(cloud, source)
    replies: list[object] = []
    for event in ([1, 2, 1.5], [0.5, 1]):  # at the same time, in one thread
        cloud.spawn(lambda event=event: replies.append((function.result(event), cloud.now)))
    cloud.run()
    assert replies == [([0.5, 1], 2.3), ([1, 2, 1.5], 3.3)]


def test_context(cloud: Cloud) -> None:
    source = """
    def handler(event, context):
        return {name: getattr(context, name) for name in (
            "aws_request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
            "log_group_name", "client_context", "tenant_id")} | {
            "cognito": context.identity.cognito_identity_id, "repr": repr(context)[:14]}
    """
    function = Function(cloud, source, MemorySize=512)
    reply = function.invoke()
    assert reply.payload == {
        "aws_request_id": reply.request_id,
        "function_name": "f",
        "function_version": "$LATEST",
        "invoked_function_arn": function.arn,
        "memory_limit_in_mb": "512",
        "log_group_name": "/aws/lambda/f",
        "client_context": None,
        "tenant_id": None,
        "cognito": None,
        "repr": "LambdaContext(",
    }
    version = function.publish()
    reply = function.invoke(Qualifier=version)
    assert reply.payload["function_version"] == version
    assert reply.payload["invoked_function_arn"] == f"{function.arn}:{version}"


def test_course_in_the_machine_s_temporary_folder() -> None:
    # Whoever has installed the course below /tmp must still find it there.
    from helpers.dataplane.awslambda import files

    assert any(helpers.__file__.startswith(folder) for folder in files._THIS_PYTHON)


def test_folder_on_this_machine_goes_with_its_owner() -> None:
    class Owner:
        pass

    owner = Owner()
    folder = Path(machine.temporary_folder(owner))
    assert folder.is_dir()
    del owner
    gc.collect()
    assert not folder.exists()


@pytest.fixture(autouse=True)
def nothing_is_left(cloud: Cloud) -> Iterator[None]:
    before = process()
    del before["modules"], before["loggers"], before["session"]  # what is used for the first time is loaded
    yield
    after = process()
    assert {name: after[name] for name in before} == before
