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


def _at_once(trail: pd.DataFrame) -> list[int]:
    """Retries at a web server in the very moment in which it has just failed."""
    failed = trail[(trail["operation"] == "HttpPost") & trail["error"].notna()]
    again = failed["time_s"].diff() < 1
    return [int(place) for place in failed.index[again]]


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
    Diagnosis(
        id="19_sns.eighty_retries",
        story=(
            "A partner's web server is restarted each night, which takes ten minutes; it answers 503 meanwhile. 80 "
            "retries are agreed with the partner, 20 s apart: enough for 26 minutes. Since somebody made them "
            "start sooner, an order that is published at the beginning of a restart is lost again. Change one "
            "setting, and leave the number of retries and their distance as they are agreed."
        ),
        run="19_sns.retry?outage_min=10&num_retries=80&without_delay=60&dead_letter_queue=false",
        causes=(
            Cause(
                "at_once",
                "Most of the retries come without delay, and the others end too soon",
                "61 requests stand in the second of the publish; the 20 others, 20 s apart, are over after 400 s, and "
                "the server is back after 600 s.",
                right=True,
            ),
            Cause(
                "too_few",
                "80 retries are too few for an outage of ten minutes",
                "20 s apart, 30 retries last for ten minutes. It matters how long they last, not how many they are.",
                "more_retries_always_help",
            ),
            Cause(
                "late",
                "SNS still tries, and the order arrives within some days",
                "The trail ends the story: a GiveUp, 400 s after the publish. No web server is tried for days.",
                "http_retries_for_days",
            ),
            Cause(
                "publish",
                "The order was not published, as the server was down",
                "Publish has an answer with a message id. Whether anybody is there to receive does not touch it.",
                "publish_tells_delivery",
            ),
            Cause(
                "on_topic",
                "The order lies in the dead-letter queue of the topic",
                "A topic has none, and this subscription has none either: GiveUp names no dead-letter queue.",
                "dlq_on_topic",
            ),
            Cause(
                "in_topic",
                "The order waits in the topic until the server asks for it",
                "There is no call with which a server could ask: after GiveUp the order is nowhere.",
                "topic_keeps_messages",
            ),
        ),
        pointer="Name a row of the trail which is a retry that could not help.",
        evidence=_at_once,
        mend=Mend(
            "without_delay",
            lambda value: value <= 50,
            "at most 50, so that 30 or more retries, 20 s apart, reach beyond 600 s",
            2,
        ),
        well=lambda _, m: m.fate == "delivered",
        answer=(
            "A delivery policy has four phases, and the retries of all phases together are numRetries. 60 of the 80 "
            "were moved to the first phase, that of retries without delay. They are over in the moment of the publish, "
            "and the server is down all that time. For the other phases 20 are left, which last for 400 s. A few "
            "retries without delay are good for a lost packet; an outage is outlasted by those that wait. A "
            "dead-letter queue of the subscription would have kept the order all the same."
        ),
    ),
)
