"""The script itself runs in tests/browser/test_accessibility.py; here is what the kernel's side sends."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.ui.announcer import Announcer
from helpers.ui.shell import Shell


def test_the_same_words_are_sent_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    region = Announcer()
    monkeypatch.setattr(region, "send", sent.append)
    region.say("Done.")
    region.say("Done.")
    assert sent == [{"say": "Done."}, {"say": "Done."}]
    assert region.said == "Done."


def test_a_box_has_one_region_and_its_words_have_no_markup() -> None:
    box = Shell()
    assert [child for child in box.children if isinstance(child, Announcer)] == [box.announcer]
    box.announce(
        '<p><strong class="good">✔ Right:</strong> <code>a &lt; b</code> holds .</p><pre>folded</pre>'
    )
    assert box.announcer.said == "Right: a < b holds."


def test_an_error_is_announced_in_one_sentence() -> None:
    box = Shell()
    box.show_error(ValueError("The pot is broken.\nIn two lines."))
    assert box.announcer.said == "Error: The pot is broken."


def test_the_script_asks_nothing_of_the_network() -> None:
    script = Announcer._esm
    assert "export default" in script
    assert not [word for word in ("http", "import ", "fetch", "eval") if word in script]
