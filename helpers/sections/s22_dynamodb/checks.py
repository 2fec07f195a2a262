"""Live checks of section 22: does the learner's account now do what the Your-turn cell asks?

Each `look` reads the account by quiet questions and by its trail, changes nothing and leaves no row in the trail. It
judges a need ("one query gives a station's day"), so several settings pass, and one that is too large fails like one
that is too small. The docstring of each says what the notebook's cell has to ask for and which names it uses.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote

from helpers.cloud import Account, ServiceError
from helpers.experiments import CallRow, calls, plural
from helpers.sections.checks import Check, Result, failed, not_attempted, passed

# ---- keys

READINGS = 48


def look_keys(account: Account) -> Result:
    """The table `readings`: no reading is lost, and one query gives a station's day in the order of time.

    The cell puts 48 readings of 3 stations, 2 days and 8 hours, each with `station`, `day`, `time`, `at` (day and
    time), `station_day` and `celsius`; the decision left blank is the partition key and the sort key.
    """
    table = _table(account, "readings")
    if table is None:
        return not_attempted("There is no table called readings yet.")
    sent = len(_done(account, "PutItem", "readings"))
    if sent < READINGS:
        return not_attempted(f"{sent} of {READINGS} readings were put so far.")
    key = _key(table["KeySchema"])
    items = _items(account, "readings")
    if len(items) < READINGS:
        return failed(
            f"{len(items)} of {READINGS} readings are left: those with the same {' and '.join(key)} replaced each "
            "other."
        )
    collections: dict[str, list[dict[str, str]]] = defaultdict(list)
    for item in items:
        collections[item[key[0]]].append(item)
    for station, day in sorted({(item["station"], item["day"]) for item in items}):
        places = [name for name, its in collections.items() if any(_of(one, station, day) for one in its)]
        if len(places) > 1:
            return failed(
                f"The readings of {station} on {day} lie under {len(places)} values of {key[0]}; a query reads one."
            )
        # The quiet scan gives the items of a collection in the order of the sort key, as a query does.
        in_order = collections[places[0]]
        at = [place for place, item in enumerate(in_order) if _of(item, station, day)]
        if at != list(range(at[0], at[0] + len(at))):
            return failed(
                f"By {key[-1]} the readings of other days or stations stand between those of {station}."
            )
        times = [in_order[place]["time"] for place in at]
        if times != sorted(times):
            return failed(f"A query gives the readings in the order of {key[-1]}, which is not that of time.")
    return passed(
        f"All {READINGS} readings are there, and one query gives a station's day in the order of time."
    )


def _of(item: dict[str, str], station: str, day: str) -> bool:
    return (item["station"], item["day"]) == (station, day)


# ---- units

READ_UNITS, WRITE_UNITS, SPARE = 40, 70, 1.2


def look_units(account: Account) -> Result:
    """The table `catalogue`: enough provisioned capacity for the workload, and at most a fifth too much.

    The cell asks for: 40 eventually consistent reads and 10 writes a second of items of 6.5 KB. It creates the table
    `catalogue` in provisioned mode; the decision left blank is its read and write units (40 to 48 and 70 to 84 are
    right).
    """
    table = _table(account, "catalogue")
    if table is None:
        return not_attempted("There is no table called catalogue yet.")
    given = table.get("ProvisionedThroughput", {})
    reads, writes = int(given.get("ReadCapacityUnits", 0)), int(given.get("WriteCapacityUnits", 0))
    if not reads or not writes:
        return failed("catalogue is on demand, so it has no units of its own; the task wants it provisioned.")
    for what, has, need, why in (
        (
            "read",
            reads,
            READ_UNITS,
            "6.5 KB count as 8 KB, which is one unit for an eventually consistent read",
        ),
        ("write", writes, WRITE_UNITS, "6.5 KB count as 7 KB, which is seven units a write"),
    ):
        if has < need:
            return failed(f"{has} {what} units are fewer than the workload uses: {why}.")
        if has > need * SPARE:
            return failed(
                f"{has} {what} units are paid for each hour, and more than a fifth of them is never used."
            )
    return passed(f"{reads} read units and {writes} write units carry the workload.")


# ---- throttle

VOTES, MOST_KEYS, LOOKED_UP = 1_500, 20, 20


def look_throttle(account: Account) -> Result:
    """The table `votes`: no vote is throttled, one voter's vote is one read, the standing is 20 queries or fewer.

    The cell puts 1,500 votes of two units for one candidate in 1.5 s into the on-demand table `votes` with the key
    (`candidate`, `voter`), then gets the votes of 20 voters; the decision left blank is the function that makes the
    value of `candidate`.
    """
    if _table(account, "votes") is None:
        return not_attempted("There is no table called votes yet.")
    rows = [row for row in calls(account.trail) if row.parameters.get("TableName") == "votes"]
    puts = [row for row in rows if row.operation == "PutItem"]
    gets = [row for row in rows if row.operation == "GetItem"]
    if sum(row.error is None for row in puts) < VOTES // 2 or len(gets) < LOOKED_UP:
        return not_attempted("The votes were not all put and looked up yet.")
    refused = sum(row.error is not None for row in puts)
    if refused:
        return failed(
            f"{plural(refused, 'put')} of {len(puts)} were throttled: one partition takes 1,000 units a second."
        )
    missed = sum("Item" not in row.response for row in gets)
    if missed:
        return failed(
            f"{missed} of {len(gets)} votes were not found by one read: nobody knows which key a vote went to."
        )
    keys = len({row.parameters["Item"]["candidate"]["S"] for row in puts})
    if keys > MOST_KEYS:
        return failed(
            f"The votes lie under {keys:,} keys, and the standing takes as many queries; {MOST_KEYS} may be."
        )
    return passed(f"No vote was throttled, each was found by one read, and {keys} queries give the standing.")


# ---- read

ARCHIVED, UNITS_A_CALL, CALLS = 200, 20, 25


def look_read(account: Account) -> Result:
    """The table `archive`: the report reads all items, gently, in a bounded number of calls.

    The cell scans the 200 items of 8 KB of `archive` page by page with ReturnConsumedCapacity; the decision left blank
    is Limit (8 to 20 are right): no call may use more than 20 read units, and 25 calls may be made.
    """
    if _table(account, "archive") is None:
        return not_attempted("There is no table called archive yet.")
    pages = _done(account, "Scan", "archive")
    if not pages:
        return not_attempted("archive was not scanned yet.")
    found = sum(int(row.response["Count"]) for row in pages)
    if found < ARCHIVED:
        return failed(
            f"{found} of {ARCHIVED} items were read: a page with a LastEvaluatedKey is not the last."
        )
    most = max(float(row.response.get("ConsumedCapacity", {}).get("CapacityUnits", 0)) for row in pages)
    if most > UNITS_A_CALL:
        return failed(f"One call used {most:g} read units at once; {UNITS_A_CALL} may be.")
    if len(pages) > CALLS:
        return failed(f"The report made {len(pages)} calls; {CALLS} may be.")
    return passed(f"{found} items in {plural(len(pages), 'call')}, none of more than {most:g} read units.")


# ---- index

PARCELS, WAITING = 200, 8


def look_index(account: Account) -> Result:
    """The table `parcels`: one query of an index gives those that wait, oldest first, and the index holds no other.

    The cell has 200 parcels of which 8 wait; all have `status` and `came`, those that wait have `waiting` and
    `waiting_since` as well. The decision left blank is the index's partition key and sort key.
    """
    table = _table(account, "parcels")
    if table is None:
        return not_attempted("There is no table called parcels yet.")
    indexes = table.get("GlobalSecondaryIndexes", [])
    if not indexes:
        return not_attempted("parcels has no global index yet.")
    if len(_items(account, "parcels")) < PARCELS:
        return not_attempted(f"The {PARCELS} parcels are not all there yet.")
    name, key = indexes[0]["IndexName"], _key(indexes[0]["KeySchema"])
    held = _items(account, "parcels", name)
    waiting = [item for item in held if item["status"] == "waiting"]
    if len(waiting) < WAITING:
        return failed(f"{len(waiting)} of {WAITING} parcels that wait are in the index.")
    if len(held) > WAITING:
        return failed(
            f"The index holds {len(held)} parcels, and {WAITING} of them wait: each of the others was written to it as "
            "well."
        )
    busy = Counter(item[key[0]] for item in waiting)
    if len(busy) > 1:
        return failed(f"The parcels that wait lie under {len(busy)} values of {key[0]}; a query reads one.")
    came = [item["came"] for item in held]
    if came != sorted(came):
        return failed(
            f"A query of the index gives the parcels in the order of {key[-1]}, not the oldest first."
        )
    return passed(
        f"One query gives the {WAITING} parcels that wait, oldest first, and the index holds no other."
    )


# ---- write

BOOKINGS = 4


def look_write(account: Account) -> Result:
    """The table `seats`: nobody loses a seat to another, and who asks again for a seat of their own is not refused.

    The cell books seats by UpdateItem, which sets `customer`, with a condition: (ada, A1), the same once more, as after
    a lost reply, (ben, A1), (ben, A2). The decision left blank is the condition.
    """
    if _table(account, "seats") is None:
        return not_attempted("There is no table called seats yet.")
    rows = [row for row in calls(account.trail) if row.operation == "UpdateItem"]
    rows = [row for row in rows if row.parameters["TableName"] == "seats"]
    if len(rows) < BOOKINGS:
        return not_attempted("Not all bookings of the task were made yet.")
    owner: dict[str, str] = {}
    for row in rows:
        seat = _plain(row.parameters["Key"]["seat"])
        customer = _plain(row.parameters["ExpressionAttributeValues"][":customer"])
        has = owner.get(seat)
        if row.error is None:
            if has is not None and has != customer:
                return failed(f"{seat} was {has}'s, and {customer} took it: the condition lets everybody in.")
            owner[seat] = customer
        elif row.error != "ConditionalCheckFailedException":
            return failed(f"DynamoDB does not take this condition: {row.error}.")
        elif has is None:
            return failed(f"{customer} could not book {seat}, which was free.")
        elif has == customer:
            return failed(f"{customer} is told that {seat} is gone, and it is {customer} who has it.")
    return passed(f"{plural(len(owner), 'seat')} with one customer each, and who asks again keeps theirs.")


# ---- stream


def look_stream(account: Account) -> Result:
    """The table `archive`: it holds the sessions that time to live has deleted, with their content, and no others.

    The cell keeps sessions (key `session`) in the table `sessions` with time to live and a stream, deletes some as
    their users log out, and copies from the stream to `archive` what the chosen function picks; the decision left
    blank is that function.
    """
    if _table(account, "sessions") is None or _table(account, "archive") is None:
        return not_attempted("There are no tables called sessions and archive yet.")
    put = {
        _plain(row.parameters["Item"]["session"]): len(row.parameters["Item"])
        for row in _done(account, "PutItem", "sessions")
    }
    ended = {
        _plain(row.parameters["Key"]["session"])
        for row in _done(account, "DeleteItem", "sessions")
        if row.actor != "dynamodb"  # which deletes what has expired
    }
    there = {item["session"] for item in _items(account, "sessions")}
    expired = sorted(put.keys() - ended - there)
    if not expired:
        return not_attempted("Time to live has deleted no session yet.")
    archived = {item["session"]: len(item) for item in _items(account, "archive")}
    wrong = sorted(archived.keys() - expired)
    if wrong:
        why = "its user has ended it" if wrong[0] in ended else "it is still in use"
        return failed(f"{wrong[0]} is in the archive, although {why}.")
    missing = [name for name in expired if name not in archived]
    if missing:
        return failed(
            f"{', '.join(missing)} expired and {'is' if len(missing) == 1 else 'are'} not in the archive."
        )
    if any(archived[name] < put[name] for name in expired):
        return failed("The archive has the keys of the sessions and not what was in them.")
    return passed(
        f"The archive holds the {plural(len(expired), 'session')} that expired, and none that a user ended."
    )


# ---- cache

FRESH_S, TABLE_READS, PAGE_VIEWS = 60, 120, 3_600


def look_cache(account: Account) -> Result:
    """The table `menu` behind DAX: no price is older than a minute, and the table gets at most 120 reads an hour.

    The cell reads the price of `tea` through DAX once a second for an hour; the decision left blank is `item_ttl_s`
    (30 to 60 s are right).
    """
    if _table(account, "menu") is None:
        return not_attempted("There is no table called menu yet.")
    rows = [row for row in calls(account.trail) if row.parameters.get("TableName") == "menu"]
    views = [row for row in rows if row.operation == "GetItem" and row.service == "dax"]
    if len(views) < PAGE_VIEWS:
        return not_attempted(f"{len(views):,} of {PAGE_VIEWS:,} page views came so far.")
    since, oldest = views[0].end_s, 0.0
    for view in views:
        if view.response["Cache"] == "hit":
            oldest = max(oldest, view.start_s - since)
        else:
            since = view.end_s
    reads = sum(row.operation == "GetItem" and row.service == "dynamodb" for row in rows)
    if oldest > FRESH_S:
        return failed(
            f"Some pages showed a price as it was {oldest:.1f} s before; {FRESH_S} s may be, as prices change past DAX."
        )
    if reads > TABLE_READS:
        return failed(f"The table got {reads:,} of the {len(views):,} reads; {TABLE_READS} an hour may be.")
    return passed(
        f"The table got {plural(reads, 'read')} for {len(views):,} page views, and no price was older than "
        f"{oldest:.0f} s."
    )


# ---- operate

NEEDED = ("dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem")
OWN_ID = "${cognito-identity.amazonaws.com:sub}"
OF_THE_TABLE = ("dynamodb:DeleteTable", "dynamodb:UpdateTable")


def look_operate(account: Account) -> Result:
    """The role `players`: a player reads and puts items of their own, and nothing else.

    The cell puts a policy on the role `players` for the table `scores`, with `dynamodb:LeadingKeys` on the player's
    own id; the decision left blank is the list of actions.
    """
    statements = _statements(account, "players")
    if not statements:
        return not_attempted("The role players has no policy yet.")
    for action in NEEDED:
        if not _may(statements, action, "ada"):
            return failed(f"ada may not call {action} on her own items.")
        if _may(statements, action, "ben"):
            return failed(f"ada may call {action} on the items of ben.")
    if _may(statements, "dynamodb:Scan", None):
        return failed(
            "A player may scan the whole table: a scan names no key, and ForAllValues holds where there is none."
        )
    for action in OF_THE_TABLE:
        if _may(statements, action, None):
            return failed(f"A player may call {action}.")
    return passed("A player reads and puts items of their own, and nobody scans.")


def _statements(account: Account, role: str) -> list[dict[str, Any]]:
    """The statements of all inline policies of the role."""
    try:
        names = account.ask("iam", "ListRolePolicies", {"RoleName": role})["PolicyNames"]
    except ServiceError:
        return []
    found: list[dict[str, Any]] = []
    for name in names:
        asked = account.ask("iam", "GetRolePolicy", {"RoleName": role, "PolicyName": name})
        found += _listed(json.loads(unquote(asked["PolicyDocument"]))["Statement"])
    return found


def _may(statements: list[dict[str, Any]], action: str, leading_key: str | None) -> bool:
    """Whether ada may, with a request for that partition key value (None: the request names none)."""
    effects = [one["Effect"] for one in statements if _applies(one, action, leading_key)]
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: dict[str, Any], action: str, leading_key: str | None) -> bool:
    if not any(fnmatchcase(action.lower(), str(name).lower()) for name in _listed(statement["Action"])):
        return False
    for operator, wanted in statement.get("Condition", {}).items():
        for names in wanted.values():
            if leading_key is None:
                if not operator.startswith("ForAllValues:"):
                    return False
            elif not any(fnmatchcase(leading_key, _own(str(name))) for name in _listed(names)):
                return False
    return True


def _own(name: str) -> str:
    """A value of the policy with ada's id in place of the variable."""
    return name.replace(OWN_ID, "ada")


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


