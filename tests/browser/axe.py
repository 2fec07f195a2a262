"""axe-core over a page: the serious and critical violations, in lines that say what to mend and where.

On a live notebook, pass `include=".course"`: all that our cells put on the page is ours. JupyterLab's own menus,
side bars and prompts have faults of their own, which this course cannot mend, so they are not looked at. An exported
page is ours as a whole and is looked at as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")
"""The two highest of axe-core's four impacts: each bars somebody from a part of the page."""


def violations(page: Page, include: str | None = None, rules: Sequence[str] = ()) -> list[str]:
    """The serious and critical violations on `page`, or only within the boxes that the CSS selector `include` finds.

    With `rules`, only those of axe-core's are tried: what differs between two themes is the contrast alone.

    Each line holds rule, impact, place and reason. Raises AssertionError if `include` finds nothing, because axe-core
    would then have nothing to complain of.
    """
    if include is not None:
        assert page.locator(include).count(), f"nothing on the page is {include}"
    options = {"runOnly": list(rules)} if rules else None
    found = Axe().run(page, context=include, options=options).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}) at {_place(node['target'])}: {_reason(node)} in {node['html'][:160]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def _place(target: list[str | list[str]]) -> str:
    """The CSS path of an element; a frame or shadow root makes it a list within the list."""
    return " > ".join(part if isinstance(part, str) else " > ".join(part) for part in target)


def _reason(node: dict[str, list[dict[str, str]]]) -> str:
    checks = [check["message"] for kind in ("any", "all", "none") for check in node[kind]]
    return "; ".join(checks)
