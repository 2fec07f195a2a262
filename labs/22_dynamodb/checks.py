"""The checks of lab 22: what the student's tables and functions do, under the virtual clock.

Reads of the check itself go past the API (`cloud.ask`), so the trail holds the student's calls, and what other
programs of the story do. What a call costs is in its ConsumedCapacity, which the checks ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from math import ceil
from random import Random
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from helpers.cloud import Actor, Call, ServiceError
from helpers.dataplane import Cloud
from helpers.dataplane.dynamodb.size import item_size
from helpers.experiments.calls import CallRow
from helpers.labs import Bench, Finding, NotAttempted, Status, StudentError, Trial, failed, passed

Found = Iterator[tuple[str, Finding]]
Need = dict[str, Any]
Item = dict[str, Any]
Ranking = list[list[Any]]  # [player, score], the best first

DAY_S = 86_400
READ_UNIT_BYTES = 4_096
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
READS = ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems")
SYLLABLES = ("ba", "do", "fi", "ka", "lu", "mo", "ne", "pi", "ro", "sa", "ti", "vu", "wa", "ye", "zo")


# ---- shared


def _names(random: Random, count: int) -> list[str]:
    """So many different names."""
    names: list[str] = []
    while len(names) < count:
        name = "".join(random.choice(SYLLABLES) for _ in range(4))
        if name not in names:
            names.append(name)
    return names


def _metered(trial: Trial) -> Any:
    """The DynamoDB client for the student, all of whose calls tell what they cost."""
    client = trial.client("dynamodb")

    def tell(call: Call) -> None:
        call.parameters["ReturnConsumedCapacity"] = "TOTAL"

    for operation in (*WRITES, *READS):
        trial.cloud.before("dynamodb", operation, tell)
    return client


def _units(row: CallRow) -> float:
    """The capacity units that a call used, those of indexes included."""
    consumed = row.response.get("ConsumedCapacity") or []
    return sum(
        float(each["CapacityUnits"]) for each in (consumed if isinstance(consumed, list) else [consumed])
    )


def _made(dynamodb: Any, name: str, *keys: str, units: tuple[int, int] | None = None, **more: Any) -> None:
    """Make a table with these string keys, on demand or with `units` (read, write) a second."""
    known = {entry["AttributeName"] for entry in more.get("AttributeDefinitions", ())}
    attributes = [{"AttributeName": key, "AttributeType": "S"} for key in keys if key not in known]
    reads, writes = units or (0, 0)
    dynamodb.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        **{**more, "AttributeDefinitions": attributes + more.get("AttributeDefinitions", [])},
        **(
            {"ProvisionedThroughput": {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}}
            if units
            else {"BillingMode": "PAY_PER_REQUEST"}
        ),
    )


def _ask(cloud: Cloud, operation: str, table: str, **parameters: Any) -> dict[str, Any]:
    """A question that leaves no trace; an empty answer if the student's code has left no such table."""
    try:
        return cloud.ask("dynamodb", operation, {"TableName": table, **parameters})
    except ServiceError:
        return {}


def _put(cloud: Cloud, table: str, item: Item) -> None:
    _ask(cloud, "PutItem", table, Item=item)


def _get(cloud: Cloud, table: str, **key: str) -> Item:
    """The item with this key, or an empty one."""
    wanted = {name: {"S": value} for name, value in key.items()}
    return dict(_ask(cloud, "GetItem", table, Key=wanted, ConsistentRead=True).get("Item") or {})


def _number(item: Item, name: str) -> float | None:
    """The number that an attribute holds; None if it is not there, or no number."""
    text = item.get(name, {}).get("N")
    return None if text is None else float(text)


def _since(trial: Trial, mark: int) -> list[CallRow]:
    """The rows of DynamoDB's trail from the `mark`-th on."""
    return [row for row in trial.rows[mark:] if row.service == "dynamodb"]


def _last(rows: Sequence[CallRow], *operations: str) -> CallRow | None:
    """The last successful row of these operations, else the last of them, if there is any."""
    wanted = [row for row in rows if row.operation in operations]
    done = [row for row in wanted if row.error is None]
    return next(iter(reversed(done or wanted)), None)


