"""Logs Insights: what the commands, functions and operators of a query give."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.cloud import NotMocked, ServiceError
from helpers.dataplane.cloudwatch.logs.insights.events import discovered
from helpers.dataplane.cloudwatch.logs.insights.parser import parse
from helpers.dataplane.cloudwatch.logs.insights.run import run
from helpers.dataplane.cloudwatch.logs.insights.scope import Row, Window
from helpers.dataplane.cloudwatch.logs.insights.values import Instant, natural

NOON_MS = 1_767_614_400_000  # 2026-01-05 12:00:00 UTC
WINDOW = Window(NOON_MS // 1000, NOON_MS - 3_600_000, NOON_MS)

REPORT = (
    "REPORT RequestId: 8f507cfc-1111-4222-8333-0123456789ab\tDuration: 12.50 ms\tBilled Duration: 13 ms\t"
    "Memory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 250.00 ms"
)


def ask(query: str, *messages: str, group: str = "g", step_ms: int = 60_000) -> list[dict[str, str]]:
    """The result's rows without @ptr, for messages that came every minute up to noon."""
    rows = []
    for number, message in enumerate(messages):
        at = NOON_MS - (len(messages) - 1 - number) * step_ms
        system: dict[str, Any] = {"@timestamp": Instant(at), "@message": message, "@logStream": "s"}
        rows.append(Row(discovered(message, group) | system | {"@ptr": str(number)}))
    result = run(parse(query, WINDOW), rows, None)
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in result.rows]


def value(expression: str, message: str = "{}") -> str | None:
    """What an expression gives for one event; None if nothing."""
    return ask(f"fields {expression} as x", message)[0].get("x")


LINES = (
    '{"level": "INFO", "ms": 10, "user": {"id": "u1"}, "tags": ["a", "b"], "ok": true}',
    '{"level": "ERROR", "ms": 200, "user": {"id": "u2"}}',
    '{"level": "WARN", "ms": "30", "user": {"id": "u1"}}',
    "plain text with ERROR",
)


def test_fields_are_discovered_in_json_events() -> None:
    shown = ask("fields level, user.id, tags.1, ok, missing | sort @timestamp asc", *LINES)
    assert shown == [
        {"level": "INFO", "user.id": "u1", "tags.1": "b", "ok": "1"},
        {"level": "ERROR", "user.id": "u2"},
        {"level": "WARN", "user.id": "u1"},
        {},
    ]
    assert ask("fields n", 'prefix {"n": 1} {"n": 2}') == [{"n": "1"}]
    assert ask("fields @@type", '{"@type": "t"}') == [{"@@type": "t"}]
    many = "{" + ", ".join(f'"f{n}": {n}' for n in range(300)) + "}"
    assert ask("fields f199, f200", many) == [{"f199": "199"}]


def test_fields_of_lambda_s_lines() -> None:
    query = "fields @type, @requestId, @duration, @billedDuration, @initDuration, @memorySize, @maxMemoryUsed"
    request = "8f507cfc-1111-4222-8333-0123456789ab"
    [found] = ask(query, REPORT, group="/aws/lambda/f")
    assert found == {
        "@type": "REPORT",
        "@requestId": request,
        "@duration": "12.5",
        "@billedDuration": "13",
        "@initDuration": "250",
        "@memorySize": "128000000",
        "@maxMemoryUsed": "40000000",
    }
    start = f"START RequestId: {request} Version: $LATEST"
    assert ask(query, start, group="/aws/lambda/f") == [{"@type": "START", "@requestId": request}]
    own = f"[INFO]\t2026-01-05T12:00:00.000Z\t{request}\tdone"
    assert ask(query, own, group="/aws/lambda/f") == [{"@requestId": request}]
    assert ask(query, REPORT, group="g") == [{}]


