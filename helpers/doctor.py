"""The doctor: can this environment run the course, is it sealed, and what is missing that one may want?

`devlab doctor` runs it. Where that command does not start, because the course is not installed or Python is too old,
`python3 helpers/doctor.py` says why: until those two checks have passed, this file needs nothing but the standard
library, and Python 3.8 can read it.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parents[1]
DISTRIBUTION = "aws-developer-labs"
OLDEST = (3, 11)
ELSEWHERE = ("192.0.2.1", 443)
"""An address beyond this machine that nobody has (RFC 5737)."""
LAB_PORT = 8888
"""Where `make lab` serves unless it is told otherwise."""
WIDGETS = {"jupyterlab_widgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}
"""Package -> the JupyterLab extension that it brings. Without them a panel is only a picture."""

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


class Remark(Exception):
    """The course runs, but there is something to know; the message says what is lost and what to do."""


@dataclass(frozen=True)
class Result:
    """What one check found: its level is "ok", "note" or "FAIL". As text it is one line."""

    check: str
    level: str
    detail: str

    @property
    def ok(self) -> bool:
        """Whether the course runs in spite of it: a note keeps nobody from the course."""
        return self.level != "FAIL"

    def __str__(self) -> str:
        return f"{self.level:<4}  {self.check}: {self.detail}"


def examine(checks: Mapping[str, Callable[[], str]] | None = None) -> Iterator[Result]:
    """Carry out `checks`, or all there are, one by one. None of them reaches beyond this machine or changes a file.

    Where one of FIRST fails, the others could only repeat it, and are left out.
    """
    for name, check in ({**CHECKS, **COMFORTS} if checks is None else checks).items():
        level, said = _outcome(check)
        yield Result(name, level, said)
        if level == "FAIL" and name in FIRST:
            return


def _outcome(check: Callable[[], str]) -> tuple[str, str]:
    """The level of what a check found, and its line."""
    try:
        return "ok", check()
    except Remark as remark:
        return "note", _line(remark)
    except Unfit as unfit:
        return "FAIL", _line(unfit)
    except ModuleNotFoundError as missing:
        return "FAIL", f"{_line(missing)}: run `make install`."
    except Exception as error:  # noqa: BLE001  # whatever breaks is what the doctor is asked about
        return "FAIL", f"{type(error).__name__}: {_line(error)}"


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or "no message"


# ---- the environment


def _python() -> str:
    if sys.version_info[:2] < OLDEST:
        raise Unfit(
            f"the course needs Python 3.11 or newer, and this is {sys.version_info[0]}.{sys.version_info[1]}: "
            "install a newer one, then run `make lab PYTHON=python3.12`."
        )
    return f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"


def _course() -> str:
    """Is the course installed here, and is it the one of this clone?"""
    try:
        here = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        raise Unfit(
            f"it is not installed for {sys.executable}: run `make install`, then `.venv/bin/devlab doctor` "
            "(on Windows `.venv\\Scripts\\devlab doctor`)."
        ) from None
    version = _project().get("version", here.version)
    if here.version != version:
        raise Remark(f"{here.version} is installed, and this clone holds {version}: run `make install`.")
    for place in (_installed_from(here), _clone_around(Path.cwd())):
        if place is not None and place != ROOT:
            raise Remark(
                f"the code that runs is that of {ROOT}, and you are in or have installed {place}: "
                "run `make install` in the clone that you work in, and use its .venv."
            )
    return f"version {here.version}"


def _project() -> dict[str, Any]:
    """The project's table in pyproject.toml; empty where the course does not run from a clone."""
    import tomllib

    path = ROOT / "pyproject.toml"
    if not path.exists():
        return {}
    return dict(tomllib.loads(path.read_text(encoding="utf-8"))["project"])


def _installed_from(here: metadata.Distribution) -> Path | None:
    """The clone that an editable installation runs from (PEP 610); None for another kind of installation."""
    origin = json.loads(here.read_text("direct_url.json") or "{}")
    if not origin.get("dir_info", {}).get("editable"):
        return None
    return Path(url2pathname(urlsplit(origin["url"]).path)).resolve()


def _clone_around(folder: Path) -> Path | None:
    """The clone of the course that `folder` lies in, if any."""
    for place in (folder, *folder.parents):
        if (place / "pyproject.toml").is_file() and (place / "helpers" / "doctor.py").is_file():
            return place.resolve()
    return None


