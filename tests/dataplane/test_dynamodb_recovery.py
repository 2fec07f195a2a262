"""Point-in-time recovery: one test a rule, named after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import Cloud

from .conftest import refused
from .dynamo import Dynamo

OPENED = datetime(2026, 1, 5, 9, tzinfo=UTC)


def enable(table: Dynamo, *, on: bool = True, **more: Any) -> None:
    wanted = {"PointInTimeRecoveryEnabled": on, **more}
    table.client.update_continuous_backups(TableName=table.name, PointInTimeRecoverySpecification=wanted)


def restore(table: Dynamo, target: str, at_s: float | None = None) -> dict[str, str]:
    """The pk and value of each item that the restored table holds."""
    when: dict[str, Any] = {"UseLatestRestorableTime": True}
    if at_s is not None:
        when = {"RestoreDateTime": OPENED + timedelta(seconds=at_s)}
    table.client.restore_table_to_point_in_time(SourceTableName=table.name, TargetTableName=target, **when)
    found = table.client.scan(TableName=target)["Items"]
    return {item["pk"]["S"]: item["v"]["S"] for item in found}


def test_recovery_goes_back_to_any_second(cloud: Cloud) -> None:
    table = Dynamo(cloud, "items")
    enable(table)
    table.put(pk="a", v="old")
    table.put(pk="gone", v="old")
    cloud.advance(100 - cloud.now)
    table.put(pk="a", v="new")
    table.put(pk="b", v="new")
    table.client.delete_item(TableName="items", Key={"pk": {"S": "gone"}})
    cloud.advance(1_000 - cloud.now)
    assert restore(table, "before", 99) == {"a": "old", "gone": "old"}
    assert restore(table, "after", 100) == {"a": "new", "b": "new"}
    assert {item["pk"]["S"] for item in table.scan()} == {"a", "b"}


def test_recovery_reaches_until_five_minutes_ago(cloud: Cloud) -> None:
    table = Dynamo(cloud, "items")
    enable(table)
    table.put(pk="a", v="old")
    cloud.advance(400 - cloud.now)
    table.put(pk="a", v="new")
    cloud.advance(600 - cloud.now)
    assert restore(table, "latest") == {"a": "old"}
    told = table.client.describe_continuous_backups(TableName="items")["ContinuousBackupsDescription"]
    described = told["PointInTimeRecoveryDescription"]
    latest = described["LatestRestorableDateTime"] - OPENED
    assert round(latest.total_seconds()) == 300
    assert refused(restore, table, "other", 310) == "InvalidRestoreTimeException"


def test_recovery_begins_when_it_is_enabled_and_ends_with_its_period(cloud: Cloud) -> None:
    table = Dynamo(cloud, "items")
    table.put(pk="a", v="1")
    assert refused(restore, table, "other") == "PointInTimeRecoveryUnavailableException"
    cloud.advance(100 - cloud.now)
    enable(table, RecoveryPeriodInDays=2)
    cloud.advance(86_400)
    assert refused(restore, table, "other", 99) == "InvalidRestoreTimeException"
    assert restore(table, "enabled", 101) == {"a": "1"}
    cloud.advance(2 * 86_400)
    assert refused(restore, table, "other", 101) == "InvalidRestoreTimeException"
    enable(table, on=False)
    assert refused(restore, table, "other") == "PointInTimeRecoveryUnavailableException"


def test_recovery_keeps_the_capacity_mode(cloud: Cloud) -> None:
    for name, units in (("on-demand", None), ("provisioned", (5, 7))):
        table = Dynamo(cloud, name, units=units)
        enable(table)
        restore(table, f"{name}-restored")
        backup = table.client.create_backup(TableName=name, BackupName="backup")["BackupDetails"]["BackupArn"]
        table.client.restore_table_from_backup(TargetTableName=f"{name}-copy", BackupArn=backup)
        for made in (f"{name}-restored", f"{name}-copy"):
            told = table.client.describe_table(TableName=made)["Table"]
            writes = told["ProvisionedThroughput"]["WriteCapacityUnits"]
            mode = told.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
            assert (mode, writes) == (("PROVISIONED", 7) if units else ("PAY_PER_REQUEST", 0))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.sampled_from("xyz")), max_size=12),
    st.integers(0, 12),
)
def test_recovery_gives_the_items_of_every_instant(writes: list[tuple[str, str | None]], at: int) -> None:
    with Cloud(seed=1) as cloud:
        table = Dynamo(cloud, "items")
        expected: dict[str, str] = {}
        held: dict[str, str] = {}
        enable(table)
        for number, (pk, v) in enumerate(writes, start=1):
            cloud.advance(number * 10 - cloud.now)
            if v is None:
                table.client.delete_item(TableName="items", Key={"pk": {"S": pk}})
                held.pop(pk, None)
            else:
                table.put(pk=pk, v=v)
                held[pk] = v
            if number <= at:
                expected = dict(held)
        cloud.advance(1_000)
        assert restore(table, "then", at * 10 + 5) == expected
