"""The claims of an experiment, lit up for the values chosen: an icon, a word, a colour and the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from helpers.experiments.claim import Claim, Finding
from helpers.ui import markup


def claims_html(claims: Sequence[Claim], findings: Mapping[str, Finding], settles: str | None = None) -> str:
    """The claims as a list, the one that the scene settles first and named so."""
    rows = []
    for claim in sorted(claims, key=lambda claim: claim.id != settles):
        finding = findings[claim.id]
        note = " <small>(what this scene settles)</small>" if claim.id == settles else ""
        rows.append(
            f"{markup.verdict(finding.verdict.value)}: {markup.text(claim.text)}{note}<br>"
            f'<small class="quiet">{markup.text(finding.explanation)}</small>'
        )
    return (
        f"<p><strong>What the notes claim, for these values</strong></p>{markup.items(rows, kind='claims')}"
    )