CHECKS = (
    Check(
        "22_dynamodb.keys",
        "No reading is lost, and one query gives a station's day in the order of time.",
        look_keys,
    ),
    Check(
        "22_dynamodb.units",
        "The table has the units that its workload uses, and at most a fifth more.",
        look_units,
        ("rounds_after_multiplying", "same_steps_for_both", "consistency_is_free"),
    ),
    Check(
        "22_dynamodb.throttle",
        "No vote is throttled, one read finds a vote, and at most 20 queries give the standing.",
        look_throttle,
        ("more_units_cure_a_hot_key", "suffix_stays_in_its_partition"),
    ),
    Check(
        "22_dynamodb.read",
        "All items are read, with at most 20 read units a call and at most 25 calls.",
        look_read,
        ("limit_counts_results",),
    ),
    Check(
        "22_dynamodb.index",
        "One query gives the parcels that wait, oldest first, and the index holds no other.",
        look_index,
        ("index_holds_every_item",),
    ),
    Check(
        "22_dynamodb.write",
        "No seat goes from one customer to another, and who asks again for their own is not refused.",
        look_write,
        ("no_reply_means_not_done",),
    ),
    Check(
        "22_dynamodb.stream",
        "The archive holds the sessions that expired, with their content, and no others.",
        look_stream,
        ("stream_hides_who",),
    ),
    Check(
        "22_dynamodb.cache",
        "No price is older than a minute, and the table gets at most 120 reads an hour.",
        look_cache,
        ("cache_sees_changes", "short_ttl_is_useless"),
    ),
    Check(
        "22_dynamodb.operate",
        "A player reads and puts items of their own, and nothing else.",
        look_operate,
    ),
)


