from __future__ import annotations

import base64
import copy
import csv
import io
import json
import re
import shlex

import pandas as pd
import pytest
import tea

from helpers.experiments.outcome import Outcome
from helpers.experiments.run import Run
from helpers.ui import tabs


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return Run(tea.SHOP, tea.SHOP.values(cups=100, kind="black"), 3).outcome()


def test_calls_are_shown_as_code_with_row_time_and_actor(outcome: Outcome) -> None:
    html = tabs.calls_html(outcome, "boto3")
    assert "100 API calls; the first 60 are shown" in html
    assert html.count("<code>sts.get_caller_identity()</code>") == 60
    assert '>0</td><td class="number" align="right">0.50 s</td>' in html
    assert html.count("waiter") == 60


def test_calls_are_shown_as_command_lines(outcome: Outcome) -> None:
    assert "<code>aws sts get-caller-identity</code>" in tabs.calls_html(outcome, "CLI")


def test_a_call_of_a_million_characters_is_cut_and_says_so(outcome: Outcome) -> None:
    row = {
        **outcome.trail.iloc[0].to_dict(),
        "service": "sqs",
        "operation": "SendMessage",
        "parameters": {"MessageBody": "x" * 1_000_000},
    }
    long = copy.copy(outcome)
    long.trail = pd.DataFrame([row])
    html = tabs.calls_html(long, "CLI")
    assert "<code>aws sqs send-message --message-body xxx" in html
    assert "</code>… <em>996,036 more characters</em>" in html
    assert len(html) < 10_000


def test_the_script_names_the_run(outcome: Outcome) -> None:
    words = tabs.script(str(outcome.run))
    line = next(line for line in words.split("\n") if line.startswith("devlab"))
    assert shlex.split(line)[1:] == [
        *("run", "99_test.tea", "--set", "cups=100", "--set", "kind=black", "--seed", "3"),
        *("--png", "picture.png"),
    ]


def test_the_script_makes_the_picture_again(
    outcome: Outcome, shop: tea.TeaShop, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    code = tabs.script(str(outcome.run)).partition("# as a Python file\n")[2]
    space: dict[str, object] = {}
    exec(code, space)
    with open("picture.png", "rb") as file:  # noqa: PTH123  # in the folder of this test
        assert file.read() == outcome.png()


def test_the_data_can_be_saved_whole(outcome: Outcome) -> None:
    html = tabs.data_html(outcome)
    assert 'download="99_test.tea.csv"' in html
    assert "40 of 100 rows" in html
    found = re.search(r"base64,([^\"]+)\"", html)
    assert found is not None
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(found[1]).decode())))
    assert len(rows) == 100
    assert rows[7]["row"] == "7"
    assert rows[7]["operation"] == "GetCallerIdentity"
    assert json.loads(rows[7]["response"])["Account"] == "123456789012"


def test_the_cost_says_what_it_means(outcome: Outcome) -> None:
    html = tabs.cost_html(outcome)
    assert "US$ per million" in html
    assert "Not priced here: sts." in html
    assert "nan" not in html


def test_the_data_tab_begins_with_the_picture_as_tables(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = tabs.picture_html(outcome)
    assert html.startswith("<h4>The picture as tables: ")
    assert 'tabindex="0" role="region" aria-label="Bars: 1 row"' in html
    assert "Bars: 1 row</caption>" in html
    assert '<th scope="col"' in html
    assert ">100</td>" in html
    monkeypatch.setattr(tabs, "DRAWN_ROWS_SHOWN", 0)
    assert "Bars: the first 0 of 1 row" in tabs.picture_html(outcome)


def test_what_scrolls_can_be_reached_by_keyboard(outcome: Outcome) -> None:
    for html in (tabs.calls_html(outcome, "CLI"), tabs.data_html(outcome), tabs.picture_html(outcome)):
        boxes = re.findall(r'<div class="scroll"[^>]*>', html)
        assert boxes
        assert all('tabindex="0" role="region" aria-label="' in box for box in boxes)
