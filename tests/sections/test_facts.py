"""Facts: well-formed, each with a source, core ones few; and what older notes say stands apart from what is true."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import jsonschema
import pytest
import yaml

from helpers.experiments import catalog
from helpers.sections.data import FOLDER, SectionError, section_ids
from helpers.sections.facts import Fact, Older, Show, find_fact, load_facts

SCHEMA = json.loads((FOLDER / "schema" / "facts.schema.json").read_text(encoding="utf-8"))
BUILT = [section for section in section_ids() if load_facts(section)]
FACTS = [fact for section in BUILT for fact in load_facts(section)]
MOST_CORE = 30
STATIONS = {
    "18_sqs": ["queue", "visibility", "dlq", "polling", "time", "fifo", "scale", "security"],
    "21_lambda": ["invoke", "async", "queue", "stream", "scale", "cost", "access", "package", "release"],
    "22_dynamodb": ["keys", "units", "throttle", "read", "index", "write", "stream", "cache", "operate"],
}

# The services whose calls show facts of a section: its own first, then those that it works with.
SERVICES = {
    "18_sqs": ["sqs"],
    "21_lambda": [
        "lambda", "sqs", "kinesis", "logs", "cloudwatch", "elbv2", "application-autoscaling", "cloudformation",
    ],
    "22_dynamodb": ["dynamodb", "dynamodbstreams", "lambda", "s3", "iam"],
}  # fmt: skip


def as_json(value: object) -> object:
    return json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("s*/facts.yaml")), ids=lambda path: path.parent.name)
def test_the_file_follows_the_schema(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    entries = as_json(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(entries)] == []


def test_the_schema_refuses_what_is_wrong() -> None:
    good = as_json(yaml.safe_load((FOLDER / "s18_sqs" / "facts.yaml").read_text(encoding="utf-8")))[0]
    check = jsonschema.Draft202012Validator(SCHEMA)
    assert check.is_valid([good])
    for change in (
        {"verdict": "outdated"},  # without `older`
        {"older": {"claim": "It was not so.", "note": "never true"}},  # though it holds
        {"source": "https://example.com/x.html"},
        {"unit": "s"},  # of no value
        {"level": "important"},
        {"statement": "No full stop at the end"},
    ):
        assert not check.is_valid([{**good, **change}]), change


@pytest.mark.parametrize("section", BUILT)
def test_stations_are_those_of_the_notebook_in_its_order(section: str) -> None:
    stations = list(dict.fromkeys(fact.station for fact in load_facts(section)))
    assert stations == STATIONS[section]


@pytest.mark.parametrize("section", BUILT)
def test_few_facts_are_core_and_each_station_has_some(section: str) -> None:
    core = Counter(fact.station for fact in load_facts(section) if fact.level == "core")
    assert core.total() <= MOST_CORE
    assert list(core) == STATIONS[section]


def test_what_shows_a_fact_is_an_experiment_that_exists_or_a_call() -> None:
    shown = {fact.id: fact.show.ref for fact in FACTS if fact.show.kind == "experiment"}
    assert {id_: ref for id_, ref in shown.items() if ref not in catalog()} == {}
    others = [fact for fact in FACTS if fact.show.kind != "experiment"]
    assert [fact.id for fact in others if bool(fact.show.ref) != (fact.show.kind == "call")] == []


@pytest.mark.parametrize("section", BUILT)
def test_a_call_that_shows_a_fact_is_one_of_boto3s(section: str) -> None:
    import boto3

    clients = [boto3.client(service, region_name="eu-central-1") for service in SERVICES[section]]
    calls = {fact.show.ref for fact in load_facts(section) if fact.show.kind == "call"}
    assert {call for call in calls if not any(hasattr(client, call) for client in clients)} == set()
    assert all(any(hasattr(client, call) for call in calls) for client in clients), (
        "a service that shows nothing"
    )


@pytest.mark.parametrize("fact", [pytest.param(one, id=one.id) for one in FACTS if one.older])
def test_what_older_notes_say_does_not_stand_in_what_is_true(fact: Fact) -> None:
    assert fact.older is not None
    assert fact.older.claim.rstrip(".") not in fact.statement
    for number in re.findall(r"\d[\d,.]*\d|\d", fact.older.claim):
        assert not re.search(rf"(?<![\d,.]){re.escape(number)}(?![\d,.]*\d)", fact.statement), (
            "the old value stands there"
        )


def test_a_value_lies_in_its_range() -> None:
    outside = []
    for fact in FACTS:
        if fact.range and all(isinstance(bound, int | float) for bound in (*fact.range, fact.value)):
            low, high = fact.range
            if not low <= fact.value <= high:  # type: ignore[operator]  # all three are numbers here
                outside.append(fact.id)
    assert outside == []


# What AWS's pages say, read again by hand: a slip in the file shows here.
NUMBERS: dict[str, dict[str, tuple[object, object]]] = {
    "18_sqs": {
        "sqs.visibility.default": (30, (0, 43_200)),
        "sqs.visibility.range": (12 * 3600, (0, 43_200)),
        "sqs.standard.retention_default": (4 * 86_400, (60, 14 * 86_400)),
        "sqs.standard.size": (1024 * 1024, (1, 1_048_576)),
        "sqs.delay.max": (15 * 60, (0, 900)),
        "sqs.delay.default": (0, (0, 900)),
        "sqs.longpoll.range": (20, (1, 20)),
        "sqs.consume.max10": (10, (1, 10)),
        "sqs.produce.batch_max": (10, (1, 10)),
        "sqs.produce.attributes_max": (10, None),
        "sqs.dlq.maxreceive_default": (10, None),
        "sqs.fifo.dedup_window": (5 * 60, None),
        "sqs.fifo.throughput_plain": (300, None),
        "sqs.fifo.throughput_batch": (300 * 10, None),
        "sqs.fifo.high_throughput": (70_000, (2_400, 70_000)),
        "sqs.fifo.inflight": (120_000, None),
        "sqs.visibility.inflight_full": (120_000, None),
        "sqs.dlq.redrive_limits": (500, None),
        "sqs.security.data_key_reuse": (5 * 60, (60, 86_400)),
    },
    "21_lambda": {
        "lambda.sync.function_error": (200, None),
        "lambda.sync.payload": (6, None),
        "lambda.url.auth_stream": (200, None),
        "lambda.perf.timeout": (15 * 60, (1, 15 * 60)),
        "lambda.perf.tmp_size": (10 * 1024, (512, 10 * 1024)),
        "lambda.async.who": (202, None),
        "lambda.async.tries": (1 + 2, (1, 1 + 2)),
        "lambda.async.waits": (60, None),
        "lambda.async.throttle_retry": (6 * 3600, (60, 6 * 3600)),
        "lambda.async.throttle_backoff": (5 * 60, (1, 5 * 60)),
        "lambda.async.age": (6 * 3600, (60, 6 * 3600)),
        "lambda.async.payload": (1, None),
        "lambda.sqs.batch": (10_000, (1, 10_000)),
        "lambda.sqs.window": (5 * 60, (0, 5 * 60)),
        "lambda.sqs.visibility6": (6, None),
        "lambda.sqs.redrive": (5, None),
        "lambda.scale.sqs_rate": (300, None),
        "lambda.scale.sqs_max": (1_250, None),
        "lambda.sqs.max_concurrency": (1_000, (2, 1_000)),
        "lambda.stream.default_batch": (100, (1, 10_000)),
        "lambda.stream.parallel": (10, (1, 10)),
        "lambda.stream.options": (-1, (-1, 10_000)),
        "lambda.stream.tumbling": (15 * 60, (0, 15 * 60)),
        "lambda.conc.need": (round(5_000 * 0.2), None),
        "lambda.conc.limit": (1_000, None),
        "lambda.conc.new_accounts": (100, None),
        "lambda.conc.sync_429": (429, None),
        "lambda.conc.rate": (1_000, None),
        "lambda.conc.rps": (10, None),
        "lambda.cold.what": (10, None),
        "lambda.prov.version_only": (10, None),
        "lambda.cost.free_requests": (1_000_000, None),
        "lambda.cost.free_compute": (400_000, None),
        "lambda.cost.per_request": (0.2, None),
        "lambda.cost.per_duration": (round(1 / 0.00001667, -4), None),
        "lambda.perf.ram": (10 * 1024, (128, 10 * 1024)),
        "lambda.perf.vcpu": (1_769, None),
        "lambda.env.size": (4 * 1024, None),
        "lambda.zip.50": (50, None),
        "lambda.zip.250": (250, None),
        "lambda.layer.reuse": (5, None),
        "lambda.img.size": (10, None),
    },
    "22_dynamodb": {
        "dynamodb.table.item_size": (400, None),
        "dynamodb.key.length": (2 * 1024, (1, 2 * 1024)),
        "dynamodb.unit.wcu": (1, None),
        "dynamodb.unit.rcu": (4, None),
        "dynamodb.unit.strong": (2, None),
        "dynamodb.unit.transactional": (2, None),
        "dynamodb.unit.query_sum": (4 + 8, None),
        "dynamodb.unit.missing": (1 / 2, None),
        "dynamodb.mode.ondemand_price": (35, None),
        "dynamodb.mode.switch": (4, None),
        "dynamodb.mode.burst": (5 * 60, None),
        "dynamodb.mode.backoff": (50, None),
        "dynamodb.mode.autoscaling": (70, (20, 90)),
        "dynamodb.mode.ondemand_no_throttle": (2, None),
        "dynamodb.unit.even_partitions": (1_000, None),
        "dynamodb.throttle.reasons": (600 * 20 // 4, None),
        "dynamodb.query.limit": (1, None),
        "dynamodb.scan.rcu": (1024 // 4 // 2, None),
        "dynamodb.scan.parallel": (1_000_000, (1, 1_000_000)),
        "dynamodb.batch.get": (100, (1, 100)),
        "dynamodb.batch.write": (25, (1, 25)),
        "dynamodb.lsi.max": (5, None),
        "dynamodb.lsi.collection": (10, None),
        "dynamodb.gsi.max": (20, None),
        "dynamodb.gsi.multi_key": (4, None),
        "dynamodb.tx.limit": (100, (1, 100)),
        "dynamodb.tx.idempotent": (10, None),
        "dynamodb.streams.retention": (24, None),
        "dynamodb.streams.limits": (2, None),
        "dynamodb.dax.ttl": (5 * 60, None),
        "dynamodb.dax.nodes": (1 + 10, (1, 1 + 10)),
        "dynamodb.bk.pitr": (35, (1, 35)),
        "dynamodb.sec.resource_policy": (20, None),
        "dynamodb.global.modes": (3, None),
    },
}


@pytest.mark.parametrize(
    ("section", "id_"), [(section, id_) for section, numbers in NUMBERS.items() for id_ in numbers]
)
def test_the_numbers(section: str, id_: str) -> None:
    fact = find_fact(section, id_)
    assert (fact.value, fact.range) == NUMBERS[section][id_]


# The facts that older notes have differently, and how.
OLDER = {
    "18_sqs": {
        "sqs.consume.delete_with": "wrong",
        "sqs.visibility.name": "wrong",
        "sqs.longpoll.queue_attr": "wrong",
        "sqs.standard.size": "outdated",
        "sqs.large.java_only": "outdated",
        "sqs.fifo.dedup_refused": "wrong",
        "sqs.fifo.no_group": "wrong",
        "sqs.fifo.inflight": "outdated",
        "sqs.standard.throughput": "disputed",
        "sqs.standard.latency": "disputed",
    },
    "21_lambda": {
        "lambda.perf.tmp_size": "outdated",
        "lambda.async.more": "outdated",
        "lambda.async.payload": "outdated",
        "lambda.async.s3_single": "disputed",
        "lambda.sqs.batch": "outdated",
        "lambda.sqs.dest_failures": "wrong",
        "lambda.scale.sqs_rate": "outdated",
        "lambda.scale.sqs_max": "outdated",
        "lambda.conc.sync_429": "wrong",
        "lambda.prov.never": "wrong",
        "lambda.serverless.origin": "disputed",
        "lambda.cost.per_duration": "wrong",
        "lambda.perf.vcpu": "wrong",
        "lambda.perm.vpc_policy_name": "wrong",
        "lambda.xray.sdk": "outdated",
        "lambda.vpc.logs": "disputed",
        "lambda.basics.languages": "outdated",
        "lambda.basics.docker": "outdated",
        "lambda.zip.sdk": "wrong",
        "lambda.img.bases": "outdated",
        "lambda.best.env": "disputed",
    },
    "22_dynamodb": {
        "dynamodb.unit.partition_copies": "wrong",
        "dynamodb.mode.provisioned_default": "outdated",
        "dynamodb.mode.ondemand_price": "wrong",
        "dynamodb.mode.switch": "outdated",
        "dynamodb.mode.ondemand_no_throttle": "wrong",
        "dynamodb.unit.even_partitions": "outdated",
        "dynamodb.query.filter_where": "wrong",
        "dynamodb.cli.page_size": "wrong",
        "dynamodb.write.conditional_cost": "wrong",
        "dynamodb.batch.no_update": "wrong",
        "dynamodb.tx.limit": "outdated",
        "dynamodb.ttl.48h": "wrong",
        "dynamodb.dax.nodes": "disputed",
        "dynamodb.s3.index": "outdated",
        "dynamodb.ops.copy_pipeline": "outdated",
    },
}


@pytest.mark.parametrize("section", BUILT)
def test_each_fact_that_older_notes_have_differently_says_so(section: str) -> None:
    assert {fact.id: fact.verdict for fact in load_facts(section) if fact.older} == OLDER[section]


def test_an_unknown_fact_is_named_with_those_that_come_close() -> None:
    with pytest.raises(
        SectionError, match=r"^There is no fact 'sqs.visibility.defualt'; there is sqs.visibility.default"
    ):
        find_fact("18_sqs", "sqs.visibility.defualt")


def fact(**changed: object) -> Fact:
    given = {
        "id": "a.b.c", "level": "core", "station": "s", "statement": "It is.", "source": "x", "checked": None,
        "verdict": "holds", "show": Show("cite"), "skills": (), **changed,
    }  # fmt: skip
    return Fact(**given)  # type: ignore[arg-type]  # some are wrong on purpose


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"level": "vital"}, "The fact 'a.b.c' has the level 'vital'; levels are core, reference."),
        (
            {"verdict": "old"},
            "The fact 'a.b.c' has the verdict 'old'; verdicts are holds, outdated, wrong, disputed.",
        ),
        ({"verdict": "wrong"}, "The fact 'a.b.c' needs `older` if, and only if, its verdict is not holds."),
        (
            {"older": Older("x", "y")},
            "The fact 'a.b.c' needs `older` if, and only if, its verdict is not holds.",
        ),
    ],
)
def test_a_malformed_fact_is_one_sentence(changed: dict[str, object], said: str) -> None:
    with pytest.raises(SectionError) as error:
        fact(**changed)
    assert str(error.value) == said
