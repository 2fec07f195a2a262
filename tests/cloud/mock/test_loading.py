"""What loading one of moto's services loads beside it."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = """
import sys
import boto3
from helpers import Cloud

Cloud.open(seed=1)
scaling, ecs = boto3.client("application-autoscaling"), boto3.client("ecs")
scaling.describe_scalable_targets(ServiceNamespace="dynamodb")
print("moto.ecs" in sys.modules, "moto.ec2" in sys.modules)

def register():
    target = {"ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount"}
    return scaling.register_scalable_target(ServiceNamespace="ecs", MinCapacity=1, MaxCapacity=3, **target)

try:
    register()
except scaling.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
ecs.create_cluster(clusterName="shop")
ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
ecs.create_service(cluster="shop", serviceName="web", taskDefinition="web", desiredCount=1)
register()
print([one["ResourceId"] for one in scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]])
"""


@pytest.mark.slow
def test_auto_scaling_loads_ecs_only_for_a_target_of_ecs() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["False False", "ClusterNotFoundException", "['service/shop/web']"], (
        done.stderr
    )
