"""Widgets for notebooks: live in JupyterLab, readable without a kernel. Nothing here knows an AWS service.

Some functions share their name with the module that defines them; `from helpers.ui import panel` gives the function.
"""

from helpers.ui.check import check
from helpers.ui.course_map import course_map
from helpers.ui.diagnose import diagnose
from helpers.ui.facts import facts
from helpers.ui.lab import open_lab
from helpers.ui.observation import observe
from helpers.ui.panel import panel
from helpers.ui.quiz import quiz
from helpers.ui.review import review, warm_up
from helpers.ui.trace_map import trace_map

__all__ = [
    "check",
    "course_map",
    "diagnose",
    "facts",
    "observe",
    "open_lab",
    "panel",
    "quiz",
    "review",
    "trace_map",
    "warm_up",
]