def test_usual_columns_and_order() -> None:
    assert ask("filter ms > 20", *LINES) == [
        {"@timestamp": "2026-01-05 11:59:00.000", "@message": LINES[2]},
        {"@timestamp": "2026-01-05 11:58:00.000", "@message": LINES[1]},
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("level = 'ERROR'", [1]),
        ('level != "ERROR"', [0, 2, 3]),
        ("ms >= 30", [1, 2]),
        ("ms < 30 or ms = 200", [0, 1]),
        ("not (ms >= 30)", [0, 3]),
        ("ms > 5 and not level like /ERR/", [0, 2]),
        ("@message like 'ERROR'", [1, 3]),
        ("@message like 'error'", []),
        ("@message like /(?i)error/", [1, 3]),
        ("@message not like /ERROR/", [0, 2]),
        ("@message =~ /ER+OR$/", [3]),
        ("level in ['INFO', \"WARN\"]", [0, 2]),
        ("level not in ['INFO', 'WARN']", [1, 3]),
        ("ms in [10, 30]", [0, 2]),
        ("ispresent(level) and not ok", [1, 2]),
        ("ok = true", [0]),
        ("missing > 1", []),
        ("ms / 10 = 20", [1]),
    ],
)
def test_conditions_of_filter(condition: str, found: list[int]) -> None:
    for command in ("filter", "where"):
        shown = ask(f"fields @message | {command} {condition} | sort @timestamp asc", *LINES)
        assert [LINES.index(row["@message"]) for row in shown] == found


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("2 ^ 3 ^ 2", "512"),
        ("10 % 3", "1"),
        ("-2 + 5", "3"),
        ("7 / 2", "3.5"),
        ("1 / 0", None),
        ("abs(-2.5)", "2.5"),
        ("ceil(2.1)", "3"),
        ("floor(2.9)", "2"),
        ("round(2.5)", "3"),
        ("round(2.345, 2)", "2.35"),
        ("greatest(1, 3, 2)", "3"),
        ("least(4, '3')", "3"),
        ("sqrt(9)", "3"),
        ("log(1)", "0"),
        ("sqrt(-1)", None),
        ("toInt('12')", "12"),
        ("concat('a', 1, 'b')", "a1b"),
        ("strlen('h\u00e9')", "2"),
        ("messageSize('h\u00e9')", "3"),
        ("toupper('ab')", "AB"),
        ("tolower('AB')", "ab"),
        ("trim('xyZfooxyZ', 'xyZ')", "foo"),
        ("ltrim('  a ')", "a "),
        ("rtrim('xyZfooxyxyZ', 'xyZ')", "xyZfoo"),
        ("substr('xyZfooxyZ', 3, 3)", "foo"),
        ("substr('xyZfoo', 3)", "foo"),
        ("replace('smoke_test', 'smoke', 'Smoke')", "Smoke_test"),
        ("regexReplace('a1b22', '[0-9]+', '#')", "a#b#"),
        ("strcontains('abc', 'b')", "1"),
        ("isempty(missing)", "1"),
        ("isblank('  ')", "1"),
        ("ispresent(missing)", "0"),
        ("isNumeric('1.5')", "1"),
        ("coalesce(missing, 'b')", "b"),
        ("if(1 < 2, 'yes', 'no')", "yes"),
        ("case(1 > 2, 'a', 2 > 1, 'b', 'c')", "b"),
        ("case(1 > 2, 'a', 'c')", "c"),
        ("toupper(missing)", None),
        ("isIpv4InSubnet('192.0.2.7', '192.0.2.0/24')", "1"),
        ("isValidIpV6('192.0.2.7')", "0"),
        ("'a' = 'a'", "1"),
        ("now()", str(NOON_MS // 1000)),
        ("queryTimeRange()", "3600000"),
        ("toMillis(@timestamp)", str(NOON_MS)),
        ("fromMillis(1500)", "1970-01-01 00:00:01.500"),
        ("jsonArraySize('[1, 2]')", "2"),
        ("jsonArrayContains('[\"a\"]', 'a')", "1"),
    ],
)
def test_functions_and_operators(expression: str, result: str | None) -> None:
    assert value(expression) == result


def test_maps_and_lists() -> None:
    message = '{"text": "{\\"a\\": {\\"b.c\\": [1, {\\"d\\": 2}]}}"}'
    for name in ("m.a.`b.c`[1].d", "m.a.b.c.1.d"):
        assert ask(f"fields jsonParse(text) as m | display {name} as x", message) == [{"x": "2"}]
    assert ask("fields jsonParse(text) as m | display toupper(m) as x", message) == [{}]
    assert ask("display jsonStringify(jsonParse('[1, 2]')) as x", message) == [{"x": "[1,2]"}]


