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


def _last_tries(trail: pd.DataFrame) -> list[int]:
    """Of each event the last attempt at billing, which failed as well."""
    rows = trail[(trail["operation"] == "SendMessage") & (trail["actor"] == "events")]
    last: dict[str, tuple[int, bool]] = {}
    for place, given, error in zip(rows.index, rows["parameters"], rows["error"], strict=True):
        if given["QueueUrl"].endswith("/billing"):
            last[given["MessageBody"]] = int(place), isinstance(error, str)
    return [place for place, failed in last.values() if failed]


def _all_arrived(_: Values, m: Any) -> bool:
    return bool(m.summary["dropped"] == 0 and m.summary["in_dead_letter_queue"] == 0)


ENOUGH = 65
"""Retries that last for more than eight hours with the waits of this seed."""

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
    Diagnosis(
        id="17_monitoring.lost_events",
        story=(
            "A rule sends failed orders to two targets, billing and mail. Last month somebody found hundreds of "
            "useless attempts in a log, and changed the rule. Last night billing was down for eight hours, with errors "
            "503. In the morning it was up again, and waited for three orders that never came, although mail had all "
            "of them in the evening. Change one setting, so that after such a night billing gets its events without "
            "anybody's help."
        ),
        run="17_monitoring.events?down_min=480&max_retry_attempts=20&dead_letters=false",
        causes=(
            Cause(
                "gave_up",
                "EventBridge gave up on billing after 20 retries, long before the morning",
                "Each order has 21 attempts at billing, the last one less than two hours after it was sent: "
                "MaximumRetryAttempts is 20. Then it was dropped.",
                right=True,
            ),
            Cause(
                "three_tries",
                "EventBridge gives up after three attempts, whatever is set",
                "There are 21 attempts at billing for each of the orders.",
                "retries_stop_after_three",
            ),
            Cause(
                "on_the_bus",
                "The orders still wait on the bus, until somebody changes the rule",
                "A bus keeps nothing. They were matched, tried and dropped.",
                "unmatched_events_wait",
            ),
            Cause(
                "in_turn",
                "Mail was served first, and billing had to wait until it was done",
                "The first attempts at both are at the same instant. Each target is served by itself.",
                "targets_wait_for_each_other",
            ),
            Cause(
                "no_permission",
                "EventBridge has lost its permission for billing, and tried in vain all night",
                "A missing permission is not retried at all. These attempts ended with an error 503.",
                "all_errors_are_retried",
            ),
            Cause(
                "unmatched",
                "The pattern missed them, and no dead-letter queue collects what is not matched",
                "Mail has got all three, so the rule matched them. What no rule matches never goes to such a queue.",
                "unmatched_go_to_dlq",
            ),
        ),
        pointer="Name a row of the trail after which an order had no more chance at billing.",
        evidence=_last_tries,
        mend=Mend("max_retry_attempts", lambda value: value >= ENOUGH, f"{ENOUGH} or more", 185),
        well=_all_arrived,
        answer=(
            "The waits grow up to 8 minutes (an assumption; AWS does not publish them), so that 20 retries last for "
            "less than two hours. The default is 185 retries and 24 hours, whichever ends first. That is enough for a "
            "night; hundreds of attempts in a log are what it costs. A dead-letter queue would have kept the orders, "
            "and each target should have one. But somebody has to send them on from there; it does not mend the cause."
        ),
    ),
)
