"""The page that every report stands on: one HTML file with its style, no script, nothing fetched.

Its colours of meaning are those of the course's widgets (`helpers.ui.style`), on the same backgrounds, so their
contrast of at least 4.5 to 1 holds here too. It is legible without its style, on a phone, and on A4.
"""

from __future__ import annotations

import html
from typing import Final

from helpers.ui.style import DARK, LIGHT

_LIGHT: Final = {
    **LIGHT,
    "ink": "#1a1a1a",
    "quiet": LIGHT["none"],
    "paper": "#ffffff",
    "line": "#c4c4c4",
    "soft": "#f4f5f6",
}
_DARK: Final = {
    **DARK,
    "ink": "#e6e6e6",
    "quiet": DARK["none"],
    "paper": "#111111",
    "line": "#4a4a4a",
    "soft": "#1c1d1f",
}


def _variables(table: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in table.items())


STYLE: Final = (
    f":root{{color-scheme:light dark;{_variables(_LIGHT)}}}"
    f"@media(prefers-color-scheme:dark){{:root{{{_variables(_DARK)}}}}}"
    f"@media print{{:root{{color-scheme:light;{_variables(_LIGHT)}}}}}"
    """
*{box-sizing:border-box}
body{margin:0 auto;padding:20px 16px 48px;max-width:800px;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5em;line-height:1.25;margin:0 0 4px}h2{font-size:1.2em;margin:2em 0 .3em;padding-top:.5em;
border-top:2px solid var(--line)}h3{font-size:1em;margin:1.2em 0 .3em}p{margin:.4em 0}
small,.quiet,caption{color:var(--quiet);font-size:.88em}
a{color:var(--mark)}:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
.good{color:var(--good)}.bad{color:var(--bad)}.none{color:var(--none)}.mark{color:var(--mark)}
code,pre,.code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.88em}
.total{font-size:1.9em;font-weight:700;margin:.1em 0}.total small{font-size:.5em;font-weight:400}
.state{border-left:5px solid var(--line);background:var(--soft);padding:8px 14px;margin:.8em 0}
.state.good{border-color:var(--good);color:inherit}.state.bad{border-color:var(--bad);color:inherit}
.state.none{border-color:var(--none);color:inherit}.state.mark{border-color:var(--mark);color:inherit}
.state ul,td ul{margin:.2em 0;padding-left:1.3em}
table{border-collapse:collapse;margin:.6em 0;font-size:.94em}caption{text-align:left;padding:2px 0}
th,td{text-align:left;vertical-align:top;padding:3px 18px 3px 0;border-bottom:1px solid var(--line)}
th{overflow-wrap:break-word}thead .number{white-space:normal}thead th{border-bottom:2px solid var(--line)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.most{width:100%}
ul.checks{list-style:none;padding:0;margin:.6em 0}
.checks>li{border-left:5px solid var(--line);padding:1px 0 1px 13px;margin:10px 0}
.checks>li.good{border-color:var(--good);color:inherit}.checks>li.bad{border-color:var(--bad);color:inherit}
.checks p{margin:.25em 0}.points{font-variant-numeric:tabular-nums;white-space:nowrap}
.reason{font-weight:600}
dl.next{margin:.5em 0 .2em;padding:6px 12px;background:var(--soft)}dl.next dt{font-weight:600}
dl.next dd{margin:0 0 .2em}
ol.code{background:var(--soft);margin:.5em 0;padding:6px 8px 6px 3.4em;line-height:1.45}
.code li{white-space:pre-wrap;min-height:1.45em;padding-left:6px}.code li::marker{color:var(--quiet);font-size:.92em}
.code mark{color:inherit;background:none;border:2px solid var(--bad);padding:0 3px}
.code b{font-family:system-ui,sans-serif;color:var(--bad)}
pre{white-space:pre-wrap;background:var(--soft);padding:6px 10px;margin:.4em 0;line-height:1.4}
details{margin:.5em 0}summary{cursor:pointer;padding:3px 0;color:var(--mark)}
figure{margin:.8em 0}.wide{overflow-x:auto}svg{display:block;width:100%;min-width:600px;height:auto;
font:12px system-ui,sans-serif;fill:var(--ink)}
figcaption{font-size:.92em;margin-top:4px}
svg .grid{stroke:var(--line);fill:none}svg .tick,svg .count{text-anchor:middle;fill:var(--quiet)}
svg .count{font-size:10px}
svg .lane{text-anchor:end}svg.share{display:inline-block;width:64px;min-width:0;vertical-align:baseline}
.calls{opacity:.6}.busy{stroke:var(--quiet);stroke-width:3;fill:none;opacity:.55}
.read{stroke:var(--quiet);stroke-width:2;fill:none}.write{fill:var(--mark)}.end{fill:var(--quiet)}
.set{stroke:var(--mark);stroke-width:1.5;fill:var(--paper)}.error{stroke:var(--bad);stroke-width:2.5;fill:none}
.here text{fill:var(--bad);font-weight:700;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.here circle{fill:var(--paper);stroke:var(--bad);stroke-width:2.5}
.here .line{stroke:var(--bad);stroke-dasharray:3 3;fill:none}.here .busy{stroke:var(--bad);opacity:1}
.fill-good{fill:var(--good)}.fill-bad{fill:var(--bad)}.fill-none{fill:var(--none)}.fill-mark{fill:var(--mark)}
footer{margin-top:3em;border-top:1px solid var(--line);padding-top:6px}
@media(max-width:520px){body{font-size:15px}th,td{padding-right:10px}ol.code{padding-left:2.7em}}
@page{size:A4;margin:16mm 15mm}
@media print{body{max-width:none;padding:0;font-size:10.5pt}h2,h3{break-after:avoid}
.checks>li,figure,tr{break-inside:avoid}
details::details-content{content-visibility:visible;block-size:auto}summary{color:inherit;list-style:none}
svg{min-width:0}*{print-color-adjust:exact}}
"""
)
"""The style sheet of every page."""


def sheet(title: str, body: str) -> str:
    """A whole HTML document. `title` is text, and printable already; `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # The pages show what strangers wrote. Even if something slipped through, nothing may run or be fetched.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\">"
        f'<meta name="robots" content="noindex"><title>{html.escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )
