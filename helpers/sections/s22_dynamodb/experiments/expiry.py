"""Sessions with a time to live: when expired items are gone, who still reads them, and what the stream says of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from helpers.experiments import (
    Choice,
    Claim,
    Experiment,
    Finding,
    Flag,
    Float,
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
from helpers.experiments.pictures import human
from helpers.sections.s22_dynamodb.experiments.sessions import (
    TABLE,
    Look,
    Record,
    Session,
    looks,
    records,
    sessions,
    units_of_program,
    units_of_table,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
MINUTE_S, HOUR_S = 60, 3_600
RETENTION_H = 24  # of a stream: GUIDE/Streams.html
SECONDS, MILLISECONDS, TEXT = "seconds", "milliseconds", "text"


@dataclass(frozen=True)
class Measured:
    """What the trail shows: the sessions in the order of login, each listing of the table, the stream's records as the
    consumer got them, and when it read.
    """

    sessions: tuple[Session, ...]
    looks: tuple[Look, ...]
    records: tuple[Record, ...]
    read_s: tuple[float, ...]
    end_s: float
    summary: dict[str, int | float | str]


class Expiry(Experiment):
    """Sessions in a table with time to live and a stream; see the module."""

    id = "22_dynamodb.expiry"
    title = "Time to live and the stream"
    question = "When is an expired item gone?"
    parameters = (
        Int(
            "sessions",
            12,
            "sessions",
            "Users who log in, one after another.",
            minimum=1,
            maximum=40,
            assumption=True,
        ),
        Float(
            "login_every_h",
            0.5,
            "a login every",
            "Time between two logins.",
            unit="h",
            minimum=0,
            maximum=4,
            step=0.5,
            assumption=True,
        ),
        Float(
            "life_h",
            12,
            "life of a session",
            "The program writes the time of expiry so long after the login.",
            unit="h",
            minimum=1,
            maximum=72,
            step=1,
            assumption=True,
        ),
        Choice(
            "expires_as",
            SECONDS,
            "time of expiry in",
            "How the program writes it: Unix time in seconds or milliseconds, or a text such as 2026-01-05T21:00:00Z.",
            choices=(SECONDS, MILLISECONDS, TEXT),
            source=GUIDE + "time-to-live-ttl-before-you-start.html",
        ),
        Float(
            "delete_within_h",
            48,
            "deleted within",
            "How long DynamoDB takes at most to delete an expired item: AWS says a few days and promises nothing.",
            unit="h",
            minimum=0,
            maximum=96,
            step=1,
            source=GUIDE + "TTL.html",
            assumption=True,
        ),
        Int(
            "return_percent",
            50,
            "users who come back",
            "Share of the users who come back; a session that is accepted is prolonged.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Int(
            "return_at_percent",
            60,
            "they come back at",
            "When, as a share of the session's life, a tenth earlier or later; over 100 % it has expired.",
            unit="%",
            minimum=10,
            maximum=300,
            step=10,
            assumption=True,
        ),
        Int(
            "logout_percent",
            25,
            "users who log out",
            "Share of the users who log out at half of the session's life, so that the program deletes the item.",
            unit="%",
            minimum=0,
            maximum=100,
            step=5,
            assumption=True,
        ),
        Flag(
            "check_expiry",
            False,
            "program checks the time",
            "Filter lists on the time of expiry, and compare it when a user comes back.",
            source=GUIDE + "ttl-expired-items.html",
        ),
        Float(
            "list_every_h",
            6,
            "sessions listed every",
            "How often the program lists the sessions by a Scan.",
            unit="h",
            minimum=1,
            maximum=24,
            step=1,
            assumption=True,
        ),
        Float(
            "stream_every_h",
            8,
            "stream read every",
            "How often the consumer reads the stream; it goes on after the last record that it knows.",
            unit="h",
            minimum=1,
            maximum=72,
            step=1,
            assumption=True,
        ),
    )
    differences = (
        "How long DynamoDB takes to delete an expired item is an assumption, evenly spread; AWS gives no figure.",
        "The stream has one shard here; AWS makes as many as the table needs and replaces them now and then.",
        "Times of logins, returns and logouts are assumptions of the model.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:  # noqa: C901  # the actors of one story stand together
        """Users log in, come back and log out; the program lists the sessions; a consumer reads the stream."""
        dynamodb, streams = cloud.client("dynamodb"), cloud.client("dynamodbstreams")
        models = cloud.plane("dynamodb").models
        models.ttl_delay_min_s, models.ttl_delay_max_s = 0, p.delete_within_h * HOUR_S
        opened = cloud.datetime
        stream = dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "session", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "session", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )["TableDescription"]["LatestStreamArn"]
        dynamodb.update_time_to_live(
            TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}
        )
        names = [f"session-{number}" for number in range(1, p.sessions + 1)]
        back = set(cloud.random.sample(names, share(p, p.return_percent)))
        leaving = set(cloud.random.sample(names, share(p, p.logout_percent)))
        back_s = {
            name: p.life_h * HOUR_S * p.return_at_percent / 100 * cloud.random.uniform(0.9, 1.1)
            for name in names
        }
        login_s = [
            number * p.login_every_h * HOUR_S + cloud.random.uniform(0, MINUTE_S)
            for number in range(p.sessions)
        ]
        life_s = round(p.life_h * HOUR_S)

        def moment(unix_s: float) -> dict[str, str]:
            """A time as the program writes it into the attribute."""
            if p.expires_as == TEXT:
                return {"S": datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
            return {"N": str(int(unix_s) * (1000 if p.expires_as == MILLISECONDS else 1))}

        def use(number: int, name: str) -> None:
            """One user, from login to logout."""
            key = {"session": {"S": name}}
            time.sleep(login_s[number])
            began = time.time()
            dynamodb.put_item(
                TableName=TABLE,
                Item={**key, "expires_at": moment(began + life_s)},
                ReturnConsumedCapacity="TOTAL",
            )
            if name in leaving and (name not in back or back_s[name] > life_s / 2):
                log_out(key, began)
                return
            if name in back:
                time.sleep(began + back_s[name] - time.time())
                began = time.time()
                if come_back(key) and name in leaving:
                    log_out(key, began)

        def log_out(key: dict[str, Any], began: float) -> None:
            time.sleep(began + life_s / 2 - time.time())
            dynamodb.delete_item(TableName=TABLE, Key=key, ReturnConsumedCapacity="TOTAL")

        def come_back(key: dict[str, Any]) -> bool:
            """Prolong the session if it is there and, where the program checks, not expired."""
            now = time.time()
            item = dynamodb.get_item(TableName=TABLE, Key=key, ReturnConsumedCapacity="TOTAL").get("Item")
            if item is None or (p.check_expiry and not _later(item["expires_at"], moment(now))):
                return False
            try:
                dynamodb.update_item(
                    TableName=TABLE,
                    Key=key,
                    UpdateExpression="SET expires_at = :new",
                    ConditionExpression="attribute_exists(expires_at)",
                    ExpressionAttributeValues={":new": moment(now + life_s)},
                    ReturnConsumedCapacity="TOTAL",
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                return False  # deleted at this very moment
            return True

        def list_sessions() -> None:
            while True:
                time.sleep(p.list_every_h * HOUR_S)
                only = (
                    {
                        "FilterExpression": "expires_at > :now",
                        "ExpressionAttributeValues": {":now": moment(time.time())},
                    }
                    if p.check_expiry
                    else {}
                )
                dynamodb.scan(TableName=TABLE, ConsistentRead=True, ReturnConsumedCapacity="TOTAL", **only)

        shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        last: list[str] = []

        def read_stream() -> None:
            """Read on from the last record known; if that is gone, from the oldest that is left."""
            place = {"StreamArn": stream, "ShardId": shard}
            oldest = {"ShardIteratorType": "TRIM_HORIZON"}
            after = (
                {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last[-1]} if last else oldest
            )
            try:
                iterator = streams.get_shard_iterator(**place, **after)["ShardIterator"]
            except streams.exceptions.TrimmedDataAccessException:
                iterator = streams.get_shard_iterator(**place, **oldest)["ShardIterator"]
            found = streams.get_records(ShardIterator=iterator)["Records"]
            last.extend(record["dynamodb"]["SequenceNumber"] for record in found)

        def consume() -> None:
            while True:
                time.sleep(p.stream_every_h * HOUR_S)
                read_stream()

        for number, name in enumerate(names):
            cloud.spawn(use, number, name, name=f"user-{number + 1}", background=True)
        cloud.spawn(list_sessions, name="program", background=True)
        cloud.spawn(consume, name="consumer", background=True)
        cloud.run(until=horizon_s(p))
        read_stream()
        cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName="ConsumedWriteCapacityUnits",
            Dimensions=[{"Name": "TableName", "Value": TABLE}],
            StartTime=opened,
            EndTime=cloud.datetime + timedelta(minutes=1),
            Period=86_400,
            Statistics=["Sum"],
        )

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The life of each session, what each list showed, and what came through the stream."""
        rows = calls(trail)
        lives, seen, told = sessions(rows), looks(rows), records(rows)
        by_name = {one.name: one for one in lives}
        by_ttl = [one for one in lives if one.by_ttl]
        after_s = [(one.removed_s or 0.0) - one.terms[-1].expires_s for one in by_ttl]
        returns = [back for one in lives for back in one.returns]
        changed_s = sorted(
            [term.from_s for one in lives for term in one.terms]
            + [one.removed_s for one in lives if one.removed_s is not None]
        )
        made = sum(len(one.changes) for one in lives)
        kinds = [one.change[:2] for one in told]
        summary: dict[str, int | float | str] = {
            "sessions": len(lives),
            "deleted_by_ttl": len(by_ttl),
            "deleted_by_program": sum(one.removed_s is not None and not one.by_ttl for one in lives),
            "still_there": sum(one.removed_s is None for one in lives),
            "longest_after_expiry_h": round(max(after_s, default=0.0) / HOUR_S, 2),
            "most_in_table": max(sum(one.there(at) for one in lives) for at in changed_s),
            "most_valid": max(sum(one.valid(at) for one in lives) for at in changed_s),
            "expired_listed": sum(
                by_name[name].expires_s(look.time_s) <= look.asked_s for look in seen for name in look.shown
            ),
            "expired_accepted": sum(back.accepted and back.expired for back in returns),
            "refused": sum(not back.accepted for back in returns),
            "changes": made,
            "records": len(told),
            "records_missing": made - len(told),
            "removes_by_service": sum(one == ("REMOVE", True) for one in kinds),
            "removes_by_program": sum(one == ("REMOVE", False) for one in kinds),
            "write_units": units_of_table(rows),
            "write_units_of_program": units_of_program(rows),
            "stream_reads": sum(row.operation == "GetRecords" for row in rows),
        }
        return Measured(
            tuple(lives),
            tuple(seen),
            tuple(told),
            tuple(row.end_s for row in rows if row.operation == "GetRecords"),
            horizon_s(p) if summary["still_there"] else max(changed_s[-1] * 1.02, 1.0),
            summary,
        )

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """A lane per session; the stream's records by kind; sessions in the table against valid ones."""
        from helpers.sections.s22_dynamodb.experiments import expiry_picture

        return expiry_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def not_before(p: Values, m: Measured) -> Finding:
        """Nothing goes before its time."""
        gone = [one for one in m.sessions if one.by_ttl]
        if not gone:
            return not_applicable("TTL deleted nothing in this run.")
        early = [one for one in gone if (one.removed_s or 0.0) <= one.terms[-1].expires_s]
        if early:
            return false(f"TTL deleted {early[0].name} before the time of expiry that it held last.")
        late_h = float(m.summary["longest_after_expiry_h"])
        prolonged = sum(len(one.terms) > 1 for one in gone)
        return true(
            f"TTL deleted {plural(len(gone), 'session')}, the latest {human(late_h * HOUR_S)} after its expiry; "
            f"{prolonged or 'none'} of them had been prolonged, and the new time counted."
        )

    @staticmethod
    def readable(p: Values, m: Measured) -> Finding:
        """Expired items are read as ever."""
        expired = 0
        for look in m.looks:
            table = [one for one in m.sessions if one.there(look.time_s)]
            expired += sum(one.expires_s(look.time_s) <= look.asked_s for one in table)
            to_see = {
                one.name
                for one in table
                if look.filter_s is None or one.expires_s(look.time_s) > look.filter_s
            }
            if look.shown != to_see:
                return false(
                    f"At {human(look.time_s)} a list showed {plural(len(look.shown), 'session')}, "
                    f"and {len(to_see)} were to be seen."
                )
        if not expired:
            return true(f"At none of the {len(m.looks)} lists was an expired session in the table.")
        if p.check_expiry:
            return true(
                f"{len(m.looks)} lists came upon an expired session {expired} times; their own filter left it out."
            )
        return true(f"{len(m.looks)} lists showed an expired session {expired} times.")

    @staticmethod
    def only_seconds(p: Values, m: Measured) -> Finding:
        """Another type of attribute never expires."""
        if p.expires_as == SECONDS:
            return not_applicable("The attribute is a number of seconds.")
        gone = int(m.summary["deleted_by_ttl"])
        if gone:
            return false(
                f"TTL deleted {plural(gone, 'session')} although the attribute is in {p.expires_as}."
            )
        return true(f"TTL deleted none of {plural(len(m.sessions), 'session')} in {human(m.end_s)}.")

    @staticmethod
    def stream(p: Values, m: Measured) -> Finding:
        """Each change once, in order."""
        made, told = int(m.summary["changes"]), int(m.summary["records"])
        numbers = [one.sequence for one in m.records]
        if numbers != sorted(set(numbers)):
            return false("A record came twice or out of order.")
        if told == made:
            for session in m.sessions:
                events = [one.change.event for one in m.records if one.session == session.name]
                if events != [change.event for change in session.changes]:
                    return false(
                        f"{session.name} has the records {', '.join(events)}, which is not what happened."
                    )
        if told < made:
            return false(
                f"{made - told} of {made} changes were gone when the consumer came: a stream keeps {RETENTION_H} h."
            )
        if told > made:
            return false(f"There are {told} records of {plural(made, 'change')}.")
        return true(f"{plural(made, 'change')}, {plural(told, 'record')}, those of each session in order.")

    @staticmethod
    def who(p: Values, m: Measured) -> Finding:
        """Who deleted."""
        if m.summary["records_missing"]:
            return not_applicable("The consumer has not seen all records.")
        expected = sorted((one.name, one.by_ttl) for one in m.sessions if one.removed_s is not None)
        found = sorted(
            (one.session, one.change.by_service) for one in m.records if one.change.event == "REMOVE"
        )
        if not expected:
            return not_applicable("Nothing was deleted in this run.")
        said = (
            f"{m.summary['removes_by_service']} of {len(found)} REMOVE records name dynamodb.amazonaws.com, "
            f"and TTL deleted {m.summary['deleted_by_ttl']} of {len(expected)}."
        )
        return true(said) if found == expected else false(said)

    @staticmethod
    def free(p: Values, m: Measured) -> Finding:
        """TTL's deletes cost nothing."""
        gone = int(m.summary["deleted_by_ttl"])
        if not gone:
            return not_applicable("TTL deleted nothing in this run.")
        used, own = m.summary["write_units"], m.summary["write_units_of_program"]
        said = (
            f"The table used {used:g} write units, the program's own writes {own:g}, "
            f"and TTL deleted {plural(gone, 'session')}."
        )
        return true(said) if used == own else false(said)


