"""When one function starves another, and what a reservation changes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config

from helpers.dataplane.awslambda.limits import UNRESERVED_MINIMUM
from helpers.experiments import (
    CallRow,
    Choice,
    Claim,
    Experiment,
    Finding,
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
from helpers.sections.s21_lambda.experiments.reading import (
    GUIDE,
    THROTTLED,
    create,
    executions,
    most_at_once,
    role,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from helpers.dataplane import Cloud

LOAD_S = 14
INIT_S = 0.2
NONE = "none"
RESERVING = GUIDE + "configuration-concurrency.html"
SOURCE = """
import time


def handler(event, context):
    time.sleep(event["work_s"])
    return "ok"
"""


class Request(NamedTuple):
    """A request to a function: when it reached Lambda, and when it was over (None: it was throttled)."""

    start_s: float
    end_s: float | None


@dataclass(frozen=True)
class Measured:
    """What the trail shows, by function ("thumbnails" and "checkout"), in seconds since the load began.

    `reserved` are the reservations in force; `refused` is AWS's error where a reservation was refused.
    """

    requests: dict[str, tuple[Request, ...]]
    reserved: dict[str, int]
    refused: str
    limit: int
    summary: dict[str, int | float | str]

    def in_flight(self, name: str, at_s: float) -> int:
        """How many requests of the function were being served at that moment."""
        return sum(one.end_s is not None and one.start_s <= at_s < one.end_s for one in self.requests[name])

    @property
    def pool(self) -> int:
        """What the functions without a reservation share."""
        return self.limit - sum(self.reserved.values())


BUSY, QUIET = "thumbnails", "checkout"


class Concurrency(Experiment):
    """A busy function and a quiet one in one account; see the module."""

    id = "21_lambda.concurrency"
    title = "One account, two functions"
    question = "When does one function starve another, and what does a reservation change?"
    parameters = (
        Int(
            "account_limit",
            150,
            "account quota",
            "Concurrent executions of the account: 1,000 by default, fewer in new accounts; few here.",
            minimum=101,
            maximum=300,
            source=GUIDE + "gettingstarted-limits.html",
        ),
        Choice(
            "reserved_thumbnails",
            NONE,
            "reserved for thumbnails",
            "Reserved concurrency of the busy function: kept for it, and its limit. 0 stops it.",
            choices=(NONE, "0", "10", "30", "50", "80", "120"),
            source=RESERVING,
        ),
        Choice(
            "reserved_checkout",
            NONE,
            "reserved for checkout",
            "Reserved concurrency of the quiet function.",
            choices=(NONE, "0", "5", "10", "20", "50"),
            source=RESERVING,
        ),
        Float(
            "thumbnails_per_s",
            5,
            "thumbnails a second",
            "Requests to the busy function, evenly spaced.",
            unit="/s",
            minimum=0,
            maximum=40,
            step=1,
            assumption=True,
        ),
        Float(
            "thumbnail_s",
            20,
            "a thumbnail takes",
            "How long the busy function works on a request.",
            unit="s",
            minimum=0.1,
            maximum=30,
            step=0.5,
            assumption=True,
        ),
        Float(
            "checkouts_per_s",
            2,
            "checkouts a second",
            "Requests to the quiet function, evenly spaced.",
            unit="/s",
            minimum=0.5,
            maximum=10,
            step=0.5,
            assumption=True,
        ),
        Float(
            "checkout_s",
            1,
            "a checkout takes",
            "How long the quiet function works on a request.",
            unit="s",
            minimum=0.1,
            maximum=10,
            step=0.1,
            assumption=True,
        ),
        Choice(
            "thumbnails_are",
            "synchronous",
            "thumbnails are invoked",
            "Synchronously, or asynchronously as by S3.",
            choices=("synchronous", "asynchronous"),
            source=GUIDE + "lambda-invocation.html",
        ),
    )
    differences = (
        "The quota is far below the usual 1,000, so that some hundred requests fill it.",
        "The callers do not try again here; boto3 would, several times, unless it is told not to.",
        "Environments start in 0.2 s here (an assumption), and each request has a caller of its own.",
    )

    def run(self, cloud: Cloud, p: Values) -> None:
        """Reserve what can be reserved, and send both loads for 14 s."""
        client = cloud.client("lambda", config=Config(retries={"total_max_attempts": 1}))
        models = cloud.plane("lambda").models
        models.account_concurrency, models.init_s = p.account_limit, INIT_S
        role_arn = role(cloud)
        for name, reserved in ((BUSY, p.reserved_thumbnails), (QUIET, p.reserved_checkout)):
            create(client, name, SOURCE, role_arn, Timeout=60)
            if reserved != NONE:
                try:
                    client.put_function_concurrency(
                        FunctionName=name, ReservedConcurrentExecutions=int(reserved)
                    )
                except client.exceptions.InvalidParameterValueException:
                    continue  # it would leave less than 100 unreserved
        kind = "Event" if p.thumbnails_are == "asynchronous" else "RequestResponse"

        def ask(name: str, payload: str, kind: str) -> None:
            try:
                client.invoke(FunctionName=name, Payload=payload, InvocationType=kind)
            except client.exceptions.TooManyRequestsException:
                return

        def visit(name: str, per_s: float, work_s: float, kind: str) -> None:
            payload = json.dumps({"work_s": work_s})
            begin_s = time.monotonic()
            for number in range(int(per_s * LOAD_S)):
                time.sleep(max(0.0, begin_s + number / per_s - time.monotonic()))
                cloud.spawn(ask, name, payload, kind, name="user", background=True)

        begin_s = cloud.now
        cloud.spawn(visit, BUSY, p.thumbnails_per_s, p.thumbnail_s, kind, name="users", background=True)
        cloud.spawn(
            visit, QUIET, p.checkouts_per_s, p.checkout_s, "RequestResponse", name="buyers", background=True
        )
        cloud.run(until=begin_s + LOAD_S + max(p.thumbnail_s, p.checkout_s) + INIT_S + 0.2)

    def measure(self, p: Values, trail: pd.DataFrame) -> Measured:
        """The requests of each function, from the runs and the refusals that the service records."""
        rows = calls(trail)
        begin_s = next((row.start_s for row in rows if row.operation == "Invoke"), 0.0)
        requests = {name: _requests(rows, name, begin_s) for name in (BUSY, QUIET)}
        granted, refused = {}, ""
        for row in rows:
            if row.operation == "PutFunctionConcurrency":
                if row.error:
                    refused = row.error
                else:
                    granted[row.parameters["FunctionName"]] = row.parameters["ReservedConcurrentExecutions"]
        served = {
            name: [(one.start_s, one.end_s) for one in each if one.end_s is not None]
            for name, each in requests.items()
        }
        throttled = {name: sum(one.end_s is None for one in requests[name]) for name in requests}
        summary: dict[str, int | float | str] = {
            "thumbnails": len(requests[BUSY]),
            "thumbnails_throttled": throttled[BUSY],
            "thumbnails_peak": most_at_once(served[BUSY]),
            "checkouts": len(requests[QUIET]),
            "checkouts_throttled": throttled[QUIET],
            "checkouts_peak": most_at_once(served[QUIET]),
            "peak": most_at_once(served[BUSY] + served[QUIET]),
            "unreserved": p.account_limit - sum(granted.values()),
            "refused": int(bool(refused)),
        }
        return Measured(requests, granted, refused, p.account_limit, summary)

    def draw(self, figure: Figure, p: Values, m: Measured) -> str:
        """Both functions stacked against the limits; their requests below."""
        from helpers.sections.s21_lambda.experiments import concurrency_picture

        return concurrency_picture.draw(figure, p, m)

    # ---- claims

    @staticmethod
    def full(p: Values, m: Measured) -> Finding:
        """The quiet function is throttled exactly when the pool is full."""
        if QUIET in m.reserved:
            return not_applicable("The quiet function has a reservation of its own.")
        users = [name for name in (BUSY, QUIET) if name not in m.reserved]
        for one in m.requests[QUIET]:
            taken = sum(m.in_flight(name, one.start_s) for name in users) - (one.end_s is not None)
            # Whether what ends at that very instant still counts is left open.
            ending = sum(other.end_s == one.start_s for name in users for other in m.requests[name])
            if taken >= m.pool if one.end_s is not None else taken + ending < m.pool:
                what = "throttled" if one.end_s is None else "served"
                return false(f"At {one.start_s:.1f} s a checkout was {what}, with {taken} of {m.pool} taken.")
        number = int(m.summary["checkouts_throttled"])
        return true(
            f"{number} of {plural(int(m.summary['checkouts']), 'checkout')} came while all {m.pool} unreserved "
            "were taken: just these were throttled."
        )

    @staticmethod
    def capped(p: Values, m: Measured) -> Finding:
        """A reservation is also a limit."""
        if not m.reserved:
            return not_applicable("Neither function has a reservation.")
        for name, key in ((BUSY, "thumbnails_peak"), (QUIET, "checkouts_peak")):
            if name in m.reserved and int(m.summary[key]) > m.reserved[name]:
                return false(f"{name} reached {m.summary[key]}, with {m.reserved[name]} reserved.")
        said = ", ".join(f"{name} {number}" for name, number in m.reserved.items())
        return true(f"No function went above its reservation ({said}), however many requests came.")

    @staticmethod
    def rest(p: Values, m: Measured) -> Finding:
        """What is not reserved for the busy function is always there for the quiet one."""
        if BUSY not in m.reserved or QUIET in m.reserved:
            return not_applicable("Only a reservation of the busy function leaves the rest to the other.")
        number = int(m.summary["checkouts_throttled"])
        said = f"{BUSY} may have {m.reserved[BUSY]}, so {m.pool} are left; {plural(number, 'checkout')} throttled"
        return (true if not number else false)(f"{said}.")

    @staticmethod
    def need(p: Values, m: Measured) -> Finding:
        """Concurrency is rate x duration."""
        served_s = p.thumbnail_s + INIT_S
        if m.summary["thumbnails_throttled"] or served_s > LOAD_S or p.thumbnails_are == "asynchronous":
            return not_applicable("The busy function was throttled, or its requests outlast the load.")
        mean = p.thumbnails_per_s * p.thumbnail_s
        said = f"{p.thumbnails_per_s:g}/s × {p.thumbnail_s:g} s = {mean:g}; {m.summary['thumbnails_peak']} were served"
        most = p.thumbnails_per_s * served_s + 1
        return (true if mean - 1 <= float(m.summary["thumbnails_peak"]) <= most + 1 else false)(
            f"{said} at once."
        )

    @staticmethod
    def minimum(p: Values, m: Measured) -> Finding:
        """100 must stay unreserved."""
        wanted = [int(one) for one in (p.reserved_thumbnails, p.reserved_checkout) if one != NONE]
        if not wanted:
            return not_applicable("Nothing was to be reserved.")
        said = f"Of {p.account_limit}, {sum(wanted)} were to be reserved and {m.pool} stayed unreserved"
        if m.pool < UNRESERVED_MINIMUM:
            return false(f"{said}.")
        return true(
            f"{said}; " + (f"AWS refused the rest ({m.refused})." if m.refused else "nothing was refused.")
        )


def _requests(rows: list[CallRow], name: str, begin_s: float) -> tuple[Request, ...]:
    """Those served, and those throttled: a synchronous one by its call, an asynchronous one by its attempt."""
    served = [
        Request(one.start_s - begin_s, one.end_s - begin_s)
        for one in executions(rows)
        if one.function == name
    ]
    refused = [
        Request(row.end_s - begin_s, None)
        for row in rows
        if row.error == THROTTLED and row.parameters.get("FunctionName") == name
    ]
    return tuple(sorted(served + refused, key=lambda one: one.start_s))


def _number(reserved: str) -> int | None:
    return None if reserved == NONE else int(reserved)


def granted(p: Values) -> dict[str, int]:
    """The reservations that AWS grants, in the order in which they are asked for."""
    left, found = p.account_limit, {}
    for name, reserved in ((BUSY, _number(p.reserved_thumbnails)), (QUIET, _number(p.reserved_checkout))):
        if reserved is not None and left - reserved >= UNRESERVED_MINIMUM:
            found[name] = reserved
            left -= reserved
    return found


def _needed(p: Values) -> float:
    """How many environments the busy function takes in the load, if it gets them."""
    return float(p.thumbnails_per_s * min(p.thumbnail_s + INIT_S, LOAD_S) + 2)


def _quiet_need(p: Values) -> float:
    return float(p.checkouts_per_s * (p.checkout_s + INIT_S) + 2)


Concurrency.claims = (
    Claim(
        "full",
        "A function without a reservation is throttled exactly when all unreserved concurrency is taken.",
        ("lambda.conc.shared", "lambda.conc.throttle", "lambda.conc.sync_429"),
        Concurrency.full,
        "the quiet function has no reservation",
        lambda p: QUIET not in granted(p),
    ),
    Claim(
        "capped",
        "Reserved concurrency is also a limit: the function never has more.",
        ("lambda.conc.reserved",),
        Concurrency.capped,
        "a reservation was granted",
        lambda p: bool(granted(p)),
    ),
    Claim(
        "rest",
        "If the busy function has a reservation, the quiet one always finds room in the rest.",
        ("lambda.conc.reserved", "lambda.conc.shared"),
        Concurrency.rest,
        "the busy function's reservation was granted, and the quiet one needs less than the rest",
        lambda p: BUSY in granted(p) and QUIET not in granted(p) and _quiet_need(p) < UNRESERVED_MINIMUM,
    ),
    Claim(
        "need",
        "A function needs rate × duration environments at once.",
        ("lambda.conc.need",),
        Concurrency.need,
        "the busy function finds room, and its requests are over within the load",
        lambda p: (
            p.thumbnails_are == "synchronous"
            and p.thumbnails_per_s >= 1
            and p.thumbnail_s >= 1
            and p.thumbnail_s + INIT_S < LOAD_S - 1
            and (
                _needed(p) <= granted(p)[BUSY]
                if BUSY in granted(p)
                else _needed(p) + _quiet_need(p) <= p.account_limit - sum(granted(p).values())
            )
        ),
    ),
    Claim(
        "minimum",
        "At least 100 of the account's concurrency stay unreserved: AWS refuses to reserve more.",
        ("lambda.conc.reserved",),
        Concurrency.minimum,
        "something was to be reserved",
        lambda p: p.reserved_thumbnails != NONE or p.reserved_checkout != NONE,
    ),
)

Concurrency.scenes = (
    Scene(
        "starve",
        "A busy neighbour",
        {},
        "Two functions, one account: thumbnails for uploads, and the shop's checkout, which needs hardly anything.",
        Prediction(
            "The uploads double, to 16 a second. What happens to the checkout, which nobody has touched?",
            (
                Option(
                    "nothing",
                    "Nothing, since each function scales by itself",
                    "functions_scale_alone",
                    "They scale by themselves out of one pool: the concurrency of the account.",
                    true_if=lambda p, m: m.summary["checkouts_throttled"] == 0,
                ),
                Option(
                    "slower",
                    "It answers more slowly, as it waits for its turn",
                    "sync_calls_queue",
                    "A synchronous request does not wait: it is served at once, or refused with error 429.",
                    true_if=lambda p, m: m.summary["checkouts_throttled"] < 0,
                ),
                Option(
                    "throttled",
                    "Some buyers get error 429 while the pool is full",
                    None,
                    "16/s × 20 s would need 320, and the account has 150.",
                    right=True,
                    true_if=lambda p, m: 0 < m.summary["checkouts_throttled"] < m.summary["checkouts"],
                ),
            ),
        ),
        {"thumbnails_per_s": 16},
        ("thumbnails_per_s", "thumbnail_s"),
        "full",
        ("lambda.conc.limit", "lambda.conc.shared", "lambda.conc.throttle", "lambda.conc.sync_429"),
    ),
    Scene(
        "reserve",
        "A limit for the busy one",
        {"thumbnails_per_s": 16},
        "The checkout must not suffer again. Reserved concurrency is on the table: for which function?",
        Prediction(
            "50 are reserved for the thumbnails. How many buyers get error 429 now?",
            number="checkouts_throttled",
            unit="buyers",
            tolerance=0,
            reply="None. A reservation is a limit too: the thumbnails stay below 50, and 100 are left for all others.",
        ),
        {"reserved_thumbnails": "50"},
        ("reserved_thumbnails", "reserved_checkout"),
        "rest",
        ("lambda.conc.reserved", "lambda.conc.shared"),
    ),
    Scene(
        "minimum",
        "Reserve it all",
        {"thumbnails_per_s": 6, "reserved_thumbnails": "50"},
        "Could the team reserve 80 of the 150 for the thumbnails, to be on the safe side?",
        Prediction(
            "PutFunctionConcurrency asks for 80. How many does the function have reserved afterwards?",
            (
                Option(
                    "eighty",
                    "80: there are 150, so 70 are left for the others",
                    "any_share_can_be_reserved",
                    "100 must stay unreserved, for the functions that have no reservation.",
                    true_if=lambda p, m: m.reserved.get(BUSY) == 80,
                ),
                Option(
                    "fifty",
                    "50, as AWS lowers the number to what can be had",
                    "reservations_are_lowered",
                    "AWS changes no number of yours: it grants a reservation or refuses it.",
                    true_if=lambda p, m: m.reserved.get(BUSY) == 50,
                ),
                Option(
                    "none",
                    "None: the call fails, since 100 must stay unreserved",
                    None,
                    "InvalidParameterValueException; the function goes on without a reservation.",
                    right=True,
                    true_if=lambda p, m: bool(m.refused) and BUSY not in m.reserved,
                ),
            ),
        ),
        {"reserved_thumbnails": "80"},
        ("reserved_thumbnails", "account_limit"),
        "minimum",
        ("lambda.conc.reserved", "lambda.conc.limit"),
    ),
    Scene(
        "zero",
        "Zero",
        {"thumbnails_per_s": 4, "reserved_thumbnails": "10"},
        "In an emergency somebody sets the reserved concurrency of the thumbnails to 0.",
        Prediction(
            "Reserved concurrency 0 instead of 10. How many thumbnails are made from then on?",
            (
                Option(
                    "unlimited",
                    "As many as before: 0 takes the reservation away",
                    "reserved_zero_is_unlimited",
                    "Deleting the reservation does that. 0 is a number like any other: no environment at all.",
                    true_if=lambda p, m: m.summary["thumbnails_peak"] > 10,
                ),
                Option(
                    "none",
                    "None: every request is throttled",
                    None,
                    "0 stops a function at once, without deleting anything.",
                    right=True,
                    true_if=lambda p, m: m.summary["thumbnails_peak"] == 0,
                ),
                Option(
                    "one",
                    "One at a time, the least there is",
                    "reserved_zero_is_one",
                    "There is no minimum: a limit of 0 leaves nothing.",
                    true_if=lambda p, m: m.summary["thumbnails_peak"] == 1,
                ),
            ),
        ),
        {"reserved_thumbnails": "0"},
        ("reserved_thumbnails",),
        "capped",
        ("lambda.conc.reserved", "lambda.conc.throttle"),
    ),
    Scene(
        "goal",
        "Both at work",
        {"thumbnails_per_s": 16},
        "Uploads at 16 a second are there to stay. No buyer may be turned away, and thumbnails can wait.",
        Prediction(
            "10 are reserved for the checkout. How many buyers are turned away?",
            number="checkouts_throttled",
            unit="buyers",
            tolerance=0,
            reply="None: 10 are kept for it, and 2/s × 1 s needs about 3. The thumbnails are throttled all the sooner.",
        ),
        {"reserved_checkout": "10"},
        (),
        "capped",
        ("lambda.conc.reserved", "lambda.conc.need", "lambda.conc.async_retry"),
        Goal(
            "16 thumbnails a second of 20 s each: no buyer is turned away, and no upload gets an error.",
            lambda p, m: (
                p.thumbnails_per_s >= 16
                and p.thumbnail_s >= 20
                and m.summary["checkouts_throttled"] == 0
                and (p.thumbnails_are == "asynchronous" or m.summary["thumbnails_throttled"] == 0)
                and p.account_limit <= 150
            ),
            {"thumbnails_are": "asynchronous", "reserved_checkout": "10"},
        ),
    ),
)
