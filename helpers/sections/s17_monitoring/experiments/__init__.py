"""The experiments of section 17, in the order in which its notebook uses them."""

from helpers.sections.s17_monitoring.experiments.alarm import Alarm
from helpers.sections.s17_monitoring.experiments.audit import Audit
from helpers.sections.s17_monitoring.experiments.events import Events
from helpers.sections.s17_monitoring.experiments.logfilter import LogFilter
from helpers.sections.s17_monitoring.experiments.rollup import Rollup
from helpers.sections.s17_monitoring.experiments.sampling import Sampling

EXPERIMENTS = (
    Alarm(),
    Rollup(),
    LogFilter(),
    Events(),
    Sampling(),
    Audit(),
)
