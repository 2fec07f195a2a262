"""From whatever an instructor drags in to a list of submissions, and the student's source of each task in one.

`collect` finds the submissions in notebooks, folders and zips; `read` and `lift` take one apart.
"""

from helpers.grading.intake.archive import Found, Limits, walk
from helpers.grading.intake.cells import Lifted, lift, recognise
from helpers.grading.intake.naming import Identity, identify
from helpers.grading.intake.notebook import Notebook, NotebookCell, Unreadable, read
from helpers.grading.intake.roster import AmbiguousError, Roster, RosterError, Student, load_roster
from helpers.grading.intake.submissions import Intake, Submission, collect

__all__ = [
    "AmbiguousError",
    "Found",
    "Identity",
    "Intake",
    "Lifted",
    "Limits",
    "Notebook",
    "NotebookCell",
    "Roster",
    "RosterError",
    "Student",
    "Submission",
    "Unreadable",
    "collect",
    "identify",
    "lift",
    "load_roster",
    "read",
    "recognise",
    "walk",
]