def test_periods_are_capped_by_their_unit() -> None:
    assert value("bin(5m)") == "2026-01-05 12:00:00.000"
    times = [
        ask(f"stats count(*) as n by bin({period})", *"abcd", step_ms=90_000)
        for period in ("300s", "5m", "5min")
    ]
    assert [len(each) for each in times] == [4, 2, 2]
    assert value("datefloor(fromMillis(3599000), 1h)") == "1970-01-01 00:00:00.000"
    assert value("dateceil(fromMillis(1000), 1h)") == "1970-01-01 01:00:00.000"


def test_parse_with_glob_and_regex() -> None:
    line = "user=ann, method:GET, latency := 120"
    glob = 'parse @message "user=*, method:*, latency := *" as @user, @method, @latency'
    glob += " | display @user, @method, @latency"
    assert ask(glob, line, "other") == [{}, {"@user": "ann", "@method": "GET", "@latency": "120"}]
    regex = r"parse @message /user=(?<user2>\w+), method:(?<method2>.*?), latency := (?<latency2>\d+)/"
    assert ask(f"{regex} | stats avg(latency2) by method2, user2", line) == [
        {"method2": "GET", "user2": "ann", "avg(latency2)": "120"}
    ]
    assert ask("parse '[*] *' as kind, said | display said, kind = 'ERROR' as isError", "[ERROR] no") == [
        {"said": "no", "isError": "1"}
    ]
    assert ask(r"parse @message /(\d+)-(\d+)/ as a, b | display b, a", "12-34") == [{"b": "34", "a": "12"}]


def test_stats_by_field_and_bin() -> None:
    shown = ask(
        "stats count(*) as n, count(ms), sum(ms), avg(ms), min(ms), max(ms) by user.id | sort n desc", *LINES
    )
    assert shown[0] == {
        "user.id": "u1", "n": "2", "count(ms)": "2", "sum(ms)": "40", "avg(ms)": "20", "min(ms)": "10", "max(ms)": "30",
    }  # fmt: skip
    assert shown[1:] == [
        {"n": "1", "count(ms)": "0"},
        {"user.id": "u2", "n": "1", "count(ms)": "1"}
        | dict.fromkeys(("sum(ms)", "avg(ms)", "min(ms)", "max(ms)"), "200"),
    ]  # fmt: skip
    assert ask("stats count(*) as n by bin(2m) | sort `bin(2m)`", *LINES) == [
        {"bin(2m)": "2026-01-05 11:56:00.000", "n": "1"},
        {"bin(2m)": "2026-01-05 11:58:00.000", "n": "2"},
        {"bin(2m)": "2026-01-05 12:00:00.000", "n": "1"},
    ]


def test_stats_functions() -> None:
    numbers = [f'{{"n": {n}, "name": "x{n}"}}' for n in (1, 2, 3, 4, 100)]
    [found] = ask(
        "stats pct(n, 50) as p50, pct(n, 95) as p95, stddev(n) as dev, variance(n) as var, countDistinct(name) as d, "
        "count_distinct(missing) as none, earliest(n) as first, latest(name) as last, sortsFirst(name) as low, "
        "values(name) as all, p95 - p50 as spread",
        *numbers,
    )
    assert found == {
        "p50": "3", "p95": "100", "dev": found["dev"], "var": "1522", "d": "5", "none": "0", "first": "1",
        "last": "x100", "low": "x1", "all": '["x100","x4","x3","x2","x1"]', "spread": "97",
    }  # fmt: skip
    assert float(found["dev"]) == pytest.approx(1522**0.5)
    assert ask("stats count(*), sum(n)") == [{"count(*)": "0"}]


def test_stats_of_stats() -> None:
    query = """
        FIELDS strlen(@message) AS message_length  # a comment
        | STATS sum(message_length) / 2 as half BY bin(2m) as @t
        | STATS max(half) AS peak, min(half) AS low, avg(half) as mean by dateceil(@t, 1h) as hour
    """
    assert ask(query, "aa", "bbbb", "cc", "dddddd") == [
        {"hour": "2026-01-05 12:00:00.000", "peak": "3", "low": "1", "mean": f"{7 / 3:.15g}"}
    ]


