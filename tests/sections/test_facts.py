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
    "17_monitoring": ["metric", "alarm", "log", "event", "trace", "trail"],
    "19_sns": ["topic", "message", "filter", "delivery", "fifo", "access"],
    "20_kinesis": ["stream", "write", "read", "workers", "reshard", "firehose", "compare"],
}

# The services whose calls show facts of a section: its own first, then those that it works with.
SERVICES = {
    "18_sqs": ["sqs"],
    "21_lambda": [
        "lambda", "sqs", "kinesis", "logs", "cloudwatch", "elbv2", "application-autoscaling", "cloudformation",
    ],
    "22_dynamodb": ["dynamodb", "dynamodbstreams", "lambda", "s3", "iam"],
    "17_monitoring": [
        "cloudwatch", "logs", "events", "scheduler", "xray", "cloudtrail", "ec2", "ssm", "sqs", "lambda",
    ],
    "19_sns": ["sns", "sqs", "lambda", "s3", "cloudwatch"],
    "20_kinesis": ["kinesis", "firehose", "lambda", "sqs"],
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
    "17_monitoring": {
        "monitoring.metrics.dimension_max": (30, (0, 30)),
        "monitoring.metrics.otel": (150, None),
        "monitoring.metrics.retention": (455, None),
        "monitoring.ec2.basic": (300, None),
        "monitoring.ec2.detailed": (60, None),
        "monitoring.custom.standard": (60, None),
        "monitoring.custom.high": (1, None),
        "monitoring.custom.two_values": (60, (1, 60)),
        "monitoring.custom.window": (2, None),
        "monitoring.custom.backoff": (500, None),
        "monitoring.custom.batch": (1000, None),
        "monitoring.alarm.period": (604800, None),
        "monitoring.alarm.highres": (10, (10, 30)),
        "monitoring.alarm.target_lambda": (5, None),
        "monitoring.alarm.composite": (100, None),
        "monitoring.alarm.quota": (80, None),
        "monitoring.logs.sdk": (10000, None),
        "monitoring.logs.targets": (1, None),
        "monitoring.logs.subscription": (2, None),
        "monitoring.logs.insights": (50, None),
        "monitoring.logs.groups": (512, (1, 512)),
        "monitoring.logs.expiry": (3653, (1, 3653)),
        "monitoring.logs.tail": (500, None),
        "monitoring.logs.rejected": (14, None),
        "monitoring.events.targets": (5, None),
        "monitoring.eb.retry": (185, (0, 185)),
        "monitoring.eb.entries": (10, (1, 10)),
        "monitoring.xray.collects": (30, None),
        "monitoring.enable.daemon": (2000, None),
        "monitoring.concept.segment": (64, None),
        "monitoring.concept.annotation": (50, None),
        "monitoring.sampling.default": (0.05, (0, 1)),
        "monitoring.sampling.reservoir": (1, None),
        "monitoring.sampling.rate": (5, (0, 100)),
        "monitoring.trail.insights_out": (36, None),
        "monitoring.trail.90days": (90, None),
        "monitoring.trail.lookup": (50, (1, 50)),
    },
    "19_sns": {
        "sns.limits.subscriptions": (12500000, None),
        "sns.limits.topics": (100000, None),
        "sns.limits.topics_mixup": (100000, None),
        "sns.fanout.raw_limits": (10, None),
        "sns.limits.size": (262144, (1024, 1048576)),
        "sns.limits.batch": (10, None),
        "sns.limits.publish_rate": (30000, (300, 30000)),
        "sns.limits.extended_client": (2, None),
        "sns.filter.limits": (5, None),
        "sns.filter.delay": (15, None),
        "sns.filter.complexity": (150, None),
        "sns.subs.managed_retry": (100015, None),
        "sns.subs.http_retry": (3, (0, 100)),
        "sns.subs.http_span": (3600, None),
        "sns.subs.http_timeout": (15, None),
        "sns.subs.person_retry": (50, None),
        "sns.subs.confirm": (2, None),
        "sns.fifo.dedup": (5, None),
        "sns.fifo.throughput": (3000, None),
        "sns.fifo.replay": (365, (1, 365)),
    },
    "20_kinesis": {
        "kinesis.stream.retention_default": (24, (24, 8760)),
        "kinesis.stream.retention_max": (8760, (24, 8760)),
        "kinesis.stream.realtime": (1, None),
        "kinesis.producer.write_rate": (1000, None),
        "kinesis.producer.six": (6000, None),
        "kinesis.producer.putrecords": (500, None),
        "kinesis.record.blob": (1024, (1024, 10240)),
        "kinesis.record.key_required": (256, None),
        "kinesis.consumer.read_rate": (2, None),
        "kinesis.consumer.five": (5, None),
        "kinesis.efo.rate": (2, None),
        "kinesis.consumer.latency": (200, (200, 1000)),
        "kinesis.efo.latency": (70, None),
        "kinesis.consumer.iterator": (300, None),
        "kinesis.consumer.getrecords": (10000, None),
        "kinesis.consumer.three": (667, None),
        "kinesis.efo.push": (300, None),
        "kinesis.efo.limit": (20, None),
        "kinesis.consumer.lambda": (1, (1, 10)),
        "kinesis.kcl.max": (4, None),
        "kinesis.kcl.failover": (10, None),
        "kinesis.kcl.tables": (3, None),
        "kinesis.split.two": (2, None),
        "kinesis.merge.two": (2, None),
        "kinesis.reshard.limits": (10, None),
        "kinesis.stream.modes": (2, None),
        "kinesis.stream.provision": (4, None),
        "kinesis.stream.ondemand_scale": (2, None),
        "kinesis.stream.ondemand_limits": (50, None),
        "kinesis.stream.advantage": (25, None),
        "kinesis.stream.as_many": (20000, None),
        "kinesis.fh.near_real_time": (300, (0, 900)),
        "kinesis.fh.limits": (500, None),
        "kinesis.fh.lambda": (5, None),
        "kinesis.fh.pay": (5, None),
        "kinesis.cmp.workers": (12500000, None),
        "kinesis.cmp.delay": (900, None),
        "kinesis.queue.behaviour": (6, (1, 1000)),
        "kinesis.trucks.average": (20, None),
        "kinesis.trucks.consumers": (5, None),
        "kinesis.trucks.rate": (5, None),
        "kinesis.trucks.fifo": (100, None),
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
    "17_monitoring": {
        "monitoring.metrics.every": "wrong",
        "monitoring.metrics.dimension_max": "outdated",
        "monitoring.custom.two_values": "disputed",
        "monitoring.alarm.highres": "disputed",
        "monitoring.logs.targets": "outdated",
        "monitoring.logs.default_expiry": "wrong",
        "monitoring.eb.name": "outdated",
        "monitoring.enable.sdk": "outdated",
        "monitoring.enable.policy_name": "wrong",
        "monitoring.trail.regions": "disputed",
    },
    "19_sns": {
        "sns.limits.subscriptions": "disputed",
        "sns.limits.topics_mixup": "wrong",
        "sns.publish.platforms": "outdated",
        "sns.filter.new": "outdated",
        "sns.fifo.only_fifo": "outdated",
        "sns.fanout.fifo_queue": "outdated",
        "sns.fifo.throughput": "outdated",
    },
    "20_kinesis": {
        "kinesis.stream.retention_max": "outdated",
        "kinesis.family.parts": "outdated",
        "kinesis.family.replicated": "disputed",
        "kinesis.record.blob": "outdated",
        "kinesis.record.key_required": "outdated",
        "kinesis.producer.kpl": "wrong",
        "kinesis.efo.limit": "disputed",
        "kinesis.kcl.versions": "outdated",
        "kinesis.reshard.no_auto": "outdated",
        "kinesis.stream.provision": "outdated",
        "kinesis.stream.billing": "outdated",
        "kinesis.fh.near_real_time": "outdated",
        "kinesis.fh.targets": "outdated",
        "kinesis.an.sql": "outdated",
        "kinesis.an.pay": "disputed",
        "kinesis.cmp.workers": "disputed",
        "kinesis.cmp.provision": "outdated",
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