def _plain(value: Any) -> str:
    """A value as a string, whether the client or the resource wrote it."""
    return str(next(iter(value.values())) if isinstance(value, dict) else value)


def _table(account: Account, name: str) -> dict[str, Any] | None:
    """The description of a table, or None."""
    try:
        return dict(account.ask("dynamodb", "DescribeTable", {"TableName": name})["Table"])
    except ServiceError:
        return None


def _key(schema: list[dict[str, str]]) -> list[str]:
    """The attributes of a key, the partition key first."""
    return [part["AttributeName"] for part in sorted(schema, key=lambda part: part["KeyType"] != "HASH")]


def _done(account: Account, operation: str, table: str) -> list[CallRow]:
    """The accepted calls of that kind on the table."""
    return [
        row
        for row in calls(account.trail)
        if row.operation == operation and row.parameters.get("TableName") == table and row.error is None
    ]


def _items(account: Account, table: str, index: str | None = None) -> list[dict[str, str]]:
    """All items of a table or index whose values are strings or numbers, as strings; each collection in order."""
    asked: dict[str, Any] = {"TableName": table} | ({"IndexName": index} if index else {})
    found: list[dict[str, str]] = []
    while True:
        page = account.ask("dynamodb", "Scan", asked)
        found += [
            {name: str(next(iter(value.values()))) for name, value in item.items()}
            for item in page.get("Items", ())
        ]
        if not page.get("LastEvaluatedKey"):
            return found
        asked["ExclusiveStartKey"] = page["LastEvaluatedKey"]