def _together(trial: Trial, actors: Sequence[Actor], within_s: float) -> None:
    """Let actors of the student's live; what they raise stays with them. Raises NotAttempted."""
    trial.cloud.run(until=trial.cloud.now + within_s, on_error="record")
    for actor in actors:
        if isinstance(actor.error, NotAttempted):
            raise actor.error


def _raised(actors: Sequence[Actor]) -> str:
    """What the first of the actors raised, as a name; "" if none did; a word for one that goes on for ever."""
    for actor in actors:
        if isinstance(actor.error, StudentError):
            return actor.error.code or actor.error.kind
        if not actor.done:
            return "nothing, and did not return either"
    return ""


# ---- table: a table for what is asked of it


def draw_table(random: Random) -> Need:
    """How long games are kept, and what storing one may cost."""
    moves_kb = random.randrange(4, 10)
    return {
        "table": "games",
        "keep_days": random.randrange(20, 91),
        "moves_kb": moves_kb,
        "put_units": moves_kb + 4,
    }


def examine_table(bench: Bench, need: Need) -> Found:
    """Store games, ask the two questions, follow the stream, and wait until the games may go."""
    random = bench.random
    with bench.trial() as trial:
        cloud, dynamodb = trial.cloud, _metered(trial)
        models = cloud.plane("dynamodb").models
        models.ttl_delay_max_s = DAY_S / 2
        trial.student.call("create_table", dynamodb, need)
        cloud.advance(2 * 3_600)  # by then time to live is on
        count = random.randrange(3, 6)
        games = _games(random, need, int(cloud.datetime.timestamp()), count)
        puts = []
        for game in games:
            mark = cloud.calls
            trial.student.call("put_game", dynamodb, need, game)
            puts.append((mark, cloud.calls))
        player, title = games[0]["player"], games[0]["title"]
        reviewed = [game for game in games if game["review"] and game["title"] == title]

        mark = cloud.calls
        latest = trial.student.call("latest", dynamodb, need, player, count)
        first = cloud.calls
        listed = trial.student.call("under_review", dynamodb, need, title)
        last = cloud.calls
        ended = random.choice(reviewed)
        trial.student.call("end_review", dynamodb, need, ended)
        afterwards = trial.student.call("under_review", dynamodb, need, title)
        rows = trial.rows

        own = [game for game in games if game["player"] == player]
        newest_first = sorted(own, key=lambda game: -game["finished_at"])
        still = [game for game in reviewed if game is not ended]
        wrong = (
            _in_order(latest, newest_first[:count], newest_first=True),
            _in_order(listed, reviewed, newest_first=False),
            _in_order(afterwards, still, newest_first=False),
        )
        yield "answers", _answers(rows[mark:last], *wrong)
        lists = (rows[mark:first], count), (rows[first:last], len(reviewed))
        yield "units", _spent(need, [rows[start:end] for start, end in puts], *lists)
        yield "follows", _followed(cloud, need["table"], ended["game_id"])

        newest = games[-3]  # but for the two that end in one second
        due_s = newest["finished_at"] + need["keep_days"] * DAY_S - cloud.datetime.timestamp()
        cloud.advance(due_s - 60)
        kept = _holds(cloud, need["table"], newest)
        cloud.advance(DAY_S)
        left = any(_holds(cloud, need["table"], game) for game in games)
        yield "forgets", _forgotten(kept, left)


def _games(random: Random, need: Need, now: int, count: int) -> list[Item]:
    """Games in the order in which they ended, the last two in one second; the first tells player and title."""
    players, titles = _names(random, 2), _names(random, 2)
    games: list[Item] = []
    finished_at = now - 3 * 3_600
    for number in range(3 * count):
        finished_at += random.randrange(60, 600)
        games.append(
            {
                "game_id": f"{random.randrange(16**8):08x}",
                "player": players[0] if number % 4 != 1 else players[1],
                "title": titles[0] if number % 3 != 2 else titles[1],
                "score": random.randrange(100, 100_000),
                "finished_at": finished_at,
                "moves": random.choice("<>^v") * (need["moves_kb"] * 1_024),
                "review": number % 5 in (0, 1),
            }
        )
    twin = {**games[0], "game_id": f"{random.randrange(16**8):08x}", "finished_at": finished_at + 61}
    return [
        *games,
        {**twin, "review": False},
        {**twin, "game_id": twin["game_id"][::-1] + "x", "review": True},
    ]


