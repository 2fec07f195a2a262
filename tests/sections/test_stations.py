"""The titles of stations are those of the notebook, in its order."""

from __future__ import annotations

import json

import pytest

from helpers.sections.stations import NOTEBOOKS, stations


@pytest.mark.parametrize(
    "section", ["17_monitoring", "18_sqs", "19_sns", "20_kinesis", "21_lambda", "22_dynamodb"]
)
def test_each_station_that_a_notebook_declares_has_its_numbered_title(section: str) -> None:
    notebook = json.loads((NOTEBOOKS / f"{section}.ipynb").read_text(encoding="utf-8"))
    titles = stations(section)
    assert list(titles) == notebook["metadata"]["course"]["stations"]
    numbers = [int(title.partition(".")[0]) for title in titles.values()]
    assert numbers == list(range(1, len(titles) + 1))


def test_a_title_is_what_the_heading_says() -> None:
    assert stations("18_sqs")["visibility"] == "2. The visibility timeout"


def test_a_section_without_a_notebook_has_no_stations() -> None:
    assert stations("99_nothing") == {}
