"""Labs: tasks whose solutions are judged by what they do, in the learner's kernel and in the grader alike."""

from helpers.labs.bench import Bench, Trial
from helpers.labs.examine import earned, examine
from helpers.labs.finding import Finding, Status, crashed, failed, not_attempted, passed
from helpers.labs.lab import PRACTICE_SEED, Check, Lab, LabError, Need, Task, lab_ids, load_lab
from helpers.labs.student import Crash, NotAttempted, OutOfTime, Student, StudentError, WorkFailed, crash

__all__ = [
    "PRACTICE_SEED",
    "Bench",
    "Check",
    "Crash",
    "Finding",
    "Lab",
    "LabError",
    "Need",
    "NotAttempted",
    "OutOfTime",
    "Status",
    "Student",
    "StudentError",
    "Task",
    "Trial",
    "WorkFailed",
    "crash",
    "crashed",
    "earned",
    "examine",
    "failed",
    "lab_ids",
    "load_lab",
    "not_attempted",
    "passed",
]
