"""What a lab says on Binder, and that it says nothing elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from helpers.ui import open_lab
from helpers.ui.binder import download_address, notice, on_binder
from helpers.ui.lab_card import Note
from helpers.ui.shell import Still

SERVER = {
    "BINDER_LAUNCH_HOST": "https://mybinder.org/",
    "BINDER_REPO_URL": "https://github.com/some-one/labs",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/some-one-labs-x7k2/",
    "REPO_DIR": "/home/jovyan",
    "JPY_SESSION_NAME": "/home/jovyan/labs/18_sqs/lab.ipynb",
}
"""The variables of a kernel on mybinder.org, as far as they count."""

ADDRESS = "/user/some-one-labs-x7k2/files/labs/18_sqs/lab.ipynb?download=1"
WARNING = (
    "<p><strong>You are on Binder. Your work is lost</strong> after 10 minutes without use, and after about 6 hours "
    "in any case. Save, then "
)


@pytest.mark.parametrize(
    ("environment", "is_binder"),
    [
        (SERVER, True),
        ({"BINDER_REPO_URL": ""}, True),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/user/a/", "REPO_DIR": "/srv/course"}, False),  # a class's JupyterHub
        ({}, False),
    ],
)
def test_binder_is_told_by_the_variables_that_only_it_sets(
    environment: dict[str, str], is_binder: bool
) -> None:
    assert on_binder(environment) is is_binder


@pytest.mark.parametrize(
    ("changed", "address"),
    [
        ({}, ADDRESS),
        ({"JUPYTERHUB_SERVICE_PREFIX": ""}, "/files/labs/18_sqs/lab.ipynb?download=1"),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/"}, "/files/labs/18_sqs/lab.ipynb?download=1"),
        (
            {"JUPYTERHUB_SERVICE_PREFIX": "//elsewhere.example/"},
            "/elsewhere.example/files/labs/18_sqs/lab.ipynb?download=1",
        ),
        (
            {"JPY_SESSION_NAME": "/home/jovyan/course/labs/my try #2.ipynb"},
            "/user/some-one-labs-x7k2/files/course/labs/my%20try%20%232.ipynb?download=1",
        ),
        ({"JPY_SESSION_NAME": "/tmp/lab.ipynb"}, None),
        ({"JPY_SESSION_NAME": "/home/jovyan/console"}, None),
        ({"JPY_SESSION_NAME": ""}, None),
        ({"REPO_DIR": ""}, None),
    ],
)
def test_download_address_stays_on_the_server(changed: dict[str, str], address: str | None) -> None:
    assert download_address({**SERVER, **changed}) == address


def test_notice_offers_the_download_or_says_where_it_is() -> None:
    assert notice(SERVER) == (
        f'{WARNING}<a href="{ADDRESS}" download>download your notebook</a> '
        "(or choose <em>File &gt; Download</em>) before you leave.</p>"
    )
    assert notice({"BINDER_REPO_URL": ""}) == (
        f"{WARNING}choose <em>File &gt; Download</em> before you leave.</p>"
    )


def test_no_variable_can_bring_markup_of_its_own() -> None:
    hostile = {"JUPYTERHUB_SERVICE_PREFIX": '/"><script>x</script>', "REPO_DIR": '/"><b>'}
    said = notice({**hostile, "JPY_SESSION_NAME": '/"><b>/<script>\'".ipynb'})
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attributes: Any) -> None:
            tags.append(tag)

    Tags().feed(said)
    assert tags == ["p", "strong", "a", "em"]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Note]:
    """What a notebook displays, in order."""
    notes: list[Note] = []
    monkeypatch.setattr("helpers.ui.binder.get_ipython", object)
    monkeypatch.setattr("helpers.ui.binder.display", notes.append)
    for name in SERVER:
        monkeypatch.delenv(name, raising=False)
    return notes


def on_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVER.items():
        monkeypatch.setenv(name, value)


def test_a_lab_says_it_on_binder_when_it_is_opened(
    shown: list[Note], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_server(monkeypatch)
    open_lab("18_sqs")
    assert [note.still() for note in shown] == [
        Still(
            "You are on Binder. Your work is lost after 10 minutes without use, and after about 6 hours in any case. "
            "Save, then download your notebook (or choose File > Download) before you leave.",
            notice(SERVER),
        )
    ]


def test_a_lab_says_nothing_of_it_elsewhere(shown: list[Note]) -> None:
    open_lab("18_sqs")
    assert shown == []


def test_a_script_on_binder_says_nothing(
    shown: list[Note], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on_the_server(monkeypatch)
    monkeypatch.setattr("helpers.ui.binder.get_ipython", lambda: None)
    open_lab("18_sqs")
    assert (shown, capsys.readouterr().out) == ([], "")