def _in_order(told: Any, games: Sequence[Item], *, newest_first: bool) -> str:
    """What is wrong with a list of game ids; "" if it names these games in the order of time."""
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        return "something else than a list of game ids came back"
    finished_at = {game["game_id"]: game["finished_at"] for game in games}
    if set(finished_at) - set(told):
        return "games were missing from it"
    if len(told) > len(finished_at):
        return "games stood in it that do not belong there, or stood there twice"
    times = [finished_at[one] for one in told]
    return "" if times == sorted(times, reverse=newest_first) else "its games were not in the order asked for"


def _answers(rows: list[CallRow], latest: str, listed: str, afterwards: str) -> Finding:
    row = _last(rows, *READS)
    if latest:
        return failed(f"A player's latest games: {latest}.", row)
    if listed:
        return failed(f"The games under review: {listed}.", row)
    if afterwards:
        return failed(f"After the review of a game had ended, the games under review: {afterwards}.", row)
    return passed()


def _spent(
    need: Need,
    puts: Sequence[list[CallRow]],
    *lists: tuple[list[CallRow], int],
) -> Finding:
    """Storing a game stays within the units allowed, and a list reads only what it shows."""
    if not all(sum(_units(row) for row in rows) for rows in (*puts, *(rows for rows, _ in lists))):
        return failed("A game was stored, or a list came back, without a call that writes or reads items.")
    for rows in puts:
        if sum(_units(row) for row in rows) > need["put_units"]:
            return failed(
                "Storing a game used more write units than allowed: an index takes the whole game in once more.",
                _last(rows, *WRITES),
            )
    for rows, shown in lists:
        if sum(row.response.get("ScannedCount", 0) for row in rows) > shown:
            row = _last(rows, "Query", "Scan")
            return failed(
                "A list read more items than it shows; with each game that is played it costs more.", row
            )
    return passed()