def requirements() -> list[str]:
    """What the course needs, as the clone's pyproject.toml says; without a clone, as the package's metadata says."""
    listed = _project().get("dependencies") or metadata.requires(DISTRIBUTION) or []
    return [one for one in listed if "extra ==" not in one]


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
        if one.marker is not None and not one.marker.evaluate():
            continue
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{one.name} is missing")
            continue
        if not one.specifier.contains(version, prereleases=True):
            wrong.append(f"{one.name} is {version} and should be {one.specifier}")
        elif lock.get(one.name, version) != version:
            other.append(f"{one.name} is {version} (lock: {lock[one.name]})")
    if wrong:
        raise Unfit(f"{'; '.join(wrong)}: run `make install`.")
    if other:
        raise Remark(
            f"{'; '.join(other)}: the course works with them, but a picture may differ from the one stored; "
            "`make clean install` brings the versions of the lock."
        )
    return f"the {len(needed)} that the course names have the versions it was tested with"


def _kernel() -> str:
    """Does JupyterLab find the kernel that the notebooks name, and is it this Python?"""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        raise Unfit(
            "JupyterLab has no kernel `python3`, which the notebooks name: run `make install`, "
            f"or `{sys.executable} -m pip install ipykernel`."
        ) from None
    program = Path(spec.argv[0])
    # JupyterLab puts its own Python in place of a bare `python`.
    if not program.is_absolute() or _same(program.parent, Path(sys.executable).parent):
        return "`python3` is this Python"
    raise Unfit(
        f"the kernel `python3` starts {program}, not {sys.executable}: delete {spec.resource_dir}, "
        f"or run `{sys.executable} -m ipykernel install --sys-prefix`."
    )


def _same(one: Path, other: Path) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))


def _widgets() -> str:
    """Does JupyterLab find the extensions that draw panels, in the versions of the packages that talk to them?"""
    for package, extension in WIDGETS.items():
        tail = f"labextensions/{extension}/package.json"
        places = [folder / tail for folder in jupyter_folders()]
        found = next(filter(Path.is_file, places), None)
        if found is None:
            raise Unfit(
                f"JupyterLab has no extension {extension}, so a panel would be only a picture: "
                f"run `{sys.executable} -m pip install --force-reinstall {package}`."
            )
        files = [one for one in metadata.files(package) or [] if one.as_posix().endswith(f"jupyter/{tail}")]
        ours = _version_of(Path(str(files[0].locate()))) if files else _version_of(found)
        if _version_of(found) != ours:
            raise Unfit(
                f"JupyterLab loads {extension} {_version_of(found)} from {found.parent}, and {package} needs {ours}: "
                "delete that folder."
            )
    return "JupyterLab has both extensions that draw panels"


def jupyter_folders() -> list[Path]:
    """Where Jupyter looks for its parts, first to last: kernels and extensions lie side by side in each."""
    from jupyter_client.kernelspec import KernelSpecManager

    return [Path(folder).parent for folder in KernelSpecManager().kernel_dirs]


def _version_of(package_json: Path) -> str:
    return str(json.loads(package_json.read_text(encoding="utf-8"))["version"])


def _progress() -> str:
    """Can the answers to questions be kept?"""
    from helpers.sections.review import path

    if _writable(path().parent):
        return f"answers to questions are kept in {path()}"
    raise Unfit(
        f"answers to questions cannot be kept in {path()}: make its folder writable, "
        "or name another in the environment variable DEVLAB_HOME."
    )


def _writable(folder: Path) -> bool:
    """Whether `folder` can be written to, or made."""
    nearest = next(place for place in (folder, *folder.parents) if os.path.exists(place))  # noqa: PTH110  # says no, where Path.exists raises
    return nearest.is_dir() and os.access(nearest, os.W_OK)


# ---- the course


def _imports() -> str:
    for name in MODULES:
        importlib.import_module(name)
    return f"{len(MODULES)} modules load"