def share(p: Values, percent: int) -> int:
    """How many of the sessions these are."""
    number: int = round(p.sessions * percent / 100)
    return number


def horizon_s(p: Values) -> float:
    """When everything that may expire has been deleted."""
    longest_h = p.life_h * (2 + 1.1 * p.return_at_percent / 100) if share(p, p.return_percent) else p.life_h
    return float(((p.sessions - 1) * p.login_every_h + longest_h + p.delete_within_h + 1) * HOUR_S)


def _later(one: dict[str, str], other: dict[str, str]) -> bool:
    """Whether a time written as the program writes it comes after another."""
    if "N" in one:
        return int(one["N"]) > int(other["N"])
    return one["S"] > other["S"]


def expires(p: Values) -> bool:
    """Whether some session is left to TTL, and written so that TTL understands it."""
    return bool(p.expires_as == SECONDS and share(p, p.logout_percent) < p.sessions)


Expiry.claims = (
    Claim(
        "not_before",
        "TTL deletes no session before its time of expiry, and goes by the time that was written last.",
        ("dynamodb.ttl.what", "dynamodb.ttl.48h"),
        Expiry.not_before,
        "wherever the time is a number of seconds and some session is left to expire",
        expires,
    ),
    Claim(
        "readable",
        "Until it is deleted an expired session is read like any other, unless the reader looks at the time.",
        ("dynamodb.ttl.still_visible", "dynamodb.ttl.48h"),
        Expiry.readable,
        "always",
        lambda p: True,
    ),
    Claim(
        "only_seconds",
        "An attribute in milliseconds or as a text never expires.",
        ("dynamodb.ttl.type",),
        Expiry.only_seconds,
        "wherever the time is not a number of seconds",
        lambda p: p.expires_as != SECONDS,
    ),
    Claim(
        "stream",
        "The stream tells each change of a session once, and in the order in which they happened.",
        ("dynamodb.streams.what", "dynamodb.streams.retention"),
        Expiry.stream,
        "as long as the consumer reads more often than every 24 h",
        lambda p: p.stream_every_h < RETENTION_H,
    ),
    Claim(
        "who",
        "A REMOVE by TTL names the service as the one who did it, a REMOVE by the program names nobody.",
        ("dynamodb.ttl.stream", "dynamodb.streams.what"),
        Expiry.who,
        "wherever something is deleted and the consumer reads more often than every 24 h",
        lambda p: (
            p.stream_every_h < RETENTION_H and (p.expires_as == SECONDS or share(p, p.logout_percent) > 0)
        ),
    ),
    Claim(
        "free",
        "Deletes by TTL use no write units.",
        ("dynamodb.ttl.free",),
        Expiry.free,
        "wherever the time is a number of seconds and some session is left to expire",
        expires,
    ),
)

