"""Who deleted the table, and can you still prove it: where the record of a call is found, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
    Goal,
    Int,
    Option,
    Prediction,
    Scene,
    Values,
    calls,
    false,
    not_applicable,
    plural,
    true,
)
from helpers.sections.s17_monitoring.experiments.audit_account import OTHERS, act, call, make_trail, prepare
from helpers.sections.s17_monitoring.experiments.audit_reading import ASKED, DAY_S, REGIONS, Seen, read

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

TRAIL = "https://docs.aws.amazon.com/awscloudtrail/latest/"
JUST_NOW_S = 3_600
"""How long before the audit a call of today was."""
HISTORY_DAYS = 90
SHORT_DAYS, LONG_DAYS = 130, 420
"""What a picture spans: the first if everything fits in."""


@dataclass(frozen=True)
class Measured:
    """What the trail of calls shows: all calls, those that each place has, and how old the trail is in days (None if
    there is none). `asked` is the call that the audit is about.
    """

    asked: Seen
    made: tuple[Seen, ...]
    history: dict[str, frozenset[Seen]]
    bucket: frozenset[Seen]
    trail_days: float | None
    summary: dict[str, int | float | str]


class Audit(Experiment):
    """A call, an event history in each Region, and perhaps a trail; see the module."""

    id = "17_monitoring.audit"
    title = "Who deleted the table?"
    question = "Who deleted the table, and can you still prove it?"
    parameters = (
        Choice(
            "call",
            "DeleteTable",
            "what Ben called",
            "DeleteTable and DescribeTable are management events, PutObject is a data event of S3.",
            choices=("DeleteTable", "DescribeTable", "PutObject"),
            source=TRAIL + "userguide/cloudtrail-concepts.html",
        ),
        Int(
            "days_ago",
            30,
            "called this long ago",
            "How long before the audit the call was made; 0 is an hour ago.",
            unit="days",
            minimum=0,
            maximum=400,
        ),
        Choice(
            "region",
            "home",
            "Region of the call",
            "home is us-east-1, where the trail is made; other is eu-west-1.",
            choices=("home", "other"),
        ),
        Choice(
            "trail",
            "none",
            "trail",
            "No trail, one of its own Region (which CreateTrail makes by default), or one of all Regions.",
            choices=("none", "one Region", "all Regions"),
            source=TRAIL + "APIReference/API_CreateTrail.html",
        ),
        Int(
            "trail_age_days",
            365,
            "trail made this long ago",
            "How long before the audit the trail was made and started; 0 is shortly before the call of an hour ago.",
            unit="days",
            minimum=0,
            maximum=400,
        ),
        Choice(
            "data_events",
            "off",
            "data events of S3",
            "Whether the trail selects data events of S3, from its start on.",
            choices=("off", "on"),
            source=TRAIL + "APIReference/API_PutEventSelectors.html",
        ),
    )
    differences = (
        "Events appear exactly 5 minutes after a call here; AWS says so of the average and promises nothing.",
        "Who calls is an actor of the simulation; on AWS it is a user or role with credentials of its own.",
        "A real account makes many calls a minute; this one makes a dozen in a year.",
        "On AWS the event history and the first copy of management events are free, and data events are not.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Let people call over the days, then look into both event histories and the bucket."""
        cloud.api_latency_s = 0
        audit_s = span_days(p) * DAY_S
        clients = {
            (service, place): cloud.shared_client(service, name)
            for place, name in REGIONS.items()
            for service in ("dynamodb", "s3", "sqs", "cloudtrail")
        }
        prepare(clients, bucket=p.trail != "none")
        steps = [
            (audit_s - days * DAY_S, lambda place=place, name=name: call(clients, name, place))
            for days, place, name in OTHERS
            if days < span_days(p)
        ]
        cloud.spawn(act, steps, name="ann")
        asked = (audit_s - _ago_s(p.days_ago), lambda: call(clients, p.call, p.region))
        cloud.spawn(act, [asked], name=ASKED)
        if p.trail != "none":
            made = (
                audit_s - _ago_s(p.trail_age_days) - JUST_NOW_S / 2,
                lambda: make_trail(clients, everywhere=p.trail == "all Regions", data=p.data_events == "on"),
            )
            cloud.spawn(act, [made], name="admin")
        cloud.run(until=audit_s)
        for place in REGIONS:
            found = clients["cloudtrail", place].lookup_events()
            while found.get("NextToken"):
                cloud.advance(1)
                found = clients["cloudtrail", place].lookup_events(NextToken=found["NextToken"])
        if p.trail != "none":
            clients["s3", "home"].list_objects_v2(Bucket="audit-logs", Prefix="AWSLogs/")

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """All calls of people, and those that each place has."""
        made, history, bucket, files, trail_days = read(calls(trail))
        asked = next(one for one in made if one.who == ASKED)
        places = [*history.values(), bucket]
        summary: dict[str, int | float | str] = {
            "calls": len(made),
            "in_history_home": int(asked in history["home"]),
            "in_history_other": int(asked in history["other"]),
            "in_bucket": int(asked in bucket),
            "places": sum(asked in place for place in places),
            "history_calls": len(history["home"] | history["other"]),
            "bucket_calls": len(bucket),
            "files": files,
        }
        return Measured(asked, made, history, bucket, trail_days, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """The account's calls over the days, and what each place has of them."""
        from helpers.sections.s17_monitoring.experiments import audit_picture

        return audit_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def history(p: Values, m: Measured) -> Finding:
        """Each history has the management calls of its Region of at most 90 days, and nothing else."""
        for place, found in m.history.items():
            due = {
                one for one in m.made if not one.data and one.region == place and one.days_ago <= HISTORY_DAYS
            }
            if found != due:
                return false(
                    f"In {REGIONS[place]} {plural(len(due), 'management call')} of the last 90 days were made, and the "
                    f"history has {len(found)}."
                )
        return true(
            f"Of {plural(len(m.made), 'call')} the two histories have {m.summary['history_calls']}: the management "
            "calls of the last 90 days, each in its Region."
        )

    @staticmethod
    def no_data(p: Values, m: Measured) -> Finding:
        """No data event is in a history."""
        data = [one for one in m.made if one.data]
        if not data:
            return not_applicable("No data event happened.")
        shown = sum(one in found for one in data for found in m.history.values())
        said = f"{plural(len(data), 'object was', 'objects were')} written, and the histories show {shown or 'none'}"
        return (false if shown else true)(f"{said} of that.")

    @staticmethod
    def bucket_has(p: Values, m: Measured) -> Finding:
        """The bucket has what the trail logged: since its start, in its Regions, of the kinds it selects."""
        if m.trail_days is None:
            return not_applicable("There is no trail.")
        due = {one for one in m.made if logged(p, m, one)}
        said = f"Since the trail was started it had to log {plural(len(due), 'call')} of {len(m.made)}"
        return (true if m.bucket == due else false)(f"{said}, and its files hold {len(m.bucket)}.")

    @staticmethod
    def lasting(p: Values, m: Measured) -> Finding:
        """A call older than 90 days is found only if a trail logged it then."""
        if m.asked.days_ago <= HISTORY_DAYS:
            return not_applicable("The call is no older than 90 days.")
        expected = m.trail_days is not None and logged(p, m, m.asked)
        found = m.summary["places"] != 0
        said = f"Ben's call is {m.asked.days_ago:.0f} days old, and "
        said += "a trail logged it then" if expected else "no trail logged it then"
        found_text = "it is found" if found else "it is found nowhere"
        return (true if found is expected else false)(f"{said}: {found_text}.")


def logged(p: Values, m: Measured, one: Seen) -> bool:
    """Whether the trail had to log the call."""
    return (
        m.trail_days is not None
        and one.days_ago < m.trail_days
        and (p.trail == "all Regions" or one.region == "home")
        and (p.data_events == "on" or not one.data)
    )


def span_days(p: Values) -> int:
    """How many days the run spans."""
    oldest = max(p.days_ago, p.trail_age_days if p.trail != "none" else 0)
    return SHORT_DAYS if oldest < SHORT_DAYS - 5 else LONG_DAYS


def _ago_s(days: int) -> int:
    return max(days * DAY_S, JUST_NOW_S)


Audit.claims = (
    Claim(
        "history",
        "The event history of a Region has the management calls made there in the last 90 days, and nothing else.",
        ("monitoring.trail.90days", "monitoring.trail.deleted"),
        Audit.history,
        "always",
        lambda p: True,
    ),
    Claim(
        "no_data",
        "No event history shows a data event, whatever a trail logs.",
        ("monitoring.trail.data_off",),
        Audit.no_data,
        "always",
        lambda p: True,
    ),
    Claim(
        "bucket_has",
        "The bucket has the calls since the trail's start, of the Regions it covers and the kinds it selects.",
        ("monitoring.trail.longer", "monitoring.trail.regions", "monitoring.trail.data_off"),
        Audit.bucket_has,
        "there is a trail",
        lambda p: p.trail != "none",
    ),
    Claim(
        "lasting",
        "A call older than 90 days is found only if a trail logged it when it was made.",
        ("monitoring.trail.longer", "monitoring.trail.90days"),
        Audit.lasting,
        "the call is older than 90 days",
        lambda p: p.days_ago > HISTORY_DAYS,
    ),
)

Audit.scenes = (
    Scene(
        "late",
        "Asked too late",
        {},
        "A table is gone. 30 days ago Ben called DeleteTable, and nobody has ever made a trail.",
        Prediction(
            "Somebody asks 120 days after the call instead of 30. Where is it found then?",
            (
                Option(
                    "history",
                    "In the event history, which keeps all calls",
                    "history_keeps_all",
                    "The event history ends after 90 days. It cannot be made longer.",
                    true_if=lambda p, m: m.summary["in_history_home"] == 1,
                ),
                Option(
                    "nowhere",
                    "Nowhere, as the history is too short for it",
                    None,
                    "What was older than 90 days is gone for good, since no trail had logged it.",
                    right=True,
                    true_if=lambda p, m: m.summary["places"] == 0,
                ),
                Option(
                    "bucket",
                    "In the bucket of a trail that one makes now",
                    "trail_looks_back",
                    "A trail logs from its start on. It fetches nothing from before.",
                    true_if=lambda p, m: m.summary["in_bucket"] == 1,
                ),
            ),
        ),
        {"days_ago": 120},
        ("days_ago", "trail", "trail_age_days"),
        "lasting",
        (
            "monitoring.trail.90days",
            "monitoring.trail.deleted",
            "monitoring.trail.longer",
            "monitoring.trail.default_on",
        ),
    ),
    Scene(
        "object",
        "A file, not a table",
        {"trail": "all Regions"},
        "30 days ago Ben deleted a table. A trail of all Regions logs management events, its default.",
        Prediction(
            "Instead Ben has overwritten a file in a bucket with PutObject. Where is this call found?",
            (
                Option(
                    "history",
                    "In the event history, as it is 30 days old",
                    "history_has_everything",
                    "The event history has management events only. PutObject is a data event.",
                    true_if=lambda p, m: m.summary["in_history_home"] == 1,
                ),
                Option(
                    "trail",
                    "In the trail's bucket, as it logs all Regions",
                    "trail_logs_everything",
                    "A trail logs data events only if it selects them.",
                    true_if=lambda p, m: m.summary["in_bucket"] == 1,
                ),
                Option(
                    "nowhere",
                    "Nowhere, as nobody has selected data events",
                    None,
                    "Data events are off by default, in a trail too, and the event history never has them.",
                    right=True,
                    true_if=lambda p, m: m.summary["places"] == 0,
                ),
            ),
        ),
        {"call": "PutObject"},
        ("call", "days_ago", "trail"),
        "no_data",
        ("monitoring.trail.data_off", "monitoring.trail.management", "monitoring.trail.deleted"),
    ),
    Scene(
        "selected",
        "Data events, selected",
        {"trail": "all Regions", "call": "PutObject"},
        "30 days ago Ben overwrote a file, and no place shows it. The trail is a year old.",
        Prediction(
            "The trail has selected data events of S3 since it was made. Which places show the call then?",
            (
                Option(
                    "both",
                    "The trail's bucket, and the event history as well",
                    "history_follows_trails",
                    "The event history does not follow the settings of trails. It never has data events.",
                    true_if=lambda p, m: m.summary["in_bucket"] == m.summary["in_history_home"] == 1,
                ),
                Option(
                    "bucket",
                    "The trail's bucket, and nothing else",
                    None,
                    "The trail's files are the one place for data events, from its selection on.",
                    right=True,
                    true_if=lambda p, m: m.summary["in_bucket"] == m.summary["places"] == 1,
                ),
                Option(
                    "none",
                    "No place at all, as objects are no resources",
                    "trail_is_for_resources",
                    "Calls on what is inside a resource can be logged: they are called data events.",
                    true_if=lambda p, m: m.summary["places"] == 0,
                ),
            ),
        ),
        {"data_events": "on"},
        ("data_events", "days_ago", "trail_age_days"),
        "bucket_has",
        ("monitoring.trail.data_off", "monitoring.trail.longer", "monitoring.trail.data_s3"),
    ),
    Scene(
        "elsewhere",
        "In another Region",
        {"trail": "one Region"},
        "30 days ago Ben deleted a table in us-east-1. A trail was made there by CreateTrail, with its defaults.",
        Prediction(
            "The table was one in eu-west-1 instead. Where is the call found?",
            (
                Option(
                    "trail",
                    "In the trail's bucket, and in the history of us-east-1",
                    "trail_covers_all_regions",
                    "By the API a trail logs its own Region, unless IsMultiRegionTrail is set.",
                    true_if=lambda p, m: m.summary["in_bucket"] == 1,
                ),
                Option(
                    "there",
                    "In the event history of eu-west-1 alone",
                    None,
                    "Each Region has its own event history, with or without a trail.",
                    right=True,
                    true_if=lambda p, m: m.summary["in_history_other"] == m.summary["places"] == 1,
                ),
                Option(
                    "nowhere",
                    "Nowhere, as eu-west-1 has no trail of its own",
                    "history_needs_trail",
                    "The event history is there without any trail, in every Region.",
                    true_if=lambda p, m: m.summary["places"] == 0,
                ),
            ),
        ),
        {"region": "other"},
        ("region", "trail", "days_ago"),
        "history",
        ("monitoring.trail.regions", "monitoring.trail.deleted", "monitoring.trail.90days"),
    ),
    Scene(
        "goal",
        "Proof after 200 days",
        {
            "call": "PutObject",
            "days_ago": 200,
            "region": "other",
            "trail": "one Region",
            "trail_age_days": 100,
            "data_events": "on",
        },
        "A file in eu-west-1 was overwritten 200 days ago. The trail in us-east-1 is 100 days old.",
        Prediction(
            "The trail covers all Regions. How many of the three places show Ben's call then?",
            number="places",
            unit="places",
            tolerance=0,
            reply="None: the trail was made 100 days after the call, and logs nothing from before its start.",
        ),
        {"trail": "all Regions"},
        (),
        "lasting",
        (
            "monitoring.trail.longer",
            "monitoring.trail.regions",
            "monitoring.trail.data_off",
            "monitoring.trail.90days",
        ),
        Goal(
            "Prove who overwrote the file in the other Region, 200 days or more after it.",
            lambda p, m: (
                p.call == "PutObject"
                and p.region == "other"
                and p.days_ago >= 200
                and m.summary["in_bucket"] == 1
            ),
            {"trail": "all Regions", "trail_age_days": 300},
        ),
    ),
)