def _clock() -> str:
    from helpers.cloud.clock import real_monotonic
    from helpers.dataplane import Cloud

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
    from helpers.dataplane import Cloud

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

    from helpers.dataplane import Cloud

    with Cloud():
        keys = boto3.session.Session().get_credentials()
        if keys is None or (keys.access_key, keys.secret_key) != ("testing", "testing"):
            raise Unfit("boto3 still finds credentials of yours: do not go on.")
    return "boto3 sees made-up ones only, whatever is in the environment and on the disk"


def _sockets() -> str:
    from helpers.cloud import SealedError

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

    from helpers.cloud import SealedError

    try:
        boto3.client("sqs", region_name="us-east-1").list_queues()
    except SealedError:
        return "one made before a Cloud is open is refused"
    raise Unfit("a client made before a Cloud was open was answered.")


# ---- what one may want


def _profile() -> str:
    """Real AWS settings: named, never read."""
    from helpers.cloud.seal import hidden_variables

    files = [
        f"~/.aws/{name}" for name in ("config", "credentials") if Path.home().joinpath(".aws", name).exists()
    ]
    found = [*hidden_variables(), *files]
    if not found:
        return "there is none here, and none is needed"
    raise Remark(
        f"this machine has {', '.join(found)}: harmless, for the course never reads them, and nothing is to be done."
    )


def _saving() -> str:
    if _writable(ROOT / "notebooks"):
        return "the notebooks can be saved where they are"
    raise Remark(
        f"{ROOT / 'notebooks'} cannot be written to, so what you change is lost when you close it: "
        "copy the course to a folder of yours."
    )


def _port() -> str:
    port = int(os.environ.get("LAB_PORT", LAB_PORT))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        taken = caller.connect_ex(("127.0.0.1", port)) == 0
    if not taken:
        return f"{port} is free for `make lab`"
    raise Remark(
        f"{port} is in use, by this course or by another program: `make lab` takes the next free one, "
        "and `make lab LAB_PORT=8890` names one."
    )


def _make() -> str:
    if shutil.which("make") is not None:
        return "`make` is here"
    raise Remark(
        "there is no `make`: install it (on Windows it comes with Git's or MSYS2's tools), "
        "or use conda as the README says and start with `jupyter lab`."
    )


def _browser() -> str:
    from helpers.export.pdf import find_browser

    found = find_browser()
    if found is not None:
        return f"{found} makes PDF files and runs the browser tests"
    raise Remark(
        "no Chromium was found, so `devlab export` makes no PDF and `make test` leaves the browser tests out: "
        "install one (Debian: `apt install chromium`), or name it in the environment variable CHROMIUM."
    )


def _fonts() -> str:
    import matplotlib as mpl

    cache = Path(mpl.get_cachedir())
    made_up = cache.name.startswith("matplotlib-") and _same(cache.parent, Path(tempfile.gettempdir()))
    if not made_up:
        return f"matplotlib keeps its list of fonts in {cache}"
    raise Remark(
        "matplotlib cannot keep its list of fonts, so each start of a kernel takes some seconds more: "
        "name a folder that can be written to in the environment variable MPLCONFIGDIR."
    )


def _sandbox() -> str:
    from helpers.grading.sandbox.isolation import best_isolation

    isolation = best_isolation()
    if isolation.level == "full":
        return "`devlab grade` marks labs in the full sandbox"
    raise Remark(f"needed only to mark labs of others with `devlab grade`. {isolation.reason}")


FIRST = ("Python", "course")
"""The checks that all others build on."""

CHECKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "course": _course,
    "packages": _packages,
    "imports": _imports,
    "kernel": _kernel,
    "widgets": _widgets,
    "progress": _progress,
    "virtual time": _clock,
    "mocked account": _sqs,
    "experiments": _experiments,
    "sealed, credentials": _credentials,
    "sealed, sockets": _sockets,
    "sealed, clients": _clients,
}
"""What the course needs: name -> a function that says what it found, or raises Unfit or Remark."""

COMFORTS: dict[str, Callable[[], str]] = {
    "AWS profile": _profile,
    "saving": _saving,
    "port": _port,
    "make": _make,
    "browser": _browser,
    "fonts": _fonts,
    "sandbox": _sandbox,
}
"""What one may want, or wonder about: they end in ok or a note."""

if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # the course itself, not the modules beside this file
    results = []
    for one in examine():
        sys.stdout.write(f"{one}\n")
        results.append(one)
    sys.exit(0 if all(one.ok for one in results) else 1)
