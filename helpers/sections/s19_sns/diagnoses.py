"""The failure labs of section 19: systems that run badly, each with one cause to find and one setting to mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.experiments import Cause, Diagnosis, Mend, Values

if TYPE_CHECKING:
    import pandas as pd


def _kept_nowhere(trail: pd.DataFrame) -> list[int]:
    """Messages that SNS gives up and puts into no dead-letter queue."""
    rows = trail[trail["operation"] == "GiveUp"]
    return [int(place) for place, given in rows["parameters"].items() if not given["DeadLetterQueue"]]


def _none_lost(_: Values, m: Any) -> bool:
    return bool(m.summary["lost"] == 0)


DIAGNOSES = (
    Diagnosis(
        id="19_sns.no_dead_letters",
        story=(
            "Shipping gets its orders from a topic. At a roll-out somebody replaced the policy of its queue, and for "
            "15 minutes SNS could not deliver. That is mended. For such days the subscription has a dead-letter "
            "queue; but that one is empty, and 60 orders are nowhere. The same roll-out comes again next month. "
            "Change one setting, so that no order is lost then."
        ),
        run=(
            "19_sns.permission?forbidden_from_min=5&forbidden_for_min=15&dead_letter_queue=true"
            "&dlq_lets_sns_in=false&messages_per_min=4"
        ),
        causes=(
            Cause(
                "closed",
                "The dead-letter queue's own policy does not let the topic send to it",
                "SNS gives up 60 messages, and each time the dead-letter queue is named nowhere: SNS could not "
                "put them there.",
                right=True,
            ),
            Cause(
                "still_trying",
                "SNS still tries to deliver, and moves a message after 23 days only",
                "Each message was given up after 1 attempt, in the second of its publish: a forbidden delivery is "
                "not tried again.",
                "retry_till_success",
            ),
            Cause(
                "publish",
                "The shop could not publish while the policy was wrong",
                "Each Publish of the trail has an answer with a message id, those of the 15 minutes too.",
                "publish_tells_delivery",
            ),
            Cause(
                "on_topic",
                "The dead-letter queue is set on the subscription, not on the topic",
                "That is where it belongs: Subscribe carries the RedrivePolicy. A topic has none to set.",
                "dlq_on_topic",
            ),
            Cause(
                "went_back",
                "The dead-letter queue gave its messages back when the policy was mended",
                "Nothing was ever sent to it, and no order of the 15 minutes was sent to shipping's queue later.",
                "dlq_redrives_itself",
            ),
            Cause(
                "slow",
                "The workers of shipping were too slow, so that SNS gave up waiting",
                "SNS waits for no worker: the trail has none at all, and no delivery takes longer than another.",
                "slow_subscriber_blocks",
            ),
        ),
        pointer="Name a row of the trail in which SNS parts with a message and keeps it nowhere.",
        evidence=_kept_nowhere,
        mend=Mend("dlq_lets_sns_in", lambda value: value is True, "the dead-letter queue lets SNS in", True),
        well=_none_lost,
        answer=(
            "Two queues shut SNS out. That of shipping did so for 15 minutes, which is a client-side error: one "
            "attempt for each message, and no retry. The second is the dead-letter queue. It is a queue like any "
            "other, and SNS may send to it only if its policy lets sns.amazonaws.com send for this topic. It did not, "
            "so the messages were lost. Nobody was told: the publisher had its message ids, and only the metric "
            "NumberOfNotificationsFailedToRedriveToDlq counted them. Test a dead-letter queue before you need it."
        ),
    ),
)
