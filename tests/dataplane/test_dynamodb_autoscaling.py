"""Auto scaling: when it acts, what it sets, and that it leaves alone what it must."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import Cloud
from tests.dataplane.conftest import refused
from tests.dataplane.dynamo import item
from tests.dataplane.metered import KB, Metered, index, sized

TABLE = {"ServiceNamespace": "dynamodb", "ResourceId": "table/t"}
WRITES = {**TABLE, "ScalableDimension": "dynamodb:table:WriteCapacityUnits"}


class Scaled(Metered):
    """A table of 10 write units whose writes are scaled between 10 and 100 units, at a target of 70 %."""

    def __init__(self, cloud: Cloud, *, least: int = 10, most: int = 100, **more: Any) -> None:
        super().__init__(cloud, throughput=more.pop("throughput", (5, 10)), **more)
        self.scaling = cloud.client("application-autoscaling")
        self.scaling.register_scalable_target(**WRITES, MinCapacity=least, MaxCapacity=most)

    def policy(self, target: float = 70, **settings: Any) -> None:
        metric = {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"}
        self.scaling.put_scaling_policy(
            **WRITES,
            PolicyName="target",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": target, "PredefinedMetricSpecification": metric, **settings,
            },
        )  # fmt: skip

    def write(self, rate: float, minutes: float) -> int:
        """Writes of 60 units, so many that they are `rate` units a second; how many were refused."""
        refused_ones, pause_s = 0, 60 / rate
        until = self.cloud.now + minutes * 60
        while self.cloud.now < until - 1e-6:
            refused_ones += self.passes(lambda: self.call("put_item", Item=sized(60 * KB))) is not None
            self.cloud.run(until=min(until, self.cloud.now + pause_s))
        return refused_ones

    def history(self) -> list[tuple[float, int]]:
        """When auto scaling set which write capacity."""
        rows = self.cloud.trail
        rows = rows[(rows.actor == "application-autoscaling") & (rows.operation == "UpdateTable")]
        return [
            (row.time_s, row.parameters["ProvisionedThroughput"]["WriteCapacityUnits"])
            for row in rows.itertuples()
            if row.error is None
        ]


@pytest.fixture
def table(cloud: Cloud) -> Scaled:
    made = Scaled(cloud)
    made.policy()
    return made


def test_scaling_out_after_two_minutes_over_the_target(table: Scaled) -> None:
    """8 units a second are 80 % of 10: after 2 minutes and the delay of 120 s the table has ceil(8 / 0.7) = 12."""
    table.write(8, 3)
    assert (table.history(), table.throughput) == ([], (5, 10))
    table.write(8, 3)
    assert (table.history(), table.throughput) == ([(240, 12)], (5, 12))
    table.write(8, 20)
    assert table.history() == [(240, 12)]  # 67 % of 12


def test_scaling_out_needs_consecutive_minutes(table: Scaled) -> None:
    for _ in range(5):
        table.write(8, 1)
        table.write(2, 1)
    assert table.history() == []


def test_scaling_out_by_what_was_consumed(table: Scaled) -> None:
    """Refused requests consume nothing, so a large rise takes several steps, each 10 / 7 of the one before."""
    table.write(60, 40)
    steps = [(240, 15), (480, 22), (720, 32), (960, 46), (1_200, 66), (1_440, 86)]
    assert table.history() == steps


def test_scaling_out_stops_at_the_maximum(cloud: Cloud) -> None:
    table = Scaled(cloud, most=11)
    table.policy()
    table.write(9, 20)
    assert table.history() == [(240, 11)]


def test_scaling_in_after_fifteen_minutes_below_the_target(cloud: Cloud) -> None:
    """12 units a second of 40: after 15 minutes and the delay ceil(12 / 0.7) = 18, where they are 67 %."""
    table = Scaled(cloud, throughput=(5, 40))
    table.policy()
    table.write(12, 16)
    assert table.history() == []
    table.write(12, 40)
    assert table.history() == [(1_020, 18)]


def test_scaling_in_without_traffic(cloud: Cloud) -> None:
    table = Scaled(cloud, throughput=(5, 40))
    table.policy()
    cloud.advance(7_200)
    assert table.history() == [(1_020, 10)]
    assert cloud._environment.peek() == float("inf")  # at the minimum and idle: nothing is due


def test_scaling_in_can_be_disabled(cloud: Cloud) -> None:
    table = Scaled(cloud, throughput=(5, 40))
    table.policy(DisableScaleIn=True)
    cloud.advance(7_200)
    assert table.history() == []


def test_scaling_waits_for_its_cooldown(cloud: Cloud) -> None:
    table = Scaled(cloud)
    table.policy(ScaleOutCooldown=600)
    table.write(60, 20)
    assert [at for at, _ in table.history()] == [240, 960]


def test_scaling_brings_a_table_within_its_limits(cloud: Cloud) -> None:
    table = Scaled(cloud, least=20)
    table.policy()
    cloud.advance(600)
    assert table.history() == [(180, 20)]


def test_scaling_wakes_up_with_traffic(table: Scaled) -> None:
    table.cloud.advance(86_400)
    assert table.cloud._environment.peek() == float("inf")
    table.write(8, 6)
    assert table.history() == [(86_400 + 240, 12)]


def test_scaling_delay_is_a_model(table: Scaled) -> None:
    table.cloud.plane("dynamodb").models.scaling_delay_s = 600
    table.write(8, 15)
    assert table.history() == [(720, 12)]


def test_scaling_ends_with_its_policy_or_target(cloud: Cloud, table: Scaled) -> None:
    table.scaling.delete_scaling_policy(**WRITES, PolicyName="target")
    table.write(8, 10)
    assert table.history() == []
    table.policy()
    table.scaling.deregister_scalable_target(**WRITES)
    table.write(8, 10)
    assert table.history() == []
    table.client.delete_table(TableName="t")
    cloud.advance(3_600)


@pytest.mark.slow
def test_scaling_that_is_refused_is_in_the_trail(cloud: Cloud) -> None:
    table = Scaled(cloud, throughput=(5, 40))
    for writes in (39, 38, 37, 36):
        table.set_throughput(5, writes)
    cloud.run(until=900)
    table.policy()
    cloud.advance(1_100)
    mine = cloud.trail[cloud.trail.actor == "application-autoscaling"]
    assert (set(mine.error), mine["call"].nunique()) == ({"LimitExceededException"}, 1)
    assert table.throughput == (5, 36)


def test_scaling_policy_needs_a_target(cloud: Cloud) -> None:
    table = Scaled(cloud)
    table.scaling.deregister_scalable_target(**WRITES)
    assert refused(table.policy) == "ObjectNotFoundException"


def test_scaling_of_reads_and_of_an_index(cloud: Cloud) -> None:
    table = Scaled(cloud, throughput=(10, 500), indexes=[index("idx", "g", throughput=(5, 10))], most=500)
    metrics = {
        "dynamodb:index:WriteCapacityUnits": ("table/t/index/idx", "DynamoDBWriteCapacityUtilization"),
        "dynamodb:table:ReadCapacityUnits": ("table/t", "DynamoDBReadCapacityUtilization"),
    }
    for dimension, (resource, metric) in metrics.items():
        place = {"ServiceNamespace": "dynamodb", "ResourceId": resource, "ScalableDimension": dimension}
        table.scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=50)
        table.scaling.put_scaling_policy(
            **place,
            PolicyName="target",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 50, "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            },
        )  # fmt: skip
    for number in range(60):
        cloud.run(until=5 * (number + 1))
        table.put(sized(40 * KB - number % 2, g="x"))  # 8 units of the index a second
        for _ in range(3):
            table.get(item(pk="a"), strong=True)  # 6 units a second
    described = table.call("describe_table")["Table"]
    of_index = described["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]
    assert of_index["WriteCapacityUnits"] == 16
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 12
