"""Provisioned concurrency: allocated ahead, used first, spilling over, kept at its number."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from helpers import Cloud

from .conftest import refused
from .functions import Function, runs

WAIT = """
import os
import time


def handler(event, context):
    time.sleep(event)
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""


class Released(Function):
    """A function with version 1 behind the alias `live`."""

    def __init__(self, cloud: Cloud, source: str = WAIT, name: str = "f", **configuration: Any) -> None:
        super().__init__(cloud, source, name, **configuration)
        self.publish()
        self.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")

    def provision(self, number: int, qualifier: str = "live") -> dict[str, Any]:
        answer = self.client.put_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier=qualifier, ProvisionedConcurrentExecutions=number
        )
        del answer["ResponseMetadata"]
        return dict(answer)

    def state(self, qualifier: str = "live") -> tuple[str, int, int, int]:
        """Status, and how many are requested, allocated, available."""
        found = self.client.get_provisioned_concurrency_config(FunctionName=self.name, Qualifier=qualifier)
        numbers = [
            found[f"{name}ProvisionedConcurrentExecutions"]
            for name in ("Requested", "Allocated", "Available")
        ]
        return found["Status"], numbers[0], numbers[1], numbers[2]

    def at_once(self, number: int, duration_s: float = 1, qualifier: str = "live") -> list[dict[str, Any]]:
        """So many invocations at this instant: their runs."""
        before = len(runs(self.cloud))
        for _ in range(number):
            self.cloud.spawn(
                self.client.invoke, FunctionName=f"{self.name}:{qualifier}", Payload=str(duration_s)
            )
        self.cloud.run()
        return runs(self.cloud)[before:]


def cold(run: dict[str, Any]) -> bool:
    return "InitDurationMs" in run


def test_allocation_takes_time_and_is_usable_as_a_whole(cloud: Cloud) -> None:
    # DG/lambda-concurrency.html: a minute or two of preparation, then 6,000 a minute; none is usable before all are.
    function = Released(cloud)
    assert function.provision(60) == {
        "RequestedProvisionedConcurrentExecutions": 60,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": "2026-01-05T09:00:00+0000",
    }
    cloud.advance(89)
    assert function.state() == ("IN_PROGRESS", 60, 0, 0)
    cloud.run(until=90.25)
    assert function.state() == ("IN_PROGRESS", 60, 25, 0)
    cloud.run(until=90.6)  # the last of them begin their init
    assert function.state() == ("IN_PROGRESS", 60, 60, 0)
    assert [cold(run) for run in function.at_once(1, 0)] == [True]
    cloud.run(until=91.4)
    assert function.state() == ("READY", 60, 60, 60)
    assert [cold(run) for run in function.at_once(60, 0.1)] == [False] * 60


def test_spill_over_runs_on_demand(cloud: Cloud) -> None:
    function = Released(cloud)
    function.provision(10)
    cloud.advance(120)
    used = function.at_once(14)
    assert Counter(cold(run) for run in used) == {False: 10, True: 4}
    assert function.result(0, Qualifier="live") == "provisioned-concurrency"
    assert function.result(0) == "on-demand"  # $LATEST has none


def test_provisioned_environments_stay_however_long_they_are_idle(cloud: Cloud) -> None:
    function = Released(cloud)
    function.provision(2)
    cloud.advance(3 * 86_400)
    assert [cold(run) for run in function.at_once(2)] == [False, False]


def test_init_is_done_and_billed_at_allocation(cloud: Cloud) -> None:
    function = Released(
        cloud, "import time\ntime.sleep(12)\n" + WAIT
    )  # longer than the 10 s of an init on demand
    function.provision(2)
    cloud.advance(200)
    trail = cloud.trail
    rows = trail[trail.operation == "Initialization"]
    assert [(row.parameters["Environment"], row.response, row.time_s) for row in rows.itertuples()] == [
        (name, {"Status": "success", "InitDurationMs": 12_800, "BilledDurationMs": 12_800}, 90.02)
        for name in ("f-1", "f-2")
    ]
    (run,) = function.at_once(1, 0.5)
    assert (run["DurationMs"], run["BilledDurationMs"], cold(run)) == (500, 500, False)


def test_init_that_fails_fails_the_allocation(cloud: Cloud) -> None:
    function = Released(cloud, "import missing\n")
    function.provision(2)
    cloud.advance(200)
    found = function.client.get_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    assert found["AvailableProvisionedConcurrentExecutions"] == 0


def test_requests_beyond_ten_a_second_spill_over(cloud: Cloud) -> None:
    # DG/lambda-concurrency.html: 10 provisioned spill over after 10 concurrency or 100 requests a second.
    function = Released(cloud)
    function.provision(2)
    cloud.advance(120)
    kinds = [function.result(0.001, Qualifier="live") for _ in range(25)]
    assert Counter(kinds) == {"provisioned-concurrency": 20, "on-demand": 5}


def test_environment_that_was_reset_is_replaced(cloud: Cloud) -> None:
    function = Released(cloud, Timeout=2)
    function.provision(2)
    cloud.advance(120)
    assert [run["Status"] for run in function.at_once(1, 60)] == ["timeout"]
    assert function.state() == ("READY", 2, 1, 1)
    cloud.advance(1)
    assert function.state() == ("READY", 2, 2, 2)
    assert [cold(run) for run in function.at_once(2)] == [False, False]


