"""The doctor: can this environment run the course, and is it sealed?"""

from __future__ import annotations

import importlib
import platform
import re
import socket
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from helpers.cloud import SealedError
from helpers.cloud.clock import real_monotonic
from helpers.dataplane import Cloud

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTION = "aws-developer-labs"
ELSEWHERE = ("192.0.2.1", 443)
"""An address beyond this machine that nobody has (RFC 5737)."""

MODULES = (
    "greenlet",
    "simpy",
    "time_machine",
    "moto",
    "pandas",
    "matplotlib",
    "ipywidgets",
    "jupyterlab",
    "helpers.experiments",
    "helpers.ui",
    "helpers.notebooks",
)


class Unfit(Exception):
    """A check failed; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Result:
    """What one check found. As text it is one line."""

    check: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.check}: {self.detail}"


def examine() -> Iterator[Result]:
    """Carry out the checks one by one. None of them reaches beyond this machine or changes a file."""
    for name, check in CHECKS.items():
        try:
            yield Result(name, True, check())
        except Exception as error:  # noqa: BLE001  # whatever breaks is what the doctor is asked about
            said = str(error).strip().partition("\n")[0] or "no message"
            yield Result(name, False, said if isinstance(error, Unfit) else f"{type(error).__name__}: {said}")


def _python() -> str:
    return f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"


def requirements() -> list[str]:
    """What the course needs, as its package metadata says; in a clone that is not installed, as pyproject.toml says."""
    try:
        return [one for one in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in one]
    except metadata.PackageNotFoundError:
        with (ROOT / "pyproject.toml").open("rb") as file:
            return list(tomllib.load(file)["project"]["dependencies"])


def locked() -> dict[str, str]:
    """Package -> version in the lock; nothing where there is no lock."""
    path = ROOT / "requirements.lock"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, flags=re.MULTILINE))


def _packages() -> str:
    from packaging.requirements import Requirement

    needed = [Requirement(line) for line in requirements()]
    wrong, other, lock = [], [], locked()
    for one in needed:
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name} is {version} and should be {one.specifier}")
        elif lock.get(one.name, version) != version:
            other.append(f"{one.name} {version} (lock: {lock[one.name]})")
    if wrong:
        raise Unfit(f"{'; '.join(wrong)}: run `make install`.")
    said = f"the {len(needed)} that the course names have versions it works with"
    return f"{said}; not those of the lock: {', '.join(other)}" if other else said


def _imports() -> str:
    for name in MODULES:
        importlib.import_module(name)
    return f"{len(MODULES)} modules load"


def _clock() -> str:
    began = real_monotonic()
    with Cloud() as cloud:
        actor = cloud.spawn(_sleeper)
        cloud.run()
        if actor.result != 3600 or cloud.now != 3600:
            raise Unfit(
                f"an hour of virtual time took {cloud.now:g} s of it: greenlet or time-machine do not work here."
            )
    return f"an hour passes in {real_monotonic() - began:.3f} s"


def _sleeper() -> float:
    began = time.time()
    time.sleep(3600)
    return round(time.time() - began, 6)


def _sqs() -> str:
    with Cloud() as cloud:
        sqs = cloud.client("sqs")
        url = sqs.create_queue(QueueName="doctor")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="hello")
        (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        calls = len(cloud.trail)
    if message["Body"] != "hello":
        raise Unfit("a message came back changed.")
    return f"a message is sent, received and deleted in {calls} calls"


def _experiments() -> str:
    from helpers.experiments.catalog import catalog

    found = catalog()
    if not found:
        raise Unfit("no section declares an experiment: the package's data files are missing.")
    return f"{len(found)} are declared"


def _credentials() -> str:
    import boto3

    with Cloud():
        keys = boto3.session.Session().get_credentials()
        if keys is None or (keys.access_key, keys.secret_key) != ("testing", "testing"):
            raise Unfit("boto3 still finds credentials of yours: do not go on.")
    return "boto3 sees made-up ones only, whatever is in the environment and on the disk"


def _sockets() -> str:
    for attempt in (_connect, _look_up):
        try:
            attempt()
        except SealedError:
            continue
        raise Unfit("a connection beyond this machine was not refused.")
    return "a connection beyond this machine is refused"


def _connect() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        caller.connect_ex(ELSEWHERE)


def _look_up() -> None:
    socket.getaddrinfo("sqs.us-east-1.amazonaws.com", 443)


def _clients() -> str:
    import boto3

    try:
        boto3.client("sqs", region_name="us-east-1").list_queues()
    except SealedError:
        return "one made before a Cloud is open is refused"
    raise Unfit("a client made before a Cloud was open was answered.")


CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "packages": _packages,
    "imports": _imports,
    "virtual time": _clock,
    "mocked account": _sqs,
    "experiments": _experiments,
    "sealed, credentials": _credentials,
    "sealed, sockets": _sockets,
    "sealed, clients": _clients,
}
"""Name -> a function that says what it found, or raises."""