def _followed(cloud: Cloud, table: str, game_id: str) -> Finding:
    """Both images of a game whose review ended are in the stream."""
    client = cloud.client("dynamodbstreams")
    images = set()
    if not _ask(cloud, "DescribeTable", table):
        return failed("There is no table of that name.")
    for stream in client.list_streams(TableName=table)["Streams"]:
        arn = stream["StreamArn"]
        for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            where = {"StreamArn": arn, "ShardId": shard["ShardId"]}
            iterator = client.get_shard_iterator(**where, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            for record in client.get_records(ShardIterator=iterator)["Records"]:
                change = record["dynamodb"]
                images |= {name for name in ("OldImage", "NewImage") if game_id in str(change.get(name))}
    if len(images) == 2:
        return passed()
    if not images:
        return failed("Nobody can follow the table: no record of a change shows what changed.")
    missing = "before" if images == {"NewImage"} else "after"
    return failed(f"The records of changes do not show what a game was {missing} the change.")


def _holds(cloud: Cloud, table: str, game: Item) -> bool:
    return any(game["game_id"] in str(item) for item in _ask(cloud, "Scan", table).get("Items", ()))


def _forgotten(kept: bool, left: bool) -> Finding:
    if not kept:
        return failed("A game was gone before it might go.")
    if left:
        return failed("Games were still stored long after their time.")
    return passed()


# ---- save: a score that beats the stored one


def draw_save(random: Random) -> Need:
    """How long a score may wait for a table that refuses it."""
    return {
        "table": "scores",
        "patience_s": random.randrange(50, 121, 5),
        "soon_s": random.randrange(16, 25),
    }


def examine_save(bench: Bench, need: Need) -> Found:
    """Several consoles save scores of one player at once; then the table is short of capacity."""
    yield from _race(bench, need)
    yield from _shortage(bench, need)


def _race(bench: Bench, need: Need) -> Found:
    random = bench.random
    with bench.trial() as trial:
        cloud, dynamodb = trial.cloud, _metered(trial)
        _made(dynamodb, need["table"], "player", "game")
        (player, newcomer, game, badge) = _names(random, 4)
        stored, *better = sorted(random.sample(range(900, 12_000), 6))
        scores = [stored - random.randrange(1, 800), stored, *better[:-1]]
        random.shuffle(scores)
        scores.insert(random.randrange(3), better[-1])  # the best is never the last to write
        key = {"player": {"S": player}, "game": {"S": game}}
        _put(cloud, need["table"], {**key, "score": {"N": str(stored)}, "badge": {"S": badge}})

        consoles = [
            trial.student.spawn("save_score", dynamodb, need, player, game, score, name=f"console-{number}")
            for number, score in enumerate(scores, start=1)
        ]
        _together(trial, consoles, 60)
        item = _get(cloud, need["table"], player=player, game=game)
        row = _last(_since(trial, 0), *WRITES)
        raised = _raised(consoles)
        told = {score: console.result for score, console in zip(scores, consoles, strict=True)}
        again = None if raised else trial.student.call("save_score", dynamodb, need, player, game, better[-1])
        first = None if raised else trial.student.call("save_score", dynamodb, need, newcomer, game, stored)

        if raised:
            yield "best", failed(f"While several consoles saved scores, save_score raised {raised}.", row)
        elif _number(item, "score") != better[-1]:
            yield (
                "best",
                failed("Consoles saved at the same time, and the best of their scores was lost.", row),
            )
        elif told[better[-1]] is not True or any(
            told[score] is not False for score in scores if score <= stored
        ):
            yield (
                "best",
                failed("save_score told a console the wrong thing: whether its score was stored.", row),
            )
        elif again is not False:
            yield "best", failed("A score that only equals the best one counted as better.")
        elif (
            first is not True
            or _number(_get(cloud, need["table"], player=newcomer, game=game), "score") != stored
        ):
            yield "best", failed("A player's first score in a game was not stored.")
        else:
            yield "best", passed()
        if _number(item, "score") == stored:
            yield "whole", failed("No console's score was stored.", row)
        elif item.get("badge", {}).get("S") == badge:
            yield "whole", passed()
        else:
            reason = "What another program keeps in the item was gone once a score had been saved."
            yield "whole", failed(reason, row)


def _shortage(bench: Bench, need: Need) -> Found:
    random = bench.random
    with bench.trial() as trial:
        cloud, dynamodb = trial.cloud, trial.client("dynamodb")
        _made(dynamodb, need["table"], "player", "game", units=(5, 1))
        player, game = _names(random, 2)
        key = {"player": {"S": player}, "game": {"S": game}}
        _put(cloud, need["table"], {**key, "score": {"N": "500"}})
        outage_s = round(random.uniform(0.25, 0.4) * need["patience_s"])

        _load(dynamodb, need["table"], outage_s)
        saved = _saved(trial, dynamodb, need, player, game, 700)
        kept = _number(_get(cloud, need["table"], player=player, game=game), "score") == 700
        yield "storm", _stored(saved, kept, outage_s + need["soon_s"])

        cloud.advance(outage_s + 1)  # the first load is over, also if save_score gave up at once
        _load(dynamodb, need["table"], 390)
        yield "gives_up", _given_up(_saved(trial, dynamodb, need, player, game, 900), need)


def _load(dynamodb: Any, table: str, seconds: int) -> None:
    """Another program takes what a table with one write unit a second gives in so many seconds."""
    large = {"player": {"S": "load"}, "game": {"S": "load"}, "data": {"S": "x" * (seconds * 1_024 - 50)}}
    with suppress(ClientError):  # the student's code may have left no such table
        dynamodb.put_item(TableName=table, Item=large)


class Saved(NamedTuple):
    """A call of save_score: what it returned or raised, how long it took, and its last write."""

    told: Any
    raised: StudentError | None
    took_s: float
    row: CallRow | None


def _saved(trial: Trial, dynamodb: Any, need: Need, player: str, game: str, score: int) -> Saved:
    """Save a score while the table is short of capacity. Raises what has nothing to do with that."""
    start_s, mark, told, raised = trial.cloud.now, trial.cloud.calls, None, None
    try:
        told = trial.student.call("save_score", dynamodb, need, player, game, score, within_s=1_000)
    except StudentError as error:
        if error.kind not in ("TimeoutError", "OutOfTime") and "Throughput" not in error.code:
            raise
        raised = error
    return Saved(told, raised, trial.cloud.now - start_s, _last(_since(trial, mark), *WRITES))


def _stored(saved: Saved, kept: bool, within_s: float) -> Finding:
    if saved.raised is not None and saved.raised.kind != "OutOfTime":
        return failed("save_score gave up while the score had time left to wait.", saved.row)
    if saved.took_s > within_s:
        return failed("The table took writes again, and the score was stored too long after.", saved.row)
    if saved.told is not True or not kept:
        return failed("While the table was short of capacity, a score was lost without a word.", saved.row)
    return passed()


def _given_up(saved: Saved, need: Need) -> Finding:
    raised, row = saved.raised, saved.row
    if raised is None:
        return failed("The table stayed short, and save_score did not say that the score is not stored.", row)
    if saved.took_s > need["patience_s"] + need["soon_s"]:
        return failed("save_score kept its caller waiting for longer than a score may wait.", row)
    if raised.kind != "TimeoutError":
        return failed("save_score raised no TimeoutError; it let through what DynamoDB said.", row)
    if saved.took_s < need["patience_s"]:
        return failed("save_score gave up before the time that a score may wait was over.", row)
    return passed()


# ---- top: the leaderboard


def draw_top(random: Random) -> Need:
    """How long the list is, and what a query may read."""
    return {
        "table": "scores",
        "index": "by_score",
        "places": random.randrange(8, 16),
        "entry_bytes": random.randrange(500, 1_501, 10),
        "query_units": random.randint(1, 3),
    }


def examine_top(bench: Bench, need: Need) -> Found:
    """Ask for the list of a game whose sessions all live, of one crowded with expired ones, and of a small one."""
    random, places = bench.random, need["places"]
    most = int(need["query_units"] * 2 * READ_UNIT_BYTES // need["entry_bytes"])
    alive = [True] * (places + 2)
    crowded = [False] * (most + 2) + [place % 2 == 0 for place in range(2 * places - 1)]
    position = len(crowded)  # of the entry that fills the last place
    crowded += [True] * (2 * most + 2)
    small = [False, True, True, False, True]
    with bench.trial() as trial:
        cloud, dynamodb = trial.cloud, _metered(trial)
        _made(
            dynamodb,
            need["table"],
            "player",
            "game",
            AttributeDefinitions=[{"AttributeName": "score", "AttributeType": "N"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": need["index"],
                    "KeySchema": [
                        {"AttributeName": "game", "KeyType": "HASH"},
                        {"AttributeName": "score", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        now = int(cloud.datetime.timestamp())
        games = _names(random, 3)
        expected = [
            _scores(cloud, random, need, game, now, lives)
            for game, lives in zip(games, (alive, crowded, small), strict=True)
        ]
        told, rows = [], []
        for game in games:
            mark = cloud.calls
            told.append(_ranking(trial.student.call("top", dynamodb, need, game, now)))
            rows.append([row for row in _since(trial, mark) if row.operation in READS])
    yield "order", _best_first(told[0], expected[0][:places], _last(rows[0], *READS))
    yield "live", _all_alive(told[1:], expected[1:], places, _last(rows[1], *READS))
    yield "units", _within_units(need, rows)
    filled = all(len(shown) >= min(places, len(alive)) for shown, alive in zip(told, expected, strict=True))
    yield "queries", _few(rows, [ceil(places / most), ceil(position / most), 1], filled)


def _best_first(told: Ranking, best: Ranking, row: CallRow | None) -> Finding:
    if told == best:
        return passed()
    if sorted(told) == sorted(best):
        return failed("The best did not stand first.", row)
    return failed("The list did not show the best of the game, one row for each place.", row)


def _all_alive(told: list[Ranking], living: list[Ranking], places: int, row: CallRow | None) -> Finding:
    for shown, alive in zip(told, living, strict=True):
        if any(one not in alive for one in shown):
            return failed("Sessions that had expired stood in the list: they were still stored.", row)
        if sorted(shown) != sorted(alive[:places]):
            return failed(
                "Where many sessions had expired, places were left empty or went to the wrong players.", row
            )
    return passed()


def _within_units(need: Need, games: list[list[CallRow]]) -> Finding:
    if not all(games):
        return failed("A list came back without any query.")
    for row in (row for rows in games for row in rows):
        if row.operation == "Scan" or _units(row) > need["query_units"]:
            return failed("A call read more at once than the index can spare.", row)
    return passed()


def _few(games: list[list[CallRow]], needed: list[int], filled: bool) -> Finding:
    """One query more than needed does no harm."""
    if not filled:
        return failed("It made no further query though places were still empty.", _last(games[1], *READS))
    for rows, count in zip(games, needed, strict=True):
        if len(rows) > count + 1:
            return failed(
                "It took more queries than needed: small ones, or more when every place was filled.", rows[-1]
            )
    return passed()


def _scores(cloud: Cloud, random: Random, need: Need, game: str, now: int, lives: list[bool]) -> Ranking:
    """Fill the table with sessions, the best first; `lives` says which have not expired. Returns those."""
    living = []
    scores = sorted(random.sample(range(90, 100_000), len(lives)), reverse=True)
    for player, score, lives_on in zip(_names(random, len(lives)), scores, lives, strict=True):
        expires_at = now + random.randrange(60, DAY_S) * (1 if lives_on else -1)
        item = {
            "player": {"S": player},
            "game": {"S": game},
            "score": {"N": str(score)},
            "expires_at": {"N": str(expires_at)},
            "replay": {"S": ""},
        }
        item["replay"]["S"] = "x" * (need["entry_bytes"] - item_size(item))
        _put(cloud, need["table"], item)
        if lives_on:
            living.append([player, score])
    return living


def _ranking(told: Any) -> Ranking:
    """The student's list with plain numbers; empty if it is none."""
    if not isinstance(told, list):
        return []
    rows = []
    for one in told:
        if not (isinstance(one, list) and len(one) == 2 and isinstance(one[0], str)):
            return []
        try:
            rows.append([one[0], int(one[1])])
        except (TypeError, ValueError, ArithmeticError):
            return []
    return rows


# ---- buy: all or nothing, and once


def draw_buy(random: Random) -> Need:
    """What must stay in a player's purse."""
    return {
        "players": "players",
        "stock": "stock",
        "purchases": "purchases",
        "deposit": random.randrange(15, 120),
    }


class Shop:
    """The three tables of the shop, and the student's `buy` in it."""

    def __init__(self, trial: Trial, need: Need, random: Random) -> None:
        self.trial, self.need, self.random = trial, need, random
        self.cloud, self.dynamodb = trial.cloud, _metered(trial)
        self.cloud.plane("dynamodb").models.transaction_s = 0.03
        for table, key in (("players", "player"), ("stock", "item"), ("purchases", "purchase")):
            _made(self.dynamodb, need[table], key)

    def name(self) -> str:
        """A new name."""
        return f"{_names(self.random, 1)[0]}-{self.random.randrange(16**6):06x}"

    def player(self, coins: int) -> str:
        """A new player with so many coins."""
        name = self.name()
        _put(self.cloud, self.need["players"], {"player": {"S": name}, "coins": {"N": str(coins)}})
        return name

    def item(self, left: int) -> str:
        """A new item of which so many are left."""
        name = self.name()
        _put(self.cloud, self.need["stock"], {"item": {"S": name}, "left": {"N": str(left)}})
        return name

    def buy(self, purchase: str, player: str, item: str, price: int) -> Any:
        """What the student's function answers."""
        return self.trial.student.call("buy", self.dynamodb, self.need, purchase, player, item, price)

    def at_once(self, *purchases: tuple[str, str, str, int]) -> list[Actor]:
        """The same by several buyers at one instant."""
        actors = [
            self.trial.student.spawn("buy", self.dynamodb, self.need, *purchase, name=f"buyer-{number}")
            for number, purchase in enumerate(purchases, start=1)
        ]
        _together(self.trial, actors, 60)
        return actors

    def has(self, player: str, item: str, purchase: str) -> tuple[Any, Any, bool]:
        """Coins of the player, stock of the item, and whether the purchase is recorded."""
        return (
            _number(_get(self.cloud, self.need["players"], player=player), "coins"),
            _number(_get(self.cloud, self.need["stock"], item=item), "left"),
            bool(_get(self.cloud, self.need["purchases"], purchase=purchase)),
        )

    def row(self) -> CallRow | None:
        """The row of the last write."""
        return _last(_since(self.trial, 0), *WRITES)


def examine_buy(bench: Bench, need: Need) -> Found:
    """Buy with and without what it takes, twice, at once, and in a crowd."""
    random = bench.random
    with bench.trial() as trial:
        shop = Shop(trial, need, random)
        price = random.randrange(20, 90)
        yield "whole", _whole(shop, price)
        yield "once", _once(shop, price)
        yield "last", _last_one(shop, price)
        yield "crowd", _crowd(shop, price)


def _whole(shop: Shop, price: int) -> Finding:
    """One coin too few, nothing in stock, and just enough."""
    enough = price + shop.need["deposit"]
    for coins, left, answer in (
        (enough - 1, 3, "no money"),
        (enough + 5, 0, "sold out"),
        (enough, 3, "bought"),
    ):
        player, item, purchase = shop.player(coins), shop.item(left), shop.name()
        told = shop.buy(purchase, player, item, price)
        after = shop.has(player, item, purchase)
        made = after == (coins - price, left - 1, True)
        if answer != "bought" and made:
            what = "coins of the deposit were taken" if left else "something was sold that was not in stock"
            return failed(f"A purchase was made that should have been refused: {what}.", shop.row())
        if answer != "bought" and after != (coins, left, False):
            return failed(
                "A purchase that could not be made left something behind in one of the tables.", shop.row()
            )
        if answer == "bought" and after == (coins, left, False):
            return failed("A purchase for which coins and stock were just enough was not made.", shop.row())
        if answer == "bought" and not made:
            return failed("A purchase was made only in part: coins, stock and record do not fit.", shop.row())
        if told != answer:
            return failed("The buyer was told another answer than the one that is true.", shop.row())
    return passed()


def _once(shop: Shop, price: int) -> Finding:
    """The last of an item, asked for again at once, much later, and by two copies of one purchase."""
    coins = 3 * price + shop.need["deposit"]
    player, item, purchase = shop.player(coins), shop.item(1), shop.name()
    after = (coins - price, 0, True)
    for pause_s in (0, 1, shop.random.randrange(700, 2_000)):
        shop.cloud.advance(pause_s)
        if pause_s > 1:
            shop.trial.student.restart()
        told = shop.buy(purchase, player, item, price)
        if shop.has(player, item, purchase) != after:
            return failed(
                "A caller that asked again with the same purchase id paid or took twice, or not at all.",
                shop.row(),
            )
        if told != "bought":
            return failed(
                "A caller that asked again for what it had bought was told that it had not.", shop.row()
            )
    coins, left = 4 * price + shop.need["deposit"], 5
    player, item, purchase = shop.player(coins), shop.item(left), shop.name()
    copies = shop.at_once(*[(purchase, player, item, price)] * 2)
    if shop.has(player, item, purchase) != (coins - price, left - 1, True):
        return failed(
            "Two copies of one purchase at the same time took effect twice, or not at all.", shop.row()
        )
    if any(copy.done and copy.error is None and copy.result != "bought" for copy in copies):
        return failed("One of two copies of the same purchase was told that nothing was bought.", shop.row())
    return passed()


def _last_one(shop: Shop, price: int) -> Finding:
    """Two buyers of the last one."""
    coins = price + shop.need["deposit"]
    item = shop.item(1)
    buyers = [(shop.name(), shop.player(coins), item, price) for _ in range(2)]
    actors = shop.at_once(*buyers)
    after = [shop.has(player, item, purchase) for purchase, player, item, _ in buyers]
    if sorted(record for _, _, record in after) != [False, True] or {left for _, left, _ in after} != {0}:
        return failed("Of two buyers of the last one not exactly one got it.", shop.row())
    if _raised(actors):
        return failed(
            f"One of two buyers of the last one got no answer: buy raised {_raised(actors)}.", shop.row()
        )
    true = ["bought" if record else "sold out" for _, _, record in after]
    if [actor.result for actor in actors] != true:
        return failed("Of two buyers of the last one, one was told what is not true.", shop.row())
    return passed()


def _crowd(shop: Shop, price: int) -> Finding:
    """Several buyers at once, and enough for all."""
    coins, count = price + shop.need["deposit"], shop.random.randrange(3, 6)
    item = shop.item(count)
    buyers = [(shop.name(), shop.player(coins), item, price) for _ in range(count)]
    actors = shop.at_once(*buyers)
    if _raised(actors):
        return failed(
            f"With enough for all, a buyer got no answer: buy raised {_raised(actors)}.", shop.row()
        )
    bought = [shop.has(player, item, purchase) for purchase, player, item, _ in buyers]
    if any(after != (coins - price, 0, True) for after in bought):
        return failed("There was enough for all, and a buyer went away with nothing.", shop.row())
    if any(actor.result != "bought" for actor in actors):
        return failed("A buyer who got something was told another thing.", shop.row())
    return passed()


# ---- report: given broken


def draw_report(random: Random) -> Need:
    """What the players' table gives in a second, and how soon the report has to be there."""
    units = random.randrange(4, 11)
    rounds = random.randrange(6, 10)  # seconds' worth of units
    return {
        "games": "games",
        "players": "players",
        "units": units,
        "count": units * rounds,
        "ready_s": 3 * rounds + 4,
        "calls": rounds + 6,
        "refusals": 3,
    }


def examine_report(bench: Bench, need: Need) -> Found:
    """A day with more players than their table serves at once; then one with more games than a page holds."""
    random = bench.random
    with bench.trial() as trial:
        cloud, dynamodb = trial.cloud, trial.client("dynamodb")
        _made(dynamodb, need["games"], "day", "game")
        _made(dynamodb, need["players"], "player", units=(need["units"], 5))

        players = _teams(cloud, random, need, need["count"], 4_200)
        expected = _played(cloud, random, need, "2026-01-03", players, len(players), 100)
        told = trial.student.call("report", dynamodb, need, "2026-01-03")
        rows = [row for row in _since(trial, 0) if row.operation in ("BatchGetItem", "GetItem")]
        complete = _complete(told, expected, "players", rows[-1] if rows else None)
        yield "unprocessed", complete
        yield "gentle", _gentle(rows, cloud.now, complete, need)

        cloud.advance(need["count"] / need["units"])  # the table has got units again
        few = dict(random.sample(sorted(players.items()), 3))
        expected = _played(cloud, random, need, "2026-01-04", few, random.randrange(19, 27), 60_000)
        mark = cloud.calls
        told = trial.student.call("report", dynamodb, need, "2026-01-04")
        yield "pages", _complete(told, expected, "games", _last(_since(trial, mark), "Query", "Scan"))


def _gentle(rows: list[CallRow], took_s: float, complete: Finding, need: Need) -> Finding:
    """The report is complete and in time, and did not ask more often than it may."""
    last = rows[-1] if rows else None
    if took_s > need["ready_s"]:
        return failed("The report was not ready in time: it waited for longer than needed.", last)
    refused = [row for row in rows if row.error is not None]
    if len(refused) > need["refusals"]:
        return failed("The report kept asking a table that had nothing to give.", refused[-1])
    if len(rows) > need["calls"]:
        return failed("The report asked too often, without waiting longer each time.", last)
    if complete.status != Status.PASSED:
        return failed("The report was not complete when it ended.", last)
    return passed()


def _teams(cloud: Cloud, random: Random, need: Need, count: int, portrait_bytes: int) -> dict[str, str]:
    """Players with their teams, each in the table."""
    teams = _names(random, 3)
    players = {name: random.choice(teams) for name in _names(random, count)}
    for name, team in players.items():
        portrait = {"S": "x" * portrait_bytes}
        _put(cloud, need["players"], {"player": {"S": name}, "team": {"S": team}, "portrait": portrait})
    return players


def _played(
    cloud: Cloud, random: Random, need: Need, day: str, players: dict[str, str], count: int, moves_bytes: int
) -> dict[str, int]:
    """Games of a day, one after the other by each player. Returns the points of each team."""
    points: dict[str, int] = {}
    names = list(players)
    for number in range(count):
        name, scored = names[number % len(names)], random.randrange(1, 500)
        game = {
            "day": {"S": day},
            "game": {"S": f"{number:04}"},
            "player": {"S": name},
            "points": {"N": str(scored)},
            "moves": {"S": "x" * moves_bytes},
        }
        _put(cloud, need["games"], game)
        points[players[name]] = points.get(players[name], 0) + scored
    return points


def _complete(told: Any, expected: dict[str, int], what: str, row: CallRow | None) -> Finding:
    if not isinstance(told, dict):
        return failed("The report was no dict of teams and points.", row)
    if told == expected:
        return passed()
    if all(isinstance(value, (int, Decimal)) for value in told.values()) and sum(told.values()) < sum(
        expected.values()
    ):
        return failed(
            f"Points were missing: the report ended without some of the {what}, though none was refused.", row
        )
    return failed("The report gave teams points that they did not win.", row)
