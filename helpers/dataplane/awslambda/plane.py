"""The Lambda data plane: which call goes where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from helpers.cloud import Account, Call, DataPlane
from helpers.dataplane.awslambda.asynchronous import Asynchronous
from helpers.dataplane.awslambda.chains import Chains
from helpers.dataplane.awslambda.control import Control
from helpers.dataplane.awslambda.destinations import Destinations
from helpers.dataplane.awslambda.functions import Functions
from helpers.dataplane.awslambda.invoke import Invoke
from helpers.dataplane.awslambda.invoker import Invoker
from helpers.dataplane.awslambda.kept import KeptSettings
from helpers.dataplane.awslambda.mappings import Mappings
from helpers.dataplane.awslambda.models import Models
from helpers.dataplane.awslambda.request_ids import RequestIds
from helpers.dataplane.awslambda.versions import Versions

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

_VERSION_CHANGES = (
    "CreateAlias", "DeleteAlias", "PublishVersion", "UpdateAlias", "UpdateFunctionCode", "UpdateFunctionConfiguration",
)  # fmt: skip
_CHANGES = {
    "lambda": ("CreateFunction", "DeleteFunction", "DeleteFunctionConcurrency", "PutFunctionConcurrency"),
    "cloudformation": ("CreateStack", "DeleteStack", "ExecuteChangeSet", "UpdateStack"),
}


class Lambda(DataPlane):
    """Lambda as AWS documents it: moto holds functions, versions and aliases, this plane runs them.

    `models` holds the labelled assumptions. Rules and differences: `helpers.dataplane.rules`.
    """

    service: ClassVar[str] = "lambda"

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.models = Models()
        kept = KeptSettings(account)
        self.functions = Functions(account, kept)
        self.ids = RequestIds(account)
        cloud = cast("Cloud", account)
        chains = Chains(cloud, self.functions)
        self.invoker = Invoker(account, self.functions, chains, self.models)
        events = cloud, self.functions, self.invoker, self.ids, chains, Destinations(cloud), self.models
        self.asynchronous = Asynchronous(*events, kept)
        self.mappings = Mappings(*events)
        invoke = Invoke(account, self.functions, self.invoker, self.ids, chains, self.asynchronous.accept)
        account.answer("lambda", "Invoke", invoke)
        account.answer("lambda", "InvokeAsync", invoke.old)
        provisioned = self.invoker.provisioned
        account.answer("lambda", "PutProvisionedConcurrencyConfig", provisioned.put)
        account.answer("lambda", "GetProvisionedConcurrencyConfig", provisioned.get)
        account.answer("lambda", "ListProvisionedConcurrencyConfigs", provisioned.listed)
        account.answer("lambda", "DeleteProvisionedConcurrencyConfig", provisioned.delete)
        Versions(account, self.functions, kept)
        Control(account, self.functions, provisioned, self.models)
        for service, operations in _CHANGES.items():
            for operation in operations:
                account.amend(service, operation, self._changed)
        for operation in _VERSION_CHANGES:
            account.amend("lambda", operation, self._version_changed)

    def _changed(self, call: Call, response: dict[str, Any]) -> None:
        """What is known about functions may be wrong now."""
        self.functions.forget()
        self.invoker.provisioned.changed()

    def _version_changed(self, call: Call, response: dict[str, Any]) -> None:
        """What is known about versions and aliases may be wrong now."""
        self.functions.forget_versions()
        self.invoker.provisioned.changed()
