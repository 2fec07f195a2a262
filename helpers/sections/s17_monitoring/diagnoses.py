"""The failure labs of section 17: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values

if TYPE_CHECKING:
    import pandas as pd


def _takes_gaps_as_well(trail: pd.DataFrame) -> list[int]:
    """The call that makes lost reports count as good ones."""
    rows = trail[trail["operation"] == "PutMetricAlarm"]
    return [
        int(place)
        for place, given in rows["parameters"].items()
        if given.get("TreatMissingData") == "notBreaching"
    ]


def _rings_once(_: Values, m: Any) -> bool:
    return bool(m.summary["alarms"] == 1)


DIAGNOSES = (
    Diagnosis(
        id="17_monitoring.silent_alarm",
        story=(
            "A host reports its load every minute. An alarm wants four of four points above 80, so that nobody is "
            "woken for less than a lasting overload; the team wants to keep that. Last week somebody saw that now and "
            "then a report is lost, and changed the alarm, so that it would not ring for that. Today the load was at "
            "95 for 12 minutes, and the host so busy that it sent every second report only. The alarm stayed in OK. "
            "Change one setting of the alarm, so that it rings in such an outage, once."
        ),
        run=(
            "17_monitoring.alarm?signal=gaps&evaluation_periods=4&datapoints_to_alarm=4&treat_missing=notBreaching"
        ),
        causes=(
            Cause(
                "gaps_are_well",
                "A lost report counts as a good one, so that four bad ones never come together",
                "Of the six points in reach three are there, all above 80. The fourth is filled in, and as "
                "notBreaching it is a good one.",
                right=True,
            ),
            Cause(
                "in_a_row",
                "The bad points do not follow one another, as an alarm demands",
                "It does not demand that. The same gaps with another TreatMissingData raise it, with three bad "
                "points that are as far from each other.",
                "alarm_needs_consecutive",
            ),
            Cause(
                "newest",
                "In most evaluations the newest point was missing, and the newest one decides",
                "In every second evaluation it was there, above 80, and the alarm was in OK even then.",
                "alarm_follows_newest",
            ),
            Cause(
                "no_data_is_ok",
                "An alarm with so little data is always OK, whatever its settings",
                "Without settings it would have gone to ALARM, as all points that came were above 80; with none at "
                "all it would be in INSUFFICIENT_DATA.",
                "missing_counts_as_ok",
            ),
            Cause(
                "untold",
                "It was in ALARM, and only its end was told",
                "Its history has one change of state, the first to OK. There was nothing to tell.",
                "only_alarm_has_actions",
            ),
            Cause(
                "slow",
                "The period of a minute is too long for an outage of 12 minutes",
                "Twelve periods are three times what it asks for. With shorter ones on this metric most would have no "
                "point at all.",
                "short_period_is_quicker",
            ),
        ),
        pointer="Name a row of the trail which decides what a lost report counts as.",
        evidence=_takes_gaps_as_well,
        mend=Mend(
            "treat_missing",
            lambda value: value in ("missing", "breaching"),
            "missing, the default, or breaching",
            "missing",
        ),
        well=_rings_once,
        answer=(
            "While fewer than four real points are in reach, the alarm fills in what is lacking. As notBreaching each "
            "gap is a good minute, and four bad ones never come together: the busier the host, the calmer the alarm. "
            "With missing, gaps are left out, and the bad points that came are enough. With breaching it rings, too, "
            "and also when the host is switched off. With ignore it keeps the state it had, here OK. A lost report "
            "now and then would have done no harm: the alarm looks further back than four points, and fills in "
            "nothing while it finds four."
        ),
    ),
)