def test_sort_is_natural() -> None:
    texts = ["!", "#", "*%04", "0#", "5A", "111A", "2345_", "@", "@_", "A", "A9876fghj", "a12345hfh"]
    texts += ["0", "01", "1", "2", "3"]
    assert sorted(texts[8:] + texts[:8], key=natural) == texts
    shown = ask("fields ms | sort ms desc, level", *LINES)
    assert [row.get("ms") for row in shown] == ["200", "30", "10", None]


def test_limit_and_dedup() -> None:
    assert ask("fields level | limit 2", *LINES) == [{}, {"level": "WARN"}]
    assert ask("fields user.id as u, level | sort @timestamp asc | dedup u | limit 3", *LINES) == [
        {"u": "u1", "level": "INFO"},
        {"u": "u2", "level": "ERROR"},
        {},
    ]
    assert len(ask("fields @message", *["x"] * 10_001, step_ms=1)) == 10_000
    assert len(ask("limit 10001", *["x"] * 10_001, step_ms=1)) == 10_001


def test_display_shows_the_last_alone() -> None:
    assert ask("fields level | fields ms | display user.id | display ms", LINES[0]) == [{"ms": "10"}]
    assert ask("fields level | fields ms + 1 as more", LINES[0]) == [{"level": "INFO", "more": "11"}]


@pytest.mark.parametrize(
    ("query", "place", "said"),
    [
        ("", (1, 1), "A command must stand here, found the end of the query"),
        ("fields @message | ", (1, 19), "A command must stand here, found the end of the query"),
        ("fields a\n| filtr b", (2, 3), "A command must stand here, found 'filtr'"),
        ("fields a b", (1, 10), "The command fields ends here, so a pipe must follow, found 'b'"),
        (
            "filter a = ",
            (1, 12),
            "A field, a value or a function must stand here, found the end of the query",
        ),
        ("filter (a = 1", (1, 14), "The bracket needs ')' here, found the end of the query"),
        ("filter a like b", (1, 15), "Here must be a string or a regular expression, found 'b'"),
        (
            "filter a =~ /(/",
            (1, 13),
            "The regular expression is not valid (missing ), unterminated subpattern), found '('",
        ),
        (
            "filter count(*) > 1",
            (1, 8),
            "This function belongs into stats; name its result there with as, found 'count'",
        ),
        ("stats level by x", (1, 7), "stats needs a function such as count(*) here, found 'level'"),
        ("stats sum(avg(x))", (1, 11), "A function of stats cannot stand in another one, found 'avg'"),
        ("stats count(*) by bin(5)", (1, 23), "bin needs a period such as 5m, found '5'"),
        (
            "stats count(*) as n | stats max(@message)",
            (1, 33),
            "The stats before does not define @message, found '@message'",
        ),
        (
            "stats count(*) as n by x | stats avg(n) by bin(5m)",
            (1, 44),
            "The stats before does not define @timestamp, found 'bin'",
        ),
        ("sort a | stats count(*)", (1, 10), "sort must come after the last stats, found 'stats'"),
        ("dedup a | fields b", (1, 11), "Only limit may come after dedup, found 'fields'"),
        ("limit 100001", (1, 7), "limit needs a whole number from 1 to 100,000, found '100001'"),
        ("parse @message '* *' as a", (1, 16), "2 wildcards cannot become 1 fields, found \"'* *'\""),
        ("fields nope(a)", (1, 8), "There is no such function, found 'nope'"),
        ("fields abs()", (1, 8), "This function does not take 0 arguments, found 'abs'"),
        ("filter a ~ 1", (1, 10), "Unexpected symbol '~'"),
        (
            " | ".join(["stats count(*) as n"] * 11),
            (1, 221),
            "A query has at most 10 stats commands, found 'stats'",
        ),
    ],
)
def test_bad_queries_are_refused(query: str, place: tuple[int, int], said: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse(query, WINDOW)
    message = f"{said} (line {place[0]}, position {place[1]})."
    assert (caught.value.code, caught.value.message) == ("MalformedQueryException", message)


@pytest.mark.parametrize(
    "query", ["pattern @message", "fields haversine(1, 2, 3, 4)", "stats count(*) by bin(1mo)"]
)
def test_what_is_left_out_says_so(query: str) -> None:
    with pytest.raises(NotMocked, match="Logs Insights here has no"):
        parse(query, WINDOW)