def test_number_can_be_changed(cloud: Cloud) -> None:
    function = Released(cloud)
    function.provision(2)
    cloud.advance(120)
    assert function.provision(4)["Status"] == "IN_PROGRESS"
    assert function.state() == ("IN_PROGRESS", 4, 2, 2)
    assert [cold(run) for run in function.at_once(2)] == [False, False]  # those that were there go on
    cloud.advance(120)
    assert function.state() == ("READY", 4, 4, 4)
    function.provision(1)
    assert function.state() == ("READY", 1, 1, 1)
    assert Counter(cold(run) for run in function.at_once(3)) == {False: 1, True: 2}
    function.client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    get = function.client.get_provisioned_concurrency_config
    code = refused(get, FunctionName="f", Qualifier="live")
    assert code == "ProvisionedConcurrencyConfigNotFoundException"
    assert (
        function.client.list_provisioned_concurrency_configs(FunctionName="f")[
            "ProvisionedConcurrencyConfigs"
        ]
        == []
    )


def test_alias_that_moves_on_has_its_environments_made_anew(cloud: Cloud) -> None:
    function = Released(cloud)
    function.provision(2)
    cloud.advance(120)
    function.change_code(WAIT + "\n# two\n")
    version = function.publish()
    function.client.update_alias(FunctionName="f", Name="live", FunctionVersion=version)
    assert function.state() == ("IN_PROGRESS", 2, 0, 0)
    assert [cold(run) for run in function.at_once(1)] == [True]
    cloud.advance(120)
    assert function.state() == ("READY", 2, 2, 2)
    assert [(run["Version"], cold(run)) for run in function.at_once(2)] == [("2", False)] * 2


def test_weighted_alias_shares_its_environments_out(cloud: Cloud) -> None:
    function = Released(cloud)
    function.change_code(WAIT + "\n# two\n")
    function.publish()
    function.client.update_alias(
        FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}}
    )
    function.provision(8)
    cloud.advance(120)
    trail = cloud.trail
    made = trail[trail.operation == "Initialization"].parameters
    assert Counter(parameters["Version"] for parameters in made) == {"1": 6, "2": 2}


@pytest.mark.parametrize("qualifier", ["$LATEST", "9", "none"])
def test_only_versions_and_aliases_that_are_there(cloud: Cloud, qualifier: str) -> None:
    function = Released(cloud)
    code = refused(function.provision, 1, qualifier)
    assert code == (
        "InvalidParameterValueException" if qualifier == "$LATEST" else "ResourceNotFoundException"
    )


def test_version_and_its_alias_do_not_both_have_it(cloud: Cloud) -> None:
    function = Released(cloud)
    function.provision(1, "1")
    assert refused(function.provision, 1, "live") == "ResourceConflictException"
    other = Released(cloud, name="g")
    other.provision(1, "live")
    assert refused(other.provision, 1, "1") == "ResourceConflictException"
    cloud.advance(120)
    assert [cold(run) for run in function.at_once(1, qualifier="live")] == [
        False
    ]  # the version's serve the alias


def test_at_most_what_is_reserved_or_all_but_100(cloud: Cloud) -> None:
    one, two = Released(cloud, name="one"), Released(cloud, name="two")
    assert refused(one.provision, 901) == "InvalidParameterValueException"
    one.provision(900)
    assert refused(two.provision, 1) == "InvalidParameterValueException"
    one.provision(500)
    two.provision(400)
    put = cloud.client("lambda").put_function_concurrency
    assert (
        refused(put, FunctionName="one", ReservedConcurrentExecutions=499) == "InvalidParameterValueException"
    )
    put(FunctionName="one", ReservedConcurrentExecutions=500)
    assert refused(one.provision, 501) == "InvalidParameterValueException"


def test_provisioned_is_part_of_reserved(cloud: Cloud) -> None:
    # DG/lambda-concurrency.html: 200 provisioned of 400 reserved; the other 200 are cold, the next is throttled.
    function = Released(cloud)
    function.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=4)
    function.provision(2)
    cloud.advance(120)
    used = function.at_once(4)
    assert Counter(cold(run) for run in used) == {False: 2, True: 2}
    function.provision(4)
    cloud.advance(120)
    assert [cold(run) for run in function.at_once(4)] == [False] * 4
    code = refused(function.client.invoke, FunctionName="f", Payload="1")  # nothing is left for $LATEST
    assert code == "TooManyRequestsException"


def test_listing(cloud: Cloud) -> None:
    function = Released(cloud)
    function.change_code(WAIT + "\n# two\n")
    function.publish()
    function.provision(1)
    function.provision(2, "2")
    cloud.advance(120)
    listed = function.client.list_provisioned_concurrency_configs(FunctionName="f")[
        "ProvisionedConcurrencyConfigs"
    ]
    assert [(row["FunctionArn"], row["AvailableProvisionedConcurrentExecutions"]) for row in listed] == [
        (f"{function.arn}:live", 1),
        (f"{function.arn}:2", 2),
    ]


def test_provisioned_concurrency_goes_with_its_alias(cloud: Cloud) -> None:
    function = Released(cloud)
    function.provision(900)
    function.client.delete_alias(FunctionName="f", Name="live")
    Released(cloud, name="g").provision(900)