Expiry.scenes = (
    Scene(
        "late",
        "Expired is not gone",
        {},
        "Sessions live 12 h. The team wants the table small and shortens their life to 1 h. Does that help?",
        Prediction(
            "Sessions now live 1 h instead of 12 h. What becomes of the most sessions that are ever in the table?",
            (
                Option(
                    "few",
                    "It falls to a few, since all the others have expired",
                    "ttl_is_a_scheduler",
                    "A few are not expired. The others are, and wait for DynamoDB to find time for them.",
                    true_if=lambda p, m: m.summary["most_in_table"] <= 4,
                ),
                Option(
                    "as_many",
                    "It hardly falls: the expired ones wait for their deletion",
                    None,
                    "What counts is the time until the deletion, of which AWS promises nothing.",
                    right=True,
                    true_if=lambda p, m: m.summary["most_in_table"] >= 8 and m.summary["expired_listed"] > 0,
                ),
                Option(
                    "hidden",
                    "It hardly falls, but lists no longer show the expired ones",
                    "reads_skip_expired",
                    "Expired items are listed, read and paid for until they are deleted.",
                    true_if=lambda p, m: m.summary["expired_listed"] == 0,
                ),
            ),
        ),
        {"life_h": 1},
        ("life_h", "delete_within_h"),
        "readable",
        ("dynamodb.ttl.what", "dynamodb.ttl.48h", "dynamodb.ttl.still_visible"),
    ),
    Scene(
        "let_in",
        "The user who comes back too late",
        {"return_percent": 100},
        "Everybody comes back within the life of the session. What if they come when it has long expired?",
        Prediction(
            "The users now come back about 6 h after their sessions have expired. What do they meet?",
            (
                Option(
                    "refused",
                    "All are refused: a read no longer finds the item",
                    "reads_skip_expired",
                    "GetItem knows no expiry: what is in the table is found.",
                    true_if=lambda p, m: m.summary["expired_accepted"] == 0,
                ),
                Option(
                    "let_in",
                    "Most are let in: the item is read as before",
                    None,
                    "Only where TTL happened to be quick is the item gone. The program has to look at the time itself.",
                    right=True,
                    true_if=lambda p, m: m.summary["expired_accepted"] > m.summary["refused"] > 0,
                ),
                Option(
                    "two_days",
                    "All are let in: TTL deletes after 48 hours",
                    "ttl_deletes_after_48_h",
                    "TTL deletes when it finds time: some items go after minutes, some after days.",
                    true_if=lambda p, m: m.summary["refused"] == 0,
                ),
            ),
        ),
        {"return_at_percent": 150},
        ("return_at_percent", "check_expiry", "delete_within_h"),
        "readable",
        ("dynamodb.ttl.still_visible", "dynamodb.ttl.48h"),
    ),
    Scene(
        "unit",
        "The wrong unit",
        {},
        "A new library writes the time of expiry in milliseconds, as JavaScript's clock gives it. Does TTL mind?",
        Prediction(
            "The time of expiry is now written in milliseconds. How many sessions does TTL delete?",
            (
                Option(
                    "all",
                    "As many as before: DynamoDB recognises the unit",
                    "ttl_knows_the_unit",
                    "DynamoDB takes every number for seconds.",
                    true_if=lambda p, m: m.summary["deleted_by_ttl"] == 9,
                ),
                Option(
                    "none",
                    "None: read as seconds the time lies far in the future",
                    None,
                    "The number means a year far beyond 50,000, and no error tells anybody.",
                    right=True,
                    true_if=lambda p, m: m.summary["deleted_by_ttl"] == 0,
                ),
                Option(
                    "at_once",
                    "All at once: a time that makes no sense has expired",
                    "bad_ttl_expires_at_once",
                    "What TTL does not understand, or lies in the future, is left alone.",
                    true_if=lambda p, m: m.summary["most_in_table"] <= 3,
                ),
            ),
        ),
        {"expires_as": MILLISECONDS},
        ("expires_as", "life_h"),
        "only_seconds",
        ("dynamodb.ttl.type",),
    ),
    Scene(
        "who",
        "What the stream tells",
        {},
        "An archive wants the sessions that expired, and not those whose users logged out. Can the stream tell them "
        "apart?",
        Prediction(
            "Half of the 12 users now log out, the others let their sessions expire. What does the stream show?",
            (
                Option(
                    "six",
                    "6 REMOVE: what TTL deletes leaves no record",
                    "ttl_leaves_no_record",
                    "Every change of an item is in the stream, whoever makes it.",
                    true_if=lambda p, m: m.summary["removes_by_service"] == 0,
                ),
                Option(
                    "alike",
                    "12 REMOVE, and nothing tells them apart",
                    "stream_hides_who",
                    "The userIdentity of a record by TTL is dynamodb.amazonaws.com; others have none.",
                    true_if=lambda p, m: m.summary["removes_by_program"] == 12,
                ),
                Option(
                    "named",
                    "12 REMOVE, and 6 of them name the service",
                    None,
                    "So the archive filters on userIdentity. Each session's INSERT, MODIFY and REMOVE come in order.",
                    right=True,
                    true_if=lambda p, m: (
                        m.summary["removes_by_service"] == m.summary["removes_by_program"] == 6
                    ),
                ),
            ),
        ),
        {"logout_percent": 50},
        ("logout_percent", "return_percent"),
        "who",
        ("dynamodb.streams.what", "dynamodb.ttl.stream", "dynamodb.ttl.free", "dynamodb.streams.views"),
    ),
    Scene(
        "goal",
        "Nobody too late, nothing missed",
        {"return_percent": 100, "return_at_percent": 150},
        "Each reading of the stream costs a little. How seldom may the archive read, and who keeps late users out?",
        Prediction(
            "The consumer now reads the stream every 36 h, not every 8 h. What does it get?",
            (
                Option(
                    "all",
                    "Everything, only later: a stream waits for its reader",
                    "stream_waits_for_reader",
                    "A record is kept for 24 hours, whether anybody has read it or not.",
                    true_if=lambda p, m: m.summary["records_missing"] == 0,
                ),
                Option(
                    "part",
                    "A part: what is not older than 24 h at each reading",
                    None,
                    "Older records are trimmed, and no message says which they were.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["records_missing"] < m.summary["changes"],
                ),
                Option(
                    "nothing",
                    "Nothing: its place in the stream is no longer valid",
                    "lost_place_loses_all",
                    "The place is refused as trimmed, but the oldest record that is left can be asked for.",
                    true_if=lambda p, m: m.summary["records"] == 0,
                ),
            ),
        ),
        {"stream_every_h": 36},
        (),
        "stream",
        ("dynamodb.streams.what", "dynamodb.streams.retention", "dynamodb.ttl.still_visible"),
        Goal(
            "Let nobody in whose session has expired, and get every change out of the stream in at most 5 readings.",
            lambda p, m: (
                m.summary["refused"] >= 3
                and m.summary["expired_accepted"] == 0
                and m.summary["records_missing"] == 0
                and m.summary["deleted_by_ttl"] >= 3
                and m.summary["stream_reads"] <= 5
            ),
            {"check_expiry": True, "stream_every_h": 20},
        ),
    ),
)
