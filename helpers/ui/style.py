"""The look of every widget of the course, in JupyterLab's own variables: it follows the light and the dark theme.

Only the few colours that carry meaning (right, wrong, not applicable, the learner's own mark) are ours. Each has a
value per theme with a contrast of at least 4.5 to 1 on that theme's background; a test computes it. Meaning never
rests on colour alone: a verdict also has an icon and a word.
"""

from __future__ import annotations

from typing import Final

LIGHT: Final = {"good": "#00664a", "bad": "#a33b00", "none": "#595959", "mark": "#0b5a94"}
"""Colours of meaning on JupyterLab's light background (#ffffff)."""

DARK: Final = {"good": "#4fd1a5", "bad": "#ff9d66", "none": "#b3b3b3", "mark": "#7cc4f5"}
"""Colours of meaning on JupyterLab's dark background (#111111)."""

CLASS: Final = "course"
"""The CSS class on the outermost box of each widget; every rule below starts from it."""


def _colours(table: dict[str, str]) -> str:
    return "".join(f"--course-{name}:{value};" for name, value in table.items())


CSS: Final = (
    f".{CLASS}{{{_colours(LIGHT)}}}"
    f'body[data-jp-theme-light="false"] .{CLASS}{{{_colours(DARK)}}}'
    """
.course{color:var(--jp-ui-font-color1,#1a1a1a);font-size:var(--jp-ui-font-size1,13px);max-width:940px;
  border:1px solid var(--jp-border-color2,#c4c4c4);border-radius:6px;padding:10px 14px;margin:4px 2px;overflow:visible}
.course .course{border-style:dashed;margin:8px 0}
.course .widget-html-content,.course .widget-html>.widget-html-content{line-height:1.45;overflow:visible}
.course .widget-html{height:auto;overflow:visible}
.course .jupyter-widgets.widget-html{color:var(--jp-ui-font-color1,#1a1a1a)}
.course h3{font-size:1.25em;margin:0 0 2px;font-weight:600}
.course h4{font-size:1.05em;margin:6px 0 2px;font-weight:600}
.course p{margin:3px 0}
.course small,.course .quiet{color:var(--course-none);font-size:.92em}
.course .good{color:var(--course-good);font-weight:600}
.course .bad{color:var(--course-bad);font-weight:600}
.course .none{color:var(--course-none);font-weight:600}
.course .mark{color:var(--course-mark);font-weight:600}
.course .ask{border-left:4px solid var(--course-mark);padding:2px 0 2px 10px}
.course .answer-good{border-left:4px solid var(--course-good);padding:2px 0 2px 10px}
.course .answer-bad{border-left:4px solid var(--course-bad);padding:2px 0 2px 10px}
.course .fault{border:1px solid var(--course-bad);border-left-width:4px;border-radius:3px;padding:4px 10px}
.course ul,.course ol{margin:3px 0;padding-left:1.3em}
.course ul.claims{list-style:none;padding-left:0}
.course ul.claims li{margin:3px 0;padding-left:1.6em;text-indent:-1.6em}
.course ul.claims li>*{text-indent:0}
.course .scroll{overflow:auto;max-height:560px}
.course .drawn .scroll{max-height:260px;margin-bottom:8px}
.course table{border-collapse:collapse;font-size:.95em;margin:4px 0;border:none;table-layout:auto}
.course caption{text-align:left;padding:2px 0;caption-side:top}
.course th,.course td{text-align:left;vertical-align:top;padding:3px 9px;border:none;
  border-bottom:1px solid var(--jp-border-color2,#c4c4c4);white-space:normal;max-width:44em;
  color:var(--jp-ui-font-color1,#1a1a1a);background:none}
.course thead th{border-bottom:2px solid var(--jp-border-color1,#888);position:sticky;top:0;
  background:var(--jp-layout-color0,#fff)}
.course td.number,.course th.number{text-align:right;font-variant-numeric:tabular-nums}
.course td.number,.course td.tight{white-space:nowrap}
.course code,.course pre{font-family:var(--jp-code-font-family,monospace);font-size:.93em;background:none;
  color:var(--jp-ui-font-color1,#1a1a1a)}
.course pre{border:1px solid var(--jp-border-color2,#c4c4c4);border-radius:3px;padding:6px 8px;margin:4px 0;
  white-space:pre-wrap;word-break:break-word;line-height:1.4}
.course a{color:var(--course-mark);text-decoration:underline}
.course summary{cursor:pointer}
.course .widget-tab thead th{background:var(--jp-layout-color1,#fff)}
.course .widget-image{height:auto;aspect-ratio:900/560;background:#fff;border-radius:3px}
.course .widget-label{overflow:visible;color:var(--jp-ui-font-color1,#1a1a1a)}
.course .control{margin:2px 0 5px}
.course .control .widget-label{min-width:215px;width:215px;white-space:normal;line-height:1.25;height:auto;
  align-self:center;text-align:left}
.course .control select{max-width:260px}
.course .control .number{align-items:center;flex-wrap:wrap;overflow:visible}
.course .control .number .widget-slider{flex:1 1 380px;min-width:0;flex-wrap:wrap;height:auto}
.course .control .number .slider-container{flex:1 1 150px;display:flex;align-items:center;
  height:var(--jp-widgets-inline-height,28px)}
.course .control .number .slider-container .slider{flex:1}
.course .control .number input{text-align:right;font-variant-numeric:tabular-nums}
.course input:invalid{box-shadow:none}
.course .announcer{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%);
  white-space:nowrap}
@media (prefers-reduced-motion:reduce){.course *{transition:none!important;animation:none!important}}
.course .control .help .widget-html-content{line-height:1.3}
.course .options.widget-radio{height:auto;width:100%}
.course .options .widget-radio-box{width:100%;padding-left:3px;max-width:none;flex:1 1 auto}
.course .options .widget-radio-box label{height:auto;white-space:normal;line-height:1.4;margin:2px 0;
  align-items:flex-start;display:flex;gap:7px;color:var(--jp-ui-font-color1,#1a1a1a)}
.course .options .widget-radio-box label input{margin:0;flex:none;order:-1;height:18px}
.course .options.widget-checkbox{height:auto;width:100%}
.course .options.widget-checkbox label{height:auto;white-space:normal;line-height:1.4;width:100%;
  align-items:baseline;color:var(--jp-ui-font-color1,#1a1a1a)}
.course .options.widget-checkbox label input{margin:0 7px 0 0;flex:none;position:relative;top:2px}
.course .jupyter-button{height:auto;min-height:28px;line-height:1.3;padding:4px 12px;white-space:normal;width:auto;
  color:var(--jp-ui-font-color1,#1a1a1a);background:var(--jp-layout-color2,#eee);
  border:1px solid var(--jp-border-color1,#888);border-radius:3px}
.course .jupyter-button:disabled{opacity:.55}
.course .jupyter-button.mod-primary{color:#fff;background:#0b5a94;border-color:#0b5a94}
.course .jupyter-button.mod-active{outline:2px solid var(--course-mark);outline-offset:-2px;font-weight:600}
.course :focus-visible{outline:2px solid var(--course-mark);outline-offset:1px}
.course .widget-toggle-buttons{height:auto}
.course .row{margin:6px 0 2px;flex-wrap:wrap}
.course .bar{display:inline-block;height:12px;vertical-align:middle;min-width:2px;border-radius:2px}
.course .bar.yours{background:repeating-linear-gradient(45deg,var(--course-mark) 0 4px,transparent 4px 7px);
  border:1px solid var(--course-mark)}
.course .bar.run{background:var(--course-good)}
.course .lm-TabBar-tab,.course .jupyter-widgets.widget-tab>.lm-TabBar .lm-TabBar-tab{min-width:90px;
  color:var(--jp-ui-font-color1,#1a1a1a)}
.course .widget-tab>.lm-TabBar{height:auto;min-height:0;overflow:visible}
.course .widget-tab>.lm-TabBar>.lm-TabBar-content{flex-wrap:wrap;overflow:visible}
.course .widget-tab>.widget-tab-contents{padding:8px 2px 2px}
.course .widget-tab>.widget-tab-contents>.widget-box{overflow:visible}
"""
)
"""The style sheet. It travels in the live widget only, never in a committed output."""
