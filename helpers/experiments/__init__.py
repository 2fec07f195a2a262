"""The declared Experiment: typed parameters in, a run in a Cloud of its own, claims and a picture out.

Panel, command line, sweeps, comparisons and the property tests are made from the declaration. Sections
declare; nothing here knows a service, apart from the list prices.
"""

from helpers.experiments.calls import CallRow, calls
from helpers.experiments.canvas import render
from helpers.experiments.catalog import (
    UnknownDiagnosis,
    UnknownExperiment,
    catalog,
    diagnoses,
    find,
    find_diagnosis,
)
from helpers.experiments.claim import (
    Claim,
    Finding,
    Measurements,
    Summary,
    Verdict,
    false,
    not_applicable,
    true,
)
from helpers.experiments.compare import Comparison, compare
from helpers.experiments.diagnosis import (
    Cause,
    Diagnosis,
    Judgement,
    Mend,
    judge_cause,
    judge_mend,
    judge_row,
    judge_run,
    verify_diagnosis,
)
from helpers.experiments.experiment import Experiment
from helpers.experiments.outcome import Outcome
from helpers.experiments.parameter import Choice, Flag, Float, Int, Parameter, ParameterError
from helpers.experiments.run import Run
from helpers.experiments.scene import Goal, Option, Prediction, Scene
from helpers.experiments.sweep import Sweep, sweep
from helpers.experiments.values import Values
from helpers.experiments.verify import verify
from helpers.experiments.words import plural

__all__ = [
    "CallRow",
    "Cause",
    "Choice",
    "Claim",
    "Comparison",
    "Diagnosis",
    "Experiment",
    "Finding",
    "Flag",
    "Float",
    "Goal",
    "Int",
    "Judgement",
    "Measurements",
    "Mend",
    "Option",
    "Outcome",
    "Parameter",
    "ParameterError",
    "Prediction",
    "Run",
    "Scene",
    "Summary",
    "Sweep",
    "UnknownDiagnosis",
    "UnknownExperiment",
    "Values",
    "Verdict",
    "calls",
    "catalog",
    "compare",
    "diagnoses",
    "false",
    "find",
    "find_diagnosis",
    "judge_cause",
    "judge_mend",
    "judge_row",
    "judge_run",
    "not_applicable",
    "plural",
    "render",
    "sweep",
    "true",
    "verify",
    "verify_diagnosis",
]
